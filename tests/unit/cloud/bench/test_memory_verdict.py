"""What the bench of memory says of a time that it watched: a verdict only when it was long enough for one."""

import pytest

from cloud.bench.memory import Watched, _rows, _unjudged
from cloud.bench.trends import LONG_ENOUGH_S, Trend


def watched(span_s: float, slope: float = 0.0) -> Watched:
    return Watched(Trend(slope, 200.0, span_s * 0.75), 210.0, 5_000.0, span_s)


@pytest.mark.parametrize(("slope", "met"), [(0.0, True), (1.0, False)])
def test_what_was_watched_for_long_is_judged(slope: float, met: bool) -> None:
    assert [one.met for one in _rows("here", watched(LONG_ENOUGH_S, slope))] == [met, None, None, None]


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_what_was_watched_for_a_minute_is_neither_met_nor_not_met(slope: float) -> None:
    rows = _rows("here", watched(60, slope))
    assert [one.met for one in rows] == [None] * 4
    assert rows[0].value == pytest.approx(100 * slope * 45 / 200), "the figure is shown all the same"


def test_what_was_too_short_is_named_with_what_would_tell() -> None:
    long, short = watched(LONG_ENOUGH_S), watched(LONG_ENOUGH_S - 1)
    assert _unjudged(long, long) == ()
    assert "--minutes of 10 or more" in _unjudged(short, long)[0]
    assert "--away-minutes of 10 or more" in _unjudged(long, short)[0]
    assert "--minutes and --away-minutes of 10 or more" in _unjudged(short, short)[0]
