"""What all tests share: no sockets for unit tests, and a database of each kind for those that need one."""

import gc
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_socket import disable_socket, enable_socket

from cloud import schema
from cloud.compose import PROJECTORS, REACTORS
from cloud.db import Database
from cloud.secrets import Keys, load_keys
from tests.ending import pytest_sessionstart  # noqa: F401 - a hook of pytest
from tests.services import ManualClock, Postgres, not_durable, running_postgres

UNIT = Path(__file__).parent / "unit"


def pytest_runtest_setup(item: pytest.Item) -> None:
    if UNIT in item.path.parents:
        disable_socket(allow_unix_socket=True)  # asyncio wakes its own loop by a pair of them


def pytest_runtest_teardown(item: pytest.Item) -> None:
    if UNIT in item.path.parents:
        enable_socket()


@pytest.fixture(scope="module", autouse=True)
def nothing_left_open() -> Iterator[None]:
    """What a file's tests forgot to close fails the last of them, not whoever is about when Python happens to look."""
    yield
    gc.collect()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return load_keys(tmp_path_factory.mktemp("keys") / "keys")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL for the whole run."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Postgres) -> str:
    """A database with the newest schema, to be copied."""
    name = postgres_server.create()
    migrated(postgres_server.url(name))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrated(f"sqlite:///{path}")
    return path


def migrated(url: str) -> None:
    """Brings the database at `url` to the newest schema."""
    db = Database(url, ManualClock())
    schema.upgrade(db)
    db.dispose()


def wired(url: str, clock: ManualClock) -> Database:
    """A database with what happens to new events, as `cloud.compose` wires it."""
    return Database(url, clock, projectors=PROJECTORS, reactors=REACTORS)


@contextmanager
def sqlite_copy(template: Path, path: Path, clock: ManualClock) -> Iterator[Database]:
    """A database of its own in a file."""
    shutil.copyfile(template, path)
    db = wired(f"sqlite:///{path}", clock)
    not_durable(db)
    try:
        yield db
    finally:
        db.dispose()


@contextmanager
def postgres_copy(server: Postgres, template: str, clock: ManualClock) -> Iterator[Database]:
    """A database of its own on the server."""
    name = server.create(template)
    db = wired(server.url(name), clock)
    try:
        yield db
    finally:
        db.dispose()
        server.drop(name)


@pytest.fixture
def sqlite_db(sqlite_template: Path, tmp_path: Path, clock: ManualClock) -> Iterator[Database]:
    with sqlite_copy(sqlite_template, tmp_path / "tests.db", clock) as db:
        yield db


@pytest.fixture
def postgres_db(postgres_server: Postgres, postgres_template: str, clock: ManualClock) -> Iterator[Database]:
    with postgres_copy(postgres_server, postgres_template, clock) as db:
        yield db


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def db(request: pytest.FixtureRequest) -> Database:
    """The same test on both databases."""
    found: Database = request.getfixturevalue(f"{request.param}_db")
    return found
