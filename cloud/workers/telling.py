"""How devices are told how far they are stored: the outbox's rows of many lines, read, sent in one go, and removed."""

import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import sqlalchemy as sa

from broker.contract.codec import encode
from broker.contract.topics import Down, down_topic
from cloud.courier import Fate
from cloud.db import Database, Transaction
from cloud.publish_packets import Outgoing
from cloud.record.bulk import among
from cloud.record.service import is_due, outbox
from cloud.registry.service import states_of
from cloud.twin import tellings
from cloud.twin.tellings import Line, Tellings

ROWS: Final = 64
"""Read at once: some 3 MB at most."""
AT_ONCE: Final = 5_000
"""Devices that are told before the outbox looks after its other messages again."""
MOST_WAITING: Final = 100_000
"""Devices that are kept in mind while they cannot be told. Of the others the rows stay where they are."""


class Carrier(Protocol):
    """Takes messages to the broker."""

    def deliver(self, messages: Sequence[Outgoing]) -> list[Fate]: ...


class Teller:
    """For whoever has the turn to send, and one thread. steady: a clock that is never set, in seconds."""

    def __init__(self, db: Database, carrier: Carrier, steady: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._carrier = carrier
        self._steady = steady
        self._tellings = Tellings()
        self._behind = False

    @property
    def waiting(self) -> int:
        """Devices that wait to be told."""
        return len(self._tellings)

    def take_in(self) -> bool:
        """Reads rows that are due; whether there are more. It may be called while the broker is away, too: what a later
        row says again goes, so that what waits grows by the devices that speak, and not by how often they do.
        """
        self._behind = False
        if len(self._tellings) >= MOST_WAITING:
            return False
        with self._db.reading() as tx:
            rows = _due(tx, self._tellings.rows)
        for row, content in rows:
            self._tellings.take(row, tellings.lines_of(content))
        self._behind = len(rows) == ROWS
        return self._behind

    def tell(self) -> tuple[int, int]:
        """Tells those who may be told now: how many arrived, and how many did not in time. Nobody while rows that are
        due were not read: who was killed may have told what a later one of them says.
        """
        if self._behind:
            return 0, 0
        now = self._steady()
        lines = self._tellings.due(now, AT_ONCE)
        if not lines:
            return 0, 0
        with self._db.reading() as tx:
            in_use = _in_use(tx, lines)
        at_s = self._db.clock().timestamp()
        told = [line for line in lines if line.product_id in in_use]
        fates = self._carrier.deliver([_message(line, at_s) for line in told])
        self._tellings.told([line for line in lines if line.product_id not in in_use], now)
        arrived = [line for line, fate in zip(told, fates, strict=True) if fate is Fate.TAKEN]
        left = [line for line, fate in zip(told, fates, strict=True) if fate is Fate.LEFT]
        self._tellings.told(arrived, now)
        self._tellings.not_taken(left, now)
        return len(arrived), len(left)

    def tidy(self) -> None:
        """Removes rows that are done with."""
        rows = self._tellings.done()
        if rows:
            self._db.run(lambda tx: tx.session.execute(sa.delete(outbox).where(among(tx, outbox.c.id, rows))))
            self._tellings.gone(rows)

    def next_due_s(self) -> float | None:
        """Seconds until somebody may be told; None when nobody waits."""
        return self._tellings.next_due(self._steady())

    def unread(self, tx: Transaction) -> sa.ColumnElement[bool]:
        """The condition that a row of the outbox was not taken in."""
        return _not_among(tx, self._tellings.rows)

    def forget(self) -> None:
        """It is somebody else's turn; what was not told stands in the rows."""
        self._tellings.forget()


def _due(tx: Transaction, known: list[int]) -> list[tuple[int, bytes]]:
    """In the order in which they were written: a row goes with a later one that is due, also where its worker's clock
    is ahead, or its worker waited less for the device.
    """
    ours = outbox.c.topic == tellings.KIND
    newest = sa.select(sa.func.max(outbox.c.id)).where(ours, is_due(tx)).scalar_subquery()
    query = sa.select(outbox.c.id, outbox.c.payload).where(ours, outbox.c.id <= newest)
    found = tx.session.execute(query.where(_not_among(tx, known)).order_by(outbox.c.id).limit(ROWS))
    return [(row, content) for row, content in found]


def _not_among(tx: Transaction, rows: list[int]) -> sa.ColumnElement[bool]:
    return sa.not_(among(tx, outbox.c.id, rows)) if rows else sa.true()


def _in_use(tx: Transaction, lines: Sequence[Line]) -> set[str]:
    """Who of them is told at all. A unit may have been retired since it spoke."""
    states = states_of(tx, [line.product_id for line in lines])
    return {product_id for product_id, state in states.items() if state != "retired"}


def _message(line: Line, now_s: float) -> Outgoing:
    return down_topic(line.product_id, Down.STORED), encode(tellings.message(line, now_s)), True
