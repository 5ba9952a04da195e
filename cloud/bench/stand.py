"""What a bench is measured on: a whole deployment in a folder of its own, on free ports, with units that it knows."""

import os
import signal
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from cloud import compose
from cloud.bench.servers import Postgres, Programs, running_mosquitto, running_postgres
from cloud.db import Database, Transaction
from cloud.mqtt import Address
from cloud.registry import gs1
from cloud.registry import service as registry
from cloud.registry.importing import Row
from cloud.secrets import Keys, load_keys
from cloud.settings import Settings
from cloud.supervisor import Supervisor, free_port

EMBEDDED, ONE_SERVER = "amqtt + SQLite", "Mosquitto + PostgreSQL"
UNLIMITED = 100_000_000
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
MANY_LINES = 1_000_000
"""Calls a minute: more than any bench makes."""
GTIN = gs1.Gtin("09506000134352")
"""GS1's own example number."""


@dataclass(frozen=True)
class Servers:
    """What is not ours. Mosquitto's files lie in `folder`; devices come to its port `device_port`, with passwords."""

    mosquitto_pid: int | None = None
    folder: Path | None = None
    device_port: int = 0
    postgres: Postgres | None = None

    @property
    def pids(self) -> dict[str, int | None]:
        if self.postgres is None:
            return {}
        return {"mosquitto": self.mosquitto_pid, "postgres": self.postgres.pid}


@dataclass(frozen=True)
class Stand:
    """A running deployment. units: registered, in the order of their serials. pids: of what works in it, by part."""

    name: str
    settings: Settings
    keys: Keys
    db: Database
    units: list[registry.Registered]
    supervisor: Supervisor
    services: tuple[str, ...]
    servers: Servers = field(default_factory=Servers)

    @property
    def address(self) -> Address:
        return compose.broker_address(self.settings, self.keys)

    @property
    def product_ids(self) -> list[str]:
        return [unit.id for unit in self.units]

    def pids(self) -> dict[str, int | None]:
        own = {name: self.supervisor.pid(name) for name in self.services}
        return {**self.servers.pids, **own}

    @property
    def on_mosquitto(self) -> bool:
        return self.servers.postgres is not None

    @property
    def device_address(self) -> tuple[str, int]:
        """Where devices come in, with passwords."""
        return self.settings.mqtt_host, self.servers.device_port or self.settings.mqtt_port

    def let_in(self, passwords: Iterable[tuple[str, str]]) -> None:
        """Lets these devices in, (product id, password) each, and no others. The embedded broker asks the registry."""
        at = self.servers
        if at.folder is None or at.mosquitto_pid is None:
            return
        files = compose.mosquitto_files_for(self.settings, self.keys, at.folder, at.device_port, passwords)
        for name, content in files.items():
            (at.folder / name).write_text(content)
        os.kill(at.mosquitto_pid, signal.SIGHUP)


@contextmanager
def embedded(services: tuple[str, ...], devices: int) -> Iterator[Stand]:
    """The embedded broker and SQLite, as `throughline up` runs them."""
    with tempfile.TemporaryDirectory(prefix="tl-bench-") as name:
        settings = _settings(Path(name))
        with _running(EMBEDDED, settings, ("broker", *services), devices, Servers()) as stand:
            yield stand


@contextmanager
def one_server(
    services: tuple[str, ...], devices: int, programs: Programs, workers: int = 1, own: Mapping[str, Any] = NOTHING
) -> Iterator[Stand]:
    """Mosquitto and PostgreSQL. workers: so many that share what devices say, where `services` has any. own: settings
    that are not as they usually are.
    """
    with tempfile.TemporaryDirectory(prefix="tl-bench-") as name, running_postgres(programs.postgres) as postgres:
        given = {"broker": "external", "database_url": postgres.url, "ingest_workers": workers, **own}
        settings = _settings(Path(name)).model_copy(update=given)
        services += tuple(f"work-{number}" for number in range(2, workers + 1)) if "work" in services else ()
        folder, device_port = Path(name) / "mosquitto", free_port()
        folder.mkdir()
        files = compose.mosquitto_files_for(settings, load_keys(settings.keys_dir), folder, device_port)
        with running_mosquitto(programs.mosquitto, files, folder, settings.mqtt_port) as mosquitto_pid:
            servers = Servers(mosquitto_pid, folder, device_port, postgres)
            shared = f", {workers} workers" if workers > 1 else ""
            with _running(f"{ONE_SERVER}{shared}", settings, services, devices, servers) as stand:
                yield stand


def _settings(folder: Path) -> Settings:
    # Given, not asked of the environment: a bench measures the defaults; but for how often one may call and speak, as
    # it is one address with one session, and a few devices that speak for many. The limits are asked all the same.
    defaults = {name: field.get_default() for name, field in Settings.model_fields.items()}
    own = {"data_dir": folder / "data", "port": free_port(), "mqtt_port": free_port(), "log_level": "warning"}
    own |= {"address_calls_per_minute": UNLIMITED, "session_calls_per_minute": UNLIMITED}
    own |= {"device_messages_per_minute": UNLIMITED, "device_bytes_per_minute": 1000 * UNLIMITED}
    own |= {"address_connections": MANY_LINES, "address_streams": MANY_LINES}
    own |= {"mqtt_tls_port": free_port(), "plain_devices": True}
    return Settings.model_construct(**{**defaults, **own})


@contextmanager
def _running(
    name: str, settings: Settings, services: tuple[str, ...], devices: int, servers: Servers
) -> Iterator[Stand]:
    compose.prepare(settings)
    keys = load_keys(settings.keys_dir)
    db = compose.make_database(settings, compose.make_clock(settings))
    try:
        units = db.run(lambda tx: register(tx, keys, settings.url, devices))
        with Supervisor(settings, services) as supervisor:
            yield Stand(name, settings, keys, db, units, supervisor, services, servers)
    finally:
        db.dispose()


def register(tx: Transaction, keys: Keys, url: str, count: int) -> list[registry.Registered]:
    """A printer's model and so many units of it."""
    registry.create_model(tx, GTIN, "Bench printer", "Bench", "printer", {"shop": "https://shop.example"})
    rows = [Row(number, GTIN, gs1.Serial(f"B{number:07}")) for number in range(1, count + 1)]
    return [one for one in registry.register_many(tx, keys, url, rows) if isinstance(one, registry.Registered)]
