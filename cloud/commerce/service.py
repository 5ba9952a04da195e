"""Orders and parcels: what shops and carriers say, into the journeys that it concerns.

Webhooks come late, twice and out of order, and a parcel may be scanned before the shop says whose it is. Until then an
order and a parcel are rows and nothing more: what belongs to nobody yet could not be found again when they leave. The
order that names the journey brings the story so far into the journal.
"""

import hashlib
from datetime import datetime

import sqlalchemy as sa

from broker.contract.ids import is_id
from broker.contract.stages import Role
from cloud.commerce.carriers import OrderUpdate, ParcelUpdate
from cloud.commerce.tables import OrderRow, ParcelRow
from cloud.db import Transaction, table_of
from cloud.errors import InvalidError, NotFoundError
from cloud.identity import service as identity
from cloud.lifecycle import service as lifecycle
from cloud.record import service as record
from cloud.record.events import Event, EventType
from cloud.registry.service import find_unit, model_table
from cloud.secrets import Keys

order_table = table_of(OrderRow)
parcel_table = table_of(ParcelRow)

BY_POSSESSION = ("code", "proximity")
EARLIEST_YEAR, LATEST_YEAR = 1970, 2999


# --- orders ---


def take_order(tx: Transaction, keys: Keys, update: OrderUpdate, message_id: str) -> bool:  # noqa: ARG001 - the version does its work
    """What a shop says of an order; false when it was known, older than what is known, or of somebody who has left.

    message_id: the webhook's own; the order's version says the same, and says it in any order. Raises NotFoundError for
    a model that is not registered.
    """
    subjects = {f"order:{update.order_id}"} | ({f"parcel:{update.tracking_code}"} if update.tracking_code else set())
    record.lock(tx, subjects)
    _check_times(placed_at=update.placed_at)
    if identity.is_suppressed(tx, keys, f"order:{update.order_id}"):
        return False
    if tx.session.execute(sa.select(model_table.c.gtin).where(model_table.c.gtin == update.gtin)).first() is None:
        msg = f"no model with GTIN {update.gtin} is registered"
        raise NotFoundError(msg)
    row = tx.session.get(OrderRow, update.order_id, with_for_update=True)
    newer = row is None or update.version > row.version
    row = _saved(tx, row, update) if newer else row
    assert row is not None  # noqa: S101 - either it was there, or it was just saved
    unowned = row.journey_id is None
    if unowned and update.journey is not None:
        _find_journey(tx, row, update.journey)
    if newer and row.person_id is not None and update.customer:
        row.customer = identity.seal(tx, keys, row.person_id, update.customer, row.id)
    tx.session.flush()
    _link_unit(tx, row, update)
    _link_parcel(tx, row, update)
    if row.journey_id is None:
        return newer
    if unowned:
        _tell_parcels(tx, row)
    return _note_order(tx, row, update)


def _saved(tx: Transaction, row: OrderRow | None, update: OrderUpdate) -> OrderRow:
    if row is None:
        row = OrderRow(
            id=update.order_id,
            gtin=update.gtin,
            version=update.version,
            status=update.status,
            placed_at=update.placed_at,
        )
        tx.session.add(row)
    row.version, row.status = update.version, update.status.value
    tx.session.flush()
    return row


def _find_journey(tx: Transaction, row: OrderRow, journey_id: str) -> None:
    """The shop passes on the reference that its link carried; one that names no open journey of this model is none."""
    if not is_id(journey_id):
        return
    journey_id = lifecycle.current_id(tx, journey_id)
    record.lock(tx, {journey_id})
    try:
        journey = lifecycle.read(tx, journey_id)
    except NotFoundError:
        return
    if journey.gtin == row.gtin and not journey.closed:
        row.journey_id, row.person_id = journey.id, journey.person_id


def _link_unit(tx: Transaction, row: OrderRow, update: OrderUpdate) -> None:
    """The shop says which unit went into the parcel: from here on the journey is with that one."""
    if update.serial is None:
        return
    unit = find_unit(tx, update.gtin, update.serial)
    if unit is None:
        return
    row.product_id = unit.id
    tx.session.flush()
    if row.journey_id is not None and lifecycle.read(tx, row.journey_id).product_id is None:
        lifecycle.link(tx, row.journey_id, unit.id, Role.VISITOR, "shop")


def _link_parcel(tx: Transaction, row: OrderRow, update: OrderUpdate) -> None:
    if update.tracking_code is None:
        return
    parcel = tx.session.get(ParcelRow, update.tracking_code)
    if parcel is None:
        parcel = ParcelRow(tracking_code=update.tracking_code, carrier=update.carrier or "")
        tx.session.add(parcel)
    fresh = parcel.order_id is None
    if fresh:
        parcel.order_id = row.id
    tx.session.flush()
    if fresh:
        _note_parcel(tx, row, parcel)


def _tell_parcels(tx: Transaction, row: OrderRow) -> None:
    """The order has just found its journey: its parcels' story goes along."""
    query = sa.select(ParcelRow).where(parcel_table.c.order_id == row.id).order_by(parcel_table.c.tracking_code)
    found = list(tx.session.execute(query).scalars())
    record.lock(tx, {f"parcel:{parcel.tracking_code}" for parcel in found})
    for parcel in found:
        tx.session.refresh(parcel)
        _note_parcel(tx, row, parcel)


def react(tx: Transaction, events: list[Event]) -> None:
    """Reactor: who shows possession of a new unit is who it was sold to: an order that names the unit and no journey is
    theirs. Whom its owner invites, or hands it to, is not.
    """
    for event in events:
        if event.type != EventType.PRODUCT_CLAIMED or event.data["how"] not in BY_POSSESSION:
            continue
        if event.journey_id is not None and event.product_id is not None:
            _adopt_orders(tx, event.product_id, event.journey_id)


def forget_unit(tx: Transaction, product_id: str) -> None:
    """The unit begins anew with somebody else: an order that found no journey is not adopted by its next owner."""
    unclaimed = sa.update(order_table).where(order_table.c.product_id == product_id, order_table.c.journey_id.is_(None))
    tx.session.execute(unclaimed.values(product_id=None))


def _adopt_orders(tx: Transaction, product_id: str, journey_id: str) -> None:
    query = sa.select(OrderRow).where(order_table.c.product_id == product_id, order_table.c.journey_id.is_(None))
    for row in tx.session.execute(query.with_for_update()).scalars():
        _find_journey(tx, row, journey_id)
        tx.session.flush()
        if row.journey_id is not None:
            _tell_parcels(tx, row)
            _note_versions(tx, row, {row.version: row.status})


def _note_order(tx: Transaction, row: OrderRow, update: OrderUpdate) -> bool:
    """The update, and the newest version, which may have come before the journey was known."""
    return _note_versions(tx, row, {update.version: update.status.value, row.version: row.status})


def _note_versions(tx: Transaction, row: OrderRow, versions: dict[int, str]) -> bool:
    journey = lifecycle.read(tx, row.journey_id or "")
    events = [
        Event(
            id=f"order:{_digest(row.id)}:{version}:{journey.id}",
            type=EventType.ORDER_CHANGED,
            at=row.placed_at if version == 1 else tx.now,
            source="shop",
            channel="web",
            product_id=journey.product_id,
            journey_id=journey.id,
            person_id=journey.person_id,
            data={"order_id": row.id, "version": version, "status": status},
        )
        for version, status in sorted(versions.items())
    ]
    return bool(record.append(tx, events))


# --- parcels ---


def take_parcel(tx: Transaction, keys: Keys, update: ParcelUpdate) -> bool:
    """What a carrier says of a parcel; false when it was known, or of somebody who has left."""
    record.lock(tx, {f"parcel:{update.tracking_code}"})
    if identity.is_suppressed(tx, keys, f"parcel:{update.tracking_code}"):
        return False
    _check_times(status_at=update.status_at, promised_at=update.promised_at)
    row = tx.session.get(ParcelRow, update.tracking_code, with_for_update=True)
    if row is None:
        row = ParcelRow(tracking_code=update.tracking_code)
        tx.session.add(row)
    before = (row.status, row.status_at, row.promised_at, row.detail)
    if row.status_at is None or update.status_at >= row.status_at:
        row.carrier, row.status, row.status_at = update.carrier, update.status.value, update.status_at
        row.promised_at = update.promised_at or row.promised_at
        row.detail = update.detail[:300]
    tx.session.flush()
    order = None if row.order_id is None else tx.session.get(OrderRow, row.order_id)
    if order is None or order.journey_id is None:
        return before != (row.status, row.status_at, row.promised_at, row.detail)
    return _tell_parcel(tx, order.journey_id, update, f"{_digest(update.event_id)}:{order.journey_id}")


def _check_times(**said: datetime | None) -> None:
    """Carriers send `9999-12-31` for never. A sum with that is no time at all."""
    for name, at in said.items():
        if at is not None and not EARLIEST_YEAR <= at.year <= LATEST_YEAR:
            msg = f"{name} is in the year {at.year}"
            raise InvalidError(msg)


def _note_parcel(tx: Transaction, order: OrderRow, parcel: ParcelRow) -> None:
    """The parcel's story so far, told to the journey that has just been found."""
    if order.journey_id is None or parcel.status_at is None:
        return
    known = ParcelUpdate(
        tracking_code=parcel.tracking_code,
        carrier=parcel.carrier,
        status=parcel.status,  # type: ignore[arg-type]  # the same words, read back
        status_at=parcel.status_at,
        promised_at=parcel.promised_at,
        detail=parcel.detail,
        event_id="",
    )
    _tell_parcel(tx, order.journey_id, known, f"{_digest(parcel.tracking_code)}:known:{order.journey_id}")


def _tell_parcel(tx: Transaction, journey_id: str, update: ParcelUpdate, suffix: str) -> bool:
    journey = lifecycle.read(tx, journey_id)
    event = Event(
        id=f"parcel:{suffix}",
        type=EventType.PARCEL_CHANGED,
        at=update.status_at,
        source="carrier",
        channel="carrier",
        product_id=journey.product_id,
        journey_id=journey.id,
        person_id=journey.person_id,
        data={
            "tracking_code": update.tracking_code,
            "carrier": update.carrier,
            "status": str(update.status),
            "status_at": update.status_at.isoformat(),
            "promised_at": update.promised_at.isoformat() if update.promised_at else None,
            "detail": update.detail,
            **({"place": update.place} if update.place else {}),
            **({"tracking_url": update.tracking_url} if update.tracking_url else {}),
        },
    )
    return bool(record.append(tx, [event]))


def orders_of(tx: Transaction, journey_id: str) -> list[OrderRow]:
    """The journey's orders, newest first."""
    query = sa.select(OrderRow).where(order_table.c.journey_id == journey_id).order_by(order_table.c.placed_at.desc())
    return list(tx.session.execute(query).scalars())


def any_order_of(journey_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """For other queries: whether a journey has an order."""
    return sa.exists().where(order_table.c.journey_id == journey_id)


def orders(tx: Transaction, *, after: str | None, limit: int) -> list[OrderRow]:
    query = sa.select(OrderRow).order_by(order_table.c.id).limit(limit)
    return list(tx.session.execute(query.where(order_table.c.id > after) if after else query).scalars())


def parcels(tx: Transaction, *, after: str | None, limit: int) -> list[ParcelRow]:
    query = sa.select(ParcelRow).order_by(parcel_table.c.tracking_code).limit(limit)
    return list(tx.session.execute(query.where(parcel_table.c.tracking_code > after) if after else query).scalars())


def _digest(text: str) -> str:
    """Event ids outlive erasure, so no number that a shop or a carrier knows may be read from them."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
