"""Rows of devices' certificates. Their passwords are in `tables.py`. No secret is stored, only what checks it."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from cloud.db import UtcDateTime


class DeviceCertificateRow(SQLModel, table=True):
    """A certificate that was issued to a unit. issuer: its key identifier, in hex; serial: 128 bits in hex.

    valid_until: its not_after, or the end of its grace once it was renewed. renews: the fingerprint of the one before.
    """

    __tablename__ = "device_certificate"
    __table_args__ = (
        Index("ix_device_certificate_not_after", "not_after"),
        Index("ix_device_certificate_valid_until", "valid_until"),
    )

    fingerprint: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    product_id: str = Field(max_length=26, foreign_key="product.id", index=True)
    issuer: str = Field(max_length=40)
    serial: str = Field(max_length=32)
    key_print: bytes = Field(sa_column=Column(LargeBinary, nullable=False, index=True))
    der: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    not_after: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    valid_until: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    renews: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class EnrolmentTokenRow(SQLModel, table=True):
    """What a unit is enrolled with, once. One each; a new one ends the old. key_print: whose request used it."""

    __tablename__ = "enrolment_token"

    product_id: str = Field(primary_key=True, max_length=26, foreign_key="product.id")
    token_hash: bytes = Field(sa_column=Column(LargeBinary, unique=True, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))
    used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    key_print: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    fingerprint: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class EndedRow(SQLModel, table=True):
    """A unit's password or certificates ended. number: only rises, in the order of the commits; no row is deleted."""

    __tablename__ = "device_ended"

    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    product_id: str = Field(max_length=26, foreign_key="product.id")
    ended_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
