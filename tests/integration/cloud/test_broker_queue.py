"""The broker's queue: an alarm while there is still room, and a word about each message that was dropped."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broker.contract.topics import BROKER_QUEUE
from cloud.broker_queue import DROPPED, MOSQUITTO, RETAINED, STORED, STORED_BYTES
from cloud.metrics.meters import Meters
from cloud.mqtt import Address, Bus
from cloud.settings import load_settings
from cloud.work import queue_watch
from tests.integration.broker.harness import (
    GOOD,
    PASSWORDS,
    SERVICE,
    Wire,
    embedded_wire,
    mosquitto_wire,
    until,
)

UP = f"tl/v1/{GOOD}/up/status"


class Watch:
    """What a worker knows of the queue."""

    def __init__(self, wire: Wire, most: int) -> None:
        self.meters = Meters("work")
        kind = "embedded" if wire.kind == "embedded" else "external"
        settings = load_settings(broker=kind, broker_queue_messages=most)
        self._queue = queue_watch(settings, self.meters)
        address = Address("127.0.0.1", wire.service_port, SERVICE, PASSWORDS[SERVICE])
        filters = (BROKER_QUEUE,) if wire.kind == "embedded" else MOSQUITTO
        self.bus = Bus(address, f"{SERVICE}-bus", filters=filters, heard=self._heard)

    def _heard(self, topic: str, payload: bytes) -> None:
        self._queue.heard(topic, payload)

    def figure(self, name: str) -> float | None:
        """By its name in Prometheus's format, without the prefix."""
        for family in self.meters.collect():
            for sample in family.samples:
                if sample.name == f"throughline_{name}":
                    return float(sample.value)
        return None


@contextmanager
def crowded(kind: str, folder: Path, most: int) -> Iterator[Wire]:
    """A broker that keeps so many messages for a session, and a worker's session that nobody serves."""
    made = (
        embedded_wire(folder, service_queue=[10, most, 10_000_000], queue_told_s=0.1)
        if kind == "embedded"
        else mosquitto_wire(folder, max_queued_messages=most, sys_interval_s=1)
    )
    with made as wire:
        absent = wire.client(SERVICE, "cloud-worker", clean=False).connect()
        absent.subscribe("tl/v1/+/up/#")
        absent.close()
        yield wire


@pytest.mark.parametrize("kind", ["embedded", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
def test_the_queue_is_told_and_warned_of_before_anything_is_dropped_and_what_is_dropped_is_told_too(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    most = 1_000
    with crowded(kind, tmp_path, most) as wire:
        watch = Watch(wire, most)
        caplog.set_level(logging.INFO, "throughline.broker")
        watch.bus.start()
        try:
            until(lambda: watch.figure("broker_queue_ratio") is not None, "the first word")
            speaker = wire.service(client_id="cloud-loud")  # a device would be held back by the embedded one
            fill(speaker, 300)
            until(lambda: (watch.figure("broker_queue_ratio") or 0) >= 0.3, "a third")
            assert caplog.messages == []
            fill(speaker, 400)
            until(lambda: (watch.figure("broker_queue_ratio") or 0) >= 0.7, "near its limit")
            until(lambda: any("full" in line for line in caplog.messages), "the warning")
            assert watch.figure("broker_dropped_messages_total") == 0, "nothing was dropped yet"
            fill(speaker, 600)
            until(lambda: (watch.figure("broker_dropped_messages_total") or 0) > 0, "what was dropped")
            # The broker counts now and then: what it dropped is told in one word, or in several.
            until(
                lambda: 0 < lost(caplog) == watch.figure("broker_dropped_messages_total"), "the word about each of them"
            )
            assert {record.levelname for record in caplog.records[1:]} == {"ERROR"}
            assert caplog.records[0].levelname == "WARNING"
        finally:
            watch.bus.close()


def lost(said: pytest.LogCaptureFixture) -> int:
    """How many messages the log says that the broker dropped."""
    return sum(int(word) for line in said.messages for word in re.findall(r"dropped (\d+) messages", line))


def fill(speaker: object, number: int) -> None:
    client = speaker.paho  # type: ignore[attr-defined]  # a client of the harness
    sent = [client.publish(UP, b"x", 1) for _ in range(number)]
    until(lambda: all(one.is_published() for one in sent), "the broker has them")


@pytest.mark.mosquitto
def test_a_device_hears_nothing_of_the_broker_itself(tmp_path: Path) -> None:
    with mosquitto_wire(tmp_path, sys_interval_s=1) as wire:
        ear = wire.service(*MOSQUITTO, client_id="cloud-ear")
        spy = wire.client(GOOD).connect()
        for topic_filter in ("$SYS/#", STORED, STORED_BYTES, RETAINED, DROPPED):
            spy.subscribe(topic_filter)
        spy.subscribe(f"tl/v1/{GOOD}/down/#")
        before = len(ear.heard)
        until(lambda: len(ear.heard) > before, "what services hear")
        ear.publish(f"tl/v1/{GOOD}/down/command", b"sentinel")
        until(lambda: spy.heard, "the sentinel")
        assert spy.topics() == [f"tl/v1/{GOOD}/down/command"]
        assert set(ear.topics()) <= set(MOSQUITTO), "services hear of the queue, and of nothing else"
