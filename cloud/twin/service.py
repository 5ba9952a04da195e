"""The twin: read it, wish for settings, and project the device's events into it."""

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from broker.contract.codec import encode, unsendable
from broker.contract.messages import Desired, Json
from broker.contract.presence import PresenceKey
from broker.contract.topics import Down, down_topic
from cloud.db import Transaction, table_of, utc_of
from cloud.errors import FieldProblem, InvalidError, NotFoundError, StaleError
from cloud.record import service as record
from cloud.record.bulk import Columns, among, put_columns, rows_of
from cloud.record.events import Event, EventType
from cloud.registry.service import profiles_of, read_unit
from cloud.twin.rules import Field, Twin, merge_desired
from cloud.twin.runs import apply_all
from cloud.twin.tables import ContactRow, QuarantineRow, RejectCountRow, StreamRow, TwinRow

twin_table = table_of(TwinRow)
contact_table = table_of(ContactRow)
stream_table = table_of(StreamRow)
reject_table = table_of(RejectCountRow)
quarantine_table = table_of(QuarantineRow)
_COLUMNS = (
    *("product_id", "version", "reported", "desired", "desired_version", "epoch", "boot", "connection", "offline"),
    *("firmware", "profile", "capabilities", "birth_boot", "birth_seq", "level", "level_since", "error_since", "usage"),
)
_REPORTED = msgspec.json.Decoder(dict[str, Field])
_OBJECT = msgspec.json.Decoder(dict[str, Json])
_TEXTS = msgspec.json.Decoder(tuple[str, ...])
_USAGE = msgspec.json.Decoder(dict[str, tuple[float, datetime]])
_HELD, _STIRRED = "twin.held", "twin.stirred"
"""In the memo: twins by product, None for one that has none; and the products that are no longer as they were."""


def read(tx: Transaction, product_id: str) -> Twin:
    """The twin of a unit that has one. Raises NotFoundError."""
    found = read_many(tx, [product_id]).get(product_id)
    if found is None:
        msg = "nothing was ever heard of this product"
        raise NotFoundError(msg)
    return found


def read_many(tx: Transaction, product_ids: list[str]) -> dict[str, Twin]:
    """Twins by product, for those that have one."""
    held: dict[str, Twin | None] = tx.memo.get(_HELD, {})
    found = {product_id: known for product_id in product_ids if (known := held.get(product_id)) is not None}
    unread = [product_id for product_id in product_ids if product_id not in held]
    if unread:
        rows = rows_of(tx, twin_table, _COLUMNS, "product_id", unread)
        found |= {row[0]: _from_row(row) for row in rows}
    return found


def hold(tx: Transaction, product_ids: list[str]) -> dict[str, Twin]:
    """The same of units that are locked until the end of the transaction: they are read this once."""
    found = read_many(tx, product_ids)
    tx.memo.setdefault(_HELD, {}).update({product_id: found.get(product_id) for product_id in product_ids})
    tx.memo.setdefault(_STIRRED, set())
    return found


def stir(tx: Transaction, product_id: str) -> None:
    """Notes that what the unit said is news for whoever watches over it."""
    if _STIRRED in tx.memo:
        tx.memo[_STIRRED].add(product_id)


def is_stirred(tx: Transaction, product_id: str) -> bool:
    """There may be news for whoever watches over this unit: always, unless the unit is held."""
    return _STIRRED not in tx.memo or product_id not in tx.memo[_HELD] or product_id in tx.memo[_STIRRED]


def project(tx: Transaction, events: list[Event]) -> None:
    """Projector: what devices said, into their twins."""
    by_product: dict[str, list[Event]] = {}
    for event in events:
        if event.product_id is not None and (event.source == "device" or event.type == EventType.TWIN_DESIRED):
            by_product.setdefault(event.product_id, []).append(event)
    if not by_product:
        return
    profiles = profiles_of(tx, list(by_product))
    known = read_many(tx, list(by_product))
    changed = []
    for product_id, own in by_product.items():
        before = known.get(product_id, Twin(product_id=product_id))
        after = apply_all(before, own, profiles[product_id], tx.now)
        if after is not before:
            changed.append(after)
            if (before.level, before.error_since) != (after.level, after.error_since):
                stir(tx, product_id)
    _save(tx, changed)


def _save(tx: Transaction, twins: list[Twin]) -> None:
    if not twins:
        return
    columns = _to_columns(twins)
    put_columns(
        tx, twin_table, columns, keys=["product_id"], replaced=[name for name in columns if name != "product_id"]
    )
    tx.changes.products.update(twin.product_id for twin in twins)
    held = tx.memo.get(_HELD, {})
    held.update({twin.product_id: twin for twin in twins if twin.product_id in held})


def desire(
    tx: Transaction, product_id: str, settings: dict[str, Json], if_version: int | None, event_id: str
) -> Desired:
    """Merges settings into the desired ones (null removes), and tells the device.

    Raises StaleError, NotFoundError, InvalidError for what no device would take, alone or with what is desired already.
    """
    read_unit(tx, product_id)
    record.lock(tx, {product_id})
    before = read_many(tx, [product_id]).get(product_id, Twin(product_id=product_id))
    if if_version is not None and if_version != before.desired_version:
        raise StaleError(version=before.desired_version)
    whole = Desired(version=before.desired_version + 1, settings=merge_desired(before.desired, settings))
    problem = unsendable(Down.DESIRED, whole)
    if problem:
        raise InvalidError(problems=(FieldProblem("/settings", "unsendable", problem),))
    wish = Event(
        id=event_id,
        type=EventType.TWIN_DESIRED,
        at=tx.now,
        source="operator",
        product_id=product_id,
        data={"settings": settings},
    )
    record.append(tx, [wish])
    after = read(tx, product_id)
    message = Desired(version=after.desired_version, settings=after.desired)
    tell(tx, product_id, Down.DESIRED, encode(message))
    return message


def react(tx: Transaction, events: list[Event]) -> None:
    """Reactor: a device that comes (back) is told its desired settings: a broker may have lost what it retained."""
    back = {event.product_id for event in events if event.product_id is not None and _came_back(event)}
    for product_id, known in read_many(tx, sorted(back)).items():
        if known.desired_version:
            tell(tx, product_id, Down.DESIRED, encode(Desired(version=known.desired_version, settings=known.desired)))


def _came_back(event: Event) -> bool:
    online = event.type == EventType.DEVICE_PRESENCE and event.data["status"] == "online"
    return online or event.type == EventType.DEVICE_BIRTH


def tell(tx: Transaction, product_id: str, kind: Down, payload: bytes) -> None:
    """Puts a retained message for the device into the outbox; only the newest of a kind is ever sent."""
    record.send(tx, down_topic(product_id, kind), payload, slot=f"{kind.value}:{product_id}", retain=True)


def transport_figures(tx: Transaction, product_id: str) -> dict[str, Json]:
    """What was counted on the way: gaps, duplicates, rejects by reason, the watermark, the clock's error."""
    newest = sa.select(stream_table).where(stream_table.c.product_id == product_id).order_by(stream_table.c.boot.desc())
    streams = tx.session.execute(newest.limit(16)).all()
    counts = sa.select(reject_table.c.reason, reject_table.c.count).where(reject_table.c.product_id == product_id)
    rejects = tx.session.execute(counts)
    contact = tx.session.get(ContactRow, product_id)
    return {
        "streams": [
            {
                "boot": row.boot,
                "stored_to": row.low,
                "missing": _missing(row.low, row.above),
                "duplicates": row.duplicates,
                "given_up": row.given_up,
            }
            for row in streams
        ],
        "rejected": dict(rejects.all()),
        "last_seen_at": contact.last_seen_at.isoformat() if contact else None,
        "clock_skew_s": contact.skew_s if contact else None,
    }


def _missing(low: int, above: list[list[int]]) -> int:
    return above[-1][1] - low - sum(last - first + 1 for first, last in above) if above else 0


def quarantine(tx: Transaction, product_id: str, limit: int = 50) -> list[Any]:
    """The newest rejected messages of a device."""
    table = quarantine_table
    query = sa.select(table).where(table.c.product_id == product_id).order_by(table.c.id.desc()).limit(limit)
    return list(tx.session.execute(query).all())


def last_seen(tx: Transaction, product_ids: list[str]) -> dict[str, datetime]:
    """When each device was last heard, by the cloud's clock."""
    query = sa.select(contact_table.c.product_id, contact_table.c.last_seen_at)
    if not product_ids:
        return {}
    rows = tx.session.execute(query.where(among(tx, contact_table.c.product_id, product_ids)))
    return {row.product_id: row.last_seen_at for row in rows}


def _from_row(row: Any) -> Twin:
    """row: `_COLUMNS`, as the driver gives them."""
    (product_id, version, reported, desired, desired_version, epoch, *rest) = row
    (boot, connection, offline, firmware, profile, capabilities, birth_boot, birth_seq, *rest) = rest
    level, level_since, error_since, usage = rest
    return Twin(
        product_id=product_id,
        version=version,
        reported=_REPORTED.decode(reported),
        epoch=epoch,
        presence=PresenceKey(boot, connection, bool(offline)),
        firmware=firmware,
        profile=profile,
        capabilities=_TEXTS.decode(capabilities),
        desired=_OBJECT.decode(desired),
        desired_version=desired_version,
        birth=(birth_boot, birth_seq),
        level=level,
        level_since=utc_of(level_since),
        error_since=utc_of(error_since),
        usage=_USAGE.decode(usage),
    )


def _to_columns(twins: list[Twin]) -> Columns:
    return {
        "product_id": [twin.product_id for twin in twins],
        "version": [twin.version for twin in twins],
        "reported": [twin.reported for twin in twins],
        "epoch": [twin.epoch for twin in twins],
        "boot": [twin.presence.boot for twin in twins],
        "connection": [twin.presence.connection for twin in twins],
        "offline": [twin.presence.offline for twin in twins],
        "firmware": [twin.firmware for twin in twins],
        "profile": [twin.profile for twin in twins],
        "capabilities": [twin.capabilities for twin in twins],
        "desired": [twin.desired for twin in twins],
        "desired_version": [twin.desired_version for twin in twins],
        "birth_boot": [twin.birth[0] for twin in twins],
        "birth_seq": [twin.birth[1] for twin in twins],
        "level": [twin.level for twin in twins],
        "level_since": [twin.level_since for twin in twins],
        "error_since": [twin.error_since for twin in twins],
        "usage": [twin.usage for twin in twins],
    }
