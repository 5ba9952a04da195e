"""How devices are told how far they are stored: the outbox's rows of many lines, read, sent in one go, and removed.

Nobody is told while something that is committed was not looked at. Whoever had the turn before, and was killed, may
have told what any row says, also one that is not due by the clock of this process; and who is told what an earlier row
says hears less than it did. While too many wait, rows are not taken in, which would keep them in memory, but who waits
is told what they say of it: so telling goes on, and room comes.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import sqlalchemy as sa

from broker.contract.codec import decode_down, encode
from broker.contract.messages import Stored
from broker.contract.topics import Down, down_topic, parse_down
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
        self._looked_to = 0
        """Of the rows that are not taken in, while too many wait: those up to this one are known to who waits."""

    @property
    def waiting(self) -> int:
        """Devices that wait to be told."""
        return len(self._tellings)

    def take_in(self) -> bool:
        """Reads rows, when one is due or somebody waits; whether there are more. It may be called while the broker is
        away, too: what a later row says again goes, so that what waits grows by the devices that speak, and not by how
        often they do.
        """
        self._behind = True  # also when the database does not answer
        full = len(self._tellings) >= MOST_WAITING
        with self._db.reading() as tx:
            rows = _unread(tx, self._tellings.rows, self._looked_to if full else 0, idle=not self._tellings)
        for row, lines in rows:
            if full:
                self._tellings.hear_of(lines)
            else:
                self._tellings.take(row, lines)
        # Whoever is taken in is to hear of all that follows, from its begin.
        self._looked_to = (rows[-1][0] if rows else self._looked_to) if full else 0
        self._behind = len(rows) == ROWS
        return self._behind

    def tell(self) -> tuple[int, int]:
        """Tells those who may be told now: how many arrived, and how many did not in time. Nobody while
        there are rows that were not read.
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
        self._looked_to = 0


def is_telling() -> sa.ColumnElement[bool]:
    """The condition that a row of the outbox says how far devices are stored: many, or one, as earlier versions wrote
    it, which may still be there after an update.
    """
    return sa.or_(outbox.c.topic == tellings.KIND, outbox.c.topic.endswith(f"/{Down.STORED.value}"))


def _unread(tx: Transaction, known: list[int], after: int, *, idle: bool) -> list[tuple[int, list[Line]]]:
    """In the order in which they were written, and so in the order of each device's words, whether they are due or not.
    idle: none, while none is due: it waits for company.
    """
    unread = sa.and_(is_telling(), outbox.c.id > after, _not_among(tx, known))
    query = sa.select(outbox.c.id, outbox.c.topic, outbox.c.payload).where(unread)
    if idle:
        query = query.where(sa.exists(sa.select(outbox.c.id).where(unread, is_due(tx)).correlate(None)))
    found = tx.session.execute(query.order_by(outbox.c.id).limit(ROWS))
    return [(row, _lines_of(topic, content, tx.now.timestamp())) for row, topic, content in found]


def _lines_of(topic: str, content: bytes, now_s: float) -> list[Line]:
    if topic == tellings.KIND:
        return tellings.lines_of(content)
    address, said = parse_down(topic), decode_down(Down.STORED, content)
    return [tellings.line_of(address[0], said, now_s)] if address and isinstance(said, Stored) else []


def _not_among(tx: Transaction, rows: list[int]) -> sa.ColumnElement[bool]:
    return sa.not_(among(tx, outbox.c.id, rows)) if rows else sa.true()


def _in_use(tx: Transaction, lines: Sequence[Line]) -> set[str]:
    """Who of them is told at all. A unit may have been retired since it spoke."""
    states = states_of(tx, [line.product_id for line in lines])
    return {product_id for product_id, state in states.items() if state != "retired"}


def _message(line: Line, now_s: float) -> Outgoing:
    return down_topic(line.product_id, Down.STORED), encode(tellings.message(line, now_s)), True
