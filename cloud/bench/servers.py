"""What is not ours, for the length of a bench: Mosquitto and PostgreSQL, when their programs are here, and stock amqtt;
stopped again, with their data.
"""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from cloud.bench.machine import found
from cloud.bench.waiting import await_that
from cloud.errors import SetupError

START_WITHIN_S = 30.0
STOP_WITHIN_S = 20.0


class Programs(NamedTuple):
    """mosquitto: the program. postgres: the folder of the newest PostgreSQL's server programs."""

    mosquitto: Path
    postgres: Path


NOT_FOUND = "Mosquitto and PostgreSQL were not both found, and so not measured"


def programs_here() -> Programs | None:
    """None when one of them is missing."""
    mosquitto, postgres = found("mosquitto"), _postgres_programs()
    return Programs(mosquitto, postgres) if mosquitto is not None and postgres is not None else None


def _postgres_programs() -> Path | None:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if debian:
        return debian[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@contextmanager
def running_mosquitto(program: Path, files: Mapping[str, str], folder: Path, port: int) -> Iterator[int]:
    """Mosquitto with these files of `folder`, listening on `port`; its process id."""
    for name, content in files.items():
        (folder / name).write_text(content)
        (folder / name).chmod(0o600)
    with _process([str(program), "-c", str(folder / "mosquitto.conf")], folder / "log") as process:
        _await(lambda: _answers(port), process, folder / "log")
        yield process.pid


@contextmanager
def running_amqtt(port: int) -> Iterator[int]:
    """The program that amqtt comes with, and nothing of ours, listening on `port` of this machine; its process id.

    Of its plugins it has one, which lets in whoever asks, and is asked no more after that. Those that it has by default
    besides, for logs and for its own figures, would cost it time with each message. Raises SetupError.
    """
    given = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    with tempfile.TemporaryDirectory(prefix="tl-amqtt-") as name:
        config, log = Path(name) / "broker.yaml", Path(name) / "log"
        config.write_text(json.dumps(given))  # which is YAML
        command = [sys.executable, "-m", "amqtt.scripts.broker_script", "-c", str(config)]
        with _process(command, log) as process:
            _await(lambda: _answers(port), process, log)
            yield process.pid


class Postgres:
    """A PostgreSQL of our own with its defaults, durable commits among them. url: of its database.

    It can be stopped and started again in between, as one that goes away and comes back.
    """

    def __init__(self, programs: Path, folder: Path, account: pwd.struct_passwd | None) -> None:
        self._programs = programs
        self._folder = folder
        self._account = account
        self._running: AbstractContextManager[subprocess.Popen[bytes]] | None = None
        self.pid: int | None = None
        self.url = f"postgresql+psycopg://bench@/postgres?host={folder}"

    def make(self) -> None:
        """Makes the cluster. Raises SetupError."""
        command = [str(self._programs / "initdb"), f"--pgdata={self._folder / 'data'}", "--auth=trust"]
        command += ["--username=bench", "--encoding=UTF8", "--locale=C"]
        with _process(command, self._folder / "initdb.log", self._account) as process:
            if process.wait() != 0:
                raise SetupError((self._folder / "initdb.log").read_text())

    def start(self) -> None:
        """Raises SetupError when it does not answer in time."""
        given = {"listen_addresses": "", "unix_socket_directories": str(self._folder), "max_connections": "100"}
        options = [part for key, value in given.items() for part in ("-c", f"{key}={value}")]
        command = [str(self._programs / "postgres"), "-D", str(self._folder / "data"), *options]
        log = self._folder / "log"
        self._running = _process(command, log, self._account, stop=signal.SIGINT)
        process = self._running.__enter__()
        self.pid = process.pid
        _await(lambda: _opens(self.url), process, log)

    def stop(self) -> None:
        """Sends everybody away; what is committed stays."""
        running, self._running, self.pid = self._running, None, None
        if running is not None:
            running.__exit__(None, None, None)


@contextmanager
def running_postgres(programs: Path) -> Iterator[Postgres]:
    """One with a fresh cluster, stopped on leaving, with its data."""
    account = _unprivileged()
    # A short path of its own: a socket's name is bounded, and the other user must be able to enter.
    with tempfile.TemporaryDirectory(prefix="tlpg-") as name:
        folder = Path(name)
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        server = Postgres(programs, folder, account)
        server.make()
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextmanager
def _process(
    command: list[str], log: Path, account: pwd.struct_passwd | None = None, stop: signal.Signals = signal.SIGTERM
) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own arguments
            command,
            stdout=out,
            stderr=out,
            cwd=log.parent,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(stop)
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(answers: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    await_that(
        answers,
        lambda: log.read_text() or "a server did not start",
        within_s=START_WITHIN_S,
        every_s=0.05,
        over=lambda: process.poll() is not None,
    )


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _opens(url: str) -> bool:
    engine = sa.create_engine(url)
    try:
        engine.connect().close()
    except sa.exc.OperationalError:
        return False
    finally:
        engine.dispose()
    return True


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom PostgreSQL must run as; None when we are nobody special ourselves. Raises SetupError."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    msg = "PostgreSQL does not run as root, and there is neither a user postgres nor nobody"
    raise SetupError(msg)
