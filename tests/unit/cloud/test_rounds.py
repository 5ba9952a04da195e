"""The rounds of a worker's loop."""

import logging

import pytest

from cloud.metrics import catalogue
from cloud.metrics.meters import Meters, Page
from cloud.workers.rounds import Rounds

log = logging.getLogger("throughline.test")


def fail() -> int:
    msg = "her-name"
    raise ValueError(msg)


def test_a_round_gives_what_its_work_gives() -> None:
    assert Rounds("mail", "the mail waits", log, Meters("work")).go(lambda: 7, 0) == 7


def test_a_round_that_fails_is_told_by_the_class_of_its_error_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    meters = Meters("work")
    assert Rounds("mail", "the mail waits", log, meters).go(fail, 0) == 0
    assert caplog.messages == ["the mail waits: ValueError"]
    assert f'{catalogue.ROUNDS_FAILED.full_name}{{loop="mail"}} 1.0' in Page(meters)().decode()
