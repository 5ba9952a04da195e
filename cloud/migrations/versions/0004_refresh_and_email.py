"""Refresh tokens of phones, verified addresses, mail that waits, and journeys that were joined.

Revision 0004, after 0003. A token from before becomes a refresh token, so that nobody has to start anew.
"""

import sqlalchemy as sa
from alembic import op

from cloud.db import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OF_PHONES = (
    ("visit_id", sa.String(26)),
    ("access_hash", sa.LargeBinary()),
    ("access_until", UtcDateTime()),
    ("last_access_hash", sa.LargeBinary()),
    ("last_access_until", UtcDateTime()),
    ("refresh_hash", sa.LargeBinary()),
    ("previous_refresh_hash", sa.LargeBinary()),
    ("refreshed_at", UtcDateTime()),
    ("answer_key", sa.LargeBinary()),
    ("answer", sa.LargeBinary()),
)


def upgrade() -> None:
    with op.batch_alter_table("phone_session", schema=None) as batch_op:
        for name, kind in OF_PHONES:
            batch_op.add_column(sa.Column(name, kind, nullable=True))
    op.execute("UPDATE phone_session SET refresh_hash = token_hash, refreshed_at = created_at WHERE kind = 'phone'")
    _make_email_tables()
    op.create_table(
        "mail",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("letter", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mail_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mail_not_before"), ["not_before"], unique=False)
    op.create_table(
        "journey_alias",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("journey_id", sa.String(26), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("journey_alias", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_journey_alias_journey_id"), ["journey_id"], unique=False)


def _make_email_tables() -> None:
    op.create_table(
        "email_address",
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("verified_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("person_id"),
        sa.UniqueConstraint("mac"),
    )
    op.create_table(
        "email_proof",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.String(26), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("joined", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    with op.batch_alter_table("email_proof", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_email_proof_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_email_proof_session_id"), ["session_id"], unique=False)
    op.create_table(
        "email_allowance",
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("day", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("mac"),
    )
    with op.batch_alter_table("email_allowance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_email_allowance_day"), ["day"], unique=False)


def downgrade() -> None:
    for name in ("journey_alias", "mail", "email_allowance", "email_proof", "email_address"):
        op.drop_table(name)
    with op.batch_alter_table("phone_session", schema=None) as batch_op:
        for name, _ in reversed(OF_PHONES):
            batch_op.drop_column(name)
