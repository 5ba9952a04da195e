"""Links of the resolver.

Revision 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

from cloud.db import JsonText

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "resolver_link",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("gtin", sa.String(14), nullable=False),
        sa.Column("lot", sa.String(20), nullable=True),
        sa.Column("product_id", sa.String(26), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("href", sa.String(2000), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("languages", JsonText(), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("contexts", JsonText(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["gtin"], ["model.gtin"]),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("resolver_link", schema=None) as batch_op:
        batch_op.create_index("ix_resolver_link_gtin", ["gtin", "lot", "position"], unique=False)
        batch_op.create_index(batch_op.f("ix_resolver_link_product_id"), ["product_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("resolver_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_resolver_link_product_id"))
        batch_op.drop_index("ix_resolver_link_gtin")

    op.drop_table("resolver_link")
