"""The laws of claiming: how many guesses an attacker gets, and that nobody can keep the owner out."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.registry.claiming import (
    ATTACKED_FROM,
    CLAIMS_A_DAY,
    DAY,
    MAX_FAILURES,
    PAIR_A_DAY,
    PERSON_A_DAY,
    SOURCE_A_DAY,
    TRIES_UNDER_ATTACK,
    WINDOW,
    Failures,
    History,
    guesses_a_day,
    may_try,
    retry_after_s,
)

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class Guess(NamedTuple):
    at: datetime
    unit: int
    person: int
    source: int


def counted(log: list[Guess], unit: int, person: int, source: int, now: datetime) -> Failures:
    """What the record would count: written again here, so that the law does not lean on the code that it tests."""
    recent = [one for one in log if one.at > now - DAY]
    here = [one for one in recent if one.unit == unit]
    return Failures(
        person_now=sum(one.person == person and one.at > now - WINDOW for one in here),
        person=sum(one.person == person for one in here),
        source=sum(one.source == source for one in here),
        source_anywhere=sum(one.source == source for one in recent),
        unit=len(here),
    )


def attack(moves: list[tuple[int, int, int, int]], *, persons_are_free: bool) -> list[Guess]:
    """An attacker who tries whatever is let through. moves: seconds to wait, unit, person, source."""
    now, fresh = BEGIN, 1_000
    log: list[Guess] = []
    for wait_s, unit, person, source in moves:
        now += timedelta(seconds=wait_s)
        fresh += 1
        who = fresh if persons_are_free else person
        if may_try(counted(log, unit, who, source, now)):
            log.append(Guess(now, unit, who, source))
    return log


MOVES = st.lists(
    st.tuples(st.sampled_from([0, 1, 60, 1_000, 20_000]), st.integers(0, 2), st.integers(0, 3), st.integers(0, 5)),
    max_size=400,
)


@settings(max_examples=60, deadline=None)
@given(MOVES, st.booleans())
def test_k_sources_and_p_persons_get_at_most_so_many_guesses_at_a_unit_in_any_24_hours(
    moves: list[tuple[int, int, int, int]], persons_are_free: bool
) -> None:
    log = attack(moves, persons_are_free=persons_are_free)
    for begin in log:
        span = [one for one in log if begin.at <= one.at < begin.at + DAY]
        for unit in range(3):
            here = [one for one in span if one.unit == unit]
            assert len(here) <= guesses_a_day(len({one.source for one in here}), len({one.person for one in here}))
        for source in range(6):
            reserved = {(one.person, one.unit) for one in span if one.source == source}
            assert sum(one.source == source for one in span) <= SOURCE_A_DAY + len(reserved)


@settings(max_examples=60, deadline=None)
@given(MOVES, st.booleans())
def test_an_owner_from_a_clean_source_is_never_refused_whatever_others_did(
    moves: list[tuple[int, int, int, int]], persons_are_free: bool
) -> None:
    log = attack(moves, persons_are_free=persons_are_free)
    now = log[-1].at if log else BEGIN
    for unit in range(3):
        own: list[Guess] = []
        for _ in range(TRIES_UNDER_ATTACK):  # and may mistype twice
            assert may_try(counted(log + own, unit, -1, -1, now))
            own.append(Guess(now, unit, -1, -1))


@settings(max_examples=60, deadline=None)
@given(MOVES, st.booleans())
def test_who_has_not_failed_at_a_unit_has_one_try_there_whatever_others_did_from_the_same_source(
    moves: list[tuple[int, int, int, int]], persons_are_free: bool
) -> None:
    log = attack(moves, persons_are_free=persons_are_free)
    now = log[-1].at if log else BEGIN
    assert all(may_try(counted(log, unit, -1, source, now)) for unit in range(3) for source in range(6))


def test_the_reserved_try_is_one_alone() -> None:
    used_up = Failures(person_now=0, person=0, source=PAIR_A_DAY, source_anywhere=SOURCE_A_DAY, unit=ATTACKED_FROM)
    assert may_try(used_up)
    assert not may_try(used_up._replace(person_now=1, person=1))


@given(
    st.builds(
        Failures,
        person_now=st.just(0),
        person=st.integers(0, PERSON_A_DAY - 1),
        source=st.integers(0, 1_000),
        source_anywhere=st.integers(0, 1_000),
        unit=st.integers(0, 10**6),
    )
)
def test_whom_an_order_or_a_proof_of_place_vouches_for_is_bound_by_their_own_failures_alone(known: Failures) -> None:
    assert may_try(known, vouched=True)
    assert not may_try(known._replace(person_now=MAX_FAILURES), vouched=True)
    assert not may_try(known._replace(person=PERSON_A_DAY), vouched=True)


@given(
    st.builds(Failures, *(st.integers(0, 60) for _ in range(5))),
    st.sampled_from(Failures._fields),
    st.booleans(),
)
def test_one_more_failure_never_lets_through_who_was_refused(known: Failures, more: str, vouched: bool) -> None:
    if not may_try(known, vouched=vouched):
        assert not may_try(known._replace(**{more: getattr(known, more) + 1}), vouched=vouched)


def test_the_limits_are_those_that_the_documentation_states() -> None:
    assert (MAX_FAILURES, PERSON_A_DAY, PAIR_A_DAY, SOURCE_A_DAY) == (5, 20, 10, 30)
    assert (ATTACKED_FROM, TRIES_UNDER_ATTACK) == (50, 3)
    assert [guesses_a_day(k, 0) for k in (1, 7, 8, 65_536)] == [10, 70, 74, 196_658]
    assert (guesses_a_day(1, 100), guesses_a_day(1, 10**9), CLAIMS_A_DAY) == (110, 28_860, 28_860)


def test_an_attacked_unit_still_takes_three_tries_of_who_has_failed_at_nothing() -> None:
    attacked = Failures(unit=10**6)
    assert [may_try(attacked._replace(person=n, source=n, source_anywhere=n, person_now=n)) for n in range(4)] == [
        True,
        True,
        True,
        False,
    ]


AGES = st.lists(st.integers(1, int(DAY / timedelta(microseconds=1)) - 1), max_size=60).map(
    lambda ages: tuple(BEGIN - timedelta(microseconds=one) for one in ages)
)


@settings(max_examples=150, deadline=None)
@given(AGES, AGES, AGES, AGES, st.booleans())
def test_who_waits_as_long_as_is_said_is_looked_at_and_who_waits_a_second_less_is_not(
    person: tuple[datetime, ...],
    source: tuple[datetime, ...],
    anywhere: tuple[datetime, ...],
    unit: tuple[datetime, ...],
    vouched: bool,
) -> None:
    history = History(person, source, anywhere, unit)
    wait_s = retry_after_s(history, BEGIN, vouched=vouched)
    assert may_try(history.at(BEGIN + timedelta(seconds=wait_s)), vouched=vouched)
    assert wait_s == 0 or not may_try(history.at(BEGIN + timedelta(seconds=wait_s - 1)), vouched=vouched)


@settings(max_examples=60, deadline=None)
@given(MOVES, st.integers(0, 2), st.integers(0, 3), st.integers(0, 5))
def test_the_wait_that_is_said_is_the_one_that_the_record_will_count(
    moves: list[tuple[int, int, int, int]], unit: int, person: int, source: int
) -> None:
    log = attack(moves, persons_are_free=False)
    now = log[-1].at if log else BEGIN
    here = [one for one in log if one.unit == unit]
    wait_s = retry_after_s(
        History(
            person=tuple(one.at for one in here if one.person == person),
            source=tuple(one.at for one in here if one.source == source),
            source_anywhere=tuple(one.at for one in log if one.source == source),
            unit=tuple(one.at for one in here),
        ),
        now,
    )
    assert may_try(counted(log, unit, person, source, now + timedelta(seconds=wait_s)))
    assert wait_s == 0 or not may_try(counted(log, unit, person, source, now + timedelta(seconds=wait_s - 1)))
