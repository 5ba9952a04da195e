"""The ingest loop: what is acknowledged is stored, put aside or counted, whatever the database and the messages do."""

import threading
from collections.abc import Mapping, Sequence
from typing import cast
from weakref import WeakSet

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, InternalError, OperationalError, ProgrammingError, StatementError

from cloud.db import Database, Transaction
from cloud.lanes import Lane, Refusal, Refused
from cloud.metrics import catalogue
from cloud.metrics.meters import Meters
from cloud.mqtt import Delivery
from cloud.twin import ingest, overruns
from cloud.twin.memory import Memory
from cloud.twin.overruns import Overrun
from cloud.workers.ingest import IngestLoop, refuses_content
from tests.integration.cloud.world import Device, World


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
