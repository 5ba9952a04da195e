"""Rows of web push. Where a phone is reached is sealed under its person's key."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, String
from sqlmodel import Field, SQLModel

from cloud.db import UtcDateTime


class PushSubscriptionRow(SQLModel, table=True):
    """One browser that wants to be told. It goes with its session. mac: of the endpoint, so that a browser has one.

    address: endpoint, keys, language and time zone, sealed. listens_until: a live stream of the session is open.
    """

    __tablename__ = "push_subscription"

    id: str = Field(primary_key=True, max_length=26)
    session_id: str = Field(
        sa_column=Column(
            String(26), ForeignKey("phone_session.id", ondelete="CASCADE"), nullable=False, unique=True, index=True
        )
    )
    person_id: str = Field(max_length=26, index=True, foreign_key="person.id")
    mac: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    address: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    listens_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class PushMessageRow(SQLModel, table=True):
    """A message that waits to leave, or has left: then it counts for its day. word: which one, of `rules.Word`."""

    __tablename__ = "push_message"
    __table_args__ = (Index("ix_push_message_due", "sent_at", "not_before"),)

    id: str = Field(primary_key=True, max_length=26)
    subscription_id: str = Field(
        sa_column=Column(String(26), ForeignKey("push_subscription.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    person_id: str = Field(max_length=26, index=True, foreign_key="person.id")
    journey_id: str = Field(max_length=26, index=True)
    word: str = Field(max_length=32)
    topic: str = Field(max_length=32)
    attempts: int = 0
    not_before: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))
    sent_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
