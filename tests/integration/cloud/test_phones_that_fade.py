"""Live streams that nobody reads any more, on the server as it is: they are ended, and nobody else is slower for it."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from cloud.http_server import Guard
from mobile_menu.live import LiveHub
from tests.http_service import Served, serving
from tests.integration.mobile_menu.conftest import small_app
from tests.integration.mobile_menu.events import live
from tests.unit.mobile_menu.fake_record import Clock, FakeRecord

DEADLINE_S = 60.0
LONG_S = 3_600.0
FILLER = "x" * 50_000


@dataclass
class Phones:
    """A server with the phone's calls, and its inside."""

    served: Served
    hub: LiveHub
    record: FakeRecord

    def change(self, firmware: str) -> None:
        self.record.device_says("j1", firmware)
        self.hub.changed(["j1"])

    def deaf(self) -> socket.socket:
        """A phone with an open stream that reads nothing of it."""
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", self.served.port))
        line.sendall(b"GET /menu/v1/live?journey=j1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer anna\r\n\r\n")
        return line

    def reader(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.served.url, headers={"authorization": "Bearer ben"}, timeout=DEADLINE_S)


@pytest.fixture
def phones() -> Iterator[Phones]:
    record = FakeRecord()
    record.add("j1", "anna", "p-anna")
    record.add("j1", "ben", "p-ben")
    app, hub = small_app(record, Clock(), heartbeat_s=LONG_S)
    app.state.hub = hub
    with serving(app, Guard(stall_s=LONG_S, dead_s=LONG_S)) as served:
        yield Phones(served, hub, record)


async def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        await asyncio.sleep(0.01)


async def test_a_phone_that_takes_nothing_is_let_go_while_the_others_get_every_menu(phones: Phones) -> None:
    phones.served.guard.stall_s = 1.0
    with phones.deaf():
        await until(lambda: len(phones.hub) == 1)
        async with phones.reader() as client, live(client) as events:
            await events.next()
            number = 0
            end = time.monotonic() + DEADLINE_S
            while len(phones.hub) == 2:
                assert time.monotonic() < end, "the deaf phone is still held"
                number += 1
                phones.change(f"v{number}-{FILLER}")
                assert f"/v{number}-" in (await events.next()).data["title"]


async def test_what_was_sent_and_never_taken_ends_the_stream_when_the_system_is_told_how_long_to_try(
    phones: Phones,
) -> None:
    """As of a phone without a network, whose system takes nothing either: here its window is full instead. What waits
    is less than what the server itself would notice.
    """
    phones.served.guard.dead_s = 1.0
    with phones.deaf():
        await until(lambda: len(phones.hub) == 1)
        for number in range(4):
            phones.change(f"v{number}-{FILLER}")
            await asyncio.sleep(0)
        await until(lambda: len(phones.hub) == 0)
