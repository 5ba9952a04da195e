"""Rows of content: drafts, which change, and versions, which never do."""

from datetime import datetime

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from cloud.db import UtcDateTime


class ContentDraftRow(SQLModel, table=True):
    """Content that somebody works on. files: `service.packed`. revision: moves with each change."""

    __tablename__ = "content_draft"

    id: str = Field(primary_key=True, max_length=26)
    profile: str = Field(max_length=32, index=True)
    name: str = Field(max_length=100)
    revision: int = 1
    from_version: int = 0
    files: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    changed_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    changed_by: str = Field(max_length=40)


class ContentVersionRow(SQLModel, table=True):
    """Content as it was published. The highest version of a profile is what its menus are made of.

    again_of: the older version whose files these are, when it was taken back to. published_by: as the audit log says.
    """

    __tablename__ = "content_version"

    profile: str = Field(primary_key=True, max_length=32)
    version: int = Field(primary_key=True)
    digest: str = Field(max_length=64)
    files: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    again_of: int | None = None
    note: str = Field(max_length=500)
    published_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    published_by: str = Field(max_length=40)
