"""Telemetry messages: stored as they came, read back by their place in time.

On PostgreSQL the table is cut into spans by the time of receipt, which is the cloud's own clock: nothing that a device
says of the time makes a span, or misses one. Since a device's time is believed for so long and never ahead, the spans
that a question can touch follow from the question.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from broker.contract.codec import Accepted
from broker.contract.messages import Telemetry
from cloud.db import Transaction, table_of
from cloud.record.bulk import Columns, append_columns
from cloud.twin.rules import CLOCK_BELIEVED, believed
from cloud.twin.series_rules import in_batches
from cloud.twin.tables import TelemetryBatchRow, TelemetryRow

telemetry_table = table_of(TelemetryRow)
batch_table = table_of(TelemetryBatchRow)


class Place(NamedTuple):
    """What orders the messages of a unit: its time, and where that is the same, its stream."""

    time: datetime
    boot: int
    seq: int


def store(tx: Transaction, fresh: Sequence[Accepted]) -> None:
    """Appends the telemetry among these messages, all of which are new, as one batch, or more where it is much."""
    readings = [(part.topic.product_id, part.message) for part in fresh if isinstance(part.message, Telemetry)]
    if not readings:
        return
    measurements = [message.measurements for _, message in readings]
    times = [message.at for _, message in readings]
    rightly = tx.now - CLOCK_BELIEVED <= min(times) and max(times) <= tx.now
    columns: Columns = {
        "product_id": [product_id for product_id, _ in readings],
        "boot": [message.boot for _, message in readings],
        "seq": [message.seq for _, message in readings],
        "at": times,
        "time": times if rightly else [believed(at, tx.now) for at in times],
        "measurements": measurements,
        "batch": _numbers(tx, in_batches(list(map(len, measurements)))),
        "received_at": [tx.now] * len(readings),
    }
    append_columns(tx, telemetry_table, columns)


def _numbers(tx: Transaction, sizes: list[int]) -> list[int]:
    """Notes batches of so many messages; for each message, the number of its batch."""
    numbers: list[int] = []
    for size in sizes:
        batch = {"received_at": tx.now, "messages": size}
        numbers += [tx.session.execute(_NOTED, batch).scalar_one()] * size
    return numbers


_NOTED = sa.insert(batch_table).returning(batch_table.c.id)


def messages(
    tx: Transaction, product_id: str, start: datetime, end: datetime, limit: int, after: Place | None = None
) -> list[Any]:
    """Telemetry rows of a unit from `start` until before `end`, in their order. after: the last one that is known."""
    table = telemetry_table
    key = sa.tuple_(table.c.time, table.c.boot, table.c.seq)
    query = sa.select(table).where(
        table.c.product_id == product_id,
        table.c.time >= start,
        table.c.time < end,
        # Says nothing new, and spares all spans in which nothing can be.
        table.c.received_at >= start,
        table.c.received_at < end + CLOCK_BELIEVED,
    )
    if after is not None:
        query = query.where(table.c.time >= after.time, key > sa.tuple_(*_literals(after)))
    return list(tx.session.execute(query.order_by(*key).limit(limit)).all())


def _literals(place: Place) -> list[Any]:
    table = telemetry_table
    return [
        sa.literal(value, column.type)
        for value, column in zip(place, (table.c.time, table.c.boot, table.c.seq), strict=True)
    ]
