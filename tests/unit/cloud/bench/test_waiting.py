"""Waiting for what nobody announces."""

import threading

import pytest

from cloud.bench.drain import await_all
from cloud.bench.waiting import await_that
from cloud.errors import SetupError


def test_it_is_asked_until_there_is_an_answer() -> None:
    answers = iter([None, 0, 7, 8])
    assert await_that(lambda: next(answers), lambda: "never", within_s=30, every_s=0) == 7


def test_what_takes_too_long_is_told_as_it_is_by_then() -> None:
    asked: list[int] = []
    with pytest.raises(SetupError, match="asked 1 times"):
        await_that(lambda: asked.append(1), lambda: f"asked {len(asked)} times", within_s=-1, every_s=0)


def test_what_is_over_is_not_waited_for() -> None:
    with pytest.raises(SetupError, match="it ended"):
        await_that(lambda: None, lambda: "it ended", within_s=3_600, every_s=0, over=lambda: True)


def test_an_answer_that_is_there_counts_although_it_is_over() -> None:
    assert await_that(lambda: "here", lambda: "it ended", within_s=0, every_s=0, over=lambda: True) == "here"


class Bell(threading.Event):
    """Rings at the third look, and costs no time."""

    looks = 0

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - as it is called
        self.looks += 1
        return self.looks == 3


def test_a_slow_reference_is_waited_for_while_less_and_less_is_left() -> None:
    left = iter((9, 8, 7))
    await_all(Bell(), lambda: next(left), 1.0)


def test_a_reference_to_which_nothing_comes_any_more_is_given_up() -> None:
    left = iter((9, 8, 8))
    with pytest.raises(SetupError, match="nothing for 1 s, and 8 messages were still to come"):
        await_all(Bell(), lambda: next(left), 1.0)
