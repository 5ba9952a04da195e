"""How far a command is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.control.rules import percent_of, progressed, told

words = st.lists(st.integers(0, 100).map(lambda percent: {"percent": percent}) | st.just({}), max_size=6)


@pytest.mark.parametrize("value", [None, True, "50", -1, 101, 1e9, [50], float("nan"), float("inf")])
def test_what_is_no_percent_is_none(value: Any) -> None:
    assert percent_of({"percent": value}) is None
    assert told("accepted", {"percent": value}, over=False).state == "accepted"


def test_a_device_that_tells_how_far_it_is_is_at_it() -> None:
    assert told("accepted", {"percent": 12.9}, over=False) == ("running", 12, False)
    assert told("accepted", {}, over=False) == ("accepted", None, False)


def test_a_command_whose_time_is_up_has_failed_before_anybody_notes_it() -> None:
    assert told("sent", {}, over=True) == told("expired", {}, over=True) == ("failed", None, True)
    assert told("done", {"percent": 100}, over=True) == ("done", None, False)


@given(words, st.randoms(use_true_random=False))
def test_in_whatever_order_the_words_come_the_percent_ends_the_same_and_never_goes_back(
    said: list[dict[str, int]], rng: Any
) -> None:
    def after(order: list[dict[str, int]]) -> list[int | None]:
        kept: dict[str, Any] = {}
        seen = []
        for word in order:
            kept = progressed(kept, word)
            seen.append(percent_of(kept))
        return seen

    shuffled = rng.sample(said, len(said))
    one, other = after(said), after(shuffled)
    assert one[-1:] == other[-1:]
    numbers = [percent for percent in other if percent is not None]
    assert numbers == sorted(numbers)
