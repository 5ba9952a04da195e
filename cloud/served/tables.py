"""Rows of what phones were shown."""

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from cloud.db import BigId, UtcDateTime


class ServedMenuRow(SQLModel, table=True):
    """A menu, when it was composed for a journey and differed from the one before in its language.

    seq: the order in which they were written. id: what `sealed` is bound to. sealed: `rules.pack`, under the person's
    key alone. version, digest: of the content.
    """

    __tablename__ = "served_menu"
    __table_args__ = (
        Index("ix_served_menu_journey_id", "journey_id", "at"),
        Index("ix_served_menu_person_id", "person_id"),
        Index("ix_served_menu_at", "at"),
    )

    seq: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    id: str = Field(max_length=26, unique=True)
    journey_id: str = Field(max_length=26)
    person_id: str = Field(max_length=26, foreign_key="person.id")
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    language: str = Field(max_length=35)
    etag: str = Field(max_length=64)
    version: int = 0
    digest: str = Field(default="", max_length=64)
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
