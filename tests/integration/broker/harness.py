"""Real brokers in their own processes, and clients that note what they hear."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import paho.mqtt.client as paho
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from paho.mqtt.enums import CallbackAPIVersion

from broker.external import (
    DEVICE_PASSWORDS,
    REVOKED,
    SERVER,
    SERVICE_PASSWORDS,
    TRUST,
    MosquittoSettings,
    mosquitto_files,
    password_file,
)
from cloud.mqtt import end
from tests.integration.broker.pki import Authority, Files
from tests.ports import free_port

ROOT = Path(__file__).parents[3]
GOOD = "01jd9s0000000000000000000a"
BAD = "01jd9s0000000000000000000b"
SERVICE = "cloud"
PASSWORDS = {name: f"the secret of {name}" for name in (GOOD, BAD, SERVICE)}


def until(holds: Callable[[], object], what: str = "", deadline_s: float = 20) -> None:
    """Wait for something to become true; fail when it does not."""
    end = time.monotonic() + deadline_s
    while not holds():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.01)


class Heard(NamedTuple):
    topic: str
    payload: bytes
    retained: bool
    dup: bool


class Client:
    """A paho client that notes what it hears and how it was received."""

    def __init__(self, port: int, client_id: str, *, clean: bool = True, manual_ack: bool = False) -> None:
        self.paho = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=clean,
            reconnect_on_failure=False,
            manual_ack=manual_ack,
        )
        self.port = port
        self.heard: list[Heard] = []
        self.connacks: list[tuple[int, bool]] = []
        self.granted: list[int] = []
        self.unacknowledged: list[tuple[int, int]] = []
        self.gone = False
        self.paho.on_message = self._on_message
        self.paho.on_connect = lambda _c, _u, flags, code, _p: self.connacks.append((code.value, flags.session_present))
        self.paho.on_subscribe = lambda _c, _u, _m, codes, _p: self.granted.extend(code.value for code in codes)
        self.paho.on_disconnect = self._on_disconnect

    def _on_message(self, _client: object, _userdata: object, message: paho.MQTTMessage) -> None:
        self.unacknowledged.append((message.mid, message.qos))
        self.heard.append(Heard(message.topic, bytes(message.payload), message.retain, message.dup))

    def _on_disconnect(self, *_: object) -> None:
        self.gone = True

    def connect(self, keepalive: int = 30) -> "Client":
        """Connect and wait for the answer, whatever it is."""
        self.paho.connect("127.0.0.1", self.port, keepalive)
        self.paho.loop_start()
        until(lambda: self.connacks or self.gone, "CONNACK")
        return self

    @property
    def accepted(self) -> bool:
        return bool(self.connacks) and self.connacks[-1][0] == 0

    def subscribe(self, topic_filter: str, qos: int = 1) -> int:
        """The code of the SUBACK."""
        before = len(self.granted)
        self.paho.subscribe(topic_filter, qos)
        until(lambda: len(self.granted) > before, "SUBACK")
        return self.granted[-1]

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Publish and wait until it is acknowledged."""
        self.paho.publish(topic, payload, qos, retain).wait_for_publish(20)

    def acknowledge(self) -> None:
        """Acknowledge all that was heard so far."""
        while self.unacknowledged:
            self.paho.ack(*self.unacknowledged.pop(0))

    def drop(self) -> None:
        """Lose the connection without a word."""
        sock = self.paho.socket()
        assert isinstance(sock, socket.socket)
        sock.shutdown(socket.SHUT_RDWR)
        until(lambda: self.gone, "the end of the connection")
        end(self.paho)

    def close(self) -> None:
        end(self.paho)

    def topics(self) -> list[str]:
        return [message.topic for message in self.heard]


class Wire:
    """A running broker, and clients of it. secured: devices come by TLS, each with a certificate."""

    def __init__(
        self,
        kind: str,
        process: subprocess.Popen[bytes],
        ports: tuple[int, int, int],
        home: Path,
        authority: Authority,
        *,
        secured: bool,
    ) -> None:
        self.kind = kind
        self.process = process
        self.port, self.service_port, self.tls_port = ports
        self.home = home
        self.secured = secured
        self.authority = authority
        self.clients: list[Client] = []
        self.certificates: dict[str, Files] = {}

    def client(
        self,
        username: str,
        client_id: str = "",
        password: str | None = None,
        will: Any = None,
        files: Files | None = None,
        **kwargs: Any,
    ) -> Client:
        """A client that is not connected yet. will: (topic, payload, qos, retain). files: a certificate, for TLS; with
        a password it goes to the plain listener of a secured wire nevertheless.
        """
        tls = username != SERVICE and password is None and (self.secured or files is not None)
        port = self.service_port if username == SERVICE else self.tls_port if tls else self.port
        client = Client(port, client_id or username, **kwargs)
        if tls:
            own = files or self.certificate(username)
            client.paho.tls_set(self.authority.trust, own.certificate, own.key)
            client.paho.username_pw_set(username)
        else:
            client.paho.username_pw_set(username, PASSWORDS[username] if password is None else password)
        if will is not None:
            client.paho.will_set(*will)
        self.clients.append(client)
        return client

    def certificate(self, name: str) -> Files:
        """The good certificate of a device, known to the registry."""
        if name not in self.certificates:
            self.certificates[name], made = self.authority.device(name)
            self.know(made, name)
        return self.certificates[name]

    def know(self, made: x509.Certificate, product_id: str, *, ends: datetime | None = None) -> None:
        """The registry has issued this certificate. ends: by the registry's word, when it differs."""
        fact = [product_id, (ends or made.not_valid_after_utc).isoformat(), False]
        self._change("certificates.json", lambda known: known | {made.fingerprint(SHA256()).hex(): fact})

    def revoke(self, name: str) -> None:
        """The registry ends password and certificates of a device; both brokers are told as they are in life."""

        def password(known: dict[str, list[Any]]) -> dict[str, list[Any]]:
            return known | {name: [*known[name][:2], True]}

        def certificates(known: dict[str, list[Any]]) -> dict[str, list[Any]]:
            return {key: [*fact[:2], fact[2] or fact[0] == name] for key, fact in known.items()}

        self._change("credentials.json", password)
        self._change("certificates.json", certificates)
        self._change("endings.json", lambda known: [*known, name])

    def _change(self, name: str, change: Callable[[Any], Any]) -> None:
        replace(self.home / name, json.dumps(change(json.loads((self.home / name).read_text()))))

    def service(self, *filters: str, client_id: str = "cloud-ear") -> Client:
        """A connected service that listens to `filters`."""
        client = self.client(SERVICE, client_id).connect()
        for topic_filter in filters:
            assert client.subscribe(topic_filter) == 1
        return client

    def lookups(self) -> list[str]:
        return (self.home / "lookups").read_text().splitlines()

    def register(self, credentials: dict[str, list[Any]]) -> None:
        replace(self.home / "credentials.json", json.dumps(credentials))

    def stop(self) -> None:
        for client in self.clients:
            client.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def replace(path: Path, content: str) -> None:
    """Whoever reads it meanwhile reads the old or the new one, whole."""
    fresh = path.with_name(f".{path.name}")
    fresh.write_text(content)
    fresh.replace(path)


def credentials() -> dict[str, list[Any]]:
    return {
        name: ["service" if name == SERVICE else "device", hashlib.sha256(secret.encode()).hexdigest(), False]
        for name, secret in PASSWORDS.items()
    }


@contextmanager
def embedded_wire(home: Path, *, secured: bool = False, **settings: Any) -> Iterator[Wire]:
    """Amqtt; with TLS when `secured`. settings: of EmbeddedSettings."""
    for name, content in (("credentials", credentials()), ("certificates", {}), ("endings", [])):
        (home / f"{name}.json").write_text(json.dumps(content))
    (home / "lookups").touch()
    authority = Authority(home / "certificates")
    server = authority.server()
    tls = {"certificate": server.certificate, "key": server.key, "trust": authority.trust, "port": 0}
    given = {"port": 0, "plain_devices": not secured, "tls": tls if secured else None, **settings}
    (home / "settings.json").write_text(json.dumps(given))
    command = [sys.executable, str(Path(__file__).parent / "run_embedded.py"), str(home)]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    with (
        (home / "stderr").open("ab") as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, env=env) as process,  # noqa: S603 - our own
    ):
        assert process.stdout is not None
        plain, tls_port = map(int, process.stdout.readline().split())
        wire = Wire("embedded", process, (plain, plain, tls_port), home, authority, secured=secured)
        try:
            yield wire
        finally:
            wire.stop()


def start_mosquitto(home: Path, ports: tuple[int, int, int], **more: Any) -> subprocess.Popen[bytes]:
    """ports: of plain devices (0: none), services, devices with certificates. more: of MosquittoSettings."""
    settings = MosquittoSettings(
        directory=str(home), plain_port=ports[0], service_port=ports[1], tls_port=ports[2], user="root", **more
    )
    for name, content in mosquitto_files(settings).items():
        (home / name).write_text(content)
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    with (home / "log").open("ab") as log:
        process = subprocess.Popen([program, "-c", str(home / "mosquitto.conf")], stderr=log)  # noqa: S603 - our own
    until(lambda: all(listens(port) for port in ports if port), f"mosquitto: {home / 'log'}")
    return process


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def mosquitto_wire(home: Path, *, secured: bool = False, **more: Any) -> Iterator[Wire]:
    """Mosquitto with the product's own configuration; the plain listener for devices only when not `secured`. more: of
    MosquittoSettings.
    """
    ports = (0 if secured else free_port(), free_port(), free_port())
    authority = Authority(home / "certificates")
    for name, content in (("credentials", credentials()), ("certificates", {}), ("endings", [])):
        (home / f"{name}.json").write_text(json.dumps(content))
    server = authority.server()
    (home / SERVER).write_bytes(Path(server.key).read_bytes() + Path(server.certificate).read_bytes())
    (home / TRUST).write_bytes(Path(authority.trust).read_bytes())
    (home / REVOKED).write_bytes(authority.crl([], at=datetime.now(UTC) - timedelta(minutes=1)))
    devices = [(name, secret) for name, secret in PASSWORDS.items() if name != SERVICE]
    (home / DEVICE_PASSWORDS).write_text(password_file(devices))
    (home / SERVICE_PASSWORDS).write_text(password_file([(SERVICE, PASSWORDS[SERVICE])]))
    process = start_mosquitto(home, ports, **more)
    wire = Wire("mosquitto", process, ports, home, authority, secured=secured)
    try:
        yield wire
    finally:
        wire.stop()
