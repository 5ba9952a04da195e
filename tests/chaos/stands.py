"""The deployments that faults are tried on: as `throughline up` runs them, on a disk that can be made full, and one of
them with the cloud's processes in a network of their own.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import httpx

from cloud.mqtt import Address
from cloud.secrets import load_keys
from cloud.supervisor import free_port
from tests.chaos.disk import MEGABYTE, Disk, small_disk
from tests.chaos.network import Network, own_network
from tests.chaos.script import Known
from tests.own_folders import own_folder
from tests.services import Postgres, durable_postgres, missing
from tests.system import GTIN, ROOT, Mosquitto, System, listens, until

Kind = Literal["embedded", "external", "apart"]
NAMES: Final[dict[Kind, str]] = {
    "embedded": "amqtt + SQLite",
    "external": "Mosquitto + PostgreSQL",
    "apart": "Mosquitto + PostgreSQL, on other machines",
}
UNITS: Final = 1_000
_CLUSTER_BYTES, _MESSAGE_BYTES = 400 * MEGABYTE, 2_000
"""What an empty PostgreSQL with its log takes, and what one message takes at most, everywhere it leaves a trace."""


@dataclass
class Stand:
    """A running deployment. port: where the crowd finds the broker. workers: how many share the ingest. known:
    what the twins must say by now.
    """

    kind: Kind
    system: System
    port: int
    workers: int = 1
    broker: Mosquitto | None = None
    postgres: Postgres | None = None
    disk: Disk | None = None
    network: Network | None = None
    product_ids: list[str] = field(default_factory=list)
    known: dict[str, Known] = field(default_factory=dict)
    boot: int = 0

    @property
    def name(self) -> str:
        return NAMES[self.kind]

    @property
    def address(self) -> Address:
        """As the cloud's own user."""
        return Address("127.0.0.1", self.port, "tl-cloud", self.system.keys.mqtt_password)

    def next_boot(self) -> int:
        self.boot += 1
        return self.boot

    def operator(self) -> httpx.Client:
        key = {"Authorization": f"Bearer {self.system.key}"}
        return httpx.Client(base_url=self.system.url, headers=key, timeout=60)

    def register(self, count: int = UNITS) -> None:
        """A model, and so many units of it."""
        rows = "".join(f"{GTIN},CHAOS-{number}\n" for number in range(count))
        with self.operator() as operator:
            # Kept for ever: clocks are set by a year, and what is not kept would be in no series.
            model = {"gtin": GTIN, "name": "P 100", "brand": "Acme", "profile": "printer", "telemetry_days": 0}
            operator.post("/api/v1/models", json=model).raise_for_status()
            body, kind = f"gtin,serial\n{rows}", {"Content-Type": "text/csv"}
            made = operator.post("/api/v1/products/import", content=body, headers=kind).raise_for_status().json()
        self.product_ids = [one["id"] for one in made["units"]]


@contextmanager
def standing(kind: Kind, folder: Path, messages: int) -> Iterator[Stand]:
    """One of them, for so many messages; what it wrote is in `folder` afterwards."""
    make = {"embedded": _embedded, "external": _external, "apart": _apart}[kind]
    with make(folder, messages) as stand:
        stand.register()
        yield stand


@contextmanager
def _embedded(folder: Path, messages: int) -> Iterator[Stand]:
    with small_disk(_CLUSTER_BYTES // 4 + messages * _MESSAGE_BYTES) as disk:
        system = System(folder)
        system.data = disk.path
        try:
            yield Stand("embedded", system.start(), system.mqtt_port, disk=disk)
        finally:
            disk.make_room()
            system.stop()


@contextmanager
def _external(folder: Path, messages: int) -> Iterator[Stand]:
    program = mosquitto_program()
    broker = Mosquitto(program, folder / "mosquitto", load_keys(folder / "data" / "keys").mqtt_password)
    size = _CLUSTER_BYTES + messages * _MESSAGE_BYTES
    with small_disk(size) as disk, durable_postgres(disk.path) as postgres:
        url = postgres.url(postgres.create())
        given = {"THROUGHLINE_BROKER": "external", "THROUGHLINE_DATABASE_URL": url, "THROUGHLINE_INGEST_WORKERS": "2"}
        system = System(folder, given, broker)
        try:
            broker.start()
            yield Stand("external", system.start(), broker.service_port, 2, broker, postgres, disk)
        finally:
            disk.make_room()
            system.stop()
            broker.stop()


@contextmanager
def _apart(folder: Path, _messages: int) -> Iterator[Stand]:
    program = mosquitto_program()
    with own_network() as network, own_folder() as home:
        cables = network.cables
        with durable_postgres(home, cables["database"].outside) as postgres:
            system = FarSystem(folder, network, postgres)
            system.prepare()
            broker = FarMosquitto(program, folder / "mosquitto", system.mqtt_port, cables["broker"].outside)
            try:
                broker.start()
                yield Stand("apart", system.start(), broker.port, broker=broker, postgres=postgres, network=network)
            finally:
                for cable in cables:
                    network.mend(cable)
                system.stop()
                broker.stop()


class FarSystem(System):
    """In the network's namespace; broker by TLS and database by TCP are outside."""

    def __init__(self, folder: Path, network: Network, postgres: Postgres) -> None:
        self._network = network
        self._name = postgres.create()
        self._postgres = postgres
        self._host = network.cables["database"].inside
        far = {
            "THROUGHLINE_BROKER": "external",
            "THROUGHLINE_HOST": self._host,
            "THROUGHLINE_MQTT_HOST": network.cables["broker"].outside,
            "THROUGHLINE_MQTT_TLS": "true",
            "THROUGHLINE_MQTT_CA_FILE": str(folder / "mosquitto" / "trust.pem"),
            "THROUGHLINE_DATABASE_URL": postgres.tcp_url(self._name),
        }
        super().__init__(folder, far)

    def prepare(self) -> None:
        """Keys and schema, and the files of the broker."""
        made = self._throughline("db", "upgrade")
        key = re.search(r"tlk_[\w-]+", made)
        assert key, made
        self.key = key[0]
        self._throughline("broker", "config", "mosquitto", "--user", "root", "--out", str(self.folder / "mosquitto"))

    def _throughline(self, *words: str) -> str:
        command = [sys.executable, "-m", "cloud", *words, "--data-dir", str(self.data)]
        environment = {**self.environment(), "THROUGHLINE_MQTT_PORT": str(self.mqtt_port)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT, check=False)  # noqa: S603 - our own program
        assert done.returncode == 0, done.stderr
        return done.stdout

    def command(self) -> list[str]:
        return self._network.within(super().command())

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "THROUGHLINE_PLAIN_DEVICES": "false"}

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self.port}"

    @property
    def database_url(self) -> str:
        return self._postgres.url(self._name)


class FarMosquitto(Mosquitto):
    """With the product's own files, and one more listener: for the crowd, which is on the broker's machine."""

    def __init__(self, program: str, home: Path, port: int, host: str) -> None:
        self.port = self.service_port = free_port()
        self._program, self._home = program, home
        self._process = None
        rules = f"password_file {home}/services.passwd\nacl_file {home}/services.acl\n"
        with (home / "mosquitto.conf").open("a") as file:
            file.write(f"\nlistener {self.port} 127.0.0.1\nallow_anonymous false\n{rules}")
        self._far = (host, port)

    def start(self) -> None:
        super().start()
        until(lambda: listens(self._far[1], self._far[0]), "mosquitto's listener for services")


def mosquitto_program() -> str:
    """Skips the test where there is none."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        missing("needs the mosquitto broker")
        raise AssertionError
    return program
