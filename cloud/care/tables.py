"""Rows of care. What customer and expert wrote is sealed under the customer's key."""

from datetime import datetime

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from cloud.db import UtcDateTime


class CaseRow(SQLModel, table=True):
    """An escalation. snapshot: stage, twin, timeline and menu at the moment it was opened, sealed."""

    __tablename__ = "support_case"

    id: str = Field(primary_key=True, max_length=26)
    journey_id: str = Field(max_length=26, index=True)
    product_id: str | None = Field(default=None, max_length=26, index=True)
    person_id: str = Field(max_length=26, index=True, foreign_key="person.id")
    stage: str = Field(max_length=16)
    status: str = Field(default="open", max_length=16, index=True)
    version: int = 1
    opened_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    changed_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    snapshot: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class CaseMessageRow(SQLModel, table=True):
    """One message of a case."""

    __tablename__ = "case_message"

    id: str = Field(primary_key=True, max_length=26)
    case_id: str = Field(max_length=26, index=True, foreign_key="support_case.id")
    author: str = Field(max_length=16)
    text: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    read_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
