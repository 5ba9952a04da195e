"""Which messages of each boot have arrived, as rows, and how devices are told of it on `down/stored`."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

import msgspec
import sqlalchemy as sa

from broker.contract.watermark import Received, receive
from cloud.db import Transaction
from cloud.record import service as record
from cloud.record.bulk import asked, put_many, those
from cloud.twin import tellings
from cloud.twin.service import stream_table as table
from cloud.twin.tally import Gaps, change_of
from cloud.twin.tellings import EARLIER_BOOTS, Line

COMPANY = timedelta(milliseconds=100)
"""A watermark waits this long for those of other devices."""
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
    found = asked(tx, _NEWEST[tx.sqlite], named)
    return {
        one: (boot, _received(low, _decode_above(above) if above != _NONE_ABOVE else []))
        for one, boot, low, above in found
    }


_NEWEST: Final[Mapping[bool, str]] = {
    # One way into the index for each device; a device that restarts often has many rows, and the newest comes first.
    False: (
        "SELECT newest.* FROM unnest(CAST(%s AS TEXT[])) AS named(id) CROSS JOIN LATERAL (SELECT product_id, boot, "
        "low, above FROM stream WHERE product_id = named.id ORDER BY boot DESC LIMIT 1) AS newest"
    ),
    # What stands beside a max() without a GROUP BY of its own is of the row that has it (SQLite's manual, SELECT, 2.5).
    True: (
        "SELECT product_id, max(boot), low, above FROM stream "
        "WHERE product_id IN (SELECT value FROM json_each(?)) GROUP BY product_id"
    ),
}
"""By whether it is SQLite."""
_NONE_ABOVE: Final = "[]"
_decode_above: Final = msgspec.json.Decoder(list[list[int]]).decode


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


def tell(tx: Transaction, streams: Streams, products: Iterable[str], wait_s: int = 0) -> None:
    """Tells these devices how far they are stored. Also when all they said was known: they ask by repeating. wait_s:
    for how long they shall say nothing more. The products are locked, so that rows of one device are written in the
    order in which its watermark rises.
    """
    wanted = sorted(products)
    late = {product_id for product_id, boot in streams.touched if boot < streams.newest[product_id]}
    earlier = _earlier_marks(tx, late.intersection(wanted), streams.newest)
    until = int(tx.now.timestamp()) + wait_s if wait_s else 0
    lines = []
    for product_id in wanted:
        boot = streams.newest[product_id]
        low = streams.now.get((product_id, boot), _NOTHING).low
        lines.append(Line(product_id, boot, low, earlier.get(product_id, ()), until))
    record.send_together(tx, tellings.KIND, tellings.rows_of(lines), after=COMPANY)


def _earlier_marks(
    tx: Transaction, products: set[str], newest: dict[str, int]
) -> dict[str, tuple[tuple[int, int], ...]]:
    """The watermarks of the boots before the newest, for devices whose earlier messages still come in."""
    if not products:
        return {}
    marks: dict[str, tuple[tuple[int, int], ...]] = {}
    for product_id in sorted(products):
        before = sa.and_(table.c.product_id == product_id, table.c.boot < newest[product_id])
        query = sa.select(table.c.boot, table.c.low).where(before).order_by(table.c.boot.desc()).limit(EARLIER_BOOTS)
        marks[product_id] = tuple((boot, low) for boot, low in tx.session.execute(query))
    return marks
