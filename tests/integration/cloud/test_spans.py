"""Spans of telemetry: made ahead, filled by the time of receipt, and taken away when nobody needs them any more."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from broker.contract.topics import Up
from cloud.db import Transaction
from cloud.registry import gs1
from cloud.registry import service as registry
from cloud.twin import series, spans, telemetry
from cloud.twin.retention import CUTS, FOR_EVER, MESSAGES, MINUTES, Terms, span_of, wanted
from cloud.twin.series_rules import Every, start_of
from cloud.workers.scheduler import SchedulerLoop
from tests.integration.cloud.world import GTIN, Device, Message, World, at_once
from tests.system import until

OTHER = gs1.Gtin("09506000134369")
MONTH = Terms(30, 60, 90)


def made(world: World) -> set[str]:
    """The tables of all spans that are there."""
    with world.db.reading() as tx:
        return {name for cut in CUTS for name in spans._parts(tx, cut)}  # noqa: SLF001 - what there is, as it asks


def place_of(world: World, seq: int) -> str:
    """The table in which a message lies."""
    query = sa.text("SELECT tableoid::regclass::text FROM telemetry WHERE seq = :seq")
    with world.db.reading() as tx:
        return str(tx.session.execute(query, {"seq": seq}).scalar_one())


def clear(world: World, terms: Terms) -> int:
    """Takes away until nothing is left to be; how many rounds it took."""
    rounds = 0
    while True:
        rounds += 1
        world.run(lambda tx: spans.clear(tx, terms))
        (timer,) = world.rows("timer", kind=spans.CLEARING[0])
        if timer.due_at > world.clock():
            return rounds


def roll(world: World) -> None:
    while world.run(series.roll):
        pass


def readings(world: World) -> dict[str, int]:
    """How many messages there are of each unit."""
    found: dict[str, int] = {}
    for row in world.rows("telemetry"):
        found[row.product_id] = found.get(row.product_id, 0) + 1
    return found


def unit_of_another_model(world: World, days: int | None) -> registry.Registered:
    def use_case(tx: Transaction) -> registry.Registered:
        registry.create_model(tx, OTHER, "P2", "Acme", "printer", {}, telemetry_days=days)
        return registry.register(tx, world.keys, "https://id.example", OTHER, "SN1")

    return world.run(use_case)


# --- making ---


@pytest.mark.postgres
def test_the_spans_of_now_and_of_a_week_ahead_are_made_and_a_second_time_changes_nothing(postgres_world: World) -> None:
    world = postgres_world
    for _ in range(2):
        world.run(spans.make_ahead)
        assert made(world) - {f"{cut.table}_rest" for cut in CUTS} == {span.name for span in wanted(world.clock())}
    world.clock.advance(days=3)
    before = made(world)
    world.run(spans.make_ahead)
    assert len(made(world) - before) == 2 * 3, "three days of messages and of minutes"


@pytest.mark.postgres
def test_schedulers_that_make_them_at_once_are_harmless(postgres_world: World) -> None:
    world = postgres_world
    found = at_once([lambda: world.run(spans.make_ahead)] * 4)
    assert found == [None] * 4
    assert {span.name for span in wanted(world.clock())} <= made(world)


@pytest.mark.postgres
def test_a_scheduler_that_starts_anew_goes_on_where_the_last_one_ended(postgres_world: World) -> None:
    world = postgres_world
    world.run(spans.make_ahead)
    for _ in range(3):
        world.clock.advance(days=1, hours=1)
        assert SchedulerLoop(world.db, threading.Event()).do_due() >= 1
        assert {span.name for span in wanted(world.clock())} <= made(world)


@pytest.mark.postgres
def test_a_message_lies_in_the_span_of_its_receipt_whatever_its_device_says_of_the_time(postgres_world: World) -> None:
    world, now = postgres_world, postgres_world.clock()
    world.run(spans.make_ahead)
    before = made(world)
    device = Device(world, world.unit().id)
    claims = [now, now - timedelta(days=365), datetime(1970, 1, 1, tzinfo=UTC), now + timedelta(days=3_650)]
    for at in claims:
        world.take(device.say(Up.TELEMETRY, at=at, measurements=[{"name": "t", "value": 1}]))
    roll(world)
    world.run(spans.make_ahead)
    assert {place_of(world, seq) for seq in range(1, 5)} == {span_of(MESSAGES, now).name}
    assert made(world) == before, "no claim makes a span"
    assert [row.at for row in world.rows("telemetry")] == claims


@pytest.mark.postgres
def test_what_came_before_its_span_was_made_is_kept_and_moves_into_it(postgres_world: World) -> None:
    world = postgres_world
    device = Device(world, world.unit().id)
    world.take(device.telemetry(1.0), device.telemetry(2.0))
    roll(world)
    assert place_of(world, 1) == "telemetry_rest"
    world.run(spans.make_ahead)
    assert {place_of(world, seq) for seq in (1, 2)} == {span_of(MESSAGES, world.clock()).name}
    with world.db.reading() as tx:
        left = tx.session.execute(sa.text("SELECT count(*) FROM telemetry_minute_rest")).scalar_one()
    assert left == 0


@pytest.mark.postgres
def test_who_reads_for_long_keeps_no_span_from_being_made(postgres_world: World) -> None:
    world = postgres_world
    world.take(Device(world, world.unit().id).telemetry())
    world.run(spans.make_ahead)
    world.clock.advance(days=1)
    day = span_of(MESSAGES, world.clock() - timedelta(days=1))
    with world.db.reading() as tx:
        query = sa.text("SELECT count(*) FROM telemetry WHERE received_at >= :start AND received_at < :end")
        tx.session.execute(query, {"start": day.start, "end": day.end})
        world.run(spans.make_ahead)
        assert {span.name for span in wanted(world.clock())} <= made(world)


@pytest.mark.postgres
def test_a_message_that_waits_while_its_span_is_made_is_stored_in_it(postgres_world: World) -> None:
    world = postgres_world
    device = Device(world, world.unit().id)
    with ThreadPoolExecutor(1) as pool, world.db.transaction() as tx:
        spans.make_ahead(tx)
        taken = pool.submit(world.take, device.telemetry())
        until(lambda: _waits_for_a_table(world), "that the message waits for the rest")
        tx.session.commit()
        assert taken.result(30).stored == 1
    assert place_of(world, 1) == span_of(MESSAGES, world.clock()).name


def _waits_for_a_table(world: World) -> bool:
    query = sa.text(
        "SELECT 1 FROM pg_locks WHERE locktype = 'relation' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with world.db.reading() as tx:
        return tx.session.execute(query).first() is not None


# --- taking away ---


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


def test_the_timers_bring_the_duties_back(world: World) -> None:
    world.run(spans.make_ahead)
    clear(world, MONTH)
    due = {row.kind: row.due_at for row in world.rows("timer")}
    hour = world.clock() + spans.EVERY
    expected = {spans.CLEARING[0]: hour} | ({} if world.db.is_sqlite else {spans.MAKING[0]: hour})
    assert due == expected


@pytest.mark.postgres
def test_a_question_for_a_time_touches_the_spans_that_can_hold_the_answer_and_no_other(postgres_world: World) -> None:
    world = postgres_world
    for _ in range(14):
        world.run(spans.make_ahead)
        world.clock.advance(days=7)
    unit, now = world.unit(), world.clock()
    plans: list[str] = []

    def explain(connection: sa.Connection, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        if "FROM telemetry" in statement and not statement.startswith("EXPLAIN"):
            plans.extend(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())  # type: ignore[arg-type]  # the driver's own

    sa.event.listen(world.db.engine, "before_cursor_execute", explain)
    world.read(lambda tx: telemetry.messages(tx, unit.id, now - timedelta(days=2), now, 10))
    touched = set(re.findall(r" on (telemetry_\w+)", "\n".join(plans)))
    days = [span_of(MESSAGES, now - timedelta(days=day)).name for day in range(100)]
    assert set(days[:3]) <= touched
    assert not touched & set(days[3:])
    plans.clear()
    long_ago = now - timedelta(days=96)
    world.read(lambda tx: telemetry.messages(tx, unit.id, long_ago, long_ago + timedelta(hours=1), 10))
    sa.event.remove(world.db.engine, "before_cursor_execute", explain)
    assert days[90] in "\n".join(plans), "what was received late"
    assert not set(re.findall(r" on (telemetry_\w+)", "\n".join(plans))) & set(days[:5])
