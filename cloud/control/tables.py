"""Rows of control."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from broker.contract.messages import Json
from cloud.db import JsonText, UtcDateTime


class CommandRow(SQLModel, table=True):
    """A command: queued, sent, accepted, then done, failed or expired."""

    __tablename__ = "command"

    id: str = Field(primary_key=True, max_length=26)
    product_id: str = Field(max_length=26, index=True)
    journey_id: str | None = Field(default=None, max_length=26)
    person_id: str | None = Field(default=None, max_length=26, index=True, foreign_key="person.id")
    name: str = Field(max_length=64)
    arguments: Json = Field(default_factory=dict, sa_column=Column(JsonText, nullable=False))
    status: str = Field(default="queued", max_length=16)
    detail: str = Field(default="", max_length=1024)
    result: Json = Field(default_factory=dict, sa_column=Column(JsonText, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    sent_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class CommandAskRow(SQLModel, table=True):
    """Who chose a command, on which item of which menu: several may have chosen the one that runs."""

    __tablename__ = "command_ask"

    id: str = Field(primary_key=True, max_length=26)
    command_id: str = Field(max_length=26, index=True)
    journey_id: str = Field(max_length=26, index=True)
    person_id: str = Field(max_length=26, index=True, foreign_key="person.id")
    item_id: str = Field(max_length=128)
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))
