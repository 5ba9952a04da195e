"""Streams that are held by phones which are no more: they end, and disturb nobody."""

import contextlib
import socket
import struct
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from mobile_menu.live import STREAMS_PER_SESSION
from tests.http_service import Served, serving
from tests.integration.cloud.operators import problem
from tests.integration.cloud.running import owner_of_a_running_unit
from tests.integration.cloud.test_bad_phones import app, visitor
from tests.integration.cloud.world import Phone, World
from tests.system import until

__all__ = ["app", "visitor"]


@pytest.fixture
def served(app: FastAPI) -> Iterator[Served]:
    with serving(app) as found:
        yield found


def open_stream(served: Served, phone: Phone, journey: str) -> socket.socket:
    """A stream whose first menu has begun to come."""
    line = served.connect()
    line.settimeout(60)
    head = f"GET /menu/v1/live?journey={journey} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {phone.token}\r\n\r\n"
    line.sendall(head.encode())
    comes(line, b"event: menu")
    return line


def killed(line: socket.socket) -> None:
    """What the network says for a phone that is no more."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def comes(line: socket.socket, word: bytes) -> None:
    """Reads until it has come; fails when the line ends or is silent for a minute."""
    found = b""
    while word not in found:
        part = line.recv(65_536)
        assert part, f"the stream ended before {word!r}"
        found += part


def test_a_phone_that_dies_holds_no_stream_and_another_hears_everything(
    served: Served, app: FastAPI, sqlite_world: World
) -> None:
    owner, device = owner_of_a_running_unit(sqlite_world)
    second = sqlite_world.another_phone_of(owner)
    journey, hub = sqlite_world.journey(owner).id, app.state.hub
    dead = open_stream(served, owner, journey)
    with open_stream(served, second, journey) as alive:
        assert len(hub) == 2
        killed(dead)
        sqlite_world.take(device.status({"state": "stopped", "reasons": ["media-jam-error"]}))
        hub.changed([journey])
        comes(alive, b"clear-jam")
        until(lambda: len(hub) == 1, "the dead phone's stream is let go")
    until(lambda: len(hub) == 0, "so is the one that closed")


def test_a_phone_that_vanished_without_a_word_holds_its_stream_until_its_token_ends_and_no_longer(
    served: Served, app: FastAPI, sqlite_world: World
) -> None:
    owner, device = owner_of_a_running_unit(sqlite_world)
    journey, hub = sqlite_world.journey(owner).id, app.state.hub
    with open_stream(served, owner, journey):  # never read again: a phone out of reach is silent like that
        for number in range(3):
            sqlite_world.take(device.status({"pages_total": number}))
            hub.changed([journey])
        assert len(hub) == 1
        sqlite_world.clock.now += timedelta(minutes=15, seconds=1)
        hub.changed([journey])
        until(lambda: len(hub) == 0, "the stream ends with its token")


def test_dead_phones_hold_as_many_streams_as_one_phone_may_and_other_phones_none_the_less(
    served: Served, app: FastAPI, sqlite_world: World
) -> None:
    owner, _ = owner_of_a_running_unit(sqlite_world)
    second, journey = sqlite_world.another_phone_of(owner), sqlite_world.journey(owner).id
    with contextlib.ExitStack() as stack:
        for _ in range(STREAMS_PER_SESSION):
            stack.enter_context(open_stream(served, owner, journey))
        by, which = {"Authorization": f"Bearer {owner.token}"}, {"journey": journey}
        refused = httpx.get(f"{served.url}/menu/v1/live", params=which, headers=by, timeout=60)
        problem(refused, 429, "too_many_streams")
        assert int(refused.headers["retry-after"]) <= 15 * 60 + 60, "the first of them ends with its token"
        menu = httpx.get(f"{served.url}/menu/v1/menu", params=which, headers=by, timeout=60)
        assert menu.status_code == 200, "the menu itself is there"
        stack.enter_context(open_stream(served, second, journey))
        assert len(app.state.hub) == STREAMS_PER_SESSION + 1
    until(lambda: len(app.state.hub) == 0, "all are let go")
