"""Rows of commerce."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, LargeBinary
from sqlmodel import Field, SQLModel

from cloud.db import UtcDateTime


class ShopRow(SQLModel, table=True):
    """A partner shop, with the circle around it (WGS 84, metres) and its beacon."""

    __tablename__ = "shop"

    id: str = Field(primary_key=True, max_length=26)
    name: str = Field(max_length=120)
    address: str = Field(default="", max_length=300)
    url: str = Field(default="", max_length=500)
    latitude: float
    longitude: float
    radius_m: float
    beacon_uid: str = Field(max_length=32, unique=True)
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class OrderRow(SQLModel, table=True):
    """An order as its newest version says. customer: sealed under the person's key, while there is a person."""

    __tablename__ = "shop_order"

    id: str = Field(primary_key=True, max_length=64)
    journey_id: str | None = Field(default=None, max_length=26, index=True)
    person_id: str | None = Field(default=None, max_length=26, index=True, foreign_key="person.id")
    gtin: str = Field(max_length=14)
    product_id: str | None = Field(default=None, max_length=26)
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    status: str = Field(max_length=16)
    placed_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    customer: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class ParcelRow(SQLModel, table=True):
    """A parcel as the carrier's newest event says. order_id: empty while the shop has not named it yet."""

    __tablename__ = "parcel"

    tracking_code: str = Field(primary_key=True, max_length=64)
    carrier: str = Field(default="", max_length=64)
    order_id: str | None = Field(default=None, max_length=64, index=True)
    status: str = Field(default="unknown", max_length=32)
    status_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    promised_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    detail: str = Field(default="", max_length=300)


class CouponRow(SQLModel, table=True):
    """A coupon. amount: minor units of the currency."""

    __tablename__ = "coupon"

    id: str = Field(primary_key=True, max_length=26)
    code: str = Field(max_length=16, unique=True)
    journey_id: str = Field(max_length=26, index=True)
    person_id: str = Field(max_length=26, index=True, foreign_key="person.id")
    shop_id: str | None = Field(default=None, max_length=26)
    amount: int
    currency: str = Field(max_length=3)
    issued_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    redeemed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
