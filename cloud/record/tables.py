"""Rows of the record: the journal, and what waits to leave or to fall due."""

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, String, text
from sqlmodel import Field, SQLModel

from broker.contract.messages import Json
from cloud.db import BigId, JsonText, UtcDateTime


def _where_set(name: str, *columns: str) -> Index:
    """An index of the rows alone whose first column is set."""
    where = text(f"{columns[0]} IS NOT NULL")
    return Index(name, *columns, postgresql_where=where, sqlite_where=where)


class JournalRow(SQLModel, table=True):
    """One event. Append-only, but for erasure, which leaves its type and time, and takes all that leads to somebody;
    and for two persons who become one, whose events then name that one.
    """

    __tablename__ = "journal"
    __table_args__ = (
        Index("ix_journal_product", "product_id", "seq"),
        # What a device says belongs to no journey and no person: the entries that would say so are left out.
        _where_set("ix_journal_journey", "journey_id", "seq"),
        _where_set("ix_journal_person_id", "person_id"),
    )

    seq: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    event_id: str = Field(sa_column=Column(String(160), unique=True, nullable=False))
    type: str = Field(max_length=64)
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    recorded_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    source: str = Field(max_length=16)
    channel: str = Field(default="", max_length=16)
    product_id: str | None = Field(default=None, max_length=26)
    journey_id: str | None = Field(default=None, max_length=26)
    person_id: str | None = Field(default=None, max_length=26, foreign_key="person.id")
    data: Json = Field(sa_column=Column(JsonText, nullable=False))
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """Personal parts, under the key of that person alone."""


class OutboxRow(SQLModel, table=True):
    """A message for the broker that a committed transaction decided on. slot: a newer one replaces an unsent older."""

    __tablename__ = "outbox"
    __table_args__ = (_where_set("ix_outbox_person_id", "person_id"),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    slot: str | None = Field(default=None, max_length=128, unique=True)
    topic: str = Field(max_length=128)
    payload: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    retain: bool = False
    not_before: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    person_id: str | None = Field(default=None, max_length=26, foreign_key="person.id")
    command_id: str | None = Field(default=None, max_length=26)


class IdempotencyRow(SQLModel, table=True):
    """The answer to an unsafe call, for its repetition. body is sealed: answers may hold what is shown only once."""

    __tablename__ = "idempotency"

    scope: str = Field(primary_key=True, max_length=64)
    key: str = Field(primary_key=True, max_length=128)
    fingerprint: str = Field(max_length=64)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))


class TimerRow(SQLModel, table=True):
    """Something that falls due. Claimed by lease: one of many schedulers does it, and another if that one dies."""

    __tablename__ = "timer"
    __table_args__ = (Index("ix_timer_due", "due_at"),)

    kind: str = Field(primary_key=True, max_length=32)
    subject: str = Field(primary_key=True, max_length=64)
    due_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    leased_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
