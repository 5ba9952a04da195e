"""People who look at a unit of somebody else.

Revision 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

from cloud.db import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "onlookers_ended",
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"]),
        sa.PrimaryKeyConstraint("product_id"),
    )


def downgrade() -> None:
    op.drop_table("onlookers_ended")
