"""The loops: what is acknowledged is stored, one process sends at a time, and nothing that fails stops the rest."""

import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, cast
from weakref import WeakSet

import pytest
import sqlalchemy as sa
from paho.mqtt.client import MQTTMessageInfo
from paho.mqtt.enums import MQTTErrorCode
from sqlalchemy.exc import DBAPIError, IntegrityError, InternalError, OperationalError, ProgrammingError, StatementError

from broker.contract.messages import MAX_PAYLOAD_BYTES
from cloud.control import service as control
from cloud.courier import Courier, Fate
from cloud.db import Database, Transaction
from cloud.lanes import Lane, Refusal, Refused
from cloud.metrics import catalogue
from cloud.metrics.meters import Meters
from cloud.mqtt import Address, Bus, Delivery
from cloud.publish_packets import Outgoing
from cloud.record import service as record
from cloud.twin import ingest, overruns, spans
from cloud.twin.memory import Memory
from cloud.twin.overruns import Overrun
from cloud.workers import scheduler
from cloud.workers.ingest import IngestLoop, refuses_content
from cloud.workers.outbox import NOT_TAKEN, OutboxLoop
from cloud.workers.scheduler import HOUSEKEEPING, SchedulerLoop
from cloud.workers.turn import Turn
from tests.integration.cloud.world import Device, World
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


def deliveries(world: World, count: int) -> list[Delivery]:
    device = Device(world, world.unit().id)
    return [Delivery(*device.telemetry(), mid=mid, qos=1, generation=1) for mid in range(1, count + 1)]


def ingest_loop(db: Database, stop: threading.Event) -> IngestLoop:
    return IngestLoop(db, cast("Lane", None), batch=10, wait_s=0, stop=stop)


@pytest.mark.parametrize("error", [InternalError, OperationalError, ProgrammingError, DBAPIError])
def test_what_a_database_cannot_do_now_is_no_fault_of_the_message(error: type[DBAPIError]) -> None:
    assert not refuses_content(error("INSERT", {}, Exception("read-only transaction")))


@pytest.mark.parametrize(
    "error",
    [
        IntegrityError("x", {}, Exception()),
        StatementError("x", "x", {}, Exception()),
        OverflowError(),
        ValueError(),
        RecursionError(),
    ],
)
def test_what_a_message_holds_is_a_fault_that_would_come_again(error: Exception) -> None:
    assert refuses_content(error)


SHORT = [MemoryError(), OSError(24, "Too many open files"), TimeoutError(), ConnectionResetError()]
"""What befalls a process, whatever it was to store."""
WRAPPED = [StatementError("x", "INSERT", {}, error) for error in SHORT]


@pytest.mark.parametrize("error", [*SHORT, *WRAPPED], ids=repr)
def test_what_this_process_is_short_of_is_no_fault_of_the_message(error: Exception) -> None:
    assert not refuses_content(error)


@pytest.mark.parametrize("error", [SHORT[0], SHORT[1], *WRAPPED[:2]], ids=repr)
def test_a_message_waits_while_the_process_is_short_of_something_and_is_then_stored(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tries, real = [], ingest.take

    def short_once(tx: Transaction, messages: list[tuple[str, bytes]], memory: Memory) -> ingest.Taken:
        tries.append(len(messages))
        if len(tries) == 1:
            raise error
        return real(tx, messages, memory)

    monkeypatch.setattr(ingest, "take", short_once)
    assert ingest_loop(world.db, threading.Event()).store(deliveries(world, 1))
    assert tries == [1, 1]
    assert world.rows("quarantine") == []
    assert len(world.rows("telemetry")) == 1


class Decoded:
    """Something large that a try has made."""


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_batch_that_memory_has_no_room_for_is_stored_in_parts_that_have_the_room(
    world: World, monkeypatch: pytest.MonkeyPatch, *, wrapped: bool
) -> None:
    tries, real, made = [], ingest.take, WeakSet[Decoded]()

    def short(tx: Transaction, messages: list[tuple[str, bytes]], memory: Memory) -> ingest.Taken:
        tries.append((len(messages), len(made)))
        held = Decoded()
        made.add(held)
        if len(messages) > 2:
            raise StatementError("x", "INSERT", {}, MemoryError()) if wrapped else MemoryError
        return real(tx, messages, memory)

    monkeypatch.setattr(ingest, "take", short)
    assert ingest_loop(world.db, threading.Event()).store(deliveries(world, 4))
    assert tries == [(4, 0), (2, 0), (2, 0)], "what the first try held is let go of before the next"
    assert world.rows("quarantine") == []
    assert len(world.rows("telemetry")) == 4


def test_a_batch_is_not_acknowledged_while_the_database_takes_no_writes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, stop, tries = deliveries(world, 2), threading.Event(), []

    def read_only(*_: object) -> ingest.Taken:
        tries.append(1)
        if len(tries) == 3:
            stop.set()
        statement = "INSERT"
        raise InternalError(statement, {}, Exception("cannot execute INSERT in a read-only transaction"))

    with monkeypatch.context() as patched:
        patched.setattr(ingest, "take", read_only)
        assert not ingest_loop(world.db, stop).store(batch)
    assert world.rows("quarantine") == world.rows("telemetry") == []
    assert ingest_loop(world.db, threading.Event()).store(batch)
    assert len(world.rows("telemetry")) == 2


def test_one_message_that_cannot_be_stored_is_put_aside_and_the_others_are_stored(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, real = deliveries(world, 4), ingest.take
    poison = batch[2].payload

    def refusing(tx: Transaction, messages: list[tuple[str, bytes]], memory: Memory) -> ingest.Taken:
        if any(payload == poison for _, payload in messages):
            raise OverflowError
        return real(tx, messages, memory)

    monkeypatch.setattr(ingest, "take", refusing)
    assert ingest_loop(world.db, threading.Event()).store(batch)
    assert len(world.rows("telemetry")) == 3
    assert [row.reason for row in world.rows("quarantine")] == ["unstorable"]


def test_what_can_be_neither_stored_nor_put_aside_is_not_acknowledged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(*_: object) -> ingest.Taken:
        raise OverflowError

    monkeypatch.setattr(ingest, "take", refusing)
    monkeypatch.setattr(ingest, "put_aside", refusing)
    assert not ingest_loop(world.db, threading.Event()).store(deliveries(world, 1))


class FakeIntake:
    """Gives one batch, then says to stop; writes down what was acknowledged, and how much was stored by then."""

    def __init__(self, world: World, batch: list[Delivery], stop: threading.Event) -> None:
        self._world = world
        self._batches = [batch]
        self._stop = stop
        self.acknowledged: list[tuple[list[int], int]] = []

    def take(self, _limit: int, _wait_s: float) -> list[Delivery]:
        if self._batches:
            return self._batches.pop()
        self._stop.set()
        return []

    def refused(self) -> None:
        """Nothing."""

    def acknowledge(self, batch: Sequence[Delivery]) -> None:
        self.acknowledged.append(([one.mid for one in batch], len(self._world.rows("telemetry"))))


def test_a_batch_is_acknowledged_after_its_commit_and_not_before(world: World) -> None:
    stop = threading.Event()
    intake = FakeIntake(world, deliveries(world, 3), stop)
    IngestLoop(world.db, cast("Lane", intake), batch=10, wait_s=0, stop=stop).run()
    assert intake.acknowledged == [([1, 2, 3], 3)], "what others see in the database when the broker is told"


def test_a_batch_that_was_not_stored_is_not_acknowledged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    intake = FakeIntake(world, deliveries(world, 3), stop)
    real = ingest.take

    def failing(tx: Transaction, batch: list[tuple[str, bytes]], memory: Memory) -> ingest.Taken:
        real(tx, batch, memory)
        stop.set()
        statement = "COMMIT"
        raise OperationalError(statement, {}, Exception("the disk is full"))

    monkeypatch.setattr(ingest, "take", failing)
    IngestLoop(world.db, cast("Lane", intake), batch=10, wait_s=0, stop=stop).run()
    assert intake.acknowledged == []
    assert world.rows("telemetry") == []


class RefusingIntake(FakeIntake):
    """Refuses two messages of a device; the database takes their count only from the second try on."""

    def __init__(self, world: World, topic: str, stop: threading.Event) -> None:
        super().__init__(world, [], stop)
        mids = [Delivery(topic, b"", mid, 1, 1) for mid in (7, 8)]
        self._refused: Refused | None = Refused({"x": Refusal(topic, b"head", begins=True, messages=2)}, mids)

    def refused(self) -> Refused | None:  # type: ignore[override]  # the other one refuses nothing
        found, self._refused = self._refused, None
        return found

    def acknowledge(self, batch: Sequence[Delivery]) -> None:
        counted = sum(row.count for row in self._world.rows("reject_count"))
        self.acknowledged.append(([one.mid for one in batch], counted))


def test_what_was_refused_is_acknowledged_once_it_is_counted_and_not_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, meters, tries, real = threading.Event(), Meters("work"), [], overruns.note

    def failing_once(tx: Transaction, found: Mapping[str, Overrun], allowed: str) -> int:
        tries.append(intake.acknowledged == [])
        if len(tries) == 1:
            statement = "COMMIT"
            raise OperationalError(statement, {}, Exception("the disk is full"))
        return real(tx, found, allowed)

    monkeypatch.setattr(overruns, "note", failing_once)
    intake = RefusingIntake(world, Device(world, world.unit().id).telemetry()[0], stop)
    loop = IngestLoop(world.db, cast("Lane", intake), batch=10, wait_s=0, stop=stop, meters=meters, allowed="1 message")
    monkeypatch.setattr(intake, "_batches", [[]])
    loop.run()
    assert tries == [True, True]
    assert intake.acknowledged == [([7, 8], 2)]
    told = {
        sample.labels.get("reason"): sample.value
        for family in meters.collect()
        for sample in family.samples
        if sample.name == catalogue.REJECTED.full_name
    }
    assert told["over_limit"] == 2


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
