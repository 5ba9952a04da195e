"""`throughline up`: starts the services of one machine as processes, watches them, and starts anew what ends.

A child lives as long as the pipe on its standard input: when this process dies, however it dies, the children leave
too, so that nothing of a killed system holds a port.
"""

import fcntl
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from cloud import brokers
from cloud.errors import SetupError
from cloud.settings import Settings, as_environment

log = logging.getLogger("throughline.up")
READY = "ready"
START_S = 30.0
QUICK_DEATH_S = 5.0
MAX_BACKOFF_S = 10.0
FREE_PORTS = range(26_500, 32_500)
_given: set[int] = set()
"""What `free_port` has given: whoever asked for it may not listen there yet."""


@dataclass
class Child:
    """A service as a process. name: `work`, or `work-2` for another one of the same service. failures: quick deaths in
    a row.
    """

    name: str
    process: subprocess.Popen[str] | None = None
    started: float = 0.0
    failures: int = 0
    again_at: float = 0.0
    ready: threading.Event = field(default_factory=threading.Event)
    said: list[str] = field(default_factory=list)

    @property
    def service(self) -> str:
        return self.name.partition("-")[0]


class Supervisor:
    """Use as a context manager: on leaving it, every child has ended.

    prepare: called once the folder is held and before anything is started. noted: told of each start anew.
    """

    def __init__(
        self,
        settings: Settings,
        names: tuple[str, ...],
        *,
        prepare: Callable[[], None] = lambda: None,
        noted: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self._settings = settings
        self._prepare = prepare
        self._children = [Child(name) for name in names]
        self._noted = noted
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._watch_all, name="watch", daemon=True)
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        self._lock = hold_folder(self._settings.data_dir)
        try:
            check_ports(self._settings, [child.name for child in self._children])
            self._prepare()
            for child in self._children:
                self._start(child)
                self._await_ready(child)
        except BaseException:
            self.close()
            raise
        self._watch.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def pid(self, name: str) -> int | None:
        """Of the service's present process."""
        child = next(one for one in self._children if one.name == name)
        return child.process.pid if child.process is not None and child.process.poll() is None else None

    def is_ready(self, name: str) -> bool:
        """The service's present process has said that it serves."""
        child = next(one for one in self._children if one.name == name)
        return child.ready.is_set() and self.pid(name) is not None

    def close(self) -> None:
        """Asks all to leave, and ends those that do not."""
        self._stop.set()
        if self._watch.is_alive():
            self._watch.join(5)
        for child in reversed(self._children):
            _end(child)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _start(self, child: Child) -> None:
        child.ready.clear()
        child.said.clear()
        child.started = time.monotonic()
        child.process = subprocess.Popen(  # noqa: S603 - this program itself, and a name of ours
            [sys.executable, "-m", "cloud", child.service],
            cwd=Path(__file__).parent.parent,
            env=_environment(self._settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
            text=True,
            start_new_session=True,  # Ctrl-C is for this process; the children are told by it, in order
        )
        threading.Thread(target=_listen, args=(child, child.process), name=f"{child.name}-ear", daemon=True).start()

    def _await_ready(self, child: Child) -> None:
        until = time.monotonic() + START_S
        while not child.ready.wait(0.05):
            ended = child.process is not None and child.process.poll() is not None
            if ended or time.monotonic() > until:
                why = child.said[-1] if child.said else self._guess(child, ended=ended)
                msg = f"{child.name} did not start: {why}"
                raise SetupError(msg)

    def _guess(self, child: Child, *, ended: bool) -> str:
        """Why a child that says nothing may not be ready."""
        if child.service == "work" and not ended:
            return f"the broker at {self._settings.mqtt_host}:{self._settings.mqtt_port} does not let it in"
        return "it did not say why; --log-level debug shows more"

    def _watch_all(self) -> None:
        while not self._stop.wait(0.1):
            for child in self._children:
                if child.process is not None and child.process.poll() is not None:
                    self._plan_restart(child, child.process)
                elif child.process is None and time.monotonic() >= child.again_at:
                    self._start(child)
                    self._noted(child.name)

    def _plan_restart(self, child: Child, process: "subprocess.Popen[str]") -> None:
        quick = time.monotonic() - child.started < QUICK_DEATH_S
        child.failures = child.failures + 1 if quick else 0
        wait_s = min(MAX_BACKOFF_S, 0.2 * 2**child.failures)
        log.warning("%s ended (%s); starting it again in %.1f s", child.name, _how(process.returncode), wait_s)
        _close_pipes(process)
        child.process, child.again_at = None, time.monotonic() + wait_s


def _how(returncode: int) -> str:
    return f"signal {signal.Signals(-returncode).name}" if returncode < 0 else f"exit status {returncode}"


def _listen(child: Child, process: "subprocess.Popen[str]") -> None:
    """A child says `ready` once it serves; anything else is why it does not."""
    assert process.stdout is not None  # noqa: S101 - a child is started with `stdout=PIPE`
    with process.stdout as said:
        for line in said:
            if line.strip() == READY:
                child.ready.set()
            elif line.strip():
                child.said.append(line.strip())


def _end(child: Child) -> None:
    process = child.process
    if process is None:
        return
    _close_stdin(process)
    try:
        process.wait(8)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _close_pipes(process)
    child.process = None


def _close_stdin(process: "subprocess.Popen[str]") -> None:
    if process.stdin is not None:
        try:
            process.stdin.close()
        except OSError:
            log.debug("the pipe was closed already")


def _close_pipes(process: "subprocess.Popen[str]") -> None:
    _close_stdin(process)


def _environment(settings: Settings) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("THROUGHLINE_")}
    absolute = settings.model_copy(update={"data_dir": settings.data_dir.absolute()})
    return kept | as_environment(absolute) | {"PYTHONUNBUFFERED": "1", "TL_SUPERVISED": "1"}


def hold_folder(folder: Path) -> IO[str]:
    """The data folder for this process alone. Raises SetupError when another one has it, or it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / "lock").open("a+")
    except OSError as error:
        msg = f"cannot write {folder}: {error.strerror}; choose another folder with --data-dir"
        raise SetupError(msg) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        msg = f"another throughline is running on {folder}; stop it, or choose another folder with --data-dir"
        raise SetupError(msg) from error
    return handle


def check_ports(settings: Settings, names: list[str]) -> None:
    """Raises SetupError for a port that is taken, or meant for two, naming the option that moves it, and for a listener
    that would be open.
    """
    brokers.check(settings)
    own = {
        "api": [("--port", settings.host, settings.port)],
        "broker": [
            ("--mqtt-port", settings.mqtt_host, settings.mqtt_port),
            ("--mqtt-tls-port", settings.mqtt_tls_host, settings.mqtt_tls_port),
        ],
    }
    wanted = [listener for service, listeners in own.items() if service in names for listener in listeners]
    for number, (option, _, port) in enumerate(wanted):
        for other, _, same in wanted[:number]:
            if port == same:
                msg = f"port {port} cannot be both {other} and {option}; choose another for one of them"
                raise SetupError(msg, port=port)
    for option, host, port in wanted:
        check_port(host, port, option)


def check_port(host: str, port: int, option: str) -> None:
    """Raises SetupError when nothing can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            msg = f"port {port} on {host} cannot be used ({error.strerror}); choose another with {option}"
            raise SetupError(msg, port=port) from error


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody has at this moment, nor is given before it is used: not by this process, and not by a kernel
    to whoever asks for any port. Raises OSError when there is none.

    Source: RFC 6335, section 6: Linux gives from 32768 on, others from 49152 on.
    """
    for port in random.sample(FREE_PORTS, len(FREE_PORTS)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
        if port not in _given:
            _given.add(port)
            return port
    msg = f"no port from {FREE_PORTS.start} to {FREE_PORTS.stop - 1} is free"
    raise OSError(msg)
