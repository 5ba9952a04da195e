"""The pace of the series: a small share, more as they fall behind, and never all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.twin.series_pace import AT_MOST, EVERY_S, PATIENT_S, rest_s, share_of

usual = st.integers(1, 100).map(lambda percent: percent / 100)
late = st.floats(-1e8, 1e8)
worked = st.floats(0, 1e4)


@given(usual, late, late)
def test_who_is_later_gets_no_smaller_share_and_nobody_less_than_usual_or_more_than_the_most(
    usual: float, one: float, other: float
) -> None:
    less, more = sorted((one, other))
    assert usual <= share_of(usual, less) <= share_of(usual, more) <= max(usual, AT_MOST)


@given(usual, st.floats(-1e8, PATIENT_S))
def test_while_nothing_is_late_the_share_is_as_the_settings_say(usual: float, late_s: float) -> None:
    assert share_of(usual, late_s) == usual


@given(st.integers(1, 50).map(lambda percent: percent / 100))
def test_who_is_late_for_long_gets_half_however_small_the_usual_share(usual: float) -> None:
    assert share_of(usual, PATIENT_S * AT_MOST / usual * 1.001) == AT_MOST
    assert share_of(usual, PATIENT_S * 1.2) > usual or usual == AT_MOST


@given(worked, late, usual)
def test_no_more_than_the_share_is_worked_whatever_waits(worked: float, late_s: float, usual: float) -> None:
    rest = rest_s(worked, late_s, usual)
    assert worked <= (worked + rest) * share_of(usual, late_s) * (1 + 1e-9)


@pytest.mark.parametrize(("late_s", "least"), [(0.0, EVERY_S), (4.0, 6.0), (10.0, 0.0), (500.0, 0.0), (-9.0, EVERY_S)])
def test_what_waits_is_taken_when_it_is_ten_seconds_old_and_not_before(late_s: float, least: float) -> None:
    assert rest_s(0.0, late_s, 0.1) == least


@given(st.integers(1, 100_000), st.integers(5, 30))
def test_however_much_there_was_to_begin_with_all_is_caught_up_with_while_the_most_is_enough(
    behind_s: int, needed_percent: int
) -> None:
    """Each second of messages needs so much of a second's work; one round takes at most ten seconds of messages."""
    late_s, rounds = float(behind_s), 0
    while late_s > 2 * EVERY_S + PATIENT_S * AT_MOST / 0.1:
        span_s = min(late_s, 10.0)
        worked_s = span_s * needed_percent / 100
        late_s -= span_s
        late_s += worked_s + rest_s(worked_s, late_s, 0.1)
        rounds += 1
        assert rounds < behind_s
