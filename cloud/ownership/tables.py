"""Rows of ownership: who is with a unit, what invites others, a change of hands under way, onlookers who were sent
away, failed attempts, proofs of place at demo units and what such proofs have opened.

Whose a unit is stands in the registry. No code is stored, only its hash; no address, only a keyed hash, for a day.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from cloud.db import BigId, UtcDateTime


class MemberRow(SQLModel, table=True):
    """Somebody who was invited to a unit: `household`, or `guest` until `expires_at`."""

    __tablename__ = "member"
    __table_args__ = (UniqueConstraint("product_id", "person_id"),)

    id: str = Field(primary_key=True, max_length=26)
    product_id: str = Field(max_length=26, foreign_key="product.id")
    person_id: str = Field(max_length=26, index=True, foreign_key="person.id")
    journey_id: str = Field(max_length=26)
    role: str = Field(max_length=16)
    since: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class InvitationRow(SQLModel, table=True):
    """An invitation that nobody has taken. person_id: the owner who made it. lasts_s: how long the guest may stay."""

    __tablename__ = "invitation"

    id: str = Field(primary_key=True, max_length=26)
    product_id: str = Field(max_length=26, index=True, foreign_key="product.id")
    person_id: str = Field(max_length=26, index=True, foreign_key="person.id")
    role: str = Field(max_length=16)
    lasts_s: int | None = Field(default=None, sa_column=Column(Integer, nullable=True))
    code_hash: bytes = Field(sa_column=Column(LargeBinary, unique=True, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class TransferRow(SQLModel, table=True):
    """A change of hands. person_id: the owner who gives; receiver_id: who has taken the link.

    open_for: the unit while it is under way, so that there is one at a time. check_code: shown to both, so that the
    owner sees that the right one has taken the link.
    """

    __tablename__ = "transfer"

    id: str = Field(primary_key=True, max_length=26)
    product_id: str = Field(max_length=26, index=True, foreign_key="product.id")
    open_for: str | None = Field(default=None, max_length=26, unique=True)
    person_id: str = Field(max_length=26, index=True, foreign_key="person.id")
    receiver_id: str | None = Field(default=None, max_length=26, index=True, foreign_key="person.id")
    state: str = Field(max_length=16)
    code_hash: bytes = Field(sa_column=Column(LargeBinary, unique=True, nullable=False))
    check_code: str = Field(default="", max_length=8)
    journey_id: str | None = Field(default=None, max_length=26)
    """The new owner's, once it is done."""
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class OnlookersEndedRow(SQLModel, table=True):
    """When the owner last ended everybody who looked on, and how many those were. Who they were is not kept."""

    __tablename__ = "onlookers_ended"

    product_id: str = Field(primary_key=True, max_length=26, foreign_key="product.id")
    ended_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    count: int


class ClaimFailureRow(SQLModel, table=True):
    """A failed attempt. subject: keyed hash of what it was about, so that a unit that does not exist counts alike;
    source: keyed hash of the address.
    """

    __tablename__ = "claim_failure"
    __table_args__ = (
        Index("ix_claim_failure_unit", "subject", "at"),
        Index("ix_claim_failure_pair", "subject", "source", "at"),
        Index("ix_claim_failure_person", "subject", "person_id", "at"),
        Index("ix_claim_failure_source", "source", "at"),
        Index("ix_claim_failure_at", "at"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    subject: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    source: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    person_id: str | None = Field(default=None, max_length=26, index=True, foreign_key="person.id")
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class ProvenActRow(SQLModel, table=True):
    """Something that a proof of place has opened, or, with an empty action, that somebody proved to be at a demo unit.

    eid_window: of the beacon's id that was the proof, as `broker.contract.eid` numbers them. person_id: nobody, once
    they have left; what was opened still counts for the unit then.
    """

    __tablename__ = "proven_act"
    __table_args__ = (Index("ix_proven_act_unit", "product_id", "at"), Index("ix_proven_act_at", "at"))

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    product_id: str = Field(max_length=26, foreign_key="product.id")
    person_id: str | None = Field(default=None, max_length=26, index=True, foreign_key="person.id")
    action: str = Field(max_length=64)
    eid_window: int = Field(sa_column=Column(BigInteger, nullable=False))
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
