"""Spans of telemetry, its series, and indexes without the entries that nobody looks for.

Revision 0007, after 0006. PostgreSQL: telemetry and the series are cut into spans of time; rows that are there already
get the spans that they need. What is in no series yet waits as a batch, as what comes from now on.
"""

from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from alembic import op

from cloud.db import JsonText, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WIDTHS = {"telemetry": 1, "telemetry_minute": 1, "telemetry_hour": 30, "telemetry_day": 360}
"""Days in a span; all are counted from the first of January 1970."""
SET_ONLY = {
    "ix_journal_journey": ("journal", ["journey_id", "seq"]),
    "ix_journal_person_id": ("journal", ["person_id"]),
}
SET_ONLY |= {"ix_outbox_person_id": ("outbox", ["person_id"])}
COLUMNS = "batch, product_id, boot, seq, at, received_at, time, measurements"
PLACED = {
    "postgresql": "CASE WHEN at BETWEEN received_at - interval '90 days' AND received_at THEN at ELSE received_at END",
    "sqlite": "CASE WHEN at BETWEEN strftime('%Y-%m-%dT%H:%M:%f', received_at, '-90 days') AND received_at "
    "THEN at ELSE received_at END",
}
"""What a device says of its time is believed for 90 days."""


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.create_table(
        "telemetry_batch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "telemetry_trimmed",
        sa.Column("span", sa.String(63), nullable=False),
        sa.Column("gtins", JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("span"),
    )
    for name in ("telemetry_minute", "telemetry_hour", "telemetry_day"):
        _make_series(name)
    _renew_telemetry(dialect)
    with op.batch_alter_table("model", schema=None) as batch_op:
        batch_op.add_column(sa.Column("telemetry_days", sa.Integer(), nullable=True))
    for name, (table, columns) in SET_ONLY.items():
        op.drop_index(name, table_name=table)
        where = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(name, table, columns, postgresql_where=where, sqlite_where=where)
    if dialect == "postgresql":
        op.execute("ALTER TABLE stream SET (fillfactor = 50)")
        op.execute("ALTER TABLE contact SET (fillfactor = 50)")


def _make_series(name: str) -> None:
    op.create_table(
        name,
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("start", UtcDateTime(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("left_out", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("product_id", "start"),
        postgresql_partition_by="RANGE (start)",
    )


def _renew_telemetry(dialect: str) -> None:
    """The rows of before, in a table of the new form."""
    op.drop_index("ix_telemetry_product_at", table_name="telemetry")
    op.rename_table("telemetry", "telemetry_before")
    op.create_table(
        "telemetry",
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("boot", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("time", UtcDateTime(), nullable=False),
        sa.Column("measurements", JsonText(), nullable=False),
        postgresql_partition_by="RANGE (received_at)",
    )
    if dialect == "postgresql":
        _make_spans()
    op.execute(
        "INSERT INTO telemetry_batch (received_at, messages) "
        "SELECT received_at, count(*) FROM telemetry_before GROUP BY received_at ORDER BY received_at"
    )
    op.execute(
        f"INSERT INTO telemetry ({COLUMNS}) "  # noqa: S608 - names of our own
        f"SELECT batch, product_id, boot, seq, at, received_at, {PLACED[dialect]}, measurements FROM ("
        "SELECT batch.id AS batch, before.* FROM telemetry_before AS before "
        "JOIN telemetry_batch AS batch ON batch.received_at = before.received_at) AS rows ORDER BY batch, id"
    )
    op.drop_table("telemetry_before")
    op.create_index("ix_telemetry_product_time", "telemetry", ["product_id", "time"])
    op.create_index(
        "ix_telemetry_batch",
        "telemetry",
        ["batch"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on", "pages_per_range": 32},
    )


def _make_spans() -> None:
    """A place for all that comes, and one for each span that there are rows of."""
    connection = op.get_bind()
    for table in WIDTHS:
        op.execute(f"CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT")
    for column, tables in {
        "received_at": ["telemetry"],
        "at": ["telemetry_minute", "telemetry_hour", "telemetry_day"],
    }.items():
        days = connection.execute(
            sa.text(f"SELECT DISTINCT ({column} AT TIME ZONE 'UTC')::date FROM telemetry_before")  # noqa: S608 - a name of our own
        ).scalars()
        known = list(days)
        for table in tables:
            for start in sorted({_start(day, WIDTHS[table]) for day in known if _sensible(day)}):
                _make_span(table, start)


def _sensible(day: date) -> bool:
    """Not what a clock says that was never set: such a time is believed by nobody."""
    return abs((datetime.now(UTC).date() - day).days) <= 366


def _start(day: date, width: int) -> date:
    since = (day - date(1970, 1, 1)).days
    return day - timedelta(days=since % width)


def _make_span(table: str, start: date) -> None:
    end = start + timedelta(days=WIDTHS[table])
    op.execute(
        f"CREATE TABLE {table}_{start:%Y%m%d} PARTITION OF {table} "
        f"FOR VALUES FROM ('{start} 00:00+00') TO ('{end} 00:00+00')"
    )


def downgrade() -> None:
    for name, (table, columns) in SET_ONLY.items():
        op.drop_index(name, table_name=table)
        op.create_index(name, table, columns)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE stream RESET (fillfactor)")
        op.execute("ALTER TABLE contact RESET (fillfactor)")
    with op.batch_alter_table("model", schema=None) as batch_op:
        batch_op.drop_column("telemetry_days")
    _restore_telemetry()
    for name in ("telemetry_day", "telemetry_hour", "telemetry_minute", "telemetry_trimmed", "telemetry_batch"):
        op.drop_table(name)


def _restore_telemetry() -> None:
    op.drop_index("ix_telemetry_batch", table_name="telemetry")
    op.drop_index("ix_telemetry_product_time", table_name="telemetry")
    op.rename_table("telemetry", "telemetry_after")
    op.create_table(
        "telemetry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("product_id", sa.String(26), nullable=False),
        sa.Column("boot", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("measurements", JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    kept = "product_id, boot, seq, at, received_at, measurements"
    op.execute(
        f"INSERT INTO telemetry ({kept}) SELECT {kept} FROM telemetry_after ORDER BY batch"  # noqa: S608 - names of our own
    )
    op.drop_table("telemetry_after")
    op.create_index("ix_telemetry_product_at", "telemetry", ["product_id", "at"])
