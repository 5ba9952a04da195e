"""A deployment with its own authority and registry, and a broker beside it as its operator runs it: the embedded one,
or Mosquitto with the files of `throughline broker config` and the guard.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from broker.external import PID, TRUST
from cloud import compose
from cloud.db import Database
from cloud.identity import authority_files, devices, enrolment
from cloud.identity.enrolment import Terms
from cloud.identity.tls_files import trust_file
from cloud.registry import gs1
from cloud.registry import service as registry
from cloud.secrets import load_keys
from cloud.settings import as_environment, load_settings
from tests.certificates import new_key, request_of
from tests.integration.broker.harness import ROOT, Client, listens, until
from tests.integration.broker.pki import Files
from tests.ports import free_port

GTIN = gs1.Gtin("09506000134352")
PROGRAM = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "mosquitto"


class Deployment:
    """One in `home`, on free ports; its services are started by `embedded` and `mosquitto`."""

    def __init__(self, home: Path, broker: str, database_url: str = "") -> None:
        self.home = home
        self.settings = load_settings(
            data_dir=home / "data",
            broker=broker,
            database_url=database_url,
            mqtt_port=free_port(),
            mqtt_tls_port=free_port(),
            plain_devices=broker == "embedded",
        )
        compose.prepare(self.settings)
        self.keys = load_keys(self.settings.keys_dir)
        self.db: Database = compose.make_database(self.settings, compose.make_clock(self.settings))
        self.authority = authority_files.load(self.settings.keys_dir, self.keys)
        self.clients: list[Client] = []
        self.folder = home / "mosquitto"
        self.broker: subprocess.Popen[bytes] | None = None
        self.guard: subprocess.Popen[bytes] | None = None
        self._serials = 0
        self.db.run(lambda tx: registry.create_model(tx, GTIN, "P1", "Acme", "printer", {"shop": "https://s.example"}))

    # --- units ---

    def unit(self, lasts: timedelta = timedelta(days=1)) -> tuple[str, Files]:
        """A registered unit, and its certificate."""
        self._serials += 1
        serial = f"SN{self._serials:04}"
        made = self.db.run(lambda tx: registry.register(tx, self.keys, self.settings.url, GTIN, serial))
        return made.id, self.enrol(made.id, lasts)

    def enrol(self, product_id: str, lasts: timedelta = timedelta(days=1)) -> Files:
        """A certificate for a new key."""
        key, terms = new_key(), Terms(self.settings.url, lasts)
        token = self.db.run(lambda tx: enrolment.issue_token(tx, product_id, timedelta(hours=1)).token)
        made = self.db.run(lambda tx: enrolment.enrol(tx, self.authority, terms, token, request_of(key)))
        files = Files(*(str(self.home / f"{time.monotonic_ns()}-{part}.pem") for part in ("certificate", "key")))
        Path(files.certificate).write_text(made.certificate + made.chain)
        Path(files.key).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return files

    def revoke(self, product_id: str) -> None:
        self.db.run(lambda tx: devices.revoke(tx, product_id))

    def client(self, product_id: str, files: Files, *, clean: bool = True) -> Client:
        """A device that is not connected yet."""
        client = Client(self.settings.mqtt_tls_port, product_id, clean=clean)
        client.paho.tls_set(str(trust_file(self.settings.keys_dir)), files.certificate, files.key)
        self.clients.append(client)
        return client

    def close_clients(self) -> None:
        for client in self.clients:
            client.close()

    def service(self, *filters: str) -> Client:
        client = Client(self.settings.mqtt_port, "tl-cloud-ear")
        client.paho.username_pw_set("tl-cloud", self.keys.mqtt_password)
        self.clients.append(client.connect())
        for one in filters:
            assert client.subscribe(one) == 1
        return client

    # --- processes ---

    def command(self, *words: str) -> subprocess.Popen[bytes]:
        """`throughline broker ...`, started."""
        env = os.environ | as_environment(self.settings) | {"PYTHONUNBUFFERED": "1"}
        with (self.home / "said").open("ab") as said:
            return subprocess.Popen(  # noqa: S603 - our own
                [sys.executable, "-m", "cloud", "broker", *words], env=env, stdout=said, stderr=said, cwd=ROOT
            )

    def said(self) -> str:
        return (self.home / "said").read_text()

    def start_mosquitto(self) -> None:
        (self.folder / PID).unlink(missing_ok=True)
        with (self.home / "mosquitto.log").open("ab") as log:
            self.broker = subprocess.Popen([PROGRAM, "-c", str(self.folder / "mosquitto.conf")], stderr=log)  # noqa: S603 - our own
        until(lambda: listens(self.settings.mqtt_tls_port) and (self.folder / PID).exists(), "mosquitto")

    def start_guard(self) -> None:
        before = self.said().count("ready")
        self.guard = self.command("guard", str(self.folder))
        until(lambda: self.said().count("ready") > before, "the guard", 60)

    def end(self, process: "subprocess.Popen[bytes] | None", number: int = signal.SIGTERM) -> None:
        if process is not None and process.poll() is None:
            process.send_signal(number)
            process.wait(20)


def running(kind: str, home: Path) -> AbstractContextManager[Deployment]:
    return embedded(home) if kind == "embedded" else mosquitto(home)


@contextmanager
def embedded(home: Path) -> Iterator[Deployment]:
    """The embedded broker as `throughline broker` runs it."""
    with _deployment(home, "embedded") as made:
        made.broker = made.command()
        until(lambda: "ready" in made.said(), "the broker", 60)
        yield made


@contextmanager
def mosquitto(home: Path, database_url: str = "", *, guarded: bool = True) -> Iterator[Deployment]:
    """Mosquitto with the files that the command writes, and the guard."""
    with _deployment(home, "external", database_url) as made:
        config = made.command("config", "mosquitto", "--out", str(made.folder), "--user", "root")
        assert config.wait(60) == 0, made.said()
        assert (made.folder / TRUST).exists()
        made.start_mosquitto()
        if guarded:
            made.start_guard()
        yield made


@contextmanager
def _deployment(home: Path, broker: str, database_url: str = "") -> Iterator[Deployment]:
    made = Deployment(home, broker, database_url)
    with ExitStack() as closing:
        closing.callback(made.db.dispose)
        closing.callback(lambda: made.end(made.broker))
        closing.callback(lambda: made.end(made.guard))
        closing.callback(made.close_clients)
        yield made


class Stubborn:
    """A device that comes back at once, over and over, whatever happens. came_in: how often it succeeded."""

    def __init__(self, deployment: Deployment, product_id: str, files: Files) -> None:
        self._deployment, self._product_id, self._files = deployment, product_id, files
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stubborn")
        self.tries = 0
        self.came_in: list[float] = []
        self.in_since: float | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.tries += 1
            client = self._deployment.client(self._product_id, self._files)
            try:
                client.connect()
            except OSError:
                continue
            if client.accepted:
                self.came_in.append(time.monotonic())
                self.in_since = time.monotonic()
                while not client.gone and not self._stop.wait(0.005):
                    pass
                self.in_since = None
            client.close()
