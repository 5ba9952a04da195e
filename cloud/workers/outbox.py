"""The outbox loop: what committed transactions decided on goes to the broker, at least once, and then goes."""

import logging
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from broker.contract.messages import MAX_PAYLOAD_BYTES
from cloud.control import service as control
from cloud.db import Database, Transaction
from cloud.metrics import catalogue
from cloud.metrics.meters import Meters
from cloud.mqtt import Bus
from cloud.record.service import is_due, outbox
from cloud.workers.rounds import Rounds
from cloud.workers.turn import Turn

log = logging.getLogger("throughline.outbox")
BATCH = 500
POLL_S = 1.0
"""A nudge that was lost costs this much, no more."""
COMPANY_S = 0.1
"""What falls due by time waits this long for others: each round is a transaction that ingest has to wait for."""


NOT_TAKEN = timedelta(seconds=5)
"""A message that the broker did not acknowledge lets the others go first for so long."""


class OutboxLoop:
    """Runs until `stop` is set; `wake` says that something waits.

    One process sends at a time: two would read the same row, and the one that is slower would put an older retained
    message over a newer one.
    """

    def __init__(
        self, db: Database, bus: Bus, stop: threading.Event, wake: threading.Event, meters: Meters | None = None
    ) -> None:
        self._db = db
        self._bus = bus
        self._stop = stop
        self._wake = wake
        self._turn = Turn(db, "outbox")
        self._meters = meters or Meters("work")
        self._rounds = Rounds("outbox", "the outbox waits for its next round", log, self._meters)

    def run(self) -> None:
        while not self._stop.is_set():
            if self._rounds.go(self._round, 0) < BATCH:
                self._wake.wait(self._until_next())
                self._wake.clear()
        self._turn.give_up()

    def _round(self) -> int:
        return self.send_due() if self._bus.connected.is_set() and self._turn.take() else 0

    def send_due(self) -> int:
        """Sends what is due; how many left."""
        with self._db.reading() as tx:
            rows = _due(tx)
        oversize = [row for row in rows if len(row.payload) > MAX_PAYLOAD_BYTES]
        if oversize:
            self._db.run(lambda tx: _give_up(tx, oversize))
        now = self._db.clock()
        expired = [row for row in rows if row.expires_at is not None and row.expires_at <= now and row not in oversize]
        ready = [row for row in rows if row not in expired and row not in oversize]
        arrived = self._bus.deliver([(row.topic, row.payload, row.retain) for row in ready])
        done = [row for row, ok in zip(ready, arrived, strict=True) if ok]
        left = [row for row, ok in zip(ready, arrived, strict=True) if not ok] if self._bus.connected.is_set() else []
        if done or expired or left:
            self._db.run(lambda tx: _remove(tx, done, expired, left))
        for outcome, some in {"sent": done, "left": left, "expired": expired, "oversize": oversize}.items():
            self._meters.add(catalogue.OUTBOX_DONE, len(some), outcome)
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
        idle = left <= 0 and not (self._bus.connected.is_set() and self._turn.held)
        return POLL_S if idle else min(max(left, COMPANY_S), POLL_S)


def _due(tx: Transaction) -> list[Any]:
    query = sa.select(outbox).where(is_due(tx)).order_by(outbox.c.id).limit(BATCH)
    return list(tx.session.execute(query).all())


def _give_up(tx: Transaction, oversize: Sequence[Any]) -> None:
    """Takes out what no broker would take: it would end the connection, again and again, and hold up all others."""
    for row in oversize:
        log.error("not sent: %d bytes on %s; %d are allowed", len(row.payload), row.topic, MAX_PAYLOAD_BYTES)
    _remove(tx, [], oversize, [])
    control.note_unsendable(tx, [row.command_id for row in oversize if row.command_id], "too large to be sent")


def _remove(tx: Transaction, done: Sequence[Any], expired: Sequence[Any], left: Sequence[Any]) -> None:
    """Takes rows out; one whose slot was filled anew meanwhile stays, for its newer payload. left: not taken."""
    gone = [{"gone_id": row.id, "gone_payload": row.payload} for row in (*done, *expired)]
    same = (outbox.c.id == sa.bindparam("gone_id"), outbox.c.payload == sa.bindparam("gone_payload"))
    if gone:
        tx.session.connection().execute(sa.delete(outbox).where(*same), gone)
    if left:
        later = sa.update(outbox).where(outbox.c.id.in_([row.id for row in left]))
        tx.session.execute(later.values(not_before=tx.now + NOT_TAKEN))
    control.note_sent(tx, [row.command_id for row in done if row.command_id])
