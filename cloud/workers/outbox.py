"""The outbox loop: what committed transactions decided on goes to the broker, at least once, and then goes."""

import logging
import threading
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from cloud.control import service as control
from cloud.db import Database, Transaction
from cloud.mqtt import Bus
from cloud.record.service import outbox

log = logging.getLogger("throughline.outbox")
BATCH = 500
POLL_S = 1.0
"""A nudge that was lost costs this much, no more."""
COMPANY_S = 0.1
"""What falls due by time waits this long for others: each round is a transaction that ingest has to wait for."""


class OutboxLoop:
    """Runs until `stop` is set; `wake` says that something waits."""

    def __init__(self, db: Database, bus: Bus, stop: threading.Event, wake: threading.Event) -> None:
        self._db = db
        self._bus = bus
        self._stop = stop
        self._wake = wake

    def run(self) -> None:
        while not self._stop.is_set():
            try:
                sent = self.send_due() if self._bus.connected.is_set() else 0
            except SQLAlchemyError as error:
                log.warning("the outbox cannot be read: %s", type(error).__name__)
                sent = 0
            if sent < BATCH:
                self._wake.wait(self._until_next())
                self._wake.clear()

    def send_due(self) -> int:
        """Sends what is due; how many left."""
        with self._db.reading() as tx:
            rows = _due(tx)
        expired = [row for row in rows if row.expires_at is not None and row.expires_at <= self._db.clock()]
        ready = [row for row in rows if row not in expired]
        arrived = self._bus.deliver([(row.topic, row.payload, row.retain) for row in ready])
        done = [row for row, ok in zip(ready, arrived, strict=True) if ok]
        if done or expired:
            self._db.run(lambda tx: _remove(tx, done, expired))
        return len(done)

    def _until_next(self) -> float:
        """Seconds until something falls due, at most the poll interval."""
        try:
            with self._db.reading() as tx:
                next_due = tx.session.execute(sa.select(sa.func.min(outbox.c.not_before).label("due"))).scalar()
        except SQLAlchemyError:
            return POLL_S
        if next_due is None:
            return POLL_S
        left = (next_due - self._db.clock()).total_seconds()
        return POLL_S if left <= 0 and not self._bus.connected.is_set() else min(max(left, COMPANY_S), POLL_S)


def _due(tx: Transaction) -> list[Any]:
    query = sa.select(outbox).where(outbox.c.not_before <= tx.now).order_by(outbox.c.id).limit(BATCH)
    return list(tx.session.execute(query).all())


def _remove(tx: Transaction, done: Sequence[Any], expired: Sequence[Any]) -> None:
    """Takes rows out; one whose slot was filled anew meanwhile stays, for its newer payload."""
    gone = [{"gone_id": row.id, "gone_payload": row.payload} for row in (*done, *expired)]
    same = (outbox.c.id == sa.bindparam("gone_id"), outbox.c.payload == sa.bindparam("gone_payload"))
    tx.session.connection().execute(sa.delete(outbox).where(*same), gone)
    control.note_sent(tx, [row.command_id for row in done if row.command_id])
