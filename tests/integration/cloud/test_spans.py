"""Spans of telemetry: made ahead, filled by the time of receipt, and read where the answer can be."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from broker.contract.topics import Up
from cloud.twin import spans, telemetry
from cloud.twin.retention import CUTS, MESSAGES, span_of, wanted
from cloud.workers.scheduler import SchedulerLoop
from tests.integration.cloud.spans_of import MONTH, clear, made, place_of, roll
from tests.integration.cloud.world import Device, World, at_once
from tests.system import until


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
