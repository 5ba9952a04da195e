"""A whole system as its user starts it: `throughline up` in a folder of its own, on free ports, and stopped again.

What the processes say goes to files, so that a test can search all of it. Embedded: amqtt and SQLite. External:
Mosquitto and PostgreSQL, with `throughline up` for the rest.
"""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import psutil
import sqlalchemy as sa

from broker.contract.messages import Json
from broker.external import DEVICE_PASSWORDS, SERVICE_PASSWORDS, MosquittoSettings, mosquitto_files, password_file
from cloud.clock import TravelClock
from cloud.secrets import Keys, load_keys
from device_sim.calls import Caller
from device_sim.carrier import Carrier
from device_sim.credentials import Credential
from device_sim.device import SimulatedPrinter
from device_sim.errors import RefusedError
from device_sim.phone import Phone
from device_sim.registration import DEFAULT_GTIN, Registrar
from device_sim.session import Endpoint, Tuning
from device_sim.shop import Shop
from tests.ports import free_port
from tests.services import missing, running_postgres

ROOT: Final = Path(__file__).parents[1]
START_WITHIN_S: Final = 90.0
LEAVE_WITHIN_S: Final = 40.0
DEADLINE_S: Final = 30.0
"""For whatever the system does by itself. Generous: the machine may be busy with others."""
GTIN: Final = DEFAULT_GTIN
SERVICES: Final = ("broker", "work", "api")
QUICK: Final = Tuning(stall_s=2.0, stall_max_s=4.0, backoff_base_s=0.1, backoff_max_s=0.5)
"""A device that notices a loss within seconds, where a real one has minutes."""
LINKS: Final = {name: f"https://acme.example/{name}" for name in ("shop", "product", "video", "reorder")}
Found = TypeVar("Found")


def until(question: Callable[[], Found | None], what: str, deadline_s: float = DEADLINE_S) -> Found:
    """Asks until the answer is true in itself, and returns it; fails when it never is."""
    end = time.monotonic() + deadline_s
    while not (found := question()):
        assert time.monotonic() < end, f"not within {deadline_s:g} s: {what}"
        time.sleep(0.05)
    return found


async def until_async(
    question: Callable[[], Awaitable[Found | None]], what: str, deadline_s: float = DEADLINE_S
) -> Found:
    """The same for a question that is awaited."""
    end = time.monotonic() + deadline_s
    while not (found := await question()):
        assert time.monotonic() < end, f"not within {deadline_s:g} s: {what}"
        await asyncio.sleep(0.05)
    return found


class System:
    """One deployment in `folder`. Its ports stay the same over restarts, as they would on a server."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str] | None = None, broker: "Mosquitto | None" = None
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port()
        self.mqtt_port = broker.service_port if broker else free_port()
        self.tls_port = free_port()
        self.key = ""
        self._environment = dict(environment or {})
        self._broker = broker
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0

    # --- running it ---

    def start(self) -> "System":
        """Starts it; returns when phones and devices can come."""
        self._starts += 1
        with self._said("out").open("wb") as out, self._said("err").open("wb") as err:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                self.command(), env=self.environment(), stdout=out, stderr=err, stdin=subprocess.DEVNULL, cwd=ROOT
            )
        until(self._is_up, f"the start: {self._said('err')}", START_WITHIN_S)
        if not self.key:
            key = re.search(r"tlk_[\w-]+", self._said("out").read_text())
            assert key, "the first start shows an operator's key"
            self.key = key[0]
        return self

    def command(self) -> list[str]:
        options = {"--data-dir": self.data, "--port": self.port, "--mqtt-port": self.mqtt_port}
        return [sys.executable, "-m", "cloud", "up", *(str(part) for pair in options.items() for part in pair)]

    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("THROUGHLINE_")}
        return {**inherited, "COLUMNS": "200", "THROUGHLINE_TIME_TRAVEL": "true", **self._doors(), **self._environment}

    def _doors(self) -> dict[str, str]:
        """Most tests' devices come with passwords."""
        return {"THROUGHLINE_PLAIN_DEVICES": "true", "THROUGHLINE_MQTT_TLS_PORT": str(self.tls_port)}

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._said("err").read_text()
        return "Throughline is up" in self._said("out").read_text()

    def stop(self) -> int:
        """Asks it to leave, as Ctrl-C would; its exit status."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(LEAVE_WITHIN_S)
        finally:
            if self._process.poll() is None:
                self.kill_supervisor()

    def kill_supervisor(self) -> None:
        """SIGKILL to `throughline up` itself; returns when all of its children have left too."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        self._process.wait(LEAVE_WITHIN_S)
        _, alive = psutil.wait_procs(children, LEAVE_WITHIN_S)
        for child in alive:
            child.kill()
        assert not alive, f"left behind: {alive}"

    def process_of(self, service: str) -> psutil.Process | None:
        """The service's present process; the first, if there are several."""
        return next(iter(self.processes_of(service)), None)

    def processes_of(self, service: str) -> list[psutil.Process]:
        """All present processes of a service."""
        assert self._process is not None
        found = []
        for child in psutil.Process(self._process.pid).children():
            try:
                if child.status() != psutil.STATUS_ZOMBIE and child.cmdline()[-1:] == [service]:
                    found.append(child)
            except psutil.Error:
                continue
        return found

    def running(self, service: str) -> psutil.Process:
        """The service's process, once there is one."""
        return until(lambda: self.process_of(service), f"a process of {service}")

    def kill(self, *services: str) -> None:
        """SIGKILL to these, at once. A broker that is not ours is started again, as its own keeper would."""
        found = [self.running(service) for service in services if service != "broker" or self._broker is None]
        for process in found:
            process.kill()
        if "broker" in services and self._broker:
            self._broker.kill()
        psutil.wait_procs(found, LEAVE_WITHIN_S)

    def _said(self, stream: str) -> Path:
        return self.folder / f"{self._starts}.{stream}"

    def said(self) -> bytes:
        """All that any of its processes ever wrote."""
        return b"".join(
            path.read_bytes() for path in sorted(self.folder.glob("*.out")) + sorted(self.folder.glob("*.err"))
        )

    # --- what it knows ---

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def keys(self) -> Keys:
        return load_keys(self.data / "keys")

    @property
    def clock(self) -> TravelClock:
        return TravelClock(self.data / "clock")

    def travel(self, **span: float) -> None:
        """Puts the system's clock forward by `timedelta(**span)`."""
        self.clock.advance(timedelta(**span))

    @property
    def database_url(self) -> str:
        return self._environment.get("THROUGHLINE_DATABASE_URL") or f"sqlite:///{self.data / 'throughline.db'}"

    def rows(self, statement: str, **values: Json) -> list[Any]:
        """Looks into the database beside the running system; changes nothing."""
        engine = sa.create_engine(self.database_url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            return list(connection.execute(sa.text(statement), values).all())

    def tables(self) -> Sequence[str]:
        engine = sa.create_engine(self.database_url, poolclass=sa.NullPool)
        return sa.inspect(engine).get_table_names()

    # --- who comes to it ---

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(port=self._broker.port if self._broker else self.mqtt_port)

    def operator(self) -> Caller:
        return Caller(self.url, headers={"Authorization": f"Bearer {self.key}"})

    def phone(self, language: str = "en") -> Phone:
        return Phone(self.url, language=language)

    def shop(self) -> Shop:
        return Shop(self.url, self.keys.shop_secret, clock=self.clock)

    def carrier(self) -> Carrier:
        return Carrier(self.url, self.keys.carrier_secret, clock=self.clock)

    def printer(self, unit: Credential, **options: Any) -> SimulatedPrinter:
        given = {"clock": self.clock, "tuning": QUICK, "speed": 20.0, **options}
        return SimulatedPrinter(self.endpoint, unit.identity, **given)

    async def unit(self, serial: str = "") -> Credential:
        """A registered unit with its MQTT credential."""
        await self.model()
        async with Registrar(self.url, self.key) as registrar:
            unit = await registrar.register(GTIN, serial or f"S{time.monotonic_ns()}")
        if self._broker:
            self._broker.add_device(unit)
        return unit

    async def model(self) -> None:
        """The model of all the units, with somewhere to lead to; registered once."""
        body = {"gtin": GTIN, "name": "LabelPro 100", "brand": "Acme", "profile": "printer", "links": LINKS}
        async with self.operator() as operator:
            try:
                await operator.json("POST", "/api/v1/models", body)
            except RefusedError as error:
                assert error.problem == "duplicate"  # noqa: PT017 - another test was first, or this is a real error

    async def campaign(self) -> str:
        """A campaign's id."""
        await self.model()
        async with self.operator() as operator:
            body = {"name": "Spring", "gtin": GTIN, "channel": "social"}
            return str((await operator.json("POST", "/api/v1/campaigns", body))["id"])

    async def owned(self, phone: Phone, unit: Credential) -> str:
        """Starts the phone's session, claims the unit for it, and returns the journey."""
        await phone.start()
        return str((await phone.claim(unit.claim_code, gtin=unit.gtin, serial=unit.serial))["journey_id"])


@contextmanager
def embedded(folder: Path) -> Iterator[System]:
    """Amqtt and SQLite, for as long as the block runs."""
    system = System(folder)
    try:
        yield system.start()
    finally:
        system.stop()


@contextmanager
def external(folder: Path) -> Iterator[System]:
    """Mosquitto and PostgreSQL, for as long as the block runs."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        missing("needs the mosquitto broker")
        raise AssertionError
    broker = Mosquitto(program, folder / "mosquitto", load_keys(folder / "data" / "keys").mqtt_password)
    with running_postgres() as server:
        settings = {
            "THROUGHLINE_BROKER": "external",
            "THROUGHLINE_DATABASE_URL": server.url(server.create()),
        }
        system = System(folder, settings, broker)
        try:
            broker.start()
            yield system.start()
        finally:
            system.stop()
            broker.stop()


class Mosquitto:
    """A Mosquitto of our own, with the rules and passwords of the product."""

    def __init__(self, program: str, home: Path, password: str) -> None:
        self.port, self.service_port = free_port(), free_port()
        self._program, self._home = program, home
        self._process: subprocess.Popen[bytes] | None = None
        settings = MosquittoSettings(
            directory=str(home),
            tls_port=0,
            plain_port=self.port,
            service_port=self.service_port,
            user="root",
        )
        home.mkdir()
        for name, content in mosquitto_files(settings).items():
            (home / name).write_text(content)
        (home / SERVICE_PASSWORDS).write_text(password_file([("tl-cloud", password)]))
        (home / DEVICE_PASSWORDS).touch()

    def start(self) -> None:
        with (self._home / "log").open("ab") as log:
            command = [self._program, "-c", str(self._home / "mosquitto.conf")]
            self._process = subprocess.Popen(command, stderr=log)  # noqa: S603 - our own
        until(lambda: listens(self.port) and listens(self.service_port), "mosquitto")

    def add_device(self, unit: Credential) -> None:
        """Tells it of a device's password; the embedded broker asks the registry itself."""
        assert self._process is not None
        with (self._home / DEVICE_PASSWORDS).open("a") as file:
            file.write(password_file([(unit.id, unit.password)]))
        self._process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """SIGKILL, and a new start: what it had not saved is lost."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(LEAVE_WITHIN_S)
        self.start()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(LEAVE_WITHIN_S)


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
