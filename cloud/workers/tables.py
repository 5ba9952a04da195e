"""Rows of the workers themselves: which sessions they have at the broker."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from cloud.db import UtcDateTime


class SeatRow(SQLModel, table=True):
    """A session at the broker in which devices' messages may wait. Who serves it is told by a lock, which ends with its
    process; the row stays, so that another process knows of the session and stores what is in it.
    """

    __tablename__ = "ingest_seat"

    name: str = Field(primary_key=True, max_length=32)
    state: str = Field(max_length=8)
    """Of `cloud.workers.seats.State`."""
    since: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
