"""How large the next batch may be, and whether it waits."""

from hypothesis import given
from hypothesis import strategies as st

from cloud.pace import AIM_S, ALONE, LEAST, next_size, wait_s

MOST = 4_000
sizes = st.integers(1, MOST)
times = st.floats(0, 100)


@given(sizes, sizes, times, st.integers(1, 10_000))
def test_a_batch_is_never_beyond_what_is_allowed_nor_below_the_least_that_pays(
    size: int, stored: int, took_s: float, most: int
) -> None:
    assert min(LEAST, most) <= next_size(size, stored, took_s, most) <= most


@given(st.integers(LEAST, MOST), sizes, times)
def test_it_grows_only_after_a_full_one_that_was_quick_and_shrinks_only_after_a_slow_one(
    size: int, stored: int, took_s: float
) -> None:
    after = next_size(size, stored, took_s, MOST)
    assert after <= size or (stored >= size and took_s <= AIM_S)
    assert after >= size or took_s > AIM_S


@given(st.integers(LEAST, MOST), sizes, times, times)
def test_what_took_longer_is_followed_by_no_larger_batch(size: int, stored: int, one_s: float, other_s: float) -> None:
    quick, slow = sorted((one_s, other_s))
    assert next_size(size, stored, slow, MOST) <= next_size(size, stored, quick, MOST)


@given(st.floats(1e-6, 1e-2), st.floats(0, 0.03), sizes)
def test_under_load_it_comes_to_the_size_that_takes_as_long_as_is_aimed_at(
    message_s: float, fixed_s: float, size: int
) -> None:
    """message_s, fixed_s: what a database takes for each message, and for the transaction."""
    for _ in range(40):
        size = next_size(size, size, fixed_s + size * message_s, MOST)
    took_s = fixed_s + size * message_s
    assert size == LEAST or took_s <= AIM_S + message_s
    bound = (AIM_S - fixed_s) / message_s
    assert size >= min(MOST, bound * 0.75 - 2), "nor is it much smaller"


def test_one_moment_in_which_the_disk_stands_still_halves_it_at_most() -> None:
    assert next_size(2_000, 2_000, 5.0, MOST) == 1_000
    assert next_size(2_000, 10, 5.0, MOST) == 1_000
    assert next_size(300, 300, 5.0, MOST) == LEAST


def test_who_comes_alone_is_not_kept_waiting() -> None:
    assert [wait_s(last, 0.005) for last in (0, ALONE, ALONE + 1)] == [0.0, 0.0, 0.005]
