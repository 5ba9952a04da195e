"""Devices that are connected and say nothing, as a process of its own: raw sockets that keep their connections alive.

`python -m cloud.bench.silent` reads its orders as a line of JSON, says `ready` once all are connected and subscribed,
and holds them until its standard input ends; then it prints what came meanwhile as JSON.
"""

import selectors
import socket
import sys
import threading
import time

import msgspec

from cloud.bench import frames
from cloud.bench.helper import say
from cloud.file_limit import raise_file_limit

WAIT_S = 15.0
BEATS = 4
"""Pings leave in so many portions a second: a second's devices at once would be a load that devices are not."""


class Device(msgspec.Struct, frozen=True):
    product_id: str
    password: str


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """keepalive_s: each sends a PINGREQ so often."""

    host: str
    port: int
    devices: list[Device]
    keepalive_s: int = 60


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """How many were still connected at the end, and how many pings were answered."""

    connected: int
    pings: int
    answers: int


def connect(orders: Orders, device: Device) -> socket.socket:
    """A connection of this device, with its subscription. Raises ConnectionError."""
    opened = socket.create_connection((orders.host, orders.port), WAIT_S)
    name = device.product_id
    opened.sendall(frames.connect(name, name, device.password, orders.keepalive_s))
    _expect(opened, frames.CONNACK + b"\0\0")
    opened.sendall(frames.subscribe(f"tl/v1/{name}/down/#", 1))
    _expect(opened, frames.SUBACK + b"\0\x01\x01")
    opened.setblocking(False)
    return opened


def _expect(opened: socket.socket, wanted: bytes) -> None:
    heard = b""
    while len(heard) < len(wanted):
        piece = opened.recv(len(wanted) - len(heard))
        if not piece:
            break
        heard += piece
    if heard != wanted:
        msg = f"the broker answered a silent device {heard!r}"
        raise ConnectionError(msg)


class Crowd:
    """All of them. Each pings at its own time, evenly over the keepalive."""

    def __init__(self, lines: list[socket.socket], keepalive_s: int) -> None:
        self._lines = lines
        self._portions = max(1, keepalive_s * BEATS * 9 // 10)  # a little before the keepalive ends
        self._selector = selectors.DefaultSelector()
        for line in lines:
            self._selector.register(line, selectors.EVENT_READ)
        self._gone: set[socket.socket] = set()
        self._pings = self._heard = 0

    def hold(self, over: threading.Event) -> Held:
        """Until `over`."""
        turn, due = 0, time.monotonic()
        while not over.is_set():
            if (now := time.monotonic()) >= due:
                self._ping(self._lines[turn % self._portions :: self._portions])
                turn, due = turn + 1, due + 1 / BEATS
            self._listen(max(0.0, due - now))
        connected = len(self._lines) - len(self._gone)
        return Held(connected=connected, pings=self._pings, answers=self._heard // len(frames.PINGRESP))

    def _ping(self, lines: list[socket.socket]) -> None:
        for line in lines:
            if line not in self._gone:
                line.send(frames.PINGREQ)
                self._pings += 1

    def _listen(self, wait_s: float) -> None:
        for key, _ in self._selector.select(wait_s):
            line: socket.socket = key.fileobj  # type: ignore[assignment]  # only sockets were registered
            data = line.recv(4096)
            self._heard += len(data)
            if not data:
                self._gone.add(line)
                self._selector.unregister(line)


def main() -> None:
    """See the module."""
    orders = msgspec.json.decode(sys.stdin.readline(), type=Orders)
    raise_file_limit()
    lines = [connect(orders, device) for device in orders.devices]
    over = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=listen, name="ear", daemon=True).start()
    say("ready")
    say(msgspec.json.encode(Crowd(lines, orders.keepalive_s).hold(over)).decode())


if __name__ == "__main__":
    main()
