"""The schema: made from nothing, brought forward, never backward, by one process at a time."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cloud import schema
from cloud.db import Database
from cloud.errors import SetupError
from cloud.tables import metadata
from tests.services import ManualClock, Postgres

MIGRATE = """
import sys
from cloud import schema
from cloud.clock import system_clock
from cloud.db import Database
sys.stdin.readline()
db = Database(sys.argv[1], system_clock)
schema.upgrade(db)
db.dispose()
"""


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'new.db'}"


@pytest.fixture
def empty_postgres(postgres_server: Postgres) -> Iterator[str]:
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest) -> str:
    """The address of a database with nothing in it."""
    found: str = request.getfixturevalue(f"empty_{request.param}")
    return found


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    db = Database(empty_url, ManualClock())
    yield db
    db.dispose()


def tables_of(db: Database) -> set[str]:
    with db.engine.connect() as connection:
        return set(sa.inspect(connection).get_table_names()) - schema.spans(connection) - {"alembic_version"}


def test_an_upgrade_from_nothing_makes_the_tables_of_the_code(empty: Database) -> None:
    schema.upgrade(empty)
    assert tables_of(empty) == set(metadata.tables)
    assert schema.differences(empty) == []


def test_a_second_upgrade_changes_nothing(empty: Database) -> None:
    schema.upgrade(empty)
    schema.upgrade(empty)
    assert schema.differences(empty) == []


def test_a_difference_between_tables_and_code_is_seen(empty: Database) -> None:
    schema.upgrade(empty)
    with empty.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE twin ADD COLUMN left_over INTEGER"))
    assert "left_over" in repr(schema.differences(empty))


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(empty: Database) -> None:
    schema.upgrade(empty)
    with empty.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SetupError, match="newer version"):
        schema.upgrade(empty)
    with empty.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"


def test_processes_that_start_together_migrate_one_after_the_other(empty_url: str, empty: Database) -> None:
    started = [
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", MIGRATE, empty_url],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(schema.__file__).parents[1],
        )
        for _ in range(3)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    assert schema.differences(empty) == []


def test_a_folder_that_cannot_be_written_is_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(SetupError, match="--data-dir"):
        Database(f"sqlite:///{tmp_path / 'file' / 'new.db'}", ManualClock())


def test_the_file_of_the_database_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'new.db'}", ManualClock())
    schema.upgrade(db)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("new.db*")} == {0}
    db.dispose()
