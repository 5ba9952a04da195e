"""Many open phones as one process: each holds a live stream of its own, and notes when a menu on it was whole.

`python -m cloud.bench.phones` reads its orders as a line of JSON, and says `ready` once every phone has a menu. Then
each line on standard input says which menus to wait for; it says `listening`, and when every phone has one, prints as
JSON when that was. At the end of standard input the phones go.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any, Final, cast

import msgspec
import uvloop

from cloud.bench.helper import say
from cloud.file_limit import raise_file_limit

AT_ONCE: Final = 32
"""Phones that are connecting and have no menu yet."""
GIVE_UP_S: Final = 60.0
OF_AN_ADDRESS: Final = 1_000
"""Phones that come from one address of this machine; the next ones come from the next."""
_MENU: Final = b"event: menu"
_BLANK: Final = b"\n\n"


class Phone(msgspec.Struct, frozen=True):
    """A session's token, and the journey that its phone has open."""

    token: str
    journey_id: str


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int
    phones: list[Phone]


class Wanted(msgspec.Struct, frozen=True):
    """Menus that have `mark` in them, or have not."""

    mark: str
    there: bool


class Heard(msgspec.Struct, frozen=True):
    """When each phone had such a menu, in their order, by the monotonic clock, which a machine's processes share."""

    at: list[float]


class Stream(asyncio.Protocol):
    """One phone's. menu: told of each event with a menu, and when it was whole. lost: told that it has ended."""

    def __init__(self, request: bytes, menu: Callable[[bytes, float], None], lost: Callable[[str], None]) -> None:
        self._request = request
        self._menu = menu
        self._lost = lost
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(self._request)  # uvloop's are none by inheritance

    def data_received(self, data: bytes) -> None:
        at = time.monotonic()
        self._buffer += data
        while (end := self._buffer.find(_BLANK)) >= 0:
            event, self._buffer = self._buffer[:end], self._buffer[end + len(_BLANK) :]
            if _MENU in event:
                self._menu(event, at)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(f"a phone's stream has ended: {exc}, {self._buffer[:200]!r}")


class Crowd:
    """All the phones, and what they wait for."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._wanted = Wanted("", there=True)
        self._at: dict[int, float] = {}
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._first = [asyncio.Event() for _ in orders.phones]
        self._why = ""

    async def come(self) -> None:
        """Returns when each phone has a menu. Raises ConnectionError when one has lost its stream."""
        room = asyncio.Semaphore(AT_ONCE)
        coming = asyncio.gather(*[self._one(number, room) for number in range(len(self._first))])
        either: list[asyncio.Future[Any]] = [coming, self._done]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._done.done():
            self._done.result()
        await coming

    async def _one(self, number: int, room: asyncio.Semaphore) -> None:
        at, phone = self._orders, self._orders.phones[number]
        head = f"GET /menu/v1/live?journey={phone.journey_id} HTTP/1.1\r\nHost: {at.host}"
        request = f"{head}\r\nAuthorization: Bearer {phone.token}\r\nAccept-Language: en\r\n\r\n".encode()
        own = (f"127.0.0.{2 + number // OF_AN_ADDRESS}", 0)

        def menu(event: bytes, when: float) -> None:
            self.take(number, event, when)

        async with room:
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: Stream(request, menu, self.lost), at.host, at.port, local_addr=own)
            await self._first[number].wait()

    async def heard(self, wanted: Wanted) -> Heard:
        """When each phone has had one of these. Raises ConnectionError when one has lost its stream, TimeoutError."""
        if self._why:
            raise ConnectionError(self._why)
        self._wanted = wanted
        self._at.clear()
        self._done = asyncio.get_running_loop().create_future()
        say("listening")
        await asyncio.wait_for(self._done, GIVE_UP_S)
        return Heard([self._at[number] for number in range(len(self._first))])

    def take(self, number: int, event: bytes, when: float) -> None:
        self._first[number].set()
        if (self._wanted.mark.encode() in event) is self._wanted.there:
            self._at.setdefault(number, when)
            if len(self._at) == len(self._first) and not self._done.done():
                self._done.set_result(None)

    def lost(self, why: str) -> None:
        self._why = why
        if not self._done.done():
            self._done.set_exception(ConnectionError(why))


async def be(orders: Orders) -> None:
    """See the module."""
    crowd = Crowd(orders)
    await crowd.come()
    say("ready")
    while line := await asyncio.to_thread(sys.stdin.readline):
        found = await crowd.heard(msgspec.json.decode(line, type=Wanted))
        say(msgspec.json.encode(found).decode())


def main() -> None:
    """See the module."""
    raise_file_limit()
    uvloop.run(be(msgspec.json.decode(sys.stdin.readline(), type=Orders)))


if __name__ == "__main__":
    main()
