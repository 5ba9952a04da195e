"""How a figure moves over time."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.bench.trends import FLAT_PERCENT, SETTLING, Sample, settled, trend

LEVELS = st.floats(1.0, 1e4)
SLOPES = st.floats(-1.0, 1.0)


def line(slope: float, start: float, times: range) -> list[Sample]:
    return [Sample(float(at), start + slope * at) for at in times]


@given(slope=SLOPES, start=st.floats(100.0, 1e4))
def test_a_line_is_found_as_it_was_drawn(slope: float, start: float) -> None:
    found = trend(line(slope, start, range(0, 60, 2)))
    assert math.isclose(found.slope, slope, abs_tol=1e-6)
    assert math.isclose(found.level, start + slope * 29, rel_tol=1e-9)
    assert found.span_s == 58
    assert math.isclose(found.an_hour, slope * 3600, abs_tol=1e-2)


@given(values=st.lists(LEVELS, min_size=3, max_size=40), slope=SLOPES, shift=LEVELS)
def test_no_other_line_lies_nearer(values: list[float], slope: float, shift: float) -> None:
    samples = [Sample(float(at), value) for at, value in enumerate(values)]
    found, middle = trend(samples), (len(values) - 1) / 2
    own = sum((one.value - found.level - found.slope * (one.at_s - middle)) ** 2 for one in samples)
    other = sum((one.value - shift - slope * (one.at_s - middle)) ** 2 for one in samples)
    assert own <= other * (1 + 1e-9) + 1e-6


@pytest.mark.parametrize(("rise", "flat"), [(-20.0, True), (0.0, True), (FLAT_PERCENT - 0.1, True), (5.5, False)])
def test_flat_is_what_rises_by_no_more_than_a_twentieth_of_its_level(rise: float, flat: bool) -> None:
    # Around a level of 100, so that the rise is in percent.
    samples = [Sample(at / 10, 100 + rise * (at / 10 - 0.5)) for at in range(11)]
    found = trend(samples)
    assert math.isclose(found.rise_percent, rise, abs_tol=1e-9)
    assert found.flat is flat


@pytest.mark.parametrize(
    "samples",
    [
        [],
        [Sample(0, 1), Sample(1, 1)],
        [Sample(1, 1), Sample(1, 2), Sample(1, 3)],
        [Sample(0, 0), Sample(1, 0), Sample(2, 0)],
    ],
)
def test_too_few_samples_or_none_above_zero_have_no_trend(samples: list[Sample]) -> None:
    with pytest.raises(ValueError, match="a trend"):
        trend(samples)


def test_the_first_quarter_is_not_judged() -> None:
    grows_first = [Sample(float(at), 50.0 + min(at, 25)) for at in range(101)]
    kept = settled(grows_first)
    assert kept[0].at_s == 100 * SETTLING
    assert trend(kept).flat
    assert not trend(grows_first).flat
    with pytest.raises(ValueError, match="no samples"):
        settled([])
