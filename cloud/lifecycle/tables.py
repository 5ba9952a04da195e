"""Rows of the lifecycle: projections of the journal."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, Text
from sqlmodel import Field, SQLModel

from broker.contract.messages import Json
from cloud.db import BigId, JsonText, UtcDateTime


class JourneyRow(SQLModel, table=True):
    """One customer's relationship with one product: with the model first, then with a unit.

    version: moves with every change that a menu could show. zone: all that is kept of proximity; no projection.
    """

    __tablename__ = "journey"
    __table_args__ = (Index("ix_journey_product", "product_id"), Index("ix_journey_person", "person_id", "gtin"))

    id: str = Field(primary_key=True, max_length=26)
    person_id: str = Field(max_length=26, foreign_key="person.id")
    gtin: str = Field(max_length=14)
    product_id: str | None = Field(default=None, max_length=26)
    role: str = Field(default="visitor", max_length=16)
    facts: str = Field(sa_column=Column(Text, nullable=False))
    stage: str = Field(max_length=16)
    stage_since: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    stalls: Json = Field(default_factory=list, sa_column=Column(JsonText, nullable=False))
    """Stalls that were reported and have not been resumed: [kind, key] each."""
    version: int = 0
    opened_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    changed_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    zone: Json = Field(default=None, sa_column=Column(JsonText, nullable=True))
    proven_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    proven_window: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    """Of the beacon's id that was the proof: `broker.contract.eid`."""


class MoveRow(SQLModel, table=True):
    """One change of stage, with its evidence. line: of `stage_of`, the one that decided."""

    __tablename__ = "move"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    journey_id: str = Field(max_length=26, index=True)
    from_stage: str = Field(max_length=16)
    to_stage: str = Field(max_length=16)
    line: int
    reason: str = Field(max_length=128)
    event_id: str = Field(max_length=160)
    happened_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    known_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class JourneyAliasRow(SQLModel, table=True):
    """A journey that was joined to another: what still comes under its id is meant for that one."""

    __tablename__ = "journey_alias"

    id: str = Field(primary_key=True, max_length=26)
    journey_id: str = Field(max_length=26, index=True)


class UnitFactsRow(SQLModel, table=True):
    """What is known of a unit whoever owns it: a journey that is linked to it begins with these facts."""

    __tablename__ = "unit_facts"

    product_id: str = Field(primary_key=True, max_length=26)
    facts: str = Field(sa_column=Column(Text, nullable=False))
