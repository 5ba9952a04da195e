"""Members, invitations, transfers, and what claiming remembers.

Revision 0005, after 0004. Attempts are counted anew: what was counted per person alone is of no use any more.
"""

import sqlalchemy as sa
from alembic import op

from cloud.db import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FAILURES = {
    "ix_claim_failure_unit": ["subject", "at"],
    "ix_claim_failure_pair": ["subject", "source", "at"],
    "ix_claim_failure_person": ["subject", "person_id", "at"],
    "ix_claim_failure_source": ["source", "at"],
    "ix_claim_failure_at": ["at"],
    "ix_claim_failure_person_id": ["person_id"],
}


def upgrade() -> None:
    _make_people()
    _make_transfers()
    op.create_table(
        "claim_failure",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=True),
        sa.Column("person_id", sa.String(26), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for name, columns in FAILURES.items():
        op.create_index(name, "claim_failure", columns, unique=False)
    op.drop_table("claim_attempt")


def _make_people() -> None:
    op.create_table(
        "member",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("journey_id", sa.String(26), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("product_id", "person_id"),
    )
    op.create_index("ix_member_person_id", "member", ["person_id"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("lasts_s", sa.Integer(), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code_hash"),
    )
    op.create_index("ix_invitation_product_id", "invitation", ["product_id"], unique=False)
    op.create_index("ix_invitation_person_id", "invitation", ["person_id"], unique=False)


def _make_transfers() -> None:
    op.create_table(
        "transfer",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("open_for", sa.String(26), nullable=True),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("receiver_id", sa.String(26), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("check_code", sa.String(8), nullable=False),
        sa.Column("journey_id", sa.String(26), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["receiver_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("open_for"),
        sa.UniqueConstraint("code_hash"),
    )
    for column in ("product_id", "person_id", "receiver_id"):
        op.create_index(f"ix_transfer_{column}", "transfer", [column], unique=False)


def downgrade() -> None:
    op.create_table(
        "claim_attempt",
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("window_start", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("product_id", "person_id"),
    )
    op.create_index("ix_claim_attempt_person_id", "claim_attempt", ["person_id"], unique=False)
    for name in ("claim_failure", "transfer", "invitation", "member"):
        op.drop_table(name)
