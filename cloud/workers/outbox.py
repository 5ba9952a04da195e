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
from cloud.courier import Courier, Fate
from cloud.db import Database, Transaction
from cloud.metrics import catalogue
from cloud.metrics.meters import Meters
from cloud.record.service import is_due, outbox
from cloud.workers.rounds import Rounds
from cloud.workers.telling import Teller, is_telling
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
        self, db: Database, courier: Courier, stop: threading.Event, wake: threading.Event, meters: Meters | None = None
    ) -> None:
        self._db = db
        self._courier = courier
        self._teller = Teller(db, courier)
        self._stop = stop
        self._wake = wake
        self._turn = Turn(db, "outbox")
        self._meters = meters or Meters("work")
        self._rounds = Rounds("outbox", "the outbox waits for its next round", log, self._meters)

    def run(self) -> None:
        while not self._stop.is_set():
            more = self._rounds.go(self._round, otherwise=False)
            if not self._turn.held:
                self._teller.forget()
                self._courier.close()
            if not more:
                self._wake.wait(self._until_next())
                self._wake.clear()
        self._courier.close()  # before another may connect in this name, which would be told as a loss
        self._turn.give_up()

    def _round(self) -> bool:
        """Whether there is more to send at once."""
        return self._turn.take() and self._send()

    def _send(self) -> bool:
        more = self._courier.open() and self.send_due() == BATCH
        return self.tell_due() or more

    def tell_due(self) -> bool:
        """Tells devices how far they are stored; whether there are more."""
        more = self._teller.take_in()
        arrived, left = self._teller.tell() if self._courier.connected else (0, 0)
        self._teller.tidy()
        self._meters.add(catalogue.OUTBOX_DONE, arrived, "sent")
        self._meters.add(catalogue.OUTBOX_DONE, left, "left")
        return more

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
        fates = self._courier.deliver([(row.topic, row.payload, row.retain) for row in ready])
        done = [row for row, fate in zip(ready, fates, strict=True) if fate is Fate.TAKEN]
        left = [row for row, fate in zip(ready, fates, strict=True) if fate is Fate.LEFT]
        if done or expired or left:
            self._db.run(lambda tx: _remove(tx, done, expired, left))
        for outcome, some in {"sent": done, "left": left, "expired": expired, "oversize": oversize}.items():
            self._meters.add(catalogue.OUTBOX_DONE, len(some), outcome)
        return len(done)

    def _until_next(self) -> float:
        """Seconds until something falls due, at most the poll interval."""
        if not (self._courier.connected and self._turn.held):
            return POLL_S
        try:
            with self._db.reading() as tx:
                query = sa.select(sa.func.min(outbox.c.not_before).label("due")).where(self._teller.unread(tx))
                next_due = tx.session.execute(query).scalar()
        except SQLAlchemyError:
            return POLL_S
        row_s = POLL_S if next_due is None else (next_due - self._db.clock()).total_seconds()
        told_s = self._teller.next_due_s()
        return min(max(min(row_s, POLL_S if told_s is None else told_s), COMPANY_S), POLL_S)


def _due(tx: Transaction) -> list[Any]:
    query = sa.select(outbox).where(sa.not_(is_telling()), is_due(tx)).order_by(outbox.c.id).limit(BATCH)
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
