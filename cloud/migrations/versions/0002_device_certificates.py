"""Certificates of devices, and the tokens they are enrolled with.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

from cloud.db import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_certificate",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("issuer", sa.String(40), nullable=False),
        sa.Column("serial", sa.String(32), nullable=False),
        sa.Column("key_print", sa.LargeBinary(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("not_after", UtcDateTime(), nullable=False),
        sa.Column("valid_until", UtcDateTime(), nullable=False),
        sa.Column("renews", sa.LargeBinary(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"]),
        sa.PrimaryKeyConstraint("fingerprint"),
    )
    with op.batch_alter_table("device_certificate", schema=None) as batch_op:
        batch_op.create_index("ix_device_certificate_not_after", ["not_after"], unique=False)
        batch_op.create_index(batch_op.f("ix_device_certificate_product_id"), ["product_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_device_certificate_key_print"), ["key_print"], unique=False)
    op.create_table(
        "enrolment_token",
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("key_print", sa.LargeBinary(), nullable=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"]),
        sa.PrimaryKeyConstraint("product_id"),
        sa.UniqueConstraint("token_hash"),
    )
    with op.batch_alter_table("enrolment_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_enrolment_token_expires_at"), ["expires_at"], unique=False)
    op.create_table(
        "device_ended",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"]),
        sa.PrimaryKeyConstraint("number"),
    )


def downgrade() -> None:
    op.drop_table("device_ended")
    op.drop_table("enrolment_token")
    op.drop_table("device_certificate")
