"""The cloud's bus, where the process that holds it has much else open."""

import gc
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cloud.mqtt import Address, Bus, take_over
from tests.integration.broker.harness import PASSWORDS, SERVICE, embedded_wire, until

SELECT_ENDS = 1024
"""The first file number that `select` does not take."""
TOPIC = "tl/int/v1/changed/many"


@pytest.fixture
def many_open() -> Iterator[None]:
    """As many files as a process with a thousand streams has."""
    with ExitStack() as files:
        while True:
            line = files.enter_context(socket.socket())
            if line.fileno() >= SELECT_ENDS:
                break
        yield


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Python looks for nothing forgotten meanwhile."""
    gc.disable()
    yield
    gc.enable()


def sockets() -> int:
    """That this process has open."""
    links = [Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]  # noqa: PTH208 - names are enough
    return sum(os.readlink(link).startswith("socket:") for link in links if link.is_symlink())  # noqa: PTH115 - no path


@pytest.mark.usefixtures("uncollected")
def test_what_the_bus_opened_is_closed_with_it_and_not_when_python_looks_for_what_is_forgotten(tmp_path: Path) -> None:
    with embedded_wire(tmp_path) as wire:
        address = Address("127.0.0.1", wire.service_port, SERVICE, PASSWORDS[SERVICE])
        before = sockets()
        bus = Bus(address, f"{SERVICE}-bus")
        bus.start()
        until(bus.connected.is_set, "the bus")
        assert sockets() > before
        bus.close()
        assert not take_over(address, [f"{SERVICE}-other"], 0.0)
        assert sockets() == before


@pytest.mark.usefixtures("many_open")
def test_the_bus_comes_back_in_a_process_with_a_thousand_open_streams(tmp_path: Path) -> None:
    heard: list[bytes] = []
    with embedded_wire(tmp_path) as wire:
        address = Address("127.0.0.1", wire.service_port, SERVICE, PASSWORDS[SERVICE])
        bus = Bus(address, f"{SERVICE}-bus", filters=(TOPIC,), heard=lambda _topic, payload: heard.append(payload))
        bus.start()
        try:
            until(bus.connected.is_set, "the bus")
            assert bus.deliver([(TOPIC, os.urandom(30_000), False)]) == [True]
            until(lambda: heard, "what it said itself")
        finally:
            bus.close()
