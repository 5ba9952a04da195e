"""Rows of the audit log. Triggers of the database refuse to change and to delete them (migration 0003)."""

from datetime import datetime

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from cloud.db import BigId, UtcDateTime


class AuditRow(SQLModel, table=True):
    """One entry. seq: without a hole. subject_id: a keyed hash where the id could lead to a person; request: a keyed
    hash of the Idempotency-Key, empty when there was none.
    """

    __tablename__ = "audit_entry"

    seq: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    actor: str = Field(max_length=40, index=True)
    action: str = Field(max_length=64)
    route: str = Field(max_length=200)
    subject_kind: str = Field(max_length=32)
    subject_id: str = Field(max_length=64, index=True)
    outcome: str = Field(max_length=16)
    request: str = Field(max_length=64)
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
