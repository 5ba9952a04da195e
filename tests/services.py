"""Real services for tests: found on this machine, started on what is free, stopped again."""

import os
import pwd
import secrets
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event

from cloud.db import Database
from cloud.supervisor import free_port
from tests.own_folders import own_folder

REQUIRE_ALL = "TESTS_REQUIRE_ALL"
"""Set to 1 where every service must be there, as on the build server: what is missing fails, and does not skip."""
START_WITHIN_S = 60
CHOOSES_HOW_TO_COPY = 150_000
"""The first version of PostgreSQL that can be told how to copy a database. Source: its manual, CREATE DATABASE."""


class ManualClock:
    """A clock that stands still until it is put forward."""

    def __init__(self, now: datetime = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> datetime:
        """Puts it forward by `timedelta(**span)`."""
        self.now += timedelta(**span)
        return self.now


def missing(what: str) -> None:
    """A service is not here: skips the test, or fails it where all must be there."""
    if os.environ.get(REQUIRE_ALL) == "1":
        pytest.fail(f"{what}; {REQUIRE_ALL}=1 asks for it")
    pytest.skip(what)


def postgres_programs() -> Path | None:
    """The folder with the newest PostgreSQL's server programs, as Debian keeps them or on the PATH."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3].split(".")[0])
    )
    if debian:
        return debian[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def not_durable(db: Database) -> None:
    """From now on SQLite waits for no disk, as our PostgreSQL does not: nothing outlives the run."""

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    if db.is_sqlite:
        event.listen(db.engine, "connect", prepare)


class Postgres:
    """A PostgreSQL of our own, reached by a socket in its own folder alone, and by TCP at `listen` when that is given.

    durable: as a user runs it; else nothing has to reach the disk, since nothing outlives the run.
    """

    def __init__(self, programs: Path, folder: Path, *, durable: bool = False, listen: str = "") -> None:
        self._programs = programs
        self._folder = folder
        self._durable = durable
        self._listen = listen
        self._port = free_port() if listen else 5432
        account = _unprivileged()
        self._user = account.pw_uid if account else None
        self._group = account.pw_gid if account else None
        self._more_groups: list[int] | None = [] if account else None
        self._process: subprocess.Popen[bytes] | None = None
        self.settings: dict[str, str] = {}
        """Those of the server's settings that are other than usual, from its next start on."""

    def start(self, **wanted: str) -> None:
        """Makes a cluster and starts it; returns when it answers. wanted: settings that are other than usual."""
        if self._user is not None and self._group is not None:
            os.chown(self._folder, self._user, self._group)
        options = ("--auth=trust", "--username=tests", "--encoding=UTF8", "--locale=C", "--no-sync")
        self.settings = wanted
        self._call("initdb", f"--pgdata={self._folder / 'data'}", *options).check_returncode()
        if self._listen:
            with (self._folder / "data" / "pg_hba.conf").open("a") as rules:
                rules.write("host all all 0.0.0.0/0 trust\n")
        self.resume()

    def resume(self) -> None:
        """Starts it on the cluster that is there, after `stop` or `kill`; returns when it answers."""
        given = {
            "listen_addresses": self._listen,
            "port": str(self._port),
            "unix_socket_directories": str(self._folder),
            "max_connections": "200",
            **({} if self._durable else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}),
            **self.settings,
        }
        arguments = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                [self._programs / "postgres", "-D", self._folder / "data", *arguments],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=self._user,
                group=self._group,
                extra_groups=self._more_groups,
            )
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """Ends it at once, with every connection."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(20)

    def kill(self) -> None:
        """SIGKILL to it and to every process of it."""
        assert self._process is not None
        processes = [psutil.Process(self._process.pid), *psutil.Process(self._process.pid).children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait(20)
        psutil.wait_procs(processes, 20)

    @property
    def runs(self) -> bool:
        """It has not ended by itself."""
        return self._process is not None and self._process.poll() is None

    def url(self, database: str) -> str:
        """For SQLAlchemy, by the socket."""
        return f"postgresql+psycopg://tests@/{database}?host={self._folder}&port={self._port}"

    def tcp_url(self, database: str) -> str:
        """For SQLAlchemy, by TCP."""
        return f"postgresql+psycopg://tests@{self._listen}:{self._port}/{database}"

    def create(self, template: str | None = None) -> str:
        """A new database, a copy of `template` when one is given; its name."""
        name = f"t_{secrets.token_hex(6)}"
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template or "template0")
        )
        with psycopg.connect(self.admin, autocommit=True) as connection:
            # By default it goes through the log, page by page. Older servers know the other way alone, by no name.
            if connection.info.server_version >= CHOOSES_HOW_TO_COPY:
                copy += sql.SQL(" STRATEGY file_copy")
            connection.execute(copy)
        return name

    def rename(self, name: str, other: str) -> None:
        """Ends every connection to it; who asks for it by its old name finds nothing."""
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        self._do(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(other)))

    def drop(self, name: str) -> None:
        self._do(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _do(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(statement)

    @property
    def admin(self) -> str:
        """For psycopg: as who may do everything."""
        return f"host={self._folder} port={self._port} user=tests dbname=postgres"

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + START_WITHIN_S
        while True:
            try:
                psycopg.connect(self.admin, connect_timeout=5).close()
            except psycopg.OperationalError:
                if process.poll() is not None or time.monotonic() > end:
                    pytest.fail(f"PostgreSQL did not start: {(self._folder / 'log').read_text()}")
                time.sleep(0.05)
            else:
                return

    def _call(self, program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(  # noqa: S603 - our own arguments
            [self._programs / program, *arguments],
            capture_output=True,
            check=False,
            cwd=self._folder,
            user=self._user,
            group=self._group,
            extra_groups=self._more_groups,
        )


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom PostgreSQL must run as; None when we are nobody special ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    missing("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
    raise AssertionError


@contextmanager
def running_postgres(**wanted: str) -> Iterator[Postgres]:
    """A PostgreSQL for as long as the block runs. wanted: settings that are other than usual."""
    # Not pytest's folder: that is closed to other users, and too long a path for a socket.
    with own_folder() as folder, _running(folder, wanted) as server:
        yield server


@contextmanager
def durable_postgres(folder: Path, listen: str = "") -> Iterator[Postgres]:
    """One as a user runs it, which may be killed and resumed, with its data in this folder."""
    with _running(folder, {}, durable=True, listen=listen) as server:
        yield server


@contextmanager
def _running(folder: Path, wanted: Mapping[str, str], *, durable: bool = False, listen: str = "") -> Iterator[Postgres]:
    programs = postgres_programs()
    if programs is None:
        missing("needs PostgreSQL's server programs (Debian: the package postgresql)")
        raise AssertionError
    server = Postgres(programs, folder, durable=durable, listen=listen)
    try:
        server.start(**wanted)
        yield server
    finally:
        server.stop()
