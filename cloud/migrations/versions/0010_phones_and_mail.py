"""What phones and mail need further: what an address was told, and which mail counted for it.

Revision 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("email_proof", schema=None) as batch_op:
        batch_op.add_column(sa.Column("limited", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("email_allowance", schema=None) as batch_op:
        batch_op.add_column(sa.Column("turn", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.add_column(sa.Column("counted", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.drop_column("counted")
    with op.batch_alter_table("email_allowance", schema=None) as batch_op:
        batch_op.drop_column("turn")
    with op.batch_alter_table("email_proof", schema=None) as batch_op:
        batch_op.drop_column("limited")
