"""The spans of telemetry in the database: made ahead of their time, and taken away when nobody needs them any more.

On PostgreSQL a span is a partition. One goes as a whole, which costs the same however much is in it; where some models
need it and others do not, it is written anew with what stays. What lies in no span lies in the rest, a partition for
what has no other place. On SQLite there is one table of each kind, and what is old is deleted a little at a time.

Any number of schedulers may do this at once: whoever comes second waits, and finds it done.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from cloud.db import Transaction, UtcDateTime
from cloud.record import service as record
from cloud.twin import series
from cloud.twin.keeping import keeping_of, trimmed_table
from cloud.twin.retention import CUTS, MESSAGES, Cut, Keeping, Span, Terms, by_cutoff, missing, span_named, verdict
from cloud.twin.tables import TrimmedRow
from cloud.twin.telemetry import batch_table

MAKING, CLEARING = ("spans", "all"), ("retention", "all")
"""Timers. Two, so that what cannot be taken away now does not keep from making what will be needed."""
EVERY = timedelta(hours=1)
LOCK = "telemetry spans"
PATIENCE = "1s"
"""How long this waits for a whole table, and lets those who write wait behind it; then it comes again."""
AT_ONCE = 2_000
"""Rows of SQLite that go in one transaction: nobody else writes meanwhile."""


# --- making them ahead ---


def make_ahead(tx: Transaction, _subject: str = "") -> None:
    """Duty: makes the spans that will be needed, and comes again. What is there already is left as it is."""
    if tx.sqlite:
        record.set_timers(tx, {MAKING: None})
        return
    _take_patiently(tx, {LOCK})
    names = [name for cut in CUTS for name in _parts(tx, cut)]
    for span in missing(tx.now, names):
        _make(tx, span)
    record.set_timers(tx, {MAKING: tx.now + EVERY})


def _take_patiently(tx: Transaction, subjects: set[str]) -> None:
    record.lock(tx, subjects)
    tx.session.execute(sa.text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))


def _parts(tx: Transaction, cut: Cut) -> list[str]:
    query = sa.text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:parent AS regclass)")
    return list(tx.session.execute(query, {"parent": cut.table}).scalars())


def _make(tx: Transaction, span: Span) -> None:
    """The rest may hold rows of it, if nobody made it in time: they come along, in this one transaction."""
    table, rest, column = span.cut.table, _rest(span.cut), span.cut.column
    bounds = {"start": span.start, "end": span.end}
    for statement in (
        f"CREATE TABLE {span.name} (LIKE {table} INCLUDING DEFAULTS INCLUDING STORAGE)",
        f"LOCK TABLE {rest} IN ACCESS EXCLUSIVE MODE",
    ):
        tx.session.execute(sa.text(statement))
    moved = (
        f"WITH moved AS (DELETE FROM {rest} WHERE {column} >= :start AND {column} < :end RETURNING *) "  # noqa: S608 - names of our own
        f"INSERT INTO {span.name} SELECT * FROM moved"
    )
    tx.session.execute(sa.text(moved), bounds)
    # Attached and not made in place: whoever writes to the table need not wait.
    tx.session.execute(
        sa.text(
            f"ALTER TABLE {table} ATTACH PARTITION {span.name} "
            f"FOR VALUES FROM ('{span.start.isoformat()}') TO ('{span.end.isoformat()}')"
        )
    )


def _rest(cut: Cut) -> str:
    return f"{cut.table}_rest"


# --- taking away what nobody needs ---


def clear(tx: Transaction, terms: Terms) -> None:
    """Duty: takes away one thing that is not kept any more, and comes again: at once, while there is more."""
    keeping = keeping_of(tx, terms)
    more = _delete_some(tx, keeping) if tx.sqlite else _clear_one(tx, keeping)
    record.set_timers(tx, {CLEARING: tx.now if more else tx.now + EVERY})


def _clear_one(tx: Transaction, keeping: Keeping) -> bool:
    _take_patiently(tx, {LOCK, series.LOCK})
    for span in (one for cut in CUTS for one in _there(tx, cut)):
        said = verdict(span, keeping, tx.now)
        if not (said.whole or said.gtins) or _is_waited_for(tx, span):
            continue
        if said.whole:
            tx.session.execute(sa.text(f"DROP TABLE {span.name}"))
            tx.session.execute(sa.delete(trimmed_table).where(trimmed_table.c.span == span.name))
            return True
        if said.gtins - _trimmed(tx, span):
            _trim(tx, span, said.gtins)
            return True
    _clear_rest(tx, keeping)
    return False


def _there(tx: Transaction, cut: Cut) -> list[Span]:
    """Those that are there, the oldest first; a part with another name than ours is somebody else's, and left alone."""
    return sorted((span for name in _parts(tx, cut) if (span := span_named(cut, name))), key=lambda span: span.start)


def _is_waited_for(tx: Transaction, span: Span) -> bool:
    """Messages in it are in no series yet."""
    if span.cut != MESSAGES:
        return False
    table = batch_table
    query = sa.select(table.c.id).where(table.c.received_at >= span.start, table.c.received_at < span.end).limit(1)
    return tx.session.execute(query).first() is not None


def _trimmed(tx: Transaction, span: Span) -> set[str]:
    row = tx.session.get(TrimmedRow, span.name)
    return set() if row is None else set(row.gtins)


def _trim(tx: Transaction, span: Span, gtins: Iterable[str]) -> None:
    """What stays is written anew: deleted rows would keep their room for as long as the span is there."""
    kept = (
        f"CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT one.* FROM {span.name} AS one WHERE NOT EXISTS "  # noqa: S608 - names of our own
        "(SELECT 1 FROM product WHERE product.id = one.product_id AND product.gtin = ANY(CAST(:gtins AS text[])))"
    )
    tx.session.execute(sa.text(f"LOCK TABLE {span.name} IN EXCLUSIVE MODE"))
    tx.session.execute(sa.text(kept), {"gtins": sorted(gtins)})
    tx.session.execute(sa.text(f"TRUNCATE {span.name}"))
    tx.session.execute(sa.text(f"INSERT INTO {span.name} SELECT * FROM kept"))  # noqa: S608 - names of our own
    tx.session.merge(TrimmedRow(span=span.name, gtins=sorted(gtins)))


def _clear_rest(tx: Transaction, keeping: Keeping) -> None:
    for cut in CUTS:
        deletion = sa.text(
            f"DELETE FROM {_rest(cut)} AS one USING product WHERE product.id = one.product_id "  # noqa: S608 - names of our own
            f"AND product.gtin = ANY(CAST(:gtins AS text[])) AND one.{cut.column} < :oldest"
            f"{_UNCOUNTED[cut == MESSAGES]}"
        )
        for oldest, gtins in by_cutoff(keeping.of(cut), tx.now).items():
            tx.session.execute(deletion, {"gtins": gtins, "oldest": oldest})


_UNCOUNTED = {False: "", True: " AND one.batch NOT IN (SELECT id FROM telemetry_batch)"}
"""Messages stay until they are in the series."""


def _delete_some(tx: Transaction, keeping: Keeping) -> bool:
    for cut in CUTS:
        for oldest, gtins in by_cutoff(keeping.of(cut), tx.now).items():
            if _delete(tx, cut, oldest, gtins) == AT_ONCE:
                return True
    return False


def _delete(tx: Transaction, cut: Cut, oldest: datetime, gtins: list[str]) -> int:
    """By unit, as the index has it. A message's place in time is no later than its receipt."""
    place = "time" if cut == MESSAGES else "start"
    deletion = sa.text(
        f"DELETE FROM {cut.table} WHERE rowid IN (SELECT one.rowid FROM product CROSS JOIN {cut.table} AS one "  # noqa: S608 - names of our own
        f"ON one.product_id = product.id WHERE product.gtin IN :gtins AND one.{place} < :oldest "
        f"AND one.{cut.column} < :oldest{_UNCOUNTED[cut == MESSAGES]} LIMIT {AT_ONCE})"
    ).bindparams(sa.bindparam("gtins", expanding=True), sa.bindparam("oldest", type_=UtcDateTime()))
    found: Any = tx.session.execute(deletion, {"gtins": gtins, "oldest": oldest})
    return int(found.rowcount)
