"""What leaves the outbox: many messages in one write, each acknowledged, in order, whatever becomes of the line."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import pytest

from broker.frames import publish
from cloud import courier as couriers
from cloud.courier import AT_ONCE, Courier, Fate
from cloud.ingest_packets import PINGREQ
from cloud.mqtt import Address
from cloud.publish_packets import LAST_MID, Outgoing, publish_packets
from tests.integration.broker.harness import GOOD, PASSWORDS, SERVICE, Wire, until

TOPIC = f"tl/v1/{GOOD}/down/stored"
WELCOME = b"\x20\x02\x00\x00"


@contextmanager
def courier_to(wire: Wire) -> Iterator[Courier]:
    with closing(Courier(Address("127.0.0.1", wire.service_port, SERVICE, PASSWORDS[SERVICE]))) as courier:
        assert courier.open()
        yield courier


def retained(wire: Wire) -> bytes:
    """What the device finds when it subscribes."""
    device = wire.client(GOOD).connect()
    assert device.subscribe(f"tl/v1/{GOOD}/down/#") == 1
    until(lambda: device.heard, "what is retained")
    return device.heard[0].payload


def test_all_of_many_arrive_in_their_order_and_each_is_acknowledged(wire: Wire) -> None:
    heard = wire.service("tl/v1/+/down/#")
    count = 2 * AT_ONCE + 7
    said = [(TOPIC, f"{number}".encode(), True) for number in range(count)]
    with courier_to(wire) as courier:
        assert courier.deliver(said) == [Fate.TAKEN] * count
        until(lambda: len(heard.heard) == count, "all of them")
        assert [one.payload for one in heard.heard] == [payload for _, payload, _ in said]
        assert retained(wire) == said[-1][1]
        courier.close()
        assert courier.deliver(said[:2]) == [Fate.LOST] * 2, "who has left sends nothing"


def test_who_connects_in_this_name_ends_the_connection_that_had_it(wire: Wire) -> None:
    with courier_to(wire) as first:
        assert first.deliver([(TOPIC, b"1", True)]) == [Fate.TAKEN]
        with courier_to(wire) as second:
            assert second.deliver([(TOPIC, b"2", True)]) == [Fate.TAKEN]
            assert first.deliver([(TOPIC, b"3", True)]) == [Fate.LOST]
            assert not first.connected
            assert retained(wire) == b"2"


def test_a_broker_that_goes_is_noticed(embedded: Wire) -> None:
    with courier_to(embedded) as courier:
        embedded.stop()
        until(lambda: not courier.open(), "it to be noticed")
        assert courier.deliver([(TOPIC, b"1", True)]) == [Fate.LOST]


class Door(threading.Thread):
    """A broker of one connection: welcomes, reads `reads` bytes, answers, and then ends it, or reads what comes."""

    def __init__(self, reads: int, answer: bytes, *, ends: bool) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address("127.0.0.1", self._listener.getsockname()[1], "u", "p")
        self._reads, self._answer, self._ends = reads, answer, ends
        self.read = b""
        self.answered = threading.Event()

    def run(self) -> None:
        with self._listener, self._listener.accept()[0] as line:
            line.settimeout(20)
            line.recv(1024)
            line.sendall(WELCOME)
            while len(self.read) < self._reads:
                self.read += line.recv(1024)
            line.sendall(self._answer)
            self.answered.set()
            while not self._ends and (piece := line.recv(1024)):
                self.read += piece


@contextmanager
def door(reads: int, answer: bytes, *, ends: bool) -> Iterator[tuple[Courier, Door]]:
    made = Door(reads, answer, ends=ends)
    made.start()
    with closing(Courier(made.address)) as courier:
        assert courier.open()
        yield courier, made
    made.join(20)


SAID = [("t", b"1", False), ("t", b"2", False), ("t", b"3", False)]
BYTES = sum(len(publish(topic, payload, packet_id=1)) for topic, payload, _ in SAID)


def test_what_was_acknowledged_before_the_connection_ended_has_arrived_and_the_rest_is_lost() -> None:
    with door(BYTES, b"\x40\x02\x00\x02", ends=True) as (courier, _):
        assert courier.deliver(SAID) == [Fate.LOST, Fate.TAKEN, Fate.LOST]
        assert not courier.connected


def test_what_is_not_acknowledged_in_time_is_left_and_no_late_answer_counts_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(couriers, "ANSWER_S", 1.5)  # the third answer comes within it, also on a busy machine
    with door(BYTES, b"\x40\x02\x00\x03\x40\x02\x77\x77", ends=False) as (courier, _):
        assert courier.deliver(SAID) == [Fate.LEFT, Fate.LEFT, Fate.TAKEN]
        assert not courier.connected, "what it still says on that connection is heard by nobody"


def test_a_broker_that_speaks_nonsense_is_left() -> None:
    with door(BYTES, b"\x40\x02\x00\x01\x30\x00", ends=False) as (courier, _):
        assert courier.deliver(SAID) == [Fate.LOST] * 3
        assert not courier.connected


def test_a_quiet_connection_is_asked_whether_it_lives_and_one_that_does_not_answer_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(couriers, "KEEPALIVE_S", 0)
    with door(len(PINGREQ), b"\xd0\x00", ends=False) as (courier, made):
        assert courier.open()
        assert made.answered.wait(20), "it was not asked"
        monkeypatch.setattr(couriers, "ANSWER_S", 0.5)
        monkeypatch.setattr(couriers, "CONNECT_S", 0.2)
        until(lambda: not courier.open(), "it to be given up")
        assert not courier.connected
    assert made.read == 2 * PINGREQ, "the second got no answer"


def test_numbers_begin_anew_before_they_end(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    firsts: list[int] = []

    def noted(messages: Sequence[Outgoing], first_mid: int) -> bytes:
        firsts.append(first_mid)
        return publish_packets(messages, first_mid)

    monkeypatch.setattr(couriers, "publish_packets", noted)
    with courier_to(wire) as courier:
        for _ in range(68):
            assert set(courier.deliver([(TOPIC, b"", False)] * AT_ONCE)) == {Fate.TAKEN}
    assert max(firsts) + AT_ONCE - 1 <= LAST_MID
    assert firsts.count(1) == 2
