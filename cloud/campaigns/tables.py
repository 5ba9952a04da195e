"""Rows of campaigns."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from cloud.db import UtcDateTime


class CampaignRow(SQLModel, table=True):
    """A campaign: it speaks to customers in `stage` about one model, in one channel. target: where its link leads."""

    __tablename__ = "campaign"

    id: str = Field(primary_key=True, max_length=26)
    name: str = Field(max_length=120)
    stage: str = Field(max_length=16)
    gtin: str = Field(max_length=14, foreign_key="model.gtin")
    channel: str = Field(max_length=16)
    target: str = Field(default="", max_length=500)
    active: bool = True
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class ReferralRow(SQLModel, table=True):
    """A referral link of one customer. Nothing in it names them once they have left."""

    __tablename__ = "referral"

    code: str = Field(primary_key=True, max_length=16)
    journey_id: str = Field(max_length=26, index=True)
    person_id: str = Field(max_length=26, index=True, foreign_key="person.id")
    gtin: str = Field(max_length=14)
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
