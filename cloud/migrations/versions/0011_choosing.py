"""Who chose a command, and which proofs of place are used up.

Revision 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

from cloud.db import BigId, UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "command_ask",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("command_id", sa.String(26), nullable=False),
        sa.Column("journey_id", sa.String(26), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("item_id", sa.String(128), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("command_id", "journey_id", "person_id", "at"):
        op.create_index(f"ix_command_ask_{column}", "command_ask", [column], unique=False)
    op.create_table(
        "proven_act",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=True),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("eid_window", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_proven_act_unit", "proven_act", ["product_id", "at"], unique=False)
    op.create_index("ix_proven_act_at", "proven_act", ["at"], unique=False)
    op.create_index("ix_proven_act_person_id", "proven_act", ["person_id"], unique=False)
    with op.batch_alter_table("journey", schema=None) as batch_op:
        batch_op.add_column(sa.Column("proven_window", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("journey", schema=None) as batch_op:
        batch_op.drop_column("proven_window")
    op.drop_table("proven_act")
    op.drop_table("command_ask")
