"""What phones and mail need further: what an address was told, and which mail counted for it; and how certificates end.

Revision 0010, after 0009. Units that were retired before retiring ended what they connect with lose it here.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from cloud.db import UtcDateTime

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
    op.create_index("ix_device_certificate_valid_until", "device_certificate", ["valid_until"], unique=False)
    _end_the_retired()


def _end_the_retired() -> None:
    """As `devices.revoke` does it, for all that are retired and could still connect."""
    connection, now = op.get_bind(), datetime.now(UTC)
    product = sa.table("product", sa.column("id"), sa.column("state"))
    ended = sa.table("device_ended", sa.column("number"), sa.column("product_id"), sa.column("ended_at", UtcDateTime()))
    retired = sa.select(product.c.id).where(product.c.state == "retired")
    found: set[str] = set()
    for name in ("device_certificate", "device_credential"):
        table = sa.table(name, sa.column("product_id"), sa.column("revoked_at", UtcDateTime()))
        live = sa.and_(table.c.product_id.in_(retired), table.c.revoked_at.is_(None))
        found |= set(connection.execute(sa.select(table.c.product_id).where(live)).scalars())
        connection.execute(sa.update(table).where(live).values(revoked_at=now))
    tokens = sa.table("enrolment_token", sa.column("product_id"))
    connection.execute(sa.delete(tokens).where(tokens.c.product_id.in_(retired)))
    newest = connection.execute(sa.select(sa.func.max(ended.c.number))).scalar() or 0
    rows = [
        {"number": number, "product_id": one, "ended_at": now}
        for number, one in enumerate(sorted(found), start=newest + 1)
    ]
    if rows:
        connection.execute(sa.insert(ended), rows)


def downgrade() -> None:
    op.drop_index("ix_device_certificate_valid_until", "device_certificate")
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.drop_column("counted")
    with op.batch_alter_table("email_allowance", schema=None) as batch_op:
        batch_op.drop_column("turn")
    with op.batch_alter_table("email_proof", schema=None) as batch_op:
        batch_op.drop_column("limited")
