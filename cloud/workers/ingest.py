"""The ingest loop: a batch from the broker, one transaction, then the acknowledgement."""

import logging
import threading
from collections.abc import Callable, Sequence

from sqlalchemy.exc import SQLAlchemyError
from tenacity import Retrying, before_sleep_log, retry_if_exception, stop_when_event_set, wait_random_exponential

from broker.contract.codec import QUARANTINE_BYTES, Rejection, RejectionReason
from cloud.db import Database, is_away
from cloud.mqtt import Delivery, Intake
from cloud.twin import ingest

log = logging.getLogger("throughline.ingest")


class IngestLoop:
    """Runs until `stop` is set. noted: told of each batch, for metrics."""

    def __init__(
        self,
        db: Database,
        intake: Intake,
        *,
        batch: int,
        wait_s: float,
        stop: threading.Event,
        noted: Callable[[ingest.Taken], None] = lambda _taken: None,
    ) -> None:
        self._db = db
        self._intake = intake
        self._batch = batch
        self._wait_s = wait_s
        self._stop = stop
        self._noted = noted

    def run(self) -> None:
        while not self._stop.is_set():
            batch = self._intake.take(self._batch, self._wait_s)
            if batch and self.store(batch):
                self._intake.acknowledge(batch)

    def store(self, batch: Sequence[Delivery]) -> bool:
        """Stores the batch, however long the database is away; false when it was told to stop before that.

        A batch that the database refuses is halved until the one message is found that cannot be stored: that one goes
        to quarantine, and the others are not held up by it.
        """
        messages = [(delivery.topic, delivery.payload) for delivery in batch]
        try:
            self._noted(self._retried(lambda: self._db.run(lambda tx: ingest.take(tx, messages))))
        except Exception as error:  # noqa: BLE001 - whatever it is, one message must not stop the others
            if is_away(error):
                return False  # told to stop while the database was away; the broker still has these
            if len(batch) > 1:
                middle = len(batch) // 2
                return self.store(batch[:middle]) and self.store(batch[middle:])
            return self._put_aside(batch[0], error)
        return True

    def _put_aside(self, delivery: Delivery, error: Exception) -> bool:
        log.error("a message cannot be stored: %s", type(error).__name__)
        rejection = Rejection(RejectionReason.UNSTORABLE, type(error).__name__, delivery.payload[:QUARANTINE_BYTES])
        try:
            self._retried(lambda: self._db.run(lambda tx: ingest.put_aside(tx, delivery.topic, rejection)))
        except SQLAlchemyError as again:
            return not is_away(again)
        return True

    def _retried(self, work: Callable[[], ingest.Taken]) -> ingest.Taken:
        retrying = Retrying(
            retry=retry_if_exception(is_away),
            wait=wait_random_exponential(multiplier=0.1, max=5),
            stop=stop_when_event_set(self._stop),
            before_sleep=before_sleep_log(log, logging.WARNING),
            reraise=True,
        )
        taken: ingest.Taken = retrying(work)
        return taken
