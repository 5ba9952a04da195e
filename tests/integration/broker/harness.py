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
from pathlib import Path
from typing import Any, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from broker.external import DEVICE_PASSWORDS, SERVICE_PASSWORDS, MosquittoSettings, mosquitto_files, password_file

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
        self.paho.loop_stop()

    def close(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()

    def topics(self) -> list[str]:
        return [message.topic for message in self.heard]


class Wire:
    """A running broker, and clients of it."""

    def __init__(self, kind: str, process: subprocess.Popen[bytes], port: int, service_port: int, home: Path) -> None:
        self.kind = kind
        self.process = process
        self.port = port
        self.service_port = service_port
        self.home = home
        self.clients: list[Client] = []

    def client(
        self, username: str, client_id: str = "", password: str | None = None, will: Any = None, **kwargs: Any
    ) -> Client:
        """A client that is not connected yet. will: (topic, payload, qos, retain)."""
        port = self.service_port if username == SERVICE else self.port
        client = Client(port, client_id or username, **kwargs)
        client.paho.username_pw_set(username, PASSWORDS[username] if password is None else password)
        if will is not None:
            client.paho.will_set(*will)
        self.clients.append(client)
        return client

    def service(self, *filters: str, client_id: str = "cloud-ear") -> Client:
        """A connected service that listens to `filters`."""
        client = self.client(SERVICE, client_id).connect()
        for topic_filter in filters:
            assert client.subscribe(topic_filter) == 1
        return client

    def lookups(self) -> list[str]:
        return (self.home / "lookups").read_text().splitlines()

    def register(self, credentials: dict[str, list[Any]]) -> None:
        fresh = self.home / "fresh.json"
        fresh.write_text(json.dumps(credentials))
        fresh.replace(self.home / "credentials.json")

    def stop(self) -> None:
        for client in self.clients:
            client.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def credentials() -> dict[str, list[Any]]:
    return {
        name: ["service" if name == SERVICE else "device", hashlib.sha256(secret.encode()).hexdigest(), False]
        for name, secret in PASSWORDS.items()
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def embedded_wire(home: Path, **settings: Any) -> Iterator[Wire]:
    (home / "credentials.json").write_text(json.dumps(credentials()))
    (home / "settings.json").write_text(json.dumps({"port": 0, **settings}))
    (home / "lookups").touch()
    command = [sys.executable, str(Path(__file__).parent / "run_embedded.py"), str(home)]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        port = int(process.stdout.readline())
        wire = Wire("embedded", process, port, port, home)
        try:
            yield wire
        finally:
            wire.stop()


def start_mosquitto(home: Path, port: int, service_port: int) -> subprocess.Popen[bytes]:
    settings = MosquittoSettings(
        directory=str(home), host="127.0.0.1", port=port, service_port=service_port, user="root", session_expiry="1h"
    )
    for name, content in mosquitto_files(settings).items():
        (home / name).write_text(content)
    devices = [(name, secret) for name, secret in PASSWORDS.items() if name != SERVICE]
    (home / DEVICE_PASSWORDS).write_text(password_file(devices))
    (home / SERVICE_PASSWORDS).write_text(password_file([(SERVICE, PASSWORDS[SERVICE])]))
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    with (home / "log").open("ab") as log:
        process = subprocess.Popen([program, "-c", str(home / "mosquitto.conf")], stderr=log)  # noqa: S603 - our own
    until(lambda: listens(port) and listens(service_port), "mosquitto")
    return process


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def mosquitto_wire(home: Path) -> Iterator[Wire]:
    port, service_port = free_port(), free_port()
    process = start_mosquitto(home, port, service_port)
    wire = Wire("mosquitto", process, port, service_port, home)
    try:
        yield wire
    finally:
        wire.stop()
