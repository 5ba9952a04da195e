"""Web push: which browsers want to be told, and what waits to be told them.

Revision 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

from cloud.db import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "push_subscription",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("session_id", sa.String(26), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("listens_until", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["phone_session.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mac"),
    )
    op.create_index("ix_push_subscription_session_id", "push_subscription", ["session_id"], unique=True)
    op.create_index("ix_push_subscription_person_id", "push_subscription", ["person_id"], unique=False)
    op.create_table(
        "push_message",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("subscription_id", sa.String(26), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("journey_id", sa.String(26), nullable=False),
        sa.Column("word", sa.String(32), nullable=False),
        sa.Column("topic", sa.String(32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["subscription_id"], ["push_subscription.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_push_message_due", "push_message", ["sent_at", "not_before"], unique=False)
    for column in ("subscription_id", "person_id", "journey_id", "expires_at"):
        op.create_index(f"ix_push_message_{column}", "push_message", [column], unique=False)


def downgrade() -> None:
    op.drop_table("push_message")
    op.drop_table("push_subscription")
