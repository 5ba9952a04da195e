"""Rows of identity. No secret is stored, only what checks it."""

from datetime import date, datetime

from sqlalchemy import Column, Date, LargeBinary
from sqlmodel import Field, SQLModel

from broker.contract.messages import Json
from cloud.db import JsonText, UtcDateTime


class OperatorKeyRow(SQLModel, table=True):
    """A bearer key of an operator. Shown once, stored as SHA-256: 256 random bits need no slow hash.

    scopes: a list that narrows what the role has; None for all of it. last_used_on: the day in UTC, and no more.
    """

    __tablename__ = "operator_key"

    id: str = Field(primary_key=True, max_length=26)
    name: str = Field(max_length=120)
    role: str = Field(max_length=16)
    token_hash: bytes = Field(sa_column=Column(LargeBinary, unique=True, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    scopes: Json = Field(default=None, sa_column=Column(JsonText, nullable=True))
    last_used_on: date | None = Field(default=None, sa_column=Column(Date, nullable=True))


class PersonRow(SQLModel, table=True):
    """A person, known by nothing but this id. key: theirs alone, wrapped; without it what is sealed is noise."""

    __tablename__ = "person"

    id: str = Field(primary_key=True, max_length=26)
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class SessionRow(SQLModel, table=True):
    """A phone's session (`phone`), or the cookie that a link set (`visit`).

    token_hash: of the cookie; of a phone, that of the selector, which all tokens of the session share. What follows
    `expires_at` is of phones alone. answer: the pair that the last refresh gave, sealed, for its repetition.
    """

    __tablename__ = "phone_session"

    id: str = Field(primary_key=True, max_length=26)
    kind: str = Field(max_length=8)
    token_hash: bytes = Field(sa_column=Column(LargeBinary, unique=True, nullable=False))
    person_id: str = Field(max_length=26, index=True, foreign_key="person.id")
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    visit_id: str | None = Field(default=None, max_length=26)
    access_hash: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    access_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    last_access_hash: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    last_access_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    refresh_hash: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    previous_refresh_hash: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    refreshed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    answer_key: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    answer: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class EmailRow(SQLModel, table=True):
    """The verified address of a person: one each, and nobody else's. address: sealed; mac: to find it by."""

    __tablename__ = "email_address"

    person_id: str = Field(primary_key=True, max_length=26, foreign_key="person.id")
    address: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    mac: bytes = Field(sa_column=Column(LargeBinary, unique=True, nullable=False))
    language: str = Field(max_length=8)
    verified_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class EmailProofRow(SQLModel, table=True):
    """A link that was asked for: it counts once, for a short time, and in the session that asked for it.

    limited: no mail went out for it, as the address had had enough; any mail of the day completes it.
    """

    __tablename__ = "email_proof"

    id: str = Field(primary_key=True, max_length=26)
    token_hash: bytes = Field(sa_column=Column(LargeBinary, unique=True, nullable=False))
    session_id: str = Field(max_length=26, index=True)
    person_id: str = Field(max_length=26, index=True, foreign_key="person.id")
    address: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    mac: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    language: str = Field(max_length=8)
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    joined: bool = False
    limited: bool = False


class EmailAllowanceRow(SQLModel, table=True):
    """How many mails went to an address on one day, and how often its owner was there: `mail_limits.Day`.

    mac: of the address and the day, so that it names neither later.
    """

    __tablename__ = "email_allowance"

    mac: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    count: int = 0
    turn: int = 0
    day: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))


class SuppressedRow(SQLModel, table=True):
    """A keyed hash of something that belonged to a person who left, such as an order number: what comes for it later
    is not taken in. It leads back to nobody.
    """

    __tablename__ = "suppressed"

    mac: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))


class DeviceCredentialRow(SQLModel, table=True):
    """The password of a device on the plain listener. One each; a new one ends the old."""

    __tablename__ = "device_credential"

    product_id: str = Field(primary_key=True, max_length=26, foreign_key="product.id")
    secret_sha256: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
