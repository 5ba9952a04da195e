"""Which messages of each boot have arrived, as rows, and how devices are told of it on `down/stored`."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from broker.contract.codec import encode
from broker.contract.messages import Mark, Stored
from broker.contract.topics import Down, down_topic
from broker.contract.watermark import Received, receive
from cloud.db import Transaction
from cloud.record import service as record
from cloud.record.bulk import among, put_many, those
from cloud.twin.memory import Memory, News
from cloud.twin.service import stream_table as table
from cloud.twin.tally import Gaps, change_of

EARLIER_BOOTS = 16
PAIRS_AT_ONCE = 5_000
Key = tuple[str, int]
"""Product and boot."""


class Streams:
    """The watermarks of a batch, as they move. newest: the newest boot of each product, of which anything came."""

    def __init__(self, now: dict[Key, Received], newest: dict[str, int]) -> None:
        self.now = now
        self.newest = newest
        self._began = dict(now)
        self.touched: set[Key] = set()
        self.duplicates: Counter[Key] = Counter()
        self.given_up: Counter[Key] = Counter()

    def take(self, product_id: str, boot: int, seq: int) -> bool:
        """Notes a message; False when it was here before."""
        key = (product_id, boot)
        self.touched.add(key)
        known = self.now.get(key, _NOTHING)
        if seq == known.low + 1 and not known.above:  # as most do
            self.now[key] = Received(seq)
            return True
        if known.holds(seq):
            self.duplicates[key] += 1
            return False
        self.now[key] = after = receive(known, seq)
        if known.above:
            # Above so many holes the oldest is given up: what was in it counts as given up, and is shown as that.
            holes = known.missing + (seq - known.high - 1 if seq > known.high else -1)
            self.given_up[key] += holes - after.missing
        return True

    def pass_over(self, product_id: str, boot: int, seq: int) -> None:
        """Counts a rejected message as received. It is no duplicate, and says again how far its device is stored, as
        every message does.
        """
        key = (product_id, boot)
        self.touched.add(key)
        self.now[key] = receive(self.now.get(key, _NOTHING), seq)

    def give_up(self, product_id: str, boot: int, first: int, last: int) -> None:
        """Notes messages that the device says will never come, so that the watermark can pass them."""
        key = (product_id, boot)
        self.touched.add(key)
        before = self.now.get(key, _NOTHING)
        after = receive(before, first, last)
        self.now[key] = after
        self.given_up[key] += before.missing + after.high - before.high - after.missing

    @property
    def products(self) -> set[str]:
        return {product_id for product_id, _ in self.touched}

    def gaps(self) -> Gaps:
        """What this batch did to the messages that are missing."""
        found = Gaps()
        for key in self.touched:
            before, after = self._began.get(key, _NOTHING), self.now.get(key, _NOTHING)
            given_up = self.given_up.get(key, 0)
            if before.above or after.above or given_up:  # few streams have holes
                found = found.plus(change_of(before.missing, after.missing, given_up))
        return found


_NOTHING = Received()


def read(tx: Transaction, boots: dict[str, set[int]]) -> Streams:
    """The watermarks of these boots, and of each product's newest. The products are locked."""
    found = _newest(tx, boots)
    # Of a newer boot than the newest nothing is there: to ask for those of a fleet that starts anew took all the time.
    pairs = [(one, boot) for one, own in boots.items() if one in found for boot in own if boot < found[one][0]]
    now = {(product_id, boot): received for product_id, (boot, received) in found.items()}
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        wanted = those(tx, (table.c.product_id, table.c.boot), pairs[start : start + PAIRS_AT_ONCE])
        query = sa.select(table.c.product_id, table.c.boot, table.c.low, table.c.above).where(wanted)
        now |= {(one, boot): _received(low, above) for one, boot, low, above in tx.session.execute(query)}
    newest = {
        one: max(own | {found[one][0]} if one in found else own) for one, own in boots.items() if own or one in found
    }
    return Streams(now, newest)


def _newest(tx: Transaction, products: Iterable[str]) -> dict[str, tuple[int, Received]]:
    named = sorted(products)
    if not named:
        return {}
    newest = (
        sa.select(table.c.product_id, sa.func.max(table.c.boot).label("boot"))
        .where(among(tx, table.c.product_id, named))
        .group_by(table.c.product_id)
        .subquery()
    )
    same = sa.and_(table.c.product_id == newest.c.product_id, table.c.boot == newest.c.boot)
    query = sa.select(table.c.product_id, table.c.boot, table.c.low, table.c.above).join(newest, same)
    return {one: (boot, _received(low, above)) for one, boot, low, above in tx.session.execute(query)}


def _received(low: int, above: list[list[int]]) -> Received:
    return Received(low, tuple([(first, last) for first, last in above])) if above else Received(low)


def save(tx: Transaction, streams: Streams) -> None:
    """Writes those that were touched."""
    rows = [
        {
            "product_id": product_id,
            "boot": boot,
            "low": (known := streams.now[product_id, boot]).low,
            "above": [list(run) for run in known.above],
            "duplicates": streams.duplicates[product_id, boot],
            "given_up": streams.given_up[product_id, boot],
        }
        for product_id, boot in sorted(streams.touched)
    ]
    counted = ["duplicates", "given_up"]
    put_many(tx, table, rows, keys=["product_id", "boot"], replaced=["low", "above"], added=counted)


def tell(tx: Transaction, streams: Streams, products: Iterable[str], at: datetime, wait_s: int = 0) -> None:
    """Tells these devices, at this time, how far they are stored. Also when all they said was known: they ask by
    repeating. wait_s: for how long they shall say nothing more.
    """
    late = {product_id for product_id, boot in streams.touched if boot < streams.newest[product_id]}
    wanted = sorted(products)
    earlier = _earlier_marks(tx, late.intersection(wanted), streams.newest)
    messages = []
    for product_id in wanted:
        boot = streams.newest[product_id]
        low = streams.now.get((product_id, boot), _NOTHING).low
        stored = Stored(boot=boot, seq=low, earlier=earlier.get(product_id, ()), wait_s=wait_s)
        messages.append(
            {
                "slot": f"stored:{product_id}" + ("+" if product_id in late else ""),
                "topic": down_topic(product_id, Down.STORED),
                "payload": encode(stored),
                "retain": True,
                "not_before": at,
                "expires_at": None,
                "person_id": None,
                "command_id": None,
            }
        )
    record.send_many(tx, messages)


def tell_pending(tx: Transaction, products: Iterable[str], memory: Memory) -> None:
    """Tells these devices how far they are stored by now: other workers may have stored more of them meanwhile."""
    named = set(products)
    record.lock(tx, named)
    streams = read(tx, {product_id: set() for product_id in named})
    tell(tx, streams, streams.newest, tx.now)
    memory.stage(News(tx.now, {}, named, ()))


def _earlier_marks(tx: Transaction, products: set[str], newest: dict[str, int]) -> dict[str, tuple[Mark, ...]]:
    """The watermarks of the boots before the newest, for devices whose earlier messages still come in."""
    if not products:
        return {}
    marks: dict[str, tuple[Mark, ...]] = {}
    for product_id in sorted(products):
        before = sa.and_(table.c.product_id == product_id, table.c.boot < newest[product_id])
        query = sa.select(table.c.boot, table.c.low).where(before).order_by(table.c.boot.desc()).limit(EARLIER_BOOTS)
        marks[product_id] = tuple(Mark(boot=boot, seq=low) for boot, low in tx.session.execute(query))
    return marks
