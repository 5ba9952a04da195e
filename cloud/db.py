"""The engine, the session, and the one place that commits.

A use case gets a `Transaction` and never commits. What it changed it notes in `tx.changes`; after the commit, and only
then, the listeners hear of it. The same code runs on SQLite (WAL) and on PostgreSQL.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session, SQLModel
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from broker.contract.messages import Json
from cloud.clock import Clock
from cloud.errors import SetupError
from cloud.record.columns import utc_text
from cloud.record.events import Event

Result = TypeVar("Result")


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """A timezone-aware time in UTC: timestamptz on PostgreSQL, sortable ISO text on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(27))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return utc_text(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        return utc_of(value)


def utc_of(value: Any) -> datetime | None:
    """The time that a driver gave for a `UtcDateTime`."""
    if value is None:
        return None
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.astimezone(UTC)


class JsonText(sa.types.TypeDecorator[Json]):
    """JSON kept as text: parsing jsonb costs PostgreSQL as much as all the rest of an insert."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Json, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Json:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else msgspec.json.decode(value)


def table_of(row: type[SQLModel]) -> sa.Table:
    """The table behind a row class, for statements that are written and not mapped."""
    table: sa.Table = row.__table__  # type: ignore[attr-defined]  # SQLModel adds it to every table class
    return table


BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""An autoincrement key; SQLite counts only in INTEGER."""


@dataclass
class Changes:
    """What a transaction changed, for those who watch."""

    products: set[str] = field(default_factory=set)
    journeys: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    """Journeys that are no more."""
    cases: set[str] = field(default_factory=set)
    """Journeys to which an expert wrote."""
    sessions: set[str] = field(default_factory=set)
    """Phones' sessions that ended, or became another person's."""
    contents: set[str] = field(default_factory=set)
    """Profiles whose menus are made of other content from now on."""
    mail: bool = False
    outbox: bool = False

    def __bool__(self) -> bool:
        changed = self.products or self.journeys or self.erased or self.cases or self.sessions
        changed = changed or self.contents
        return bool(changed or self.mail or self.outbox)


@dataclass
class Transaction:
    """One unit of work. now: the same time for everything in it."""

    session: Session
    now: datetime
    database: "Database"
    changes: Changes = field(default_factory=Changes)
    closing: list[Callable[[], None]] = field(default_factory=list)
    """Called in their order right before the commit, when all else is written: for what takes a lock that everybody
    wants, and must not hold it while other work is done or other locks are waited for.
    """
    memo: dict[str, Any] = field(default_factory=dict)
    """What is held locked and was read, for all that one use case sets off. Each name is one capability's own."""

    @property
    def sqlite(self) -> bool:
        return self.session.get_bind().dialect.name == "sqlite"


Projector = Callable[[Transaction, list[Event]], None]
"""Takes events that are new in the journal into the tables that are projections of it."""
Listener = Callable[[Changes], None]


class Database:
    """Makes transactions.

    projectors: called, lowest capability first, with the events that enter the journal, and again by a replay.
    reactors: called after them, live only: what happens once and is no projection. committed: told how long each commit
    took.
    """

    def __init__(
        self, url: str, clock: Clock, *, projectors: tuple[Projector, ...] = (), reactors: tuple[Projector, ...] = ()
    ) -> None:
        self.clock = clock
        self.projectors = projectors
        self.reactors = reactors
        self.listeners: list[Listener] = []
        self.committed: Callable[[float], None] = lambda _seconds: None
        self.engine = make_engine(url)
        self._lookers = self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Transaction]:
        """Commits at the end, rolls back on any exception, and tells the listeners after the commit.

        durable: False for what nobody is told that it is stored: the commit stands for everybody, but the disk gets it
        with the next one that is durable, or a little later. Until then a power cut takes it back, whole; so does a
        crash of PostgreSQL.
        """
        engine = self.engine.execution_options(writes=True, durable=durable)
        with Session(engine, expire_on_commit=False) as session:
            tx = Transaction(session, self.clock(), self)
            yield tx
            session.flush()
            for close in tx.closing:
                close()
            began = time.perf_counter()
            session.commit()
            self.committed(time.perf_counter() - began)
        if tx.changes:
            for listener in self.listeners:
                listener(tx.changes)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction that only reads; it is rolled back."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield Transaction(session, self.clock(), self)
            # Closing rolls back; a rollback of our own would also empty the rows that the caller was given.

    @contextmanager
    def looking(self) -> Iterator[Transaction]:
        """For a few short queries that a phone waits for; nothing is written or locked in it. Each statement sees what
        is committed by then, as in `reading`; on PostgreSQL without the round trips that begin and end a transaction.
        """
        with Session(self._lookers, expire_on_commit=False) as session:
            yield Transaction(session, self.clock(), self)

    def run(self, use_case: Callable[[Transaction], Result], *, durable: bool = True) -> Result:
        """One use case in one transaction; again, from the start, when another transaction was in its way. durable: see
        `transaction`.
        """
        retrying = Retrying(
            retry=retry_if_exception(in_the_way),
            stop=stop_after_attempt(8),
            wait=wait_random_exponential(multiplier=0.01, max=0.5),
            reraise=True,
        )
        result: Result = retrying(self._once, use_case, durable=durable)
        return result

    def _once(self, use_case: Callable[[Transaction], Result], *, durable: bool = True) -> Result:
        with self.transaction(durable=durable) as tx:
            return use_case(tx)

    def forget_freed_pages(self) -> None:
        """After an erasure: what SQLite's log still holds of it goes too. PostgreSQL's vacuum does the like."""
        if self.is_sqlite:
            connection = self.engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()

    def dispose(self) -> None:
        self.engine.dispose()


def in_the_way(error: BaseException) -> bool:
    """Another transaction was there first, and a second try is likely to pass."""
    if not isinstance(error, DBAPIError):
        return False
    # PostgreSQL's SQLSTATE: 40001 serialization failure, 40P01 deadlock, 23505 two inserts of one key at once, 23503
    # a row that is referred to went meanwhile, such as a person who has just left, 23514 the span of a row was made
    # while the row waited to go into the rest. The second try sees what is there.
    state = getattr(error.orig, "sqlstate", None)
    return state in {"40001", "40P01", "23505", "23503", "23514"} or "database is locked" in str(error.orig)


def is_away(error: BaseException) -> bool:
    """The database cannot be reached, or fails for a cause that may pass: nothing is wrong with what was asked."""
    if isinstance(error, PoolTimeoutError):  # all connections are taken by calls that it does not answer
        return True
    return isinstance(error, DBAPIError) and (error.connection_invalidated or isinstance(error, OperationalError))


def check_reach(engine: sa.Engine) -> None:
    """Raises SetupError when the database does not answer, or is none."""
    try:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
    except (DBAPIError, sqlite3.Error) as error:
        why = str(error.orig if isinstance(error, DBAPIError) else error).strip().partition("\n")[0]
        msg = f"the database {engine.url.render_as_string(hide_password=True)} cannot be used: {why}"
        raise SetupError(msg) from error


FRESH_S = 1.0
"""For so long after its last use a connection is taken to be there."""
_USED_AT = "used_at"
FLUSHED, UNFLUSHED = "FULL", "NORMAL"
"""SQLite's words for a commit that waits for the disk, and for one that does not: neither can damage a database in WAL.
Source: SQLite's manual, PRAGMA synchronous.
"""
_SYNCHRONOUS = "synchronous"
DRIVERS = ("sqlite", "postgresql+psycopg")
_NOTICES = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""How libpq notices that a server is gone without a word: when its machine is silent for half a minute. By itself it
would wait for an answer for more than two hours. tcp_user_timeout: milliseconds, the others seconds or a count. What
the database URL says instead counts. Source: PostgreSQL's manual, section 34.1.2.
"""
_NOTICED = "SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
"""How the server notices the same of us, and at the same time: else the locks of a worker whose machine is gone would
keep all others waiting for two hours. Section 20.3.2.
"""
_NO_URL = "the database URL is none; such as sqlite:///folder/file.db or postgresql+psycopg://user@host/database"


def with_password(url: str, password: str) -> str:
    """The URL with this password in it. Raises SetupError for a URL that is none, or that has a password already."""
    try:
        parsed = sa.make_url(url)
    except ArgumentError as error:
        raise SetupError(_NO_URL) from error
    if parsed.password is not None or parsed.username is None:
        msg = "with database_password_file, database_url names a user and no password: postgresql+psycopg://user@host/name"
        raise SetupError(msg)
    return parsed.set(password=password).render_as_string(hide_password=False)


def make_engine(url: str) -> sa.Engine:
    """An engine for `sqlite:///path` or `postgresql+psycopg://...`. Raises SetupError for a URL that is none, and for
    a folder it cannot write.
    """
    try:
        parsed = sa.make_url(url)
    except ArgumentError as error:
        raise SetupError(_NO_URL) from error
    if parsed.drivername not in DRIVERS:
        raise SetupError(_NO_URL)
    if parsed.get_backend_name() != "sqlite":
        notices = {name: value for name, value in _NOTICES.items() if name not in parsed.query}
        # An error that quotes its parameters would bring what people wrote into the log.
        engine = sa.create_engine(url, connect_args=notices, pool_size=10, max_overflow=20, hide_parameters=True)
        event.listen(engine, "connect", _prepare_postgres)
        event.listen(engine, "begin", _begin_postgres)
        _look_after_idle(engine)
        return engine
    path = Path(parsed.database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        msg = f"cannot write {path}: {error.strerror}; choose another folder with --data-dir"
        raise SetupError(msg) from error
    engine = sa.create_engine(
        url,
        connect_args={"timeout": 30, "check_same_thread": False},
        pool_size=10,
        max_overflow=40,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _look_after_idle(engine: sa.Engine) -> None:
    """A connection that nobody has used for a while is asked whether it is still there, before somebody relies on it;
    one that was used just now is not: each asking is a round trip more. If it is gone, so are all that are as old.
    """

    def note(_connection: Any, record: Any) -> None:
        record.info[_USED_AT] = time.monotonic()

    def look(connection: Any, record: Any, _proxy: object) -> None:
        if time.monotonic() - record.info[_USED_AT] < FRESH_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine, "connect", note)
    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", look)


def _prepare_postgres(connection: Any, _record: object) -> None:
    connection.execute(_NOTICED)  # said, and no startup option: those, some poolers refuse
    connection.commit()


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, not by the driver's guess
    for pragma in (
        "journal_mode=WAL",
        f"synchronous={FLUSHED}",  # an acknowledgement means stored, also when the power goes
        "foreign_keys=ON",
        "secure_delete=ON",  # what is erased is overwritten
        "busy_timeout=30000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_postgres(connection: sa.Connection) -> None:
    if not connection.get_execution_options().get("durable", True):
        driver: Any = connection.connection.driver_connection
        with driver.pipeline():  # BEGIN and this in one round trip
            driver.execute("SET LOCAL synchronous_commit = off")


def _begin_sqlite(connection: sa.Connection) -> None:
    # A write transaction takes the lock at once: upgrading later would fail with "locked" instead of waiting.
    options = connection.get_execution_options()
    writes = options.get("writes", False)
    wanted = FLUSHED if options.get("durable", True) else UNFLUSHED
    if writes and connection.info.get(_SYNCHRONOUS, FLUSHED) != wanted:
        connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
        connection.info[_SYNCHRONOUS] = wanted
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
