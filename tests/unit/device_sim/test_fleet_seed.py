"""A seed tells a fleet's whole story: who the printers are, and when they live, does not."""

from datetime import UTC, datetime, timedelta

from broker.contract.ids import new_id
from device_sim.credentials import Credential
from device_sim.drafts import Draft, EventDraft
from device_sim.fleet import Fleet, FleetConfig

SUNDAY_NIGHT = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
MIDWEEK = datetime(2027, 3, 3, 9, 30, tzinfo=UTC)
STEPS = range(1, 400)


def fleet(seed: int, start: datetime) -> Fleet:
    """Three printers that nobody else has ever had."""
    units = tuple(Credential(id=new_id(datetime.now(UTC)), password="p") for _ in range(3))
    return Fleet(FleetConfig(credentials=units, seed=seed, rate=1, speed=60, start=start))


def lived(one: Fleet) -> list[list[tuple[Draft, ...]]]:
    """By printer and step, what it says."""
    return [[one.step(printer, number) for number in STEPS] for printer in one.printers]


def test_the_same_seed_says_the_same_whoever_the_printers_are_and_whenever_they_start() -> None:
    first = lived(fleet(7, SUNDAY_NIGHT))
    assert first == lived(fleet(7, MIDWEEK))
    assert sum(isinstance(draft, EventDraft) for step in first[0] for draft in step) > 10, "a life, not silence"


def test_another_seed_and_another_place_in_the_fleet_have_lives_of_their_own() -> None:
    first = lived(fleet(7, MIDWEEK))
    assert first != lived(fleet(8, MIDWEEK))
    assert first[0] != first[1]


def test_messages_bear_the_time_that_the_start_and_the_steps_make() -> None:
    one = fleet(7, MIDWEEK)
    assert [one.time_of(number) for number in (1, 2)] == [MIDWEEK + timedelta(minutes=n) for n in (1, 2)]
    ticking = Fleet(one.config, lambda: SUNDAY_NIGHT)
    assert ticking.time_of(1) == SUNDAY_NIGHT, "a clock that is given is the time"
