"""Rows of the registry."""

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from broker.contract.messages import Json
from cloud.db import JsonText, UtcDateTime


class ModelRow(SQLModel, table=True):
    """A product model. links: where menu items may lead (shop, product, compare, video, reorder, nearest_shop)."""

    __tablename__ = "model"

    gtin: str = Field(primary_key=True, max_length=14)
    name: str = Field(max_length=120)
    brand: str = Field(max_length=120)
    profile: str = Field(max_length=64)
    links: Json = Field(default_factory=dict, sa_column=Column(JsonText, nullable=False))
    telemetry_days: int | None = None
    """How long telemetry of its units is kept; 0: for ever; None: as long as the deployment says."""
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class ProductRow(SQLModel, table=True):
    """A unit. owner_person_id moves by compare-and-set only. version: for `If-Match`."""

    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("gtin", "serial"), Index("ix_product_owner", "owner_person_id"))

    id: str = Field(primary_key=True, max_length=26)
    gtin: str = Field(max_length=14, foreign_key="model.gtin")
    serial: str = Field(max_length=20)
    state: str = Field(default="registered", max_length=16)
    claim_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    owner_person_id: str | None = Field(default=None, max_length=26, foreign_key="person.id")
    shop_id: str | None = Field(default=None, max_length=26)
    """The shop in which it stands as a demo unit."""
    beacon_uid: str = Field(max_length=32, unique=True)
    beacon_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """Identity key for ephemeral ids, sealed."""
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class LinkRow(SQLModel, table=True):
    """A link of the resolver: of a model; of a lot of it (`lot`); or of one unit (`product_id`). type: `gs1:pip`.

    position: its place in the list as the operator gave it. There is nothing personal in it.
    """

    __tablename__ = "resolver_link"
    __table_args__ = (Index("ix_resolver_link_gtin", "gtin", "lot", "position"),)

    id: str = Field(primary_key=True, max_length=26)
    gtin: str = Field(max_length=14, foreign_key="model.gtin")
    lot: str | None = Field(default=None, max_length=20)
    product_id: str | None = Field(default=None, max_length=26, foreign_key="product.id", index=True)
    position: int
    type: str = Field(max_length=100)
    href: str = Field(max_length=2000)
    title: str = Field(max_length=200)
    languages: Json = Field(sa_column=Column(JsonText, nullable=False))
    media_type: str = Field(max_length=100)
    contexts: Json = Field(sa_column=Column(JsonText, nullable=False))
    is_default: bool
