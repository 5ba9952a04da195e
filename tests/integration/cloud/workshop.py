"""Ingest workers as their operator runs them, on a Mosquitto and a database of their own."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import paho.mqtt.client as paho
import sqlalchemy as sa
from paho.mqtt.enums import CallbackAPIVersion

from cloud import compose
from cloud.clock import Clock, system_clock
from cloud.ingesting import ingest_work, shared_filter
from cloud.mqtt import Address, end
from cloud.secrets import Keys, load_keys
from cloud.settings import Settings, as_environment, load_settings
from cloud.supervisor import READY
from device_sim.credentials import Credential
from tests.conftest import postgres_copy
from tests.integration.cloud.world import Message, World
from tests.services import ManualClock, Postgres, missing
from tests.system import LEAVE_WITHIN_S, ROOT, START_WITHIN_S, Mosquitto, until


class RealClock(ManualClock):
    """The time of day, as the worker processes have it."""

    def __call__(self) -> datetime:
        return system_clock()


class Worker:
    """One process of `throughline work`."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._log = log
        kept = {name: value for name, value in os.environ.items() if not name.startswith("THROUGHLINE_")}
        with log.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cloud", "work"],
                env=kept | as_environment(settings) | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                cwd=ROOT,
            )
        self._ready = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as said:
            for line in said:
                if line.strip() == READY:
                    self._ready.set()

    def said(self) -> str:
        return self._log.read_text()

    def ready(self) -> "Worker":
        """Returns once it serves, or stands by."""
        until(self._is_ready, f"a worker: {self._log}", START_WITHIN_S)
        return self

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.said()
        return self._ready.is_set()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(LEAVE_WITHIN_S)

    def stop(self) -> int:
        """As a process manager does; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LEAVE_WITHIN_S)


class Thread:
    """The ingest of a worker, in a thread of this process."""

    def __init__(self, settings: Settings, keys: Keys, clock: Clock) -> None:
        self.stop = threading.Event()
        self._db = compose.make_database(settings, clock)
        address = compose.broker_address(settings, keys)
        self.work = ingest_work(settings, keys, self._db, address, self.stop)
        self._thread = threading.Thread(target=self.work.run)
        self._thread.start()
        until(lambda: self.work.settled.is_set() or not self._thread.is_alive(), "a seat", START_WITHIN_S)
        assert self._thread.is_alive()

    @property
    def stands_by(self) -> bool:
        return self.work.seat is None

    def join(self) -> None:
        self._thread.join(LEAVE_WITHIN_S)
        assert not self._thread.is_alive()
        self._db.dispose()


class Workshop:
    """A deployment of several workers. world: looks into the same database, and registers units."""

    def __init__(self, folder: Path, broker: Mosquitto, url: str, keys: Keys, world: World, workers: int) -> None:
        self.folder = folder
        self.broker = broker
        self.keys = keys
        self.world = world
        self.workers: list[Worker] = []
        self.threads: list[Thread] = []
        self.settings = load_settings(
            data_dir=folder / "data",
            broker="external",
            database_url=url,
            mqtt_port=broker.service_port,
            ingest_workers=workers,
            ingest_batch=200,
        )

    @property
    def address(self) -> Address:
        return compose.broker_address(self.settings, self.keys)

    @property
    def group(self) -> str:
        return shared_filter(self.keys)

    def start(self) -> Worker:
        """A worker's process, started and not yet ready."""
        worker = Worker(self.settings, self.folder / f"worker-{len(self.workers)}.log")
        self.workers.append(worker)
        return worker

    def thread(self, clock: Clock = system_clock, **changed: object) -> Thread:
        """The ingest alone, in this process, once it serves or stands by."""
        given = {"worker_name" if name == "name" else name: value for name, value in changed.items()}
        thread = Thread(self.settings.model_copy(update=given), self.keys, clock)
        self.threads.append(thread)
        return thread

    def seats(self) -> dict[str, str]:
        """State by name."""
        return {row.name: row.state for row in self.world.rows("ingest_seat")}

    def client(self) -> paho.Client:
        """A connected client with the cloud's own credential."""
        return _connected(
            "tl-cloud-test", self.settings.mqtt_username, self.keys.mqtt_password, self.settings.mqtt_port
        )

    def device(self, product_id: str) -> paho.Client:
        """A connected client with the credential of a device."""
        self.broker.add_device(cast("Credential", SimpleNamespace(id=product_id, password="secret")))
        return _connected(product_id, product_id, "secret", self.broker.port)

    def subscribe(self, client: paho.Client, topic_filter: str) -> None:
        """Returns once the broker has granted it, as Mosquitto does to everybody."""
        granted: list[int] = []
        client.on_subscribe = lambda _c, _d, _m, codes, _p: granted.extend(code.value for code in codes)
        client.subscribe(topic_filter, 1)
        until(lambda: granted, topic_filter)
        assert granted == [1]

    def publish(self, messages: Iterable[Message]) -> None:
        """Returns once the broker has acknowledged them all."""
        client = self.client()
        sent = [client.publish(topic, payload, qos=1) for topic, payload in messages]
        for one in sent:
            one.wait_for_publish(START_WITHIN_S)
        end(client)

    def unacknowledged(self, seat: str, wanted: int) -> int:
        """Messages that the broker has in the session of this seat, to which nobody is connected."""
        mids: set[int] = set()
        client = paho.Client(CallbackAPIVersion.VERSION2, f"tl-cloud-{seat}", clean_session=False, manual_ack=True)
        client.username_pw_set(self.settings.mqtt_username, self.keys.mqtt_password)
        client.on_message = lambda _c, _d, message: mids.add(message.mid)
        client.connect("127.0.0.1", self.settings.mqtt_port)
        client.loop_start()
        until(lambda: len(mids) >= wanted, "all that was not acknowledged")
        end(client)
        return len(mids)

    def stored(self, product_id: str) -> int:
        """Up to where all of boot 1 is stored."""
        rows = self.world.rows("stream", product_id=product_id, boot=1)
        return int(rows[0].low) if rows and rows[0].above == [] else 0

    def deadlocks(self) -> int:
        statement = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return int(self.world.read(lambda tx: tx.session.execute(sa.text(statement)).scalar_one()))


def _connected(client_id: str, username: str, password: str, port: int) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id)
    client.username_pw_set(username, password)
    client.max_inflight_messages_set(1_000)
    came = threading.Event()
    client.on_connect = lambda _c, _d, _f, reason, _p: None if reason.is_failure else came.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert came.wait(START_WITHIN_S), "paho tries again by itself"
    return client


@contextmanager
def workshop(folder: Path, server: Postgres, template: str, *, workers: int) -> Iterator[Workshop]:
    """Mosquitto and PostgreSQL, and no worker yet."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        missing("needs the mosquitto broker")
        raise AssertionError
    keys = load_keys(folder / "data" / "keys")
    broker = Mosquitto(program, folder / "mosquitto", keys.mqtt_password)
    clock = RealClock()
    with postgres_copy(server, template, clock) as db:
        url = db.engine.url.render_as_string(hide_password=False)
        shop = Workshop(folder, broker, url, keys, World(db, keys, clock), workers)
        broker.start()
        try:
            yield shop
        finally:
            for thread in shop.threads:
                thread.stop.set()
            for thread in shop.threads:
                thread.join()
            for worker in shop.workers:
                worker.stop()
            broker.stop()
