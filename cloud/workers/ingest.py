"""The ingest loop: a batch from the broker, one transaction, then the acknowledgement."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, SQLAlchemyError, StatementError
from tenacity import (
    RetryCallState,
    Retrying,
    before_sleep_log,
    retry_if_exception,
    stop_when_event_set,
    wait_random_exponential,
)

from broker.contract.codec import RejectionReason
from cloud import pace
from cloud.collector import let_go
from cloud.db import Database
from cloud.lanes import Lane, Refused
from cloud.metrics import catalogue
from cloud.metrics.meters import Meters
from cloud.mqtt import Delivery
from cloud.tracing import Tracing
from cloud.twin import ingest, overruns
from cloud.twin.memory import Memory
from cloud.twin.overruns import Overrun
from cloud.twin.tally import sampled

log = logging.getLogger("throughline.ingest")
Result = TypeVar("Result")
GROWS_BY = 16
"""A part of the batch; so that where room stays scarce, one try in a dozen is in vain."""
FAILED_S = 1.0
"""Before a batch that could be neither stored nor put aside is asked for again."""


class IngestLoop:
    """Runs until `stop` is set. meters: of the process; what a batch came to is counted there, once for the batch.
    allowed: what one device may say in a minute, in words.
    """

    # What is acknowledged is stored, or stands in quarantine. Whatever else goes wrong, it is not acknowledged.

    def __init__(
        self,
        db: Database,
        intake: Lane,
        *,
        batch: int,
        wait_s: float,
        stop: threading.Event,
        meters: Meters | None = None,
        tracing: Tracing | None = None,
        allowed: str = "",
    ) -> None:
        self._db = db
        self._intake = intake
        self._batch = batch
        self._at_once = batch
        """Messages, or devices, of one transaction: fewer than `batch` for a while where the database had no room."""
        self._paced = pace.Pace(batch)
        """The same, by how long transactions take."""
        self._last = 0
        self._wait_s = wait_s
        self._stop = stop
        self._meters = meters or Meters("work")
        self._tracing = tracing or Tracing()
        self._allowed = allowed
        self._memory = Memory()
        self._took_s = 0.0

    def run(self) -> None:
        while not self._stop.is_set():
            batch = self._intake.take(min(self._at_once, self._paced.size), pace.wait_s(self._last, self._wait_s))
            self._last, refused = len(batch), self._intake.refused()
            stored = not batch or self.store(batch)
            if stored and batch:
                self._intake.acknowledge(batch)
            counted = refused is None or self.count_refused(refused)
            if counted and refused is not None:
                self._intake.acknowledge(refused.deliveries)
            if not (stored and counted) and not self._stop.is_set():
                self._stop.wait(FAILED_S)
                self._intake.come_again()  # what is not acknowledged comes with the next connection

    def store(self, batch: Sequence[Delivery]) -> bool:
        """Stores the batch, however long the database cannot; false when it was told to stop before that.

        A batch whose content is refused is halved until the one message is found that cannot be stored: that one goes
        to quarantine, and the others are not held up by it. One that asks too much of the database is halved, too.
        """
        messages, divisible = [(delivery.topic, delivery.payload) for delivery in batch], len(batch) > 1
        try:
            with self._tracing.batch(batch):
                taken = self._retried(
                    lambda: self._db.run(lambda tx: ingest.take(tx, messages, self._memory)), divisible=divisible
                )
        except Exception as error:  # noqa: BLE001 - whatever it is, one message must not stop the others
            if divisible and self._is_too_much(error, len(batch)):
                middle = len(batch) // 2
                return self.store(batch[:middle]) and self.store(batch[middle:])
            if not refuses_content(error):
                return False  # told to stop while the database was away; the broker still has these
            return self._put_aside(batch[0], error)
        self._memory.commit()
        self._note(batch, taken)
        self._grow(len(batch))
        return True

    def count_refused(self, refused: Refused) -> bool:
        """Counts what devices said beyond their limit; false when it was told to stop before the database could."""
        return self._count(
            [(key, Overrun(one.topic, one.head, one.begins, one.messages)) for key, one in refused.devices.items()]
        )

    def _count(self, told: list[tuple[str, Overrun]]) -> bool:
        """told: by device, each once."""
        divisible = len(told) > 1
        try:
            number = self._retried(
                lambda: self._db.run(lambda tx: overruns.note(tx, dict(told), self._allowed)), divisible=divisible
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not be acknowledged
            if divisible and asks_too_much(error):
                middle = len(told) // 2
                return self._count(told[:middle]) and self._count(told[middle:])
            log.error("what was refused cannot be counted: %s", type(error).__name__)  # noqa: TRY400 - could quote a payload
            return False
        self._meters.add(catalogue.REJECTED, number, RejectionReason.OVER_LIMIT.value)
        return True

    def _is_too_much(self, error: Exception, number: int) -> bool:
        """Halves would be taken, or one of them: each message fails for itself, or the database has room for fewer. For
        fewer, the batches that come are smaller: one that fails has held all locks that there are against everybody.
        """
        if not asks_too_much(error):
            return refuses_content(error)
        self._at_once = max(1, number // 2)
        log.warning("there is no room for %d messages at once: on with %d", number, self._at_once)
        let_go(error)  # what it holds is the room that the halves need
        return True

    def _grow(self, stored: int) -> None:
        """Of so many that were stored in the time that it took: the next batch may be larger, or should be smaller."""
        self._paced = pace.next_pace(self._paced, stored, self._took_s, self._batch)
        if stored >= self._at_once:
            self._at_once = min(self._batch, self._at_once + self._at_once // GROWS_BY + 1)

    def _put_aside(self, delivery: Delivery, error: Exception) -> bool:
        log.error("a message cannot be stored: %s", type(error).__name__)
        topic, payload, why = delivery.topic, delivery.payload, type(error).__name__
        try:
            taken = self._retried(lambda: self._db.run(lambda tx: ingest.put_aside(tx, topic, payload, why)))
        except Exception as again:  # noqa: BLE001 - whatever it is, the message must not be acknowledged
            log.error("nor can it be put aside, and so it is not acknowledged: %s", type(again).__name__)  # noqa: TRY400 - the message could quote a payload
            return False
        self._note((delivery,), taken)
        return True

    def _note(self, batch: Sequence[Delivery], taken: ingest.Taken) -> None:
        """Counts a batch that is stored."""
        meters, tally = self._meters, taken.tally
        meters.observe(catalogue.BATCH, len(batch))
        meters.observe(catalogue.TRANSACTION, self._took_s)
        meters.add(catalogue.STORED, taken.stored)
        meters.add(catalogue.DUPLICATES, taken.duplicates)
        for kind, number in tally.kinds.items():
            meters.add(catalogue.MESSAGES, number, kind)
        for reason, number in tally.reasons.items():
            meters.add(catalogue.REJECTED, number, reason)
        for change, number in tally.gaps._asdict().items():
            meters.add(catalogue.GAPS, number, change)
        for lag in tally.lags:
            meters.observe(catalogue.DEVICE_LAG, lag.seconds + self._took_s, lag.weight)
        now = time.monotonic()
        for delivery, weight in sampled(batch):
            meters.observe(catalogue.RECEIPT_LAG, now - delivery.received, weight)

    def _retried(self, work: Callable[[], Result], *, divisible: bool = False) -> Result:
        """divisible: half of it could be tried, where the whole asks too much."""
        retrying = Retrying(
            retry=retry_if_exception(lambda one: not (refuses_content(one) or (divisible and asks_too_much(one)))),
            wait=wait_random_exponential(multiplier=0.1, max=5),
            stop=stop_when_event_set(self._stop),
            before_sleep=self._note_failed,
            reraise=True,
        )

        def timed() -> Result:
            began = time.monotonic()
            done = work()
            self._took_s = time.monotonic() - began
            return done

        done: Result = retrying(timed)
        return done

    def _note_failed(self, state: RetryCallState) -> None:
        self._meters.add(catalogue.INGEST_FAILED)
        before_sleep_log(log, logging.WARNING)(state)
        let_go(state.outcome.exception() if state.outcome else None)


def refuses_content(error: BaseException) -> bool:
    """The error comes of what a message holds, and would come again. Every other one may pass: a database that is away,
    read-only, full, locked, or older than this program has nothing against the message, and neither has a process that
    is short of memory, or of files. A message that is nested too deeply for Python's stack would be so again.
    """
    if not isinstance(error, SQLAlchemyError):
        return isinstance(error, Exception) and not isinstance(error, MemoryError | OSError)
    if isinstance(error, InterfaceError):
        return type(error.orig).__module__ == "sqlite3"  # its way to say that a value cannot be bound
    if isinstance(error, DBAPIError):
        return isinstance(error, DataError | IntegrityError)
    # Whatever befell a value on its way to the driver is wrapped.
    return isinstance(error, StatementError) and not isinstance(error.orig, MemoryError | OSError)


def asks_too_much(error: BaseException) -> bool:
    """The database has no room for what one transaction wants at once, which is most often a lock for each device; or
    this process has no memory for it.

    Source: PostgreSQL's manual, appendix A: 53200, for a lock table that is full, too.
    """
    if isinstance(error, DBAPIError):
        return getattr(error.orig, "sqlstate", None) == "53200"
    return isinstance(error.orig if isinstance(error, StatementError) else error, MemoryError)
