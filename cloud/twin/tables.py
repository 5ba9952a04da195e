"""Rows of the twin, of the telemetry, and of what could not be taken."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from broker.contract.messages import Json
from cloud.db import BigId, JsonText, UtcDateTime

SUMMARY = {"autosummarize": "on", "pages_per_range": 32}
"""Of an index that only says which numbers lie in which pages; it is brought up to date as the pages fill."""
HALF_FREE = {"postgresql_with": {"fillfactor": 50}}
"""Rows that change all the time: a page with room keeps the new version beside the old, and no index hears of it."""


class TwinRow(SQLModel, table=True):
    """The newest known state of one unit: a projection of the journal. `reported`: field -> [value, boot, seq]."""

    __tablename__ = "twin"
    __table_args__ = HALF_FREE

    product_id: str = Field(primary_key=True, max_length=26)
    version: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    reported: Json = Field(default_factory=dict, sa_column=Column(JsonText, nullable=False))
    desired: Json = Field(default_factory=dict, sa_column=Column(JsonText, nullable=False))
    desired_version: int = 0
    epoch: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    boot: int = Field(default=-1, sa_column=Column(BigInteger, nullable=False))
    connection: int = Field(default=-1, sa_column=Column(BigInteger, nullable=False))
    offline: bool = True
    firmware: str = Field(default="", max_length=128)
    profile: str = Field(default="", max_length=64)
    capabilities: Json = Field(default_factory=list, sa_column=Column(JsonText, nullable=False))
    birth_boot: int = Field(default=-1, sa_column=Column(BigInteger, nullable=False))
    birth_seq: int = Field(default=-1, sa_column=Column(BigInteger, nullable=False))
    level: str = Field(default="unknown", max_length=16)
    level_since: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    error_since: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    usage: Json = Field(default_factory=dict, sa_column=Column(JsonText, nullable=False))
    """What the estimates of supplies are made from: supply -> [level, at] since its last refill."""


class StreamRow(SQLModel, table=True):
    """Which messages of one boot have arrived: `broker.contract.watermark.Received`, and what was counted."""

    __tablename__ = "stream"
    __table_args__ = HALF_FREE

    product_id: str = Field(primary_key=True, max_length=26)
    boot: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    low: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    above: Json = Field(default_factory=list, sa_column=Column(JsonText, nullable=False))
    duplicates: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    given_up: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """Messages that the device said will never come."""


class TelemetryRow(SQLModel, table=True):
    """One telemetry message, as it came. at: the device's time; received_at: the cloud's; time: where it stands in
    time, which is `at` where that can be right. On PostgreSQL the table is cut by `received_at` into spans of a day.

    No constraint holds the key: the device's stream knows which messages have come, and an index of all keys would cost
    as much as all the rest.
    """

    __tablename__ = "telemetry"
    __table_args__ = (
        Index("ix_telemetry_product_time", "product_id", "time"),
        Index("ix_telemetry_batch", "batch", postgresql_using="brin", postgresql_with=SUMMARY),
    )

    batch: int = Field(sa_column=Column(BigInteger, nullable=False))
    product_id: str = Field(primary_key=True, max_length=26)
    boot: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    received_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    time: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    measurements: Json = Field(sa_column=Column(JsonText, nullable=False))


class TelemetryBatchRow(SQLModel, table=True):
    """Messages that came in one transaction and are in no series yet; the row goes when they are.

    A number that comes from here is given once: two batches of one number would be taken for one.
    """

    __tablename__ = "telemetry_batch"
    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    received_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    messages: int


class _Series(SQLModel):
    """What a unit measured in the minute, hour or day that begins at `start`. fields: `series_rules.Sums` as JSON;
    left_out: measurements under names for which there was no room.
    """

    product_id: str = Field(primary_key=True, max_length=26)
    start: datetime = Field(sa_type=UtcDateTime, primary_key=True)
    fields: str = Field(sa_type=Text)
    left_out: int = Field(default=0, sa_type=BigInteger)


class MinuteRow(_Series, table=True):
    """On PostgreSQL cut by `start` into spans of a day."""

    __tablename__ = "telemetry_minute"


class HourRow(_Series, table=True):
    """On PostgreSQL cut by `start` into spans of 30 days."""

    __tablename__ = "telemetry_hour"


class DayRow(_Series, table=True):
    """On PostgreSQL cut by `start` into spans of 360 days."""

    __tablename__ = "telemetry_day"


class TrimmedRow(SQLModel, table=True):
    """The models whose rows are gone from a span that others still need. PostgreSQL only."""

    __tablename__ = "telemetry_trimmed"

    span: str = Field(primary_key=True, max_length=63)
    gtins: Json = Field(sa_column=Column(JsonText, nullable=False))


class QuarantineRow(SQLModel, table=True):
    """The head of a message that was rejected, for the operator to read. Bounded per device."""

    __tablename__ = "quarantine"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    product_id: str = Field(max_length=26, index=True)
    topic: str = Field(max_length=256)
    reason: str = Field(max_length=32)
    detail: str = Field(max_length=256)
    head: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    received_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class RejectCountRow(SQLModel, table=True):
    """How many messages of a device were rejected, by reason."""

    __tablename__ = "reject_count"

    product_id: str = Field(primary_key=True, max_length=26)
    reason: str = Field(primary_key=True, max_length=32)
    count: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))


class ContactRow(SQLModel, table=True):
    """When a device was last heard, by the cloud's clock; and how far its own clock is off, in seconds."""

    __tablename__ = "contact"
    __table_args__ = HALF_FREE

    product_id: str = Field(primary_key=True, max_length=26)
    last_seen_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    skew_s: float = 0.0
