"""The form of a benchmark's result."""

import math
from statistics import StatisticsError, median

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.bench.report import Goal, Report, median_parts, number, percentile, row

VALUES = st.lists(st.floats(0.1, 1e6), min_size=1, max_size=50)


@given(values=VALUES, percent=st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_enough_values_do_not_exceed(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1.0], 0), ([1.0], 101)])
def test_a_percentile_of_nothing_or_beyond_all_is_refused(values: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match="percentiles"):
        percentile(values, percent)


@given(values=VALUES, beside=VALUES)
def test_a_row_holds_median_span_and_the_ratio_of_the_medians(values: list[float], beside: list[float]) -> None:
    found = row("x", "msg/s", values, reference="r", reference_runs=beside)
    assert (found.value, found.min, found.max) == (median(values), min(values), max(values))
    assert found.reference_value == median(beside)
    assert found.ratio is not None
    assert math.isclose(found.ratio, median(values) / median(beside))
    assert found.runs == tuple(values)


def test_a_row_of_no_runs_is_refused() -> None:
    with pytest.raises(StatisticsError):
        row("x", "msg/s", [])


@pytest.mark.parametrize(
    ("goal", "value", "met"),
    [
        (Goal(100), 100.0, True),
        (Goal(100), 99.9, False),
        (Goal(60, at_most=True), 60.0, True),
        (Goal(60, at_most=True), 60.1, False),
        (Goal(0.5, of="ratio"), 100.0, True),
        (Goal(0.5, of="ratio"), 99.0, False),
        (None, 1.0, None),
    ],
)
def test_a_goal_is_met_at_its_limit_and_not_beyond(goal: Goal | None, value: float, met: bool | None) -> None:
    assert row("x", "ms", [value], reference="r", reference_runs=[200.0], goal=goal).met is met


def test_a_goal_on_a_ratio_that_was_not_measured_is_neither_met_nor_missed() -> None:
    assert row("x", "ms", [1.0], goal=Goal(0.5, of="ratio")).met is None


def test_parts_are_medians_over_the_runs_that_have_them() -> None:
    runs = [{"a": 1.0, "b": 5.0}, {"a": 3.0}, {"a": 2.0}]
    assert median_parts(runs) == {"a": 2.0, "b": 5.0}


def test_a_report_as_json_has_the_fields_that_readers_expect() -> None:
    rows = (row("x", "ms", [1.0], reference="r", reference_runs=[2.0], goal=Goal(3)),)
    told = msgspec.json.decode(msgspec.json.encode(Report(bench="b", date="d", machine={"cores": 2}, rows=rows)))
    assert {"bench", "machine", "rows"} <= told.keys()
    expected = {"what", "unit", "value", "min", "max", "reference", "reference_value", "ratio", "goal", "met"}
    assert expected <= told["rows"][0].keys()


@pytest.mark.parametrize(
    ("value", "text"), [(12345.6, "12,346"), (100.0, "100"), (99.96, "100.0"), (12.34, "12.3"), (0.327, "0.33")]
)
def test_a_number_has_no_more_digits_than_it_is_worth(value: float, text: str) -> None:
    assert number(value) == text
