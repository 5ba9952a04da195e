"""Rows of the mail room."""

from datetime import datetime

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from cloud.db import UtcDateTime


class MailRow(SQLModel, table=True):
    """A mail that waits to leave. letter: to whom, in which words, with which link; sealed under the person's key.

    sent_at: of one that lies in the mail folder; what a mail server has taken is no row any more. counted: which day of
    which address it counts for (`cloud.identity.addresses`).
    """

    __tablename__ = "mail"

    id: str = Field(primary_key=True, max_length=26)
    person_id: str = Field(max_length=26, index=True, foreign_key="person.id")
    letter: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    attempts: int = 0
    not_before: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    sent_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    counted: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
