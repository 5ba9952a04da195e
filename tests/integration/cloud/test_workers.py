"""The loops beside ingest: the outbox, timers, and whose turn it is."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

import pytest
import sqlalchemy as sa
from paho.mqtt.client import MQTTMessageInfo
from paho.mqtt.enums import MQTTErrorCode
from sqlalchemy.exc import DBAPIError

from broker.contract.messages import MAX_PAYLOAD_BYTES
from cloud.control import service as control
from cloud.courier import Courier, Fate
from cloud.db import Database, Transaction
from cloud.mqtt import Address, Bus
from cloud.publish_packets import Outgoing
from cloud.record import service as record
from cloud.twin import spans
from cloud.workers import scheduler
from cloud.workers.outbox import NOT_TAKEN, OutboxLoop
from cloud.workers.scheduler import HOUSEKEEPING, SchedulerLoop
from cloud.workers.turn import Turn
from tests.integration.cloud.world import World
from tests.system import until


class FakeCourier:
    """To a broker that acknowledges all but the topics in `deaf`."""

    connected = True

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.deaf: set[str] = set()

    def deliver(self, messages: Sequence[Outgoing]) -> list[Fate]:
        self.sent += [topic for topic, _, _ in messages]
        return [Fate.LEFT if topic in self.deaf else Fate.TAKEN for topic, _, _ in messages]


def outbox_loop(db: Database, courier: FakeCourier) -> OutboxLoop:
    return OutboxLoop(db, cast("Courier", courier), threading.Event(), threading.Event())


def test_one_process_sends_at_a_time_and_another_when_it_is_gone(world: World) -> None:
    first, second = Turn(world.db, "outbox"), Turn(world.db, "outbox")
    assert first.take()
    assert first.take()
    assert not second.take()
    another = Turn(world.db, "something else")
    assert another.take()
    another.give_up()
    first.give_up()
    assert second.take()
    assert not first.take()
    second.give_up()


def test_a_turn_whose_session_broke_is_lost_and_can_be_had_again(postgres_world: World) -> None:
    turn = Turn(postgres_world.db, "outbox")
    assert turn.take()
    with postgres_world.db.engine.connect() as other:
        holders = "locktype = 'advisory' AND pid <> pg_backend_pid()"
        other.execute(
            sa.select(sa.func.pg_terminate_backend(sa.column("pid")))
            .select_from(sa.table("pg_locks"))
            .where(sa.text(holders))
        )
    with pytest.raises(DBAPIError):
        turn.take()
    assert not turn.held
    until(turn.take, "the broken session's lock to be free")
    turn.give_up()


def test_a_message_that_the_broker_does_not_take_lets_the_others_go_first(world: World) -> None:
    courier = FakeCourier()
    loop = outbox_loop(world.db, courier)
    courier.deaf.add("tl/v1/stuck")
    world.run(lambda tx: record.send(tx, "tl/v1/stuck", b"1"))
    assert loop.send_due() == 0
    world.run(lambda tx: record.send(tx, "tl/v1/fine", b"2"))
    assert loop.send_due() == 1
    assert courier.sent == ["tl/v1/stuck", "tl/v1/fine"]
    world.clock.advance(seconds=NOT_TAKEN.total_seconds())
    courier.deaf.clear()
    assert loop.send_due() == 1
    assert world.rows("outbox") == []


def test_a_message_that_would_end_the_connection_is_never_sent_and_its_command_fails(world: World) -> None:
    courier, unit = FakeCourier(), world.unit()
    command = world.run(lambda tx: control.queue(tx, unit.id, "identify", {}).id)
    world.run(lambda tx: tx.session.execute(sa.update(record.outbox).values(payload=b"x" * (MAX_PAYLOAD_BYTES + 1))))
    world.run(lambda tx: record.send(tx, "tl/v1/fine", b"y" * MAX_PAYLOAD_BYTES))
    assert outbox_loop(world.db, courier).send_due() == 1
    assert courier.sent == ["tl/v1/fine"]
    assert world.rows("outbox") == world.rows("timer") == []
    ended = world.read(lambda tx: control.read(tx, command))
    assert (ended.status, ended.detail) == ("failed", "too large to be sent")


def test_a_newer_message_that_came_while_the_older_was_sent_stays(world: World) -> None:
    courier = FakeCourier()

    class Replacing(FakeCourier):
        def deliver(self, messages: Sequence[Outgoing]) -> list[Fate]:
            world.run(lambda tx: record.send(tx, "tl/v1/x", b"new", slot="x"))
            return super().deliver(messages)

    world.run(lambda tx: record.send(tx, "tl/v1/x", b"old", slot="x"))
    outbox_loop(world.db, Replacing()).send_due()
    assert [row.payload for row in world.rows("outbox")] == [b"new"]
    assert outbox_loop(world.db, courier).send_due() == 1


def test_a_command_is_sent_once_the_broker_has_it(world: World) -> None:
    courier, unit = FakeCourier(), world.unit()
    command = world.run(lambda tx: control.queue(tx, unit.id, "identify", {}).id)
    outbox_loop(world.db, courier).send_due()
    assert world.read(lambda tx: control.read(tx, command).status) == "sent"


def test_a_duty_that_fails_keeps_neither_the_others_nor_the_loop(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def failing(_tx: Transaction, subject: str) -> None:
        raise KeyError(subject)

    def working(tx: Transaction, subject: str) -> None:
        done.append(subject)
        record.set_timers(tx, {("good", subject): None})

    monkeypatch.setattr(scheduler, "DUTIES", {"bad": failing, "good": working})
    world.run(lambda tx: record.set_timers(tx, {("bad", "a"): tx.now, ("good", "b"): tx.now}))
    loop = SchedulerLoop(world.db, threading.Event())
    assert loop.do_due() == 2
    assert done == ["b"]
    assert loop.do_due() == 0, "what failed waits for its lease to run out"
    world.clock.advance(seconds=31)
    assert loop.do_due() == 1


@pytest.mark.parametrize("code", [MQTTErrorCode.MQTT_ERR_NO_CONN, MQTTErrorCode.MQTT_ERR_QUEUE_SIZE])
def test_a_message_that_paho_does_not_take_is_said_to_be_unsent(code: MQTTErrorCode, monkeypatch: Any) -> None:
    bus = Bus(Address("127.0.0.1", 1, "u", "p"), "u-bus")
    bus.connected.set()
    info = MQTTMessageInfo(1)
    info.rc = code
    monkeypatch.setattr(bus._client, "publish", lambda *_args, **_more: info)  # noqa: SLF001 - the library under the bus
    assert bus.deliver([("tl/v1/x", b"", False)]) == [False]


def test_a_message_that_was_written_while_the_clock_was_ahead_leaves_when_it_is_set_back(world: World) -> None:
    courier = FakeCourier()
    loop = outbox_loop(world.db, courier)
    world.run(lambda tx: record.send(tx, "tl/v1/x", b"old", slot="x", after=record.MAX_DELAY))
    assert loop.send_due() == 0, "it is held back"
    world.clock.advance(days=-365)
    world.run(lambda tx: record.send(tx, "tl/v1/x", b"new", slot="x"))
    world.run(lambda tx: record.send(tx, "tl/v1/y", b"later", after=record.MAX_DELAY))
    assert loop.send_due() == 1
    assert courier.sent == ["tl/v1/x"]
    assert [row.payload for row in world.rows("outbox")] == [b"later"]


def test_a_timer_that_was_claimed_while_the_clock_was_ahead_is_free_when_it_is_set_back(world: World) -> None:
    due = world.clock.now - timedelta(days=366)
    world.run(lambda tx: record.set_timers(tx, {("good", "a"): due}))
    lease = record.MAX_LEASE
    assert len(world.run(lambda tx: record.lease_due(tx, lease=lease))) == 1
    assert not world.read(record.any_due), "somebody holds it"
    world.clock.advance(days=-365)
    assert world.read(record.any_due)
    assert len(world.run(lambda tx: record.lease_due(tx, lease=lease))) == 1
    assert not world.read(record.any_due)


@pytest.mark.parametrize("days", [-365, -0.5, 0])
def test_what_comes_every_hour_comes_within_the_hour_when_the_clock_is_set_back(world: World, days: float) -> None:
    done: list[str] = []

    def clear(tx: Transaction, _subject: str) -> None:
        done.append("cleared")
        record.set_timers(tx, {spans.CLEARING: tx.now + spans.EVERY})

    loop = SchedulerLoop(world.db, threading.Event(), more={spans.CLEARING[0]: clear})
    kinds = {HOUSEKEEPING, spans.CLEARING} | (set() if world.db.is_sqlite else {spans.MAKING})
    world.run(lambda tx: record.set_timers(tx, dict.fromkeys(kinds, tx.now)))
    assert loop.do_due() == len(kinds)
    assert loop.do_due() == 0
    set_back_at = world.clock.advance(days=days)
    loop.do_due()
    world.clock.advance(hours=1)
    loop.do_due()
    assert len(done) == (2 if days == 0 else 3), (
        "at once, since nobody knows how long the clock was ahead, and by the hour"
    )
    assert {row.due_at for row in world.rows("timer")} == {set_back_at + timedelta(hours=2)}
    assert loop.do_due() == 0


def test_what_somebody_was_told_a_time_for_waits_for_that_time_whatever_the_clock_does(world: World) -> None:
    loop = SchedulerLoop(world.db, threading.Event())
    world.run(lambda tx: record.set_timers(tx, {(control.TIMER, "a"): tx.now + timedelta(days=30)}))
    world.clock.advance(days=-365)
    assert loop.do_due() == 0
