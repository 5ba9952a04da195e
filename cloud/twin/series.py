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
    no_heavier,
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
AT_ONCE_BYTES = 6 * 1024 * 1024
"""Of measurements in one transaction, about: a message can have five hundred, and what they say is all in memory."""
_LOOK_AT = 4_000
_ALONE = sa.text("SET LOCAL max_parallel_workers_per_gather = 0")
"""Processes that help to read cost PostgreSQL more to start than they spare; what devices say now needs the room."""
_WRITE_AT_ONCE = 1_000
"""Buckets in one statement: one message can have five hundred times of its own, and each bucket 256 fields."""


def is_behind(tx: Transaction) -> bool:
    """Some telemetry is in no series yet."""
    return tx.session.execute(sa.select(batch_table.c.id).limit(1)).first() is not None


def complete_to(tx: Transaction) -> datetime:
    """The series hold all that was received before this time."""
    oldest = sa.select(batch_table.c.received_at).order_by(batch_table.c.id).limit(1)
    waiting: datetime | None = tx.session.execute(oldest).scalar()
    return tx.now if waiting is None else waiting


def roll(tx: Transaction, at_most: int = AT_ONCE, terms: Terms = FOR_EVER) -> int:
    """Takes the next batches into the series; how many messages these were, 0 when nothing waits. at_most: messages,
    about; fewer where they say so much that it would be more than `AT_ONCE_BYTES`. terms: how long the deployment keeps
    what comes of them; what is over is not written.
    """
    record.lock(tx, {LOCK})
    if not tx.sqlite:
        tx.session.execute(_ALONE)
    taken = _next(tx, at_most)
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


def _next(tx: Transaction, at_most: int) -> tuple[Batch, ...]:
    """The batches of this round. What they weigh is asked before any of it is fetched."""
    query = sa.select(batch_table).order_by(batch_table.c.id).limit(_LOOK_AT)
    waiting = [Batch(row.id, row.received_at, row.messages) for row in tx.session.execute(query)]
    return no_heavier(
        next_together(waiting, at_most),
        lambda taken: tx.session.execute(_WEIGHT[tx.sqlite], _place(taken)).scalar() or 0,
        AT_ONCE_BYTES,
    )


def _place(taken: tuple[Batch, ...]) -> dict[str, Any]:
    """From where to where the rows of these batches lie, and of some that came between."""
    ids, received = [one.id for one in taken], [one.received_at for one in taken]
    return {"first": min(ids), "last": max(ids), "start": min(received), "end": max(received)}


def _tallied(tx: Transaction, taken: tuple[Batch, ...]) -> Tallies:
    """What the messages of these batches say. The database writes those of a batch as one text: to fetch and to decode
    them one by one costs several times as much, and to sum them up there three times as much.
    """
    ids = {one.id for one in taken}
    tallies = Tallies()
    for batch, text in tx.session.execute(_TEXTS[tx.sqlite], _place(taken)):
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
    return _of_batches(f"batch, '[' || {joined}({reading}, ',') || ']'", "GROUP BY batch")


def _of_batches(what: str, by: str = "") -> sa.TextClause:
    """Asks something of the rows that lie in a `_place`."""
    return sa.text(
        f"SELECT {what} FROM telemetry "  # noqa: S608 - names of our own
        f"WHERE batch BETWEEN :first AND :last AND received_at BETWEEN :start AND :end {by}"
    ).bindparams(sa.bindparam("start", type_=UtcDateTime()), sa.bindparam("end", type_=UtcDateTime()))


_WEIGHT: Mapping[bool, sa.TextClause] = {
    # Of all together: by the batch, PostgreSQL would sort them. What lies outside a row is not read for its length.
    False: _of_batches("sum(octet_length(measurements))"),
    True: _of_batches("sum(length(measurements))"),
}
"""By whether it is SQLite, which counts characters."""


_TEXTS: Mapping[bool, sa.TextClause] = {
    # A double holds the microseconds of each time until the year 2105.
    False: _texts("CAST(date_part('epoch', {column}) * 1000000 AS bigint)", "string_agg"),
    True: _texts("(strftime('%s', substr({column}, 1, 19)) * 1000000 + substr({column}, 21, 6))", "group_concat"),
}
"""By whether it is SQLite, where a time is `UtcDateTime`'s text."""


def _add(tx: Transaction, table: sa.Table, new: Buckets) -> None:
    ordered = sorted(new)
    for at in range(0, len(ordered), _WRITE_AT_ONCE):
        _put(tx, table, new, ordered[at : at + _WRITE_AT_ONCE])


def _put(tx: Transaction, table: sa.Table, new: Buckets, keys: Sequence[tuple[str, datetime]]) -> None:
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
