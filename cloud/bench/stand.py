"""What a bench is measured on: a whole deployment in a folder of its own, on free ports, with units that it knows."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cloud import compose
from cloud.bench.servers import running_mosquitto, running_postgres
from cloud.db import Database, Transaction
from cloud.mqtt import Address
from cloud.registry import gs1
from cloud.registry import service as registry
from cloud.registry.importing import Row
from cloud.secrets import Keys, load_keys
from cloud.settings import Settings
from cloud.supervisor import Supervisor, free_port

UNLIMITED = 100_000_000
MANY_LINES = 1_000_000
"""Calls a minute: more than any bench makes."""
GTIN = gs1.Gtin("09506000134352")
"""GS1's own example number."""


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
    servers: dict[str, int] = field(default_factory=dict)

    @property
    def address(self) -> Address:
        return compose.broker_address(self.settings, self.keys)

    @property
    def product_ids(self) -> list[str]:
        return [unit.id for unit in self.units]

    def pids(self) -> dict[str, int | None]:
        own = {name: self.supervisor.pid(name) for name in self.services}
        return {**self.servers, **own}


@contextmanager
def embedded(services: tuple[str, ...], devices: int) -> Iterator[Stand]:
    """The embedded broker and SQLite, as `throughline up` runs them."""
    with tempfile.TemporaryDirectory(prefix="tl-bench-") as name:
        settings = _settings(Path(name))
        with _running("amqtt + SQLite", settings, ("broker", *services), devices, {}) as stand:
            yield stand


@contextmanager
def one_server(services: tuple[str, ...], devices: int, mosquitto: Path, postgres: Path) -> Iterator[Stand]:
    """Mosquitto and PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="tl-bench-") as name, running_postgres(postgres) as (postgres_pid, url):
        settings = _settings(Path(name)).model_copy(update={"broker": "external", "database_url": url})
        folder = Path(name) / "mosquitto"
        folder.mkdir()
        files = compose.mosquitto_files_for(settings, load_keys(settings.keys_dir), folder, free_port())
        with running_mosquitto(mosquitto, files, folder, settings.mqtt_port) as mosquitto_pid:
            servers = {"mosquitto": mosquitto_pid, "postgres": postgres_pid}
            with _running("Mosquitto + PostgreSQL", settings, services, devices, servers) as stand:
                yield stand


def _settings(folder: Path) -> Settings:
    # Given, not asked of the environment: a bench measures the defaults; but for how often one may call, as it is one
    # address with one session. The limits are asked all the same.
    defaults = {name: field.get_default() for name, field in Settings.model_fields.items()}
    own = {"data_dir": folder / "data", "port": free_port(), "mqtt_port": free_port(), "log_level": "warning"}
    own |= {"address_calls_per_minute": UNLIMITED, "session_calls_per_minute": UNLIMITED}
    own |= {"address_connections": MANY_LINES, "address_streams": MANY_LINES}
    own |= {"mqtt_tls_port": free_port(), "plain_devices": True}
    return Settings.model_construct(**{**defaults, **own})


@contextmanager
def _running(
    name: str, settings: Settings, services: tuple[str, ...], devices: int, servers: dict[str, int]
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
