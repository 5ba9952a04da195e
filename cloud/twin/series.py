"""The series: made from telemetry soon after it is stored, and read for charts.

Ingest notes each batch of telemetry that it stores; here the batches are taken, in one transaction with what comes of
them, so that each message is in the series once: a batch is there as soon as its messages are, however long another
transaction takes, and gone as soon as they are counted.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cloud.db import Transaction, UtcDateTime, table_of
from cloud.record import service as record
from cloud.record.bulk import among, put_many, those
from cloud.twin.keeping import keeping_of, over
from cloud.twin.retention import DAYS, FOR_EVER, HOURS, MINUTES, Cut, Terms
from cloud.twin.series_rules import (
    Batch,
    Bucket,
    Buckets,
    Every,
    Tallies,
    from_text,
    merged,
    next_together,
    readings_of,
    to_text,
    wider,
)
from cloud.twin.tables import DayRow, HourRow, MinuteRow
from cloud.twin.telemetry import batch_table

TABLES: Mapping[Every, tuple[Cut, sa.Table]] = {
    Every.MINUTE: (MINUTES, table_of(MinuteRow)),
    Every.HOUR: (HOURS, table_of(HourRow)),
    Every.DAY: (DAYS, table_of(DayRow)),
}
LOCK = "telemetry series"
"""Who changes the series holds it: what is known is read, and written again with what is new."""
AT_ONCE = 40_000
"""Messages in one transaction, about."""
_LOOK_AT = 4_000
_WRITE_AT_ONCE = 40_000
"""Buckets in one statement: one message can have five hundred times of its own."""


def is_behind(tx: Transaction) -> bool:
    """Some telemetry is in no series yet."""
    return tx.session.execute(sa.select(batch_table.c.id).limit(1)).first() is not None


def complete_to(tx: Transaction) -> datetime:
    """The series hold all that was received before this time."""
    oldest = sa.select(batch_table.c.received_at).order_by(batch_table.c.id).limit(1)
    waiting: datetime | None = tx.session.execute(oldest).scalar()
    return tx.now if waiting is None else waiting


def roll(tx: Transaction, at_most: int = AT_ONCE, terms: Terms = FOR_EVER) -> int:
    """Takes the next batches into the series; how many messages these were, 0 when nothing waits. terms: how long the
    deployment keeps what comes of them; what is over is not written.
    """
    record.lock(tx, {LOCK})
    query = sa.select(batch_table).order_by(batch_table.c.id).limit(_LOOK_AT)
    waiting = [Batch(row.id, row.received_at, row.messages) for row in tx.session.execute(query)]
    taken = next_together(waiting, at_most)
    if not taken:
        return 0
    tx.session.execute(sa.delete(batch_table).where(among(tx, batch_table.c.id, [one.id for one in taken])))
    found = _tallied(tx, taken).buckets()
    keeping = keeping_of(tx, terms)
    for every, (cut, table) in TABLES.items():
        new = found if every is Every.MINUTE else wider(found, every)
        gone = over(tx, cut, keeping, new.keys())
        _add(tx, table, {place: bucket for place, bucket in new.items() if place not in gone})
    return sum(one.messages for one in taken)


def _tallied(tx: Transaction, taken: tuple[Batch, ...]) -> Tallies:
    """What the messages of these batches say. The database writes those of a batch as one text: to fetch and to decode
    them one by one costs several times as much, and to sum them up there three times as much.
    """
    ids = {one.id for one in taken}
    received = [one.received_at for one in taken]
    values = {"first": min(ids), "last": max(ids), "start": min(received), "end": max(received)}
    tallies = Tallies()
    for batch, text in tx.session.execute(_TEXTS[tx.sqlite], values):
        if batch in ids:
            tallies.add(readings_of(text))
    return tallies


def _texts(microseconds: str, joined: str) -> sa.TextClause:
    """microseconds, joined: how the database says a column's time, and a text of many."""
    time, received = (microseconds.format(column=column) for column in ("time", "received_at"))
    reading = (
        f"""'["' || product_id || '",' || boot || ',' || seq || ',' || {time} || ',' || {received} || ',' """
        "|| measurements || ']'"
    )
    return sa.text(
        f"SELECT batch, '[' || {joined}({reading}, ',') || ']' FROM telemetry "  # noqa: S608 - names of our own
        "WHERE batch BETWEEN :first AND :last AND received_at BETWEEN :start AND :end GROUP BY batch"
    ).bindparams(sa.bindparam("start", type_=UtcDateTime()), sa.bindparam("end", type_=UtcDateTime()))


_TEXTS: Mapping[bool, sa.TextClause] = {
    # A double holds the microseconds of each time until the year 2105.
    False: _texts("CAST(date_part('epoch', {column}) * 1000000 AS bigint)", "string_agg"),
    True: _texts("(strftime('%s', substr({column}, 1, 19)) * 1000000 + substr({column}, 21, 6))", "group_concat"),
}
"""By whether it is SQLite, where a time is `UtcDateTime`'s text."""


def _add(tx: Transaction, table: sa.Table, new: Buckets) -> None:
    ordered = sorted(new)
    for at in range(0, len(ordered), _WRITE_AT_ONCE):
        keys = ordered[at : at + _WRITE_AT_ONCE]
        known = _known(tx, table, keys)
        rows = []
        for key in keys:
            whole = merged(known[key], new[key]) if key in known else new[key]
            rows.append({"product_id": key[0], "start": key[1], "fields": to_text(whole), "left_out": whole.left_out})
        put_many(tx, table, rows, keys=["product_id", "start"], replaced=["fields", "left_out"])


def _known(tx: Transaction, table: sa.Table, keys: Sequence[tuple[str, datetime]]) -> Buckets:
    starts = [start for _, start in keys]
    query = sa.select(table).where(
        those(tx, (table.c.product_id, table.c.start), keys),
        table.c.start.between(min(starts), max(starts)),  # spares the spans in which none of them lies
    )
    return {(row.product_id, row.start): from_text(row.fields, row.left_out) for row in tx.session.execute(query)}


def read(
    tx: Transaction,
    product_id: str,
    every: Every,
    start: datetime,
    end: datetime,
    limit: int,
    after: datetime | None = None,
) -> list[tuple[datetime, Bucket]]:
    """Buckets of a unit that begin from `start` until before `end`, in order. after: the last start that is known."""
    _, table = TABLES[every]
    query = sa.select(table).where(table.c.product_id == product_id, table.c.start >= start, table.c.start < end)
    if after is not None:
        query = query.where(table.c.start > after)
    rows: list[Any] = list(tx.session.execute(query.order_by(table.c.start).limit(limit)))
    return [(row.start, from_text(row.fields, row.left_out)) for row in rows]
