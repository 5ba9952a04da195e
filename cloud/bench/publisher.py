"""A publisher as a process of its own: frames made beforehand, raw sockets, QoS 1 with a window on each connection.

`python -m cloud.bench.publisher` reads its orders as a line of JSON, says `ready`, waits for a line, publishes, and
prints what it did as JSON.
"""

import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Iterable, Sequence

import msgspec

from cloud.bench import frames, messages
from cloud.bench.helper import say, wait_for_word
from cloud.mqtt import Address

CHUNK = 64
"""Frames that are sent in one call."""


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What to publish. prefix: the topics' first level after `tl/`; another one than the contract's is heard by the
    reference alone. window: unacknowledged messages of all connections together. earlier: how many messages of this
    boot each device has sent before.
    """

    address: Address
    product_ids: list[str]
    boot: int
    count: int
    earlier: int = 0
    prefix: str = "v1"
    connections: int = 8
    window: int = 1024


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """Times of the monotonic clock, which all processes of a machine share."""

    first: float
    last_acknowledged: float
    acknowledged: int
    cpu_s: float


class Line:
    """One connection and what it still has to send."""

    def __init__(self, address: Address, name: str, waiting: Iterable[bytes], window: int) -> None:
        self.socket = socket.create_connection((address.host, address.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(frames.connect(name, address.username, address.password))
        if self.socket.recv(4) != frames.CONNACK + b"\0\0":
            self.socket.close()
            msg = "the broker refused the publisher"
            raise ConnectionError(msg)
        self._waiting = deque(waiting)
        self._window = window
        self._sent = 0
        self._unsent = b""
        self._heard = self._pongs_due = 0

    @property
    def acknowledged(self) -> int:
        return self._heard // frames.PUBACK_BYTES

    @property
    def done(self) -> bool:
        return not self._waiting and self.acknowledged == self._sent

    @property
    def waiting(self) -> int:
        """Messages that are not on their way yet."""
        return len(self._waiting)

    def owe(self, frame: bytes) -> None:
        """One more to send."""
        self._waiting.append(frame)

    def fill(self) -> None:
        """Makes the next piece ready."""
        if self._unsent:
            return
        room = self._window - (self._sent - self.acknowledged)
        count = max(0, min(room, CHUNK, len(self._waiting)))
        take = self._waiting.popleft
        self._unsent = b"".join([take() for _ in range(count)])
        self._sent += count

    def write(self) -> None:
        if self._unsent:
            self._unsent = self._unsent[self.socket.send(self._unsent) :]

    def read(self) -> None:
        data = self.socket.recv(65_536)
        if not data:
            msg = "the broker ended the publisher's connection"
            raise ConnectionError(msg)
        # A ping was sent when nothing else was on its way: its answer stands before all others.
        pongs = min(self._pongs_due, len(data))
        self._pongs_due -= pongs
        self._heard += len(data) - pongs

    def ping(self) -> None:
        """Keeps the connection alive, when nothing else does."""
        if self.done and not self._unsent and not self._pongs_due:
            self._unsent = frames.PINGREQ
            self._pongs_due = len(frames.PINGRESP)

    @property
    def wants_to_write(self) -> bool:
        return bool(self._unsent)


def connected(orders: Orders, stream: Sequence[tuple[str, bytes]]) -> list[Line]:
    """The connections; a device's messages stay on one, in their order."""
    lines = []
    for number in range(orders.connections):
        every = [part for at, part in enumerate(stream) if at % len(orders.product_ids) % orders.connections == number]
        framed = [
            frames.publish(_topic(topic, orders.prefix), payload, frames.packet_id(index))
            for index, (topic, payload) in enumerate(every)
        ]
        name = f"{orders.address.username}-bench-{orders.prefix}-{number}"
        lines.append(Line(orders.address, name, framed, max(1, orders.window // orders.connections)))
    return lines


def _topic(topic: str, prefix: str) -> str:
    return topic.replace("tl/v1/", f"tl/{prefix}/", 1)


def publish_all(lines: Sequence[Line]) -> Published:
    """Publishes until all is acknowledged."""
    selector = selectors.DefaultSelector()
    for line in lines:
        line.socket.setblocking(False)
        selector.register(line.socket, selectors.EVENT_READ, line)
    start, begun = time.monotonic(), time.process_time()
    open_lines = [line for line in lines if not line.done]
    while open_lines:
        for line in open_lines:
            line.fill()
        exchange(selector, open_lines, 5)
        open_lines = [line for line in open_lines if not line.done]
    acknowledged = sum(line.acknowledged for line in lines)
    return Published(
        first=start, last_acknowledged=time.monotonic(), acknowledged=acknowledged, cpu_s=time.process_time() - begun
    )


def exchange(selector: selectors.BaseSelector, lines: Iterable[Line], wait_s: float) -> None:
    """Sends what is ready and hears what is there; waits for either at most so long."""
    for line in lines:
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if line.wants_to_write else 0)
        if selector.get_key(line.socket).events != wanted:
            selector.modify(line.socket, wanted, line)
    for key, events in selector.select(wait_s):
        if events & selectors.EVENT_READ:
            key.data.read()
        if events & selectors.EVENT_WRITE:
            key.data.write()


def main() -> None:
    """See the module."""
    orders = msgspec.json.decode(sys.stdin.readline(), type=Orders)
    lines = connected(orders, messages.stream(orders.product_ids, orders.boot, orders.count, orders.earlier))
    say("ready")
    wait_for_word()
    say(msgspec.json.encode(publish_all(lines)).decode())


if __name__ == "__main__":
    main()
