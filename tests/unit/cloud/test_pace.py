"""How large the next batch may be, and whether it waits."""

from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cloud.pace import AIM_S, ALONE, LEAST, MAX_BATCH_DEVICES, SURPRISES, WORTH, Pace, next_pace, wait_s

MOST = 4_000
sizes = st.integers(1, MOST)
times = st.floats(0, 100)
paces = st.builds(Pace, sizes, sizes, times, st.none() | times, st.integers(0, SURPRISES - 1))
message_times = st.floats(1e-6, 1e-2)


def under_load(pace: Pace, fixed_s: float, message_s: float, batches: int) -> list[Pace]:
    """One after each full batch. fixed_s, message_s: what a database takes for the transaction, and each message."""
    found = []
    for _ in range(batches):
        pace = next_pace(pace, pace.size, fixed_s + pace.size * message_s, MOST)
        found.append(pace)
    return found


def rate(size: int, fixed_s: float, message_s: float) -> float:
    return size / (fixed_s + size * message_s)


@given(paces, sizes, times, st.integers(1, 10_000))
def test_a_batch_is_never_beyond_what_is_allowed_nor_below_the_least_that_pays(
    pace: Pace, more: int, took_s: float, most: int
) -> None:
    assert min(LEAST, most) <= next_pace(pace, pace.size + more, took_s, most).size <= most


@given(paces, sizes, times)
def test_one_that_was_not_full_says_nothing_of_the_size(pace: Pace, stored: int, took_s: float) -> None:
    after = next_pace(pace, stored, took_s, MOST)
    assert after == pace or stored >= min(pace.size, MAX_BATCH_DEVICES)


def test_a_trickle_that_waits_for_a_lock_keeps_the_size() -> None:
    pace = Pace(MOST)
    for _ in range(5):
        pace = next_pace(pace, 1, 0.2, MOST)
    assert pace.size == MOST


def test_one_of_as_many_devices_as_may_be_is_a_full_one() -> None:
    pace = Pace(MOST)
    for _ in range(6):
        stored = min(pace.size, MAX_BATCH_DEVICES)
        pace = next_pace(pace, stored, stored * 0.0005, MOST)
    assert pace.size == AIM_S / 0.0005


@given(message_times, st.floats(0, 0.03), sizes)
def test_under_load_it_comes_to_the_size_that_takes_as_long_as_is_aimed_at(
    message_s: float, fixed_s: float, size: int
) -> None:
    size = under_load(Pace(size), fixed_s, message_s, 40)[-1].size
    took_s = fixed_s + size * message_s
    assert size == LEAST or took_s <= AIM_S + message_s
    bound = (AIM_S - fixed_s) / message_s
    assert size >= min(MOST, bound * 0.75 - 2), "nor is it much smaller"


@given(message_times, st.floats(0, 1.0), sizes)
@example(50e-6, 0.16, MOST)
@example(60e-6, 0.12, MOST)
@example(60e-6, 0.12, LEAST)
@example(60e-6, 0.135, LEAST)
@example(500e-6, 0.3, MOST)
def test_however_long_a_transaction_takes_by_itself_it_settles_where_no_size_would_store_much_more(
    message_s: float, fixed_s: float, size: int
) -> None:
    settled = [one.size for one in under_load(Pace(size), fixed_s, message_s, 60)[-10:]]
    assert max(settled) - min(settled) <= 1
    size = settled[-1]
    assert rate(size, fixed_s, message_s) >= 0.6 * rate(MOST, fixed_s, message_s)
    took_s = fixed_s + size * message_s
    assert size == LEAST or took_s <= max(AIM_S, fixed_s * (1 + WORTH)) * 1.001 + message_s, "nor are locks held longer"


@given(
    st.lists(st.tuples(st.floats(0, 10), message_times, st.integers(1, 12)), max_size=6),
    st.floats(0, 0.03),
    st.floats(1e-6, 3e-5),
)
def test_whatever_was_it_comes_back_to_large_batches_when_the_disk_is_well(
    was: list[tuple[float, float, int]], fixed_s: float, message_s: float
) -> None:
    pace = Pace(MOST)
    for bad_s, each_s, batches in was:
        pace = under_load(pace, bad_s, each_s, batches)[-1]
    settled = [one.size for one in under_load(pace, fixed_s, message_s, 40)[-10:]]
    assert min(settled) == MOST


@pytest.mark.parametrize(("fixed_s", "message_s"), [(0.5, 400e-6), (0.005, 50e-6), (0.1, 50e-6)])
def test_what_was_known_is_forgotten_when_the_database_is_not_what_it_was(fixed_s: float, message_s: float) -> None:
    pace = under_load(Pace(MOST), 0.5, 50e-6, 20)[-1]
    assert pace.fixed_s == pytest.approx(0.5)
    pace = under_load(pace, fixed_s, message_s, 60)[-1]
    took_s = fixed_s + pace.size * message_s
    assert took_s <= max(AIM_S, fixed_s * (1 + WORTH)) + 1e-3
    assert pace.fixed_s == pytest.approx(fixed_s, abs=1e-6)


def test_times_that_vary_by_a_tenth_lose_little_of_what_could_be_stored() -> None:
    pace, stored, took_s, vary = Pace(MOST), 0, 0.0, Random(1)  # noqa: S311 - a disk's moods, no secret
    for _ in range(400):
        batch_s = (0.16 + pace.size * 50e-6) * vary.uniform(0.8, 1.2)
        stored, took_s = stored + pace.size, took_s + batch_s
        pace = next_pace(pace, pace.size, batch_s, MOST)
    assert stored / took_s >= 0.7 * rate(MOST, 0.16, 50e-6)


def test_messages_beside_a_transaction_that_takes_very_long_add_two_seconds_at_most() -> None:
    size = under_load(Pace(MOST), 5.0, 1e-3, 60)[-1].size
    assert size * 1e-3 == pytest.approx(2.0, rel=0.01)


@given(st.integers(LEAST * 2, MOST), st.floats(1e-6, 3e-5), st.floats(1, 60))
def test_one_moment_in_which_the_disk_stands_still_halves_it_at_most(
    size: int, message_s: float, stall_s: float
) -> None:
    pace = under_load(Pace(size), 0.01, message_s, 5)[-1]
    after = next_pace(pace, pace.size, stall_s, MOST)
    assert pace.size // 2 <= after.size <= pace.size
    assert under_load(after, 0.01, message_s, 15)[-1].size == MOST


def test_what_is_known_is_followed_by_steps_and_not_at_once() -> None:
    assert next_pace(Pace(2_000, 2_000, 0.1, 0.0), 2_000, 5.0, MOST).size == 1_000
    assert next_pace(Pace(3_000, 2_000, 0.1, 0.0), 2_000, 0.09, MOST).size == 3_000, (
        "it was not the size that bounded it"
    )
    assert next_pace(Pace(3_000), 2_000, 0.05, MOST).size == 3_000


def test_a_smaller_one_that_took_much_longer_tells_nothing_of_size() -> None:
    assert next_pace(Pace(2_500, 1_000, 5.0, 0.0), 2_500, 0.125, MOST).fixed_s == 0.0


def test_surprises_count_only_when_they_come_in_a_row() -> None:
    pace = Pace(2_000, 2_000, 0.1, 0.0)
    for took_s in (0.05, 0.05, 0.1, 0.05, 0.05):
        pace = next_pace(pace, 2_000, took_s, 2_000)
        assert pace.fixed_s == 0.0
    assert next_pace(pace, 2_000, 0.05, 2_000).fixed_s is None


def test_who_comes_alone_is_not_kept_waiting() -> None:
    assert [wait_s(last, 0.005) for last in (0, ALONE, ALONE + 1)] == [0.0, 0.0, 0.005]
