"""The ingest worker's connection comes to an end while nobody reads: the worker comes back all the same."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from broker.contract.topics import Up, up_topic
from cloud.bench import frames
from cloud.intake import Intake
from cloud.mqtt import Address
from tests.system import until

TOPIC = up_topic("01JDA0000000000000000000AA", Up.STATUS)
ENOUGH_S = 20.0


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        opened.settimeout(ENOUGH_S)
        yield opened


@contextmanager
def worker(listener: socket.socket, window: int) -> Iterator[Intake]:
    address = Address("127.0.0.1", listener.getsockname()[1], "tl-cloud", "secret")
    intake = Intake(address, "work-1", window)
    intake.start()
    try:
        yield intake
    finally:
        intake.close()


def welcomed(listener: socket.socket) -> socket.socket:
    """A connection with its session and its subscription."""
    opened, _ = listener.accept()
    opened.settimeout(ENOUGH_S)
    opened.recv(4096)
    opened.sendall(frames.CONNACK + b"\0\0")
    opened.recv(4096)
    opened.sendall(b"\x90\x03\x00\x01\x01")
    return opened


def reset(opened: socket.socket) -> None:
    """Ends it without goodbye, as a broker does that is killed."""
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    opened.close()


def test_a_worker_whose_acknowledgement_meets_a_dead_broker_connects_again(listener: socket.socket) -> None:
    with worker(listener, window=1) as intake:
        broker = welcomed(listener)
        until(intake.connected.is_set, "the subscription")
        broker.sendall(frames.publish(TOPIC, b"1", 1) + frames.publish(TOPIC, b"2", 2))
        until(lambda: intake.waiting() == 2, "two messages")
        reset(broker)
        lane = intake.lanes[0]
        first = lane.take(1, 0)
        lane.acknowledge(first)  # with the second one waiting there is no room: nobody has read that it is over
        lane.acknowledge(first)
        assert [one.payload for one in lane.take(1, 0)] == [b"2"]
        again = welcomed(listener)
        again.sendall(frames.publish(TOPIC, b"3", 3))
        until(lambda: intake.waiting() == 1, "a message on the new connection")
        again.close()
