"""An HTTP/1.1 client that costs little, as a process of its own: many connections, each with one request at a time.

`python -m cloud.bench.http_load` reads its orders as a line of JSON and says `ready`. Then, for each line, it connects,
warms up, asks, and prints what it measured as JSON.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import cast

import msgspec
import uvloop

from cloud.bench.helper import say

GIVE_UP_S = 30.0


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """head: the request's lines, without the empty one. In `head`, {n} becomes a number that is new each time, when
    `numbered`. status: what every answer must have.
    """

    host: str
    port: int
    head: str
    status: int
    connections: int = 64
    warm_up_s: float = 0.2
    span_s: float = 0.5
    numbered: bool = False


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """Requests a second; milliseconds of each; this client's share of a core while it asked."""

    rate: float
    answers: int
    latencies_ms: list[float]
    client_share: float


class Connection(asyncio.Protocol):
    """Sends the next request when an answer is whole. failed: told what is wrong with an answer."""

    def __init__(self, orders: Orders, next_head: Callable[[], bytes], failed: Callable[[str], None]) -> None:
        self._expected = b"HTTP/1.1 %d " % orders.status
        self._next_head = next_head
        self._failed = failed
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None
        self.asking = True
        self.times: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by inheritance
        self._ask()

    def _ask(self) -> None:
        if self._transport is not None and self.asking:
            self._sent = time.perf_counter()
            self._transport.write(self._next_head())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or len(self._buffer) < end + 4 + body_length(self._buffer[:end]):
            return
        if not self._buffer.startswith(self._expected):
            self._failed(self._buffer[:200].decode("latin-1"))
            return
        self.times.append(time.perf_counter() - self._sent)
        self._buffer = b""
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.asking:
            self._failed(f"the connection was lost: {exc}")


def body_length(head: bytes) -> int:
    """Content-Length, 0 without one."""
    lowered = head.lower()
    at = lowered.find(b"content-length:")
    return 0 if at < 0 else int(lowered[at + 15 :].split(b"\r\n", 1)[0])


async def ask_all(orders: Orders) -> Answered:
    """Asks for `span_s`."""
    count, wrong = 0, asyncio.get_running_loop().create_future()
    head = orders.head.encode("latin-1") + b"\r\n\r\n"

    def next_head() -> bytes:
        nonlocal count
        count += 1
        return head.replace(b"{n}", b"%d" % count) if orders.numbered else head

    def failed(what: str) -> None:
        if not wrong.done():
            wrong.set_result(what)

    loop = asyncio.get_running_loop()
    lines = [
        (await loop.create_connection(lambda: Connection(orders, next_head, failed), orders.host, orders.port))[1]
        for _ in range(orders.connections)
    ]
    await _unless(wrong, orders.warm_up_s)
    for line in lines:
        line.times.clear()
    start, begun = time.perf_counter(), time.process_time()
    await _unless(wrong, orders.span_s)
    while not all(line.times for line in lines):  # on a busy machine one may wait for longer than that
        if time.perf_counter() - start > GIVE_UP_S:
            msg = "a connection got no answer at all"
            raise ConnectionError(msg)
        await _unless(wrong, orders.span_s / 10)
    span, spent = time.perf_counter() - start, time.process_time() - begun
    for line in lines:
        line.asking = False
    times = [one * 1000 for line in lines for one in line.times]
    return Answered(rate=len(times) / span, answers=len(times), latencies_ms=times, client_share=spent / span)


async def _unless(wrong: "asyncio.Future[str]", span_s: float) -> None:
    done, _ = await asyncio.wait([wrong], timeout=span_s)
    if done:
        raise ConnectionError(wrong.result())


def main() -> None:
    """See the module."""
    orders = msgspec.json.decode(sys.stdin.readline(), type=Orders)
    say("ready")
    while sys.stdin.readline():
        say(msgspec.json.encode(uvloop.run(ask_all(orders))).decode())


if __name__ == "__main__":
    main()
