"""Each source gets as much as its bucket holds, and no other source feels it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_menu.limits import Bucket, Gate, Limit, source_of, take, usual_limits
from mobile_menu.ports import TooManyAttemptsError

LIMIT = Limit(burst=3, per_minute=6)
limits = st.builds(Limit, burst=st.integers(1, 20), per_minute=st.integers(1, 600))
pauses = st.lists(st.floats(0, 100, allow_subnormal=False), max_size=80)


class Seconds:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def passes(gate: Gate, host: str, times: int) -> int:
    """How many of so many tries got through."""
    through = 0
    for _ in range(times):
        try:
            gate.enter(host)
        except TooManyAttemptsError:
            continue
        through += 1
    return through


@given(limits, pauses)
def test_no_more_gets_through_than_the_burst_and_what_has_dripped_in_since(limit: Limit, waits: list[float]) -> None:
    bucket, now, given_out = None, 0.0, 0
    for wait in waits:
        now += wait
        bucket, left = take(bucket, limit, now)
        given_out += left == 0
        assert given_out <= limit.burst + now * limit.per_minute / 60 + 1e-6


@given(limits, st.floats(0, 20), st.floats(0, 1e6))
def test_who_waits_as_long_as_was_said_gets_through_and_who_waits_less_does_not(
    limit: Limit, tokens: float, now: float
) -> None:
    drained, wait_s = take(Bucket(tokens % 1, now), limit, now)
    assert wait_s > 0
    assert take(drained, limit, now + wait_s * 0.9)[1] > 0
    assert take(drained, limit, now + wait_s + 1e-3)[1] == 0


@given(limits, st.floats(0, 20), st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_clock_that_went_back_gives_nothing(limit: Limit, tokens: float, now: float, back: float) -> None:
    start = Bucket(min(tokens, limit.burst), now)
    assert take(start, limit, now - back)[0].tokens <= start.tokens


def test_one_source_is_stopped_and_told_when_to_come_again_and_the_next_is_not() -> None:
    clock = Seconds()
    gate = Gate(LIMIT, clock)
    assert passes(gate, "192.0.2.1", 10) == 3
    with pytest.raises(TooManyAttemptsError) as refused:
        gate.enter("192.0.2.1")
    assert refused.value.facts == {"retry_after_s": 10}
    assert passes(gate, "192.0.2.2", 1) == 1
    clock.now += 10
    assert passes(gate, "192.0.2.1", 10) == 1


def test_a_refusal_costs_nothing_so_that_patience_is_rewarded() -> None:
    clock = Seconds()
    gate = Gate(LIMIT, clock)
    passes(gate, "192.0.2.1", 500)
    clock.now += 30
    assert passes(gate, "192.0.2.1", 500) == 3


def test_only_the_last_sources_are_remembered() -> None:
    clock = Seconds()
    gate = Gate(LIMIT, clock, kept=2)
    assert passes(gate, "192.0.2.1", 4) == 3
    for last in range(2, 200):
        gate.enter(f"192.0.2.{last}")
        assert len(gate) == 2
    assert passes(gate, "192.0.2.199", 4) == 2
    assert passes(gate, "192.0.2.1", 4) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("fe80::1%eth0", "fe80::2"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_addresses_of_one_customer_are_one_source(one: str, other: str) -> None:
    assert source_of(one) == source_of(other)


@pytest.mark.parametrize(
    ("one", "other"), [("192.0.2.1", "192.0.2.2"), ("2001:db8:1:2::1", "2001:db8:1:3::1"), ("::1", "127.0.0.1")]
)
def test_other_customers_are_other_sources(one: str, other: str) -> None:
    assert source_of(one) != source_of(other)


def test_the_usual_gates_let_a_busy_household_through_and_stop_a_machine() -> None:
    clock = Seconds()
    gates = usual_limits(clock)
    assert passes(gates.sessions, "192.0.2.1", 30) == 30
    assert passes(gates.claims, "192.0.2.1", 20) == 20
    assert passes(gates.claims, "192.0.2.1", 10_000) < 100
    assert passes(gates.sessions, "192.0.2.1", 10_000) < 200
    assert passes(gates.links, "192.0.2.1", 100) == 100
    assert passes(gates.links, "192.0.2.1", 10_000) < 200
