"""How long a device waits before it tries again."""

from hypothesis import given
from hypothesis import strategies as st

from device_sim.chance import chance
from device_sim.session import Tuning, backoff_s


@given(st.integers(1, 10**6), st.integers())
def test_the_wait_lies_anywhere_below_a_bound_that_doubles_up_to_its_limit(attempt: int, seed: int) -> None:
    tuning = Tuning(backoff_base_s=0.5, backoff_max_s=30)
    bound = 30.0 if attempt > 5 else 0.5 * 2**attempt
    assert 0 <= backoff_s(attempt, tuning, chance(seed)) <= bound


def test_waits_spread_over_the_whole_range() -> None:
    rng = chance(1)
    waits = [backoff_s(20, Tuning(backoff_max_s=30), rng) for _ in range(1000)]
    assert min(waits) < 1
    assert max(waits) > 29
