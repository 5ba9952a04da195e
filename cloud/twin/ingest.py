"""A batch of messages from devices, in one transaction: the way that everything a device says takes into the record.

What cannot be taken is counted, each time it comes, and its head kept; it never stops the others. Its sequence counts
as received when it can be read: it will never get better, and a device that kept it would keep all after it too. Who
calls this acknowledges to the broker after the commit, and only then; (boot, seq) makes a second delivery harmless.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from broker.contract.codec import Accepted, RejectionReason, decode_up, encode
from broker.contract.messages import Counter as Count
from broker.contract.messages import Event as DeviceEvent
from broker.contract.messages import Presence, Sequence, Status, Telemetry
from broker.contract.presence import presence_key
from broker.contract.topics import Up, parse_up, up_topic
from broker.contract.watermark import MAX_GIVEN_UP
from cloud.db import Transaction
from cloud.record import service as record
from cloud.record.bulk import put_many
from cloud.record.events import Event, EventType
from cloud.twin import rejects, telemetry, watermarks
from cloud.twin import service as twin
from cloud.twin.memory import CONTACT_EVERY, SKEW_STEP_S, Contact, Memory
from cloud.twin.rules import Room, Twin, to_event
from cloud.twin.sorting import Rejected, named_seq, refused, sorted_out
from cloud.twin.tally import Tally, tally_of
from cloud.twin.watermarks import Streams

SILENCE = timedelta(hours=1)
"""Who speaks after more than this may have been missed: the shortest silence that anybody can call a stall."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch. tally: the same in figures for those who watch; two batches that came to the same are
    equal, whenever it was.
    """

    stored: int
    duplicates: int
    rejected: int
    tally: Tally = field(default=Tally(), compare=False)


class _GivenUp(msgspec.Struct, frozen=True):
    """The data of `messages_given_up`: pairs of first and last seq; no more of them than one message may name."""

    boot: Count
    ranges: Annotated[tuple[tuple[Sequence, Sequence], ...], msgspec.Meta(max_length=MAX_GIVEN_UP)]


def take(tx: Transaction, batch: list[tuple[str, bytes]], memory: Memory | None = None) -> Taken:
    """Stores a batch of (topic, payload).

    memory: of the worker, who commits it after the transaction; without one, everything is written each time.
    """
    decoded = [(topic, decode_up(topic, payload), payload) for topic, payload in batch]
    accepted, rejected = sorted_out(tx, decoded)
    boots = _boots(accepted, rejected)
    record.lock(tx, set(boots) | {part.topic.product_id for part in accepted})
    streams = watermarks.read(tx, boots)
    fresh = [part for part in accepted if _is_new(streams, part)]
    for part in rejected:
        if part.named is not None:
            streams.pass_over(part.product_id, *part.named)
    known = twin.hold(tx, sorted({part.topic.product_id for part in fresh if type(part.message) is not Telemetry}))
    fresh, beyond = _within_bounds(fresh, known)
    rejected += beyond
    contacts = _note_contact(tx, fresh, known, memory or Memory())
    telemetry.store(tx, fresh)
    epochs = {product_id: one.epoch for product_id, one in known.items()}
    events = list(_events_of(fresh, epochs, tx.now))
    new_events = record.append(tx, events, is_new=_has_a_seq)
    watermarks.save(tx, streams)
    rejects.count(tx, rejected)
    watermarks.tell(tx, streams, streams.products)
    stored = len(new_events) + len(fresh) - len(events)
    if memory is not None:
        memory.stage(contacts)
    tally = tally_of(accepted, rejected, streams.gaps(), tx.now)
    return Taken(stored, streams.duplicates.total(), len(rejected), tally)


def _boots(accepted: list[Accepted], rejected: list[Rejected]) -> dict[str, set[int]]:
    """The boots that the batch tells of, by product."""
    boots: dict[str, set[int]] = defaultdict(set)
    for one in rejected:
        if one.named is not None:
            boots[one.product_id].add(one.named[0])
    for part in accepted:
        message = part.message
        if isinstance(message, Presence):
            continue
        boots[part.topic.product_id].add(message.boot)
        if type(message) is DeviceEvent and message.name == "messages_given_up":
            boots[part.topic.product_id].update(boot for boot, _, _ in _given_up(message))
    return boots


def _is_new(streams: Streams, part: Accepted) -> bool:
    message = part.message
    if isinstance(message, Presence):
        return True  # has no seq; its event id is idempotent
    if not streams.take(part.topic.product_id, message.boot, message.seq):
        return False
    if type(message) is DeviceEvent and message.name == "messages_given_up":
        for boot, first, last in _given_up(message):
            streams.give_up(part.topic.product_id, boot, first, last)
    return True


def _within_bounds(fresh: list[Accepted], known: dict[str, Twin]) -> tuple[list[Accepted], list[Rejected]]:
    """What the twins can take in, and the statuses that they cannot. These count as received: they never get better."""
    rooms: dict[str, Room] = {}
    beyond: dict[int, Rejected] = {}
    for place, part in enumerate(fresh):
        message = part.message
        if type(message) is not Status:
            continue
        product_id = part.topic.product_id
        room = rooms.get(product_id)
        if room is None:
            there = known.get(product_id)
            room = rooms[product_id] = Room({} if there is None else there.reported)
        why = room.take(message.reported)
        if why:
            head = encode(message)
            reason = refused(RejectionReason.UNSTORABLE, why, head)
            topic = up_topic(product_id, Up.STATUS)
            beyond[place] = Rejected(product_id, topic, reason, (message.boot, message.seq))
    if not beyond:
        return fresh, []
    return [part for place, part in enumerate(fresh) if place not in beyond], list(beyond.values())


def _given_up(message: DeviceEvent) -> list[tuple[int, int, int]]:
    """(boot, first, last) of what a device gave up; what it says wrongly is passed over."""
    boot, ranges = message.data.get("boot"), message.data.get("ranges")
    try:
        said = msgspec.convert({"boot": boot, "ranges": ranges}, type=_GivenUp)
    except msgspec.ValidationError:
        return []
    return [(said.boot, first, last) for first, last in said.ranges if first <= last]


def _events_of(fresh: list[Accepted], epochs: dict[str, int], now: datetime) -> Iterator[Event]:
    """A message that names no epoch is of the newest that its device has told of, be it just before, in this batch.
    Telemetry is in no journal, and tells of none: else it would depend on who comes with it in a batch.
    """
    for part in fresh:
        product_id, message = part.topic.product_id, part.message
        if not isinstance(message, Presence | Telemetry) and message.epoch is not None:
            epochs[product_id] = max(message.epoch, epochs.get(product_id, 0))
        event = to_event(product_id, message, epochs.get(product_id, 0), now)
        if event is not None:
            yield event


def _has_a_seq(event: Event) -> bool:
    """What its device's stream calls new is in no journal."""
    return event.type != EventType.DEVICE_PRESENCE


def _note_contact(tx: Transaction, fresh: list[Accepted], known: dict[str, Twin], memory: Memory) -> dict[str, Contact]:
    """When each device was last heard, and how far its clock is from ours. Before the events, which are judged by it.

    A will is no contact; nor is an `online` that a broker has kept and says again: it is no newer than what is known.
    """
    last: dict[str, datetime] = {}
    back: dict[str, Contact] = {}
    for part in fresh:
        message = part.message
        if not isinstance(message, Presence):
            last[part.topic.product_id] = message.at
        elif _newly_online(message, known.get(part.topic.product_id)):
            back[part.topic.product_id] = Contact(tx.now, 0.0)
    heard = {product_id: Contact(tx.now, (at - tx.now).total_seconds()) for product_id, at in last.items()}
    found = {product_id: one for product_id, one in heard.items() if _is_news(memory.contact(product_id), one)}
    silent = {product_id: one for product_id, one in back.items() if product_id not in heard}
    _stir_the_silent(tx, [*found, *silent], memory)
    _write(tx, found, "last_seen_at", "skew_s")
    _write(tx, silent, "last_seen_at")
    return found


def _is_news(known: Contact | None, heard: Contact) -> bool:
    late = known is None or not timedelta() <= heard.at - known.at < CONTACT_EVERY
    return late or known is None or abs(heard.skew_s - known.skew_s) > SKEW_STEP_S


def _stir_the_silent(tx: Transaction, product_ids: list[str], memory: Memory) -> None:
    """Whoever watches over a unit that was silent for long shall look at it, whatever it says now."""
    long_ago = tx.now - SILENCE
    unsure = [one for one in product_ids if (known := memory.contact(one)) is None or known.at <= long_ago]
    seen = twin.last_seen(tx, unsure)
    for product_id in unsure:
        if product_id not in seen or seen[product_id] <= long_ago:
            twin.stir(tx, product_id)


def _write(tx: Transaction, contacts: dict[str, Contact], *changed: str) -> None:
    rows = [
        {"product_id": product_id, "last_seen_at": one.at, "skew_s": one.skew_s}
        for product_id, one in sorted(contacts.items())
    ]
    table = twin.contact_table
    put_many(tx, table, rows, keys=["product_id"], replaced=changed)


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
    streams = watermarks.read(tx, {owner: {part.named[0]}} if part.named else {})
    if part.named is not None:
        streams.pass_over(owner, *part.named)
    watermarks.save(tx, streams)
    rejects.count(tx, [part])
    watermarks.tell(tx, streams, streams.products)
    return Taken(0, 0, 1, tally_of((), (part,), streams.gaps(), tx.now))
