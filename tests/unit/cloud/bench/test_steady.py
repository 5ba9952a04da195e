"""What the publisher without end is told: how much it may say, and how far its devices' clocks are ahead."""

import io
from datetime import UTC, datetime, timedelta

import pytest

from cloud.bench.steady import Allowance

LONG_S = 60.0


def heard(monkeypatch: pytest.MonkeyPatch, lines: str) -> Allowance:
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    found = Allowance(0.0)
    assert found.over.wait(LONG_S)
    return found


def test_the_last_word_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    found = heard(monkeypatch, "5\n7\n")
    assert found.messages() == 7
    assert abs(found.now() - datetime.now(UTC)) < timedelta(hours=1)


def test_clocks_stay_ahead_until_another_word_is_said_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    found = heard(monkeypatch, "5 86400.0\n7\n")
    assert found.messages() == 7
    assert timedelta(hours=23) < found.now() - datetime.now(UTC) < timedelta(hours=25)
