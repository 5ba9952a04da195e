"""Telemetry of before: migration 0007 gives every row its place in the new tables, and the way back takes none."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from cloud import schema
from cloud.db import Database
from tests.services import ManualClock, Postgres

UNIT = "01HZX3J5W8V9K2M4N6P7Q8R9S0"
NOW = datetime.now(UTC).replace(microsecond=250_000)
MESSAGES = [
    # (seq, the device's time, the time of receipt, the place in time)
    (1, NOW - timedelta(days=40), NOW - timedelta(days=40), NOW - timedelta(days=40)),
    (2, NOW - timedelta(days=45), NOW - timedelta(days=1), NOW - timedelta(days=45)),
    (3, datetime(1970, 1, 1, tzinfo=UTC), NOW - timedelta(days=1), NOW - timedelta(days=1)),
    (4, NOW + timedelta(days=4_000), NOW - timedelta(hours=1), NOW - timedelta(hours=1)),
    (5, NOW - timedelta(seconds=1), NOW, NOW - timedelta(seconds=1)),
    (6, NOW, NOW, NOW),
]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database as it was before the migration, with rows in it."""
    if request.param == "sqlite":
        db = Database(f"sqlite:///{tmp_path / 'old.db'}", ManualClock())
        move(db, "0006")
        fill(db)
        yield db
        db.dispose()
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    name = server.create()
    db = Database(server.url(name), ManualClock())
    move(db, "0006")
    fill(db)
    yield db
    db.dispose()
    server.drop(name)


def move(db: Database, revision: str, *, back: bool = False) -> None:
    with db.engine.execution_options(writes=True).begin() as connection:
        (command.downgrade if back else command.upgrade)(schema.config(connection), revision)


def fill(db: Database) -> None:
    table = sa.table("telemetry", *map(sa.column, ("product_id", "boot", "seq", "at", "received_at", "measurements")))
    for seq, at, received_at, _ in MESSAGES:
        values = {"product_id": UNIT, "boot": 1, "seq": seq, "measurements": json.dumps([{"name": "t", "value": seq}])}
        values |= {"at": as_kept(db, at), "received_at": as_kept(db, received_at)}
        with db.engine.execution_options(writes=True).begin() as connection:
            connection.execute(sa.insert(table).values(values))


def as_kept(db: Database, at: datetime) -> object:
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z" if db.is_sqlite else at


def rows(db: Database, query: str) -> list[tuple[object, ...]]:
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def test_every_row_of_before_is_there_after_the_upgrade_at_its_place_in_time(old: Database) -> None:
    move(old, "head")
    found = rows(old, "SELECT seq, at, received_at, time, measurements FROM telemetry ORDER BY seq")
    expected = [(seq, *(as_kept(old, at) for at in times)) for seq, *times in MESSAGES]
    assert [row[:4] for row in found] == expected
    assert [json.loads(str(row[4]))[0]["value"] for row in found] == [seq for seq, *_ in MESSAGES]
    assert schema.differences(old) == []


def test_all_of_before_waits_for_the_series_in_batches_that_count_it(old: Database) -> None:
    move(old, "head")
    told = rows(old, "SELECT sum(messages) FROM telemetry_batch")
    named = rows(old, "SELECT count(*) FROM telemetry JOIN telemetry_batch b ON b.id = batch")
    assert told == named == [(len(MESSAGES),)]


def test_the_way_back_takes_no_row(old: Database) -> None:
    query = "SELECT product_id, boot, seq, at, received_at, measurements FROM telemetry ORDER BY seq"
    before = rows(old, query)
    move(old, "head")
    move(old, "0006", back=True)
    assert rows(old, query) == before
    move(old, "head")
    assert len(rows(old, query)) == len(MESSAGES)


@pytest.mark.postgres
def test_on_postgresql_the_rows_of_before_lie_in_spans_of_their_days(postgres_server: Postgres) -> None:
    name = postgres_server.create()
    db = Database(postgres_server.url(name), ManualClock())
    move(db, "0006")
    fill(db)
    move(db, "head")
    found = rows(db, "SELECT DISTINCT tableoid::regclass::text FROM telemetry")
    assert {row[0] for row in found} == {f"telemetry_{received_at:%Y%m%d}" for _, _, received_at, _ in MESSAGES}
    db.dispose()
    postgres_server.drop(name)
