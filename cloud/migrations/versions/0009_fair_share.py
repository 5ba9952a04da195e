"""Sessions that ingest workers have at the broker.

Revision 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

from cloud.db import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ingest_seat",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    op.drop_table("ingest_seat")
