"""`storage`: what stays flat, and what it costs: telemetry in spans beside one table, the twin's table at a thousand
and at a million devices, series, and how old telemetry goes.

PostgreSQL alone, through the functions that ingest uses; processor time is that of its processes, and for the series
also our own.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from broker.contract.messages import Measurement
from cloud import schema
from cloud.bench.flat import BATCH, FLAT, Size, size_of, spent_us
from cloud.bench.flat_twins import twins_changed
from cloud.bench.machine import describe
from cloud.bench.options import Bench, Options, Step
from cloud.bench.report import Row, row
from cloud.bench.servers import NOT_FOUND, Postgres, programs_here, running_postgres
from cloud.db import Database, Transaction
from cloud.errors import SetupError
from cloud.record.bulk import append_many
from cloud.twin import series, telemetry
from cloud.twin.retention import MESSAGES, span_of
from cloud.twin.series_rules import Every
from cloud.twin.spans import make_ahead
from cloud.twin.telemetry import batch_table, telemetry_table

NOW: Final = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MEASURED: Final = (
    Measurement(name="temperature", value=41.25, unit="Cel"),
    Measurement(name="power", value=212.5, unit="W"),
    Measurement(name="pages", value=120_331.0),
)
BEFORE: Final = """
CREATE TABLE before (id bigserial PRIMARY KEY, product_id varchar(26) NOT NULL, boot bigint NOT NULL,
  seq bigint NOT NULL, at timestamptz NOT NULL, received_at timestamptz NOT NULL, measurements text NOT NULL);
CREATE INDEX ON before (product_id, at)
"""
KEPT: Final = ("product_id", "boot", "seq", "at", "received_at", "measurements")
METHOD: Final = (
    "A PostgreSQL of its own with its defaults, durable commits among them; processor time of all its processes, by "
    "/proc. Telemetry: {devices:,} devices, batches of {batch:,} rows by COPY, into the spans and into one table with "
    "a key and an index as it would be without them, in turn; then with {spans} spans. Twins: upserts of {batch:,} "
    "in one statement, in a table of {batch:,} and in one of {twins:,}, in turn: {batch:,} devices that lie together, "
    "the same {batch:,} of which each lies elsewhere, and others each time. Series: one round over what was stored. "
    "{runs} runs counted, after one to warm up."
)


class _Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def bench(options: Options, step: Step) -> Bench:
    """See the module. options.messages: for a quick look."""
    programs = programs_here()
    if programs is None:
        raise SetupError(NOT_FOUND)
    size = size_of(options.messages)
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres(programs.postgres))
        small, large = stack.enter_context(_two_databases(server))
        rows = _telemetry(small, server, size, options, step)
        rows += _series_and_end(small, server, size, options, step)
        flat, note = twins_changed(small, large, server, size, options.runs, step)
    return Bench(
        rows=tuple(rows + flat),
        machine=describe(postgres=programs.postgres),
        method=METHOD.format(
            devices=options.devices, batch=BATCH, spans=size.spans, twins=size.twins, runs=options.runs
        ),
        notes=(note,),
    )


@contextmanager
def _two_databases(server: Postgres) -> Iterator[tuple[Database, Database]]:
    """With the newest schema, and nothing in them."""
    names = ("small", "large")
    admin = sa.create_engine(server.url, isolation_level="AUTOCOMMIT")
    found = [Database(server.url.replace("/postgres?", f"/{name}?"), _Clock()) for name in names]
    try:
        with admin.connect() as connection:
            connection.execute(sa.text("CREATE DATABASE small"))
            schema.upgrade(found[0])
            found[0].run(make_ahead)
            found[0].dispose()  # nobody may be in a database that is copied
            connection.execute(sa.text("CREATE DATABASE large TEMPLATE small"))
        yield found[0], found[1]
    finally:
        admin.dispose()
        for db in found:
            db.dispose()


# --- telemetry ---


def _telemetry(db: Database, server: Postgres, size: Size, options: Options, step: Step) -> list[Row]:
    """Rows of telemetry in spans, beside one table; then the same among many spans."""
    count = max(BATCH, size.rows // size.parts // BATCH * BATCH)
    ids = [f"01k{number:023}" for number in range(options.devices)]
    with db.engine.begin() as connection:
        connection.exec_driver_sql(BEFORE)
    before = sa.Table("before", sa.MetaData(), *(sa.Column(name, telemetry_table.c[name].type) for name in KEPT))
    ways: dict[str, tuple[Callable[[], None], list[float]]] = {
        "spans": (lambda: _append(db, ids, count), []),
        "one table": (lambda: _append_before(db, before, ids, count), []),
    }
    for number in range(options.runs + 1):
        step("telemetry", number, 2 * options.runs + 2)
        spent = dict.fromkeys(ways, 0.0)
        for part in range(size.parts):
            # The order turns, and the parts are short: what else the machine does meanwhile meets both alike.
            for name in sorted(ways, reverse=bool(part % 2)):
                spent[name] += spent_us(server, count, ways[name][0]) / size.parts
        for name, (_, runs) in ways.items():
            runs.append(spent[name])
    _make_many_spans(db, size.spans)
    many = []
    for number in range(options.runs + 1):
        step(f"telemetry among {size.spans} spans", options.runs + 1 + number, 2 * options.runs + 2)
        many.append(sum(spent_us(server, count, ways["spans"][0]) for _ in range(size.parts)) / size.parts)
    few, one_table = ways["spans"][1][1:], ways["one table"][1][1:]
    what, unit = "telemetry appended, PostgreSQL's processor time", "µs/row"
    return [
        row(what, unit, few, reference="one table, key and index", reference_runs=one_table, goal=FLAT),
        row(
            f"the same among {size.spans} spans",
            unit,
            many[1:],
            reference="a week of spans",
            reference_runs=few,
            goal=FLAT,
        ),
    ]


def _append(db: Database, ids: list[str], count: int) -> None:
    for first in range(0, count, BATCH):

        def use_case(tx: Transaction, first: int = first) -> None:
            batch = sa.insert(batch_table).values(received_at=tx.now, messages=BATCH).returning(batch_table.c.id)
            number = tx.session.execute(batch).scalar_one()
            append_many(
                tx, telemetry_table, [{"batch": number, "time": tx.now, **one} for one in _rows(tx, ids, first)]
            )

        db.run(use_case)
        _pass(db, BATCH)


def _append_before(db: Database, table: sa.Table, ids: list[str], count: int) -> None:
    for first in range(0, count, BATCH):
        db.run(partial(_append_batch, table=table, ids=ids, first=first))


def _append_batch(tx: Transaction, table: sa.Table, ids: list[str], first: int) -> None:
    append_many(tx, table, _rows(tx, ids, first))


def _rows(tx: Transaction, ids: list[str], first: int) -> list[dict[str, Any]]:
    return [
        {
            "product_id": ids[number % len(ids)],
            "boot": 1,
            "seq": number,
            "at": tx.now,
            "received_at": tx.now,
            "measurements": MEASURED,
        }
        for number in range(first, first + BATCH)
    ]


def _pass(db: Database, messages: int) -> None:
    """Time goes on as if 7,500 of them came in a second."""
    assert isinstance(db.clock, _Clock)  # noqa: S101 - `_two_databases` gave it this one
    db.clock.now += timedelta(seconds=messages / 7_500)


def _make_many_spans(db: Database, count: int) -> None:
    with db.engine.begin() as connection:
        for number in range(1, count):
            span = span_of(MESSAGES, NOW - timedelta(days=number))
            connection.exec_driver_sql(
                f"CREATE TABLE {span.name} PARTITION OF telemetry "
                f"FOR VALUES FROM ('{span.start.isoformat()}') TO ('{span.end.isoformat()}')"
            )


# --- series, and the end of a span ---


def _series_and_end(db: Database, server: Postgres, size: Size, options: Options, step: Step) -> list[Row]:
    rounds, server_us, own_us = [], [], []
    step("series", 0, 2)
    while True:
        began, count = time.process_time(), 0

        def roll() -> None:
            nonlocal count
            count = db.run(series.roll)

        spent = spent_us(server, 1, roll)
        if not count:
            break
        own, theirs = (time.process_time() - began) * 1e6 / count, spent / count
        rounds.append(own + theirs)
        own_us.append({"work": own, "postgres": theirs})
        server_us.append(theirs)
    product_id = f"01k{0:023}"
    reading = [_timed_ms(lambda: _read_minutes(db, product_id)) for _ in range(options.runs + 1)][1:]
    messages = [_timed_ms(lambda: _read_messages(db, product_id)) for _ in range(options.runs + 1)][1:]
    step("the end of a span", 1, 2)
    return [
        row("series, made from a message of three fields", "µs", rounds, parts=own_us),
        row("a unit's day by the minute, read", "ms", reading),
        row(f"a unit's first 1,000 messages of a day, read among {size.spans} spans", "ms", messages),
        *_end_of_a_span(db),
    ]


def _timed_ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def _read_minutes(db: Database, product_id: str) -> None:
    with db.reading() as tx:
        series.read(tx, product_id, Every.MINUTE, NOW - timedelta(days=1), NOW + timedelta(days=1), 1_000)


def _read_messages(db: Database, product_id: str) -> None:
    with db.reading() as tx:
        telemetry.messages(tx, product_id, NOW - timedelta(days=1), NOW + timedelta(days=1), 1_000)


def _end_of_a_span(db: Database) -> list[Row]:
    """Dropping it, beside deleting what is in it; a copy of the rows each."""
    name = span_of(MESSAGES, NOW).name
    with db.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE copy (LIKE {name} INCLUDING ALL)")
        connection.exec_driver_sql(f"INSERT INTO copy SELECT * FROM {name}")  # noqa: S608 - the name of one of our own tables

    def do(statement: str) -> None:
        with db.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    deleting = _timed_ms(lambda: do("DELETE FROM copy"))
    dropping = _timed_ms(lambda: do(f"DROP TABLE {name}"))
    return [
        row(
            "a span of telemetry goes",
            "ms",
            [dropping],
            reference="its rows deleted, and their room not yet free",
            reference_runs=[deleting],
        )
    ]
