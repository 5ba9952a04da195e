"""Rows of consent."""

from datetime import datetime

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from broker.contract.messages import Json
from cloud.db import JsonText, UtcDateTime


class ReceiptRow(SQLModel, table=True):
    """What an opt-out wiped: counts per store, signed; it names nobody."""

    __tablename__ = "erasure_receipt"

    id: str = Field(primary_key=True, max_length=26)
    document: Json = Field(sa_column=Column(JsonText, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class ReceiptTokenRow(SQLModel, table=True):
    """A keyed hash of each token that the person had: it leads to the receipt, and to nothing else."""

    __tablename__ = "erasure_token"

    token_mac: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    receipt_id: str = Field(max_length=26, foreign_key="erasure_receipt.id", index=True)
