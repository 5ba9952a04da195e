"""Coupons: one for a journey, to be redeemed once at a till."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from broker.contract.ids import new_id
from cloud.commerce.partners import shop
from cloud.commerce.tables import CouponRow
from cloud.db import Transaction, table_of
from cloud.errors import ConflictError, NotFoundError
from cloud.lifecycle import service as lifecycle
from cloud.record import service as record
from cloud.record.events import Event, EventType
from cloud.registry import codes

coupon_table = table_of(CouponRow)
COUPON_LASTS = timedelta(days=30)
COUPON_AMOUNT, COUPON_CURRENCY = 5_000, "USD"


def issue_coupon(tx: Transaction, journey: lifecycle.Journey, shop_id: str | None) -> CouponRow:
    """One coupon for a journey; asked for again, it is the same one."""
    record.lock(tx, {journey.id})
    known = coupon_of(tx, journey.id)
    if known is not None:
        return known
    row = CouponRow(
        id=new_id(tx.now),
        code=codes.display(codes.new_claim_code()),
        journey_id=journey.id,
        person_id=journey.person_id,
        shop_id=shop_id,
        amount=COUPON_AMOUNT,
        currency=COUPON_CURRENCY,
        issued_at=tx.now,
        expires_at=tx.now + COUPON_LASTS,
    )
    tx.session.add(row)
    tx.session.flush()
    data = {"coupon_id": row.id, "amount": row.amount, "currency": row.currency}
    _note_coupon(tx, row, journey, EventType.COUPON_ISSUED, data)
    return row


def coupon_of(tx: Transaction, journey_id: str) -> CouponRow | None:
    """The journey's coupon that has not expired."""
    query = sa.select(CouponRow).where(coupon_table.c.journey_id == journey_id, coupon_table.c.expires_at > tx.now)
    return tx.session.execute(query).scalars().first()


def any_of(journey_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """For other queries: whether a journey ever had a coupon."""
    return sa.exists().where(coupon_table.c.journey_id == journey_id)


def holder_of(tx: Transaction, code: str) -> str:
    """The person whose coupon it is. Raises NotFoundError."""
    row: CouponRow | None = tx.session.execute(_with_code(code)).scalar_one_or_none()
    if row is None:
        msg = "no such coupon, or it has expired"
        raise NotFoundError(msg)
    return row.person_id


def _with_code(code: str) -> Any:
    clean = codes.normalise(code)
    return sa.select(CouponRow).where(coupon_table.c.code == (codes.display(clean) if clean else ""))


def redeem(tx: Transaction, code: str, shop_id: str) -> CouponRow:
    """The till takes the coupon, once. Raises NotFoundError, ConflictError."""
    shop(tx, shop_id)
    row: CouponRow | None = tx.session.execute(_with_code(code).with_for_update()).scalar_one_or_none()
    if row is None or row.expires_at <= tx.now:
        msg = "no such coupon, or it has expired"
        raise NotFoundError(msg)
    if row.redeemed_at is not None:
        msg = "this coupon was redeemed before"
        raise ConflictError(msg)
    row.redeemed_at, row.shop_id = tx.now, shop_id
    tx.session.flush()
    _note_coupon(tx, row, lifecycle.read(tx, row.journey_id), EventType.COUPON_REDEEMED, {"coupon_id": row.id})
    return row


def _note_coupon(
    tx: Transaction, row: CouponRow, journey: lifecycle.Journey, kind: EventType, data: dict[str, Any]
) -> None:
    event = Event(
        id=f"{kind.value}:{row.id}",
        type=kind,
        at=tx.now,
        source="phone" if kind is EventType.COUPON_ISSUED else "shop",
        channel="phone_app" if kind is EventType.COUPON_ISSUED else "store",
        product_id=journey.product_id,
        journey_id=journey.id,
        person_id=journey.person_id,
        data=data,
    )
    record.append(tx, [event])
    lifecycle.touch(tx, journey.id)


def coupons(tx: Transaction, *, after: str | None, limit: int) -> list[CouponRow]:
    query = sa.select(CouponRow).order_by(coupon_table.c.id.desc()).limit(limit)
    return list(tx.session.execute(query.where(coupon_table.c.id < after) if after else query).scalars())
