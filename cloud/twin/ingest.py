"""A batch of messages from devices, in one transaction: the way that everything a device says takes into the record.

What cannot be taken is counted, each time it comes, and its head kept; it never stops the others. Its sequence counts
as received when it can be read: it will never get better, and a device that kept it would keep all after it too. Who
calls this acknowledges to the broker after the commit, and only then; (boot, seq) makes a second delivery harmless.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from broker.contract.codec import Accepted, RejectionReason, decode_up, encode
from broker.contract.messages import Counter as Count
from broker.contract.messages import Event as DeviceEvent
from broker.contract.messages import Mark, Presence, Sequence, Stored, Telemetry, UpMessage
from broker.contract.presence import presence_key
from broker.contract.topics import Down, down_topic, parse_up
from broker.contract.watermark import Received, receive
from cloud.db import Transaction
from cloud.record import service as record
from cloud.record.bulk import among, put_many
from cloud.record.events import Event
from cloud.twin import service as twin
from cloud.twin.rules import Twin, to_event
from cloud.twin.sorting import Rejected, named_seq, refused, sorted_out

STORED_EVERY = timedelta(seconds=1)
"""A device hears of its watermark at most this often."""
QUARANTINE_KEPT = 50
"""Rejected messages kept per device; the counts go on."""
EARLIER_BOOTS = 16


class Taken(NamedTuple):
    """What became of a batch."""

    stored: int
    duplicates: int
    rejected: int


class _GivenUp(msgspec.Struct, frozen=True):
    """The data of `messages_given_up`: pairs of first and last seq."""

    boot: Count
    ranges: tuple[tuple[Sequence, Sequence], ...]


class _Streams:
    """The watermarks of the batch, by (product, boot), as they move."""

    def __init__(self, rows: dict[tuple[str, int], Received]) -> None:
        self.now = rows
        self.touched: set[tuple[str, int]] = set()
        self.duplicates: Counter[tuple[str, int]] = Counter()
        self.given_up: Counter[tuple[str, int]] = Counter()

    def take(self, product_id: str, boot: int, seq: int) -> bool:
        """Notes a message; False when it was here before."""
        key = (product_id, boot)
        self.touched.add(key)
        known = self.now.get(key, Received())
        if known.holds(seq):
            self.duplicates[key] += 1
            return False
        self.now[key] = receive(known, seq)
        return True

    def pass_over(self, part: Rejected) -> None:
        """Counts a rejected message as received, if it can be told which one it is. It is no duplicate, and says again
        how far its device is stored, as every message does.
        """
        if part.named is not None:
            boot, seq = part.named
            key = (part.product_id, boot)
            self.touched.add(key)
            self.now[key] = receive(self.now.get(key, Received()), seq)

    def give_up(self, product_id: str, boot: int, first: int, last: int) -> None:
        """Notes messages that the device says will never come, so that the watermark can pass them."""
        key = (product_id, boot)
        self.touched.add(key)
        before = self.now.get(key, Received())
        after = receive(before, first, last)
        self.now[key] = after
        self.given_up[key] += before.missing + after.high - before.high - after.missing


def take(tx: Transaction, batch: list[tuple[str, bytes]]) -> Taken:
    """Stores a batch of (topic, payload)."""
    decoded = [(topic, decode_up(topic, payload), payload) for topic, payload in batch]
    accepted, rejected = sorted_out(tx, decoded)
    products = {part.topic.product_id for part in accepted}
    named = [part for part in rejected if part.named is not None]
    record.lock(tx, {str(product_id) for product_id in products} | {part.product_id for part in named})
    streams = _Streams(_streams_of(tx, accepted, named))
    fresh = [part for part in accepted if _is_new(streams, part)]
    for part in named:
        streams.pass_over(part)
    known = twin.read_many(tx, sorted(products))
    epochs = {product_id: one.epoch for product_id, one in known.items()}
    _note_contact(tx, fresh, known)
    _store_telemetry(tx, fresh)
    new_events = record.append(tx, list(_events_of(fresh, epochs, tx.now)))
    _save_streams(tx, streams)
    _count_rejected(tx, rejected)
    _tell_watermarks(tx, streams)
    telemetry_count = sum(isinstance(part.message, Telemetry) for part in fresh)
    return Taken(len(new_events) + telemetry_count, streams.duplicates.total(), len(rejected))


def _streams_of(tx: Transaction, accepted: list[Accepted], named: list[Rejected]) -> dict[tuple[str, int], Received]:
    boots: dict[str, set[int]] = defaultdict(set)
    for one in named:
        if one.named is not None:
            boots[one.product_id].add(one.named[0])
    for part in accepted:
        boots[part.topic.product_id].add(part.message.boot)
        if isinstance(part.message, DeviceEvent) and part.message.name == "messages_given_up":
            boots[part.topic.product_id].update(boot for boot, _, _ in _given_up(part.message))
    pairs = [(product_id, boot) for product_id, own in boots.items() for boot in own]
    table = twin.stream_table
    rows: list[Any] = []
    for start in range(0, len(pairs), 5_000):
        wanted = sa.tuple_(table.c.product_id, table.c.boot).in_(pairs[start : start + 5_000])
        rows += tx.session.execute(sa.select(table).where(wanted)).all()
    return {(row.product_id, row.boot): _received(row) for row in rows}


def _received(row: Any) -> Received:
    return Received(row.low, tuple((first, last) for first, last in row.above))


def _is_new(streams: _Streams, part: Accepted) -> bool:
    message = part.message
    if isinstance(message, Presence):
        return True  # has no seq; its event id is idempotent
    if not streams.take(part.topic.product_id, message.boot, message.seq):
        return False
    if isinstance(message, DeviceEvent) and message.name == "messages_given_up":
        for boot, first, last in _given_up(message):
            streams.give_up(part.topic.product_id, boot, first, last)
    return True


def _given_up(message: DeviceEvent) -> list[tuple[int, int, int]]:
    """(boot, first, last) of what a device gave up; what it says wrongly is passed over."""
    boot, ranges = message.data.get("boot"), message.data.get("ranges")
    try:
        said = msgspec.convert({"boot": boot, "ranges": ranges}, type=_GivenUp)
    except msgspec.ValidationError:
        return []
    return [(said.boot, first, last) for first, last in said.ranges if first <= last]


def _events_of(fresh: list[Accepted], epochs: dict[str, int], now: datetime) -> Iterator[Event]:
    """A message that names no epoch is of the newest that its device has told of, be it just before, in this batch."""
    for part in fresh:
        product_id, message = part.topic.product_id, part.message
        if not isinstance(message, Presence) and message.epoch is not None:
            epochs[product_id] = max(message.epoch, epochs.get(product_id, 0))
        event = to_event(product_id, message, epochs.get(product_id, 0), now)
        if event is not None:
            yield event


def _store_telemetry(tx: Transaction, fresh: list[Accepted]) -> None:
    rows = [
        {
            "product_id": part.topic.product_id,
            "boot": part.message.boot,
            "seq": part.message.seq,
            "at": part.message.at,
            "received_at": tx.now,
            "measurements": part.message.measurements,
        }
        for part in fresh
        if isinstance(part.message, Telemetry)
    ]
    put_many(tx, twin.telemetry_table, rows)


def _save_streams(tx: Transaction, streams: _Streams) -> None:
    rows = [
        {
            "product_id": product_id,
            "boot": boot,
            "low": streams.now[product_id, boot].low,
            "above": [list(run) for run in streams.now[product_id, boot].above],
            "duplicates": streams.duplicates[product_id, boot],
            "given_up": streams.given_up[product_id, boot],
        }
        for product_id, boot in sorted(streams.touched)
    ]
    if not rows:
        return
    table = twin.stream_table

    def moved(new: Any) -> dict[str, Any]:
        return {
            "low": new.low,
            "above": new.above,
            "duplicates": table.c.duplicates + new.duplicates,
            "given_up": table.c.given_up + new.given_up,
        }

    put_many(tx, table, rows, keys=["product_id", "boot"], change=moved)


def _note_contact(tx: Transaction, fresh: list[Accepted], known: dict[str, Twin]) -> None:
    """When each device was last heard, and how far its clock is from ours. Before the events, which are judged by it.

    A will is no contact; nor is an `online` that a broker has kept and says again: it is no newer than what is known.
    """
    skews: dict[str, float] = {}
    back: set[str] = set()
    for part in fresh:
        product_id, message = str(part.topic.product_id), part.message
        if isinstance(message, UpMessage):
            skews[product_id] = (message.at - tx.now).total_seconds()
        elif _newly_online(message, known.get(product_id)):
            back.add(product_id)
    _heard(tx, skews, "last_seen_at", "skew_s")
    _heard(tx, dict.fromkeys(back - skews.keys(), 0.0), "last_seen_at")


def _heard(tx: Transaction, skews: dict[str, float], *changed: str) -> None:
    rows = [
        {"product_id": product_id, "last_seen_at": tx.now, "skew_s": skew} for product_id, skew in sorted(skews.items())
    ]
    if rows:
        put_many(
            tx,
            twin.contact_table,
            rows,
            keys=["product_id"],
            change=lambda new: {name: new[name] for name in changed},
        )


def _newly_online(message: Presence, known: Twin | None) -> bool:
    key = presence_key(message)
    return key.online and (known is None or key > known.presence)


def put_aside(tx: Transaction, topic: str, payload: bytes, detail: str) -> Taken:
    """Notes a message that was accepted and that the database would not take."""
    address = parse_up(topic)
    owner = str(address.product_id) if address else ""
    reason = RejectionReason.UNSTORABLE
    part = Rejected(owner, topic, refused(reason, detail, payload), named_seq(topic, reason, payload))
    record.lock(tx, {owner} if part.named else set())
    streams = _Streams(_streams_of(tx, [], [part]))
    streams.pass_over(part)
    _save_streams(tx, streams)
    _count_rejected(tx, [part])
    _tell_watermarks(tx, streams)
    return Taken(0, 0, 1)


def _count_rejected(tx: Transaction, rejected: list[Rejected]) -> None:
    if not rejected:
        return
    counts = Counter((part.product_id, part.rejection.reason.value) for part in rejected)
    table = twin.reject_table
    statement = record.insert(tx, table)
    grown = {"count": table.c.count + statement.excluded.count}
    rows = [
        {"product_id": owner, "reason": reason, "count": count} for (owner, reason), count in sorted(counts.items())
    ]
    tx.session.execute(statement.on_conflict_do_update(index_elements=["product_id", "reason"], set_=grown), rows)
    _quarantine(tx, rejected)


def _quarantine(tx: Transaction, rejected: list[Rejected]) -> None:
    table = twin.quarantine_table
    newest: dict[str, list[Rejected]] = defaultdict(list)
    for part in rejected:
        newest[part.product_id].append(part)
    for owner, parts in newest.items():
        rows = [
            {
                "product_id": owner,
                "topic": part.topic[:256],
                "reason": part.rejection.reason.value,
                "detail": part.rejection.detail[:256],
                "head": part.rejection.head,
                "received_at": tx.now,
            }
            for part in parts[-QUARANTINE_KEPT:]
        ]
        tx.session.execute(sa.insert(table), rows)
        kept = (
            sa.select(table.c.id).where(table.c.product_id == owner).order_by(table.c.id.desc()).limit(QUARANTINE_KEPT)
        )
        tx.session.execute(sa.delete(table).where(table.c.product_id == owner, table.c.id.not_in(kept)))


def _tell_watermarks(tx: Transaction, streams: _Streams) -> None:
    """Tells each device that spoke how far it is stored, also when all it said was known: it asks by repeating."""
    newest: dict[str, int] = {}
    products = {product_id for product_id, _ in streams.touched}
    table = twin.stream_table
    query = sa.select(table.c.product_id, sa.func.max(table.c.boot)).where(
        among(tx, table.c.product_id, sorted(products))
    )
    newest.update(dict(tx.session.execute(query.group_by(table.c.product_id)).all()))
    late = {product_id for product_id, boot in streams.touched if boot < newest[product_id]}
    earlier = _earlier_marks(tx, late, newest)
    messages = []
    for product_id in sorted(products):
        boot = newest[product_id]
        known = streams.now.get((product_id, boot))
        low = known.low if known is not None else _low_of(tx, product_id, boot)
        stored = Stored(boot=boot, seq=low, earlier=earlier.get(product_id, ()))
        messages.append(
            {
                "slot": f"stored:{product_id}" + ("+" if product_id in late else ""),
                "topic": down_topic(product_id, Down.STORED),
                "payload": encode(stored),
                "retain": True,
                "not_before": tx.now + STORED_EVERY,
                "expires_at": None,
                "person_id": None,
                "command_id": None,
            }
        )
    record.send_many(tx, messages)


def _low_of(tx: Transaction, product_id: str, boot: int) -> int:
    table = twin.stream_table
    query = sa.select(table.c.low).where(table.c.product_id == product_id, table.c.boot == boot)
    return int(tx.session.execute(query).scalar_one())


def _earlier_marks(tx: Transaction, products: set[str], newest: dict[str, int]) -> dict[str, tuple[Mark, ...]]:
    """The watermarks of the boots before the newest, for devices whose earlier messages still come in."""
    if not products:
        return {}
    table = twin.stream_table
    query = sa.select(table.c.product_id, table.c.boot, table.c.low).where(table.c.product_id.in_(sorted(products)))
    marks: dict[str, list[Mark]] = defaultdict(list)
    for row in tx.session.execute(query.order_by(table.c.boot.desc())):
        if row.boot < newest[row.product_id] and len(marks[row.product_id]) < EARLIER_BOOTS:
            marks[row.product_id].append(Mark(boot=row.boot, seq=row.low))
    return {product_id: tuple(own) for product_id, own in marks.items()}
