"""Telemetry that was kept for as long as was said goes, and nothing that is younger or still needed."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from broker.contract.topics import Up
from cloud.registry import service as registry
from cloud.twin import series, spans
from cloud.twin.retention import CUTS, FOR_EVER, MESSAGES, MINUTES, Terms, span_of
from cloud.twin.series_rules import Every, start_of
from tests.integration.cloud.spans_of import MONTH, OTHER, clear, made, readings, roll, unit_of_another_model
from tests.integration.cloud.world import GTIN, Device, Message, World


def say_of(device: Device, at: datetime) -> Message:
    return device.say(Up.TELEMETRY, at=at, measurements=[{"name": "t", "value": 1}])


def counts(world: World, product_id: str, every: Every) -> dict[datetime, int]:
    """How many measurements are in each bucket of a unit."""
    start, end = world.clock() - timedelta(days=4_000), world.clock() + timedelta(days=1)
    found = world.read(lambda tx: series.read(tx, product_id, every, start, end, 1_000))
    return {start: sum(one.count for one in bucket.fields.values()) for start, bucket in found}


def roll_by(world: World, terms: Terms) -> None:
    while world.run(lambda tx: series.roll(tx, terms=terms)):
        pass


def test_what_was_kept_for_as_long_as_was_said_goes_and_nothing_younger(world: World) -> None:
    device = Device(world, world.unit().id)
    for _ in range(40):
        world.run(spans.make_ahead)
        world.take(device.telemetry())
        roll(world)
        world.clock.advance(days=1)
    clear(world, MONTH)
    kept = sorted(world.clock() - row.received_at for row in world.rows("telemetry"))
    assert len(kept) in {30, 31}
    assert kept[-1] < timedelta(days=31)
    assert len(world.rows("telemetry_minute")) in {30, 31}
    assert len(world.rows("telemetry_day")) == 40


def test_for_ever_is_for_ever(world: World) -> None:
    device = Device(world, world.unit().id)
    world.run(spans.make_ahead)
    world.take(device.telemetry())
    roll(world)
    world.clock.advance(days=20_000)
    assert clear(world, FOR_EVER) == 1
    assert [len(world.rows(cut.table)) for cut in CUTS] == [1, 1, 1, 1]


def test_a_model_may_keep_its_telemetry_shorter_or_longer_than_the_others(world: World) -> None:
    usual, brief = world.unit(), unit_of_another_model(world, 2)
    devices = Device(world, usual.id), Device(world, brief.id)
    for _ in range(10):
        world.run(spans.make_ahead)
        world.take(*(device.telemetry() for device in devices))
        roll(world)
        world.clock.advance(days=1)
    clear(world, MONTH)
    assert readings(world)[usual.id] == 10
    assert readings(world)[brief.id] in {2, 3}
    minutes = [row.product_id for row in world.rows("telemetry_minute")]
    assert (minutes.count(usual.id), minutes.count(brief.id) in {2, 3}) == (10, True)
    world.run(lambda tx: registry.keep_telemetry(tx, OTHER, 365))
    world.run(lambda tx: registry.keep_telemetry(tx, GTIN, 1))
    clear(world, MONTH)
    assert readings(world)[usual.id] in {1, 2}
    assert readings(world)[brief.id] in {2, 3}, "what is gone is gone, and the rest is kept longer now"


def test_a_second_clearing_finds_nothing_to_do(world: World) -> None:
    brief = unit_of_another_model(world, 1)
    devices = Device(world, world.unit().id), Device(world, brief.id)
    world.run(spans.make_ahead)
    world.take(*(device.telemetry() for device in devices))
    roll(world)
    world.clock.advance(days=5)
    clear(world, MONTH)
    assert clear(world, MONTH) == 1


def test_a_message_that_is_in_no_series_yet_is_waited_for(world: World) -> None:
    device = Device(world, world.unit().id)
    world.run(spans.make_ahead)
    world.take(device.telemetry(7.0))
    world.clock.advance(days=40)
    clear(world, MONTH)
    assert len(world.rows("telemetry")) == 1
    roll(world)
    clear(world, MONTH)
    assert world.rows("telemetry") == []
    start, end = world.clock() - timedelta(days=400), world.clock()
    ((_, bucket),) = world.read(lambda tx: series.read(tx, device.product_id, Every.DAY, start, end, 10))
    assert [one.last for one in bucket.fields.values()] == [7.0]


def test_what_never_had_a_span_goes_in_its_time_too(world: World) -> None:
    device = Device(world, world.unit().id)
    world.take(device.telemetry())
    roll(world)
    world.clock.advance(days=29)
    clear(world, MONTH)
    assert len(world.rows("telemetry")) == 1
    world.clock.advance(days=2)
    clear(world, MONTH)
    assert [len(world.rows(cut.table)) for cut in (MESSAGES, MINUTES)] == [0, 0]


def test_what_comes_late_for_a_time_that_its_model_does_not_keep_is_in_no_minute_of_it(world: World) -> None:
    usual, brief = (Device(world, unit.id) for unit in (world.unit(), unit_of_another_model(world, 2)))
    first = start_of(world.clock(), Every.MINUTE)
    world.run(spans.make_ahead)
    world.take(*(say_of(device, first) for device in (usual, brief)))
    roll_by(world, MONTH)
    assert counts(world, brief.product_id, Every.MINUTE) == {first: 1}
    world.clock.advance(days=5)
    world.run(spans.make_ahead)
    clear(world, MONTH)
    assert counts(world, brief.product_id, Every.MINUTE) == {}
    late = [world.clock() - timedelta(hours=1), first, first + timedelta(minutes=1)]
    world.take(*(say_of(device, at) for device in (usual, brief) for at in late))
    roll_by(world, MONTH)
    assert counts(world, brief.product_id, Every.MINUTE) == {late[0]: 1}
    assert counts(world, usual.product_id, Every.MINUTE) == {late[0]: 1, first: 2, late[2]: 1}
    for device in (usual, brief):
        assert sum(counts(world, device.product_id, Every.DAY).values()) == 4, "days are kept longer"
    assert clear(world, MONTH) == 1


def test_what_comes_late_for_hours_that_nobody_keeps_is_in_days_alone(world: World) -> None:
    device = Device(world, world.unit().id)
    world.clock.advance(days=400)
    world.run(spans.make_ahead)
    at = start_of(world.clock() - timedelta(days=80), Every.DAY)
    world.take(say_of(device, at))
    roll_by(world, Terms(0, 20, 90))
    found = {every: counts(world, device.product_id, every) for every in Every}
    assert found == {Every.MINUTE: {at: 1}, Every.HOUR: {}, Every.DAY: {at: 1}}


@pytest.mark.postgres
def test_what_was_taken_out_of_a_span_stays_out_when_its_model_is_told_to_keep_more(postgres_world: World) -> None:
    world = postgres_world
    usual, brief = (Device(world, unit.id) for unit in (world.unit(), unit_of_another_model(world, 2)))
    first = start_of(world.clock(), Every.MINUTE)
    world.run(spans.make_ahead)
    world.take(*(say_of(device, first) for device in (usual, brief)))
    roll_by(world, MONTH)
    world.clock.advance(days=5)
    clear(world, MONTH)
    world.run(lambda tx: registry.keep_telemetry(tx, OTHER, 365))
    world.take(*(say_of(device, first) for device in (usual, brief)))
    roll_by(world, MONTH)
    assert counts(world, brief.product_id, Every.MINUTE) == {}
    assert counts(world, usual.product_id, Every.MINUTE) == {first: 2}


def test_sqlite_deletes_a_little_at_a_time(sqlite_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "AT_ONCE", 10)
    world = sqlite_world
    device = Device(world, world.unit().id)
    world.take(*(device.telemetry() for _ in range(35)))
    roll(world)
    world.clock.advance(days=40)
    assert clear(world, MONTH) >= 4
    assert world.rows("telemetry") == []


@pytest.mark.postgres
def test_a_span_goes_as_a_whole_and_one_that_some_still_need_keeps_no_room_for_the_others(
    postgres_world: World,
) -> None:
    world = postgres_world
    brief = unit_of_another_model(world, 2)
    devices = Device(world, world.unit().id), Device(world, brief.id)
    world.run(spans.make_ahead)
    world.take(devices[0].telemetry(), *(devices[1].telemetry() for _ in range(3_000)))
    roll(world)
    day = span_of(MESSAGES, world.clock()).name
    size = sa.text(f"SELECT pg_total_relation_size('{day}')")
    before = world.read(lambda tx: tx.session.execute(size).scalar_one())
    world.clock.advance(days=5)
    clear(world, MONTH)
    assert world.read(lambda tx: tx.session.execute(size).scalar_one()) < before / 4
    assert day in {row.span for row in world.rows("telemetry_trimmed")}
    world.clock.advance(days=30)
    clear(world, MONTH)
    assert day not in made(world)
    assert day not in {row.span for row in world.rows("telemetry_trimmed")}


@pytest.mark.postgres
def test_clearing_gives_way_to_who_reads_and_holds_nobody_up(postgres_world: World) -> None:
    world = postgres_world
    device = Device(world, world.unit().id)
    world.run(spans.make_ahead)
    world.take(device.telemetry())
    roll(world)
    world.clock.advance(days=40)
    world.run(spans.make_ahead)
    with world.db.reading() as tx:
        tx.session.execute(sa.text("SELECT count(*) FROM telemetry"))
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            world.run(lambda tx: spans.clear(tx, MONTH))
        world.take(device.telemetry())
    clear(world, MONTH)
    assert [row.seq for row in world.rows("telemetry")] == [2]


@pytest.mark.postgres
def test_a_part_that_somebody_else_attached_is_left_alone(postgres_world: World) -> None:
    world = postgres_world
    foreign = "CREATE TABLE old_telemetry PARTITION OF telemetry FOR VALUES FROM ('2001-01-01Z') TO ('2002-01-01Z')"
    with world.db.engine.begin() as connection:
        connection.execute(sa.text(foreign))
    clear(world, MONTH)
    assert "old_telemetry" in made(world)
