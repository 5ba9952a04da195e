"""The short way of a warm menu on the real server: the same answer as by the long way, in order, and never too much."""

import asyncio
import socket
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from fastapi import FastAPI
from uvicorn.server import ServerState

from cloud.headers import Header
from cloud.http_app import make_app
from cloud.http_server import Guard, GuardedHttp, server_config
from cloud.settings import load_settings
from tests.http_service import Served, serving
from tests.integration.cloud.world import World


class Street(NamedTuple):
    """A server, and a phone whose menu is warm. answered: how many went the short way."""

    served: Served
    path: str
    token: str
    answered: list[int]

    def request(self, *more: str, start: str = "GET {path} HTTP/1.1") -> bytes:
        lines = [start.format(path=self.path), "Host: a", f"Authorization: Bearer {self.token}", "Accept-Language: de"]
        return "\r\n".join([*lines, *more, "", ""]).encode()

    def says(self, request: bytes) -> tuple[str, dict[str, str], bytes]:
        with self.served.connect() as line:
            line.sendall(request)
            return answer_on(line, has_body=not request.startswith(b"HEAD"))


def answer_on(line: socket.socket, *, has_body: bool = True) -> tuple[str, dict[str, str], bytes]:
    """The next answer: first line, headers, body."""
    found = b""
    while b"\r\n\r\n" not in found:
        found += line.recv(1)
    first, *rest = found.decode("latin-1").strip().split("\r\n")
    headers = dict(one.split(": ", 1) for one in rest)
    body, length = b"", int(headers.get("content-length", "0"))
    while len(body) < length and not first.startswith("HTTP/1.1 304") and has_body:
        body += line.recv(length - len(body))
    return first, headers, body


@pytest.fixture
def app(sqlite_world: World) -> FastAPI:
    return make_app(load_settings(), sqlite_world.db, sqlite_world.keys)


@pytest.fixture
def street(app: FastAPI, sqlite_world: World) -> Iterator[Street]:
    phone = sqlite_world.phone()
    journey = sqlite_world.begin(phone)
    answered: list[int] = []

    def counting(url: bytes, headers: list[Header], peer: str, also: list[Header]) -> bytes | None:
        answer: bytes | None = app.state.warm.answer(url, headers, peer, also)
        if answer is not None:
            answered.append(len(answer))
        return answer

    with serving(app, Guard(warm=counting)) as served:
        found = Street(served, f"/menu/v1/menu?journey={journey.id}", phone.token, answered)
        assert found.says(found.request())[0] == "HTTP/1.1 200 OK"
        assert answered == []
        yield found


@pytest.mark.parametrize("same", [False, True], ids=["whole", "not modified"])
def test_both_ways_lead_to_the_same_answer(street: Street, same: bool) -> None:
    asked = [f"If-None-Match: {street.says(street.request())[1]['etag']}"] if same else []
    before = len(street.answered)
    short = street.says(street.request(*asked))
    assert len(street.answered) == before + 1
    long = street.says(street.request("Content-Type: text/plain", *asked))
    assert len(street.answered) == before + 1
    for _, headers, _ in (short, long):
        headers.pop("date")
    assert short == long
    assert short[0] == ("HTTP/1.1 304 Not Modified" if same else "HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("start", "more"),
    [
        ("HEAD {path} HTTP/1.1", ()),
        ("GET {path} HTTP/1.0", ()),
        ("GET {path} HTTP/1.1", ("Connection: close",)),
        ("GET {path} HTTP/1.1", ("Connection: Upgrade", "Upgrade: h2c")),
        ("GET {path}&x=1 HTTP/1.1", ()),
        ("POST {path} HTTP/1.1", ("Content-Length: 0",)),
    ],
)
def test_what_is_not_ordinary_goes_the_long_way(street: Street, start: str, more: tuple[str, ...]) -> None:
    first, _, _ = street.says(street.request(*more, start=start))
    assert first.split()[1] == ("405" if start.startswith("POST") else "200")
    assert street.answered == []


def test_an_end_that_was_asked_for_comes(street: Street) -> None:
    with street.served.connect() as line:
        line.sendall(street.request() + street.request("Connection: close"))
        assert [answer_on(line)[0] for _ in range(2)] == ["HTTP/1.1 200 OK"] * 2
        assert line.recv(1) == b""


def test_answers_stay_in_the_order_of_the_requests_whichever_way_they_go(street: Street) -> None:
    slow = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    with street.served.connect() as line:
        line.sendall(street.request() + slow + street.request() + street.request() + slow + street.request())
        kinds = ["stage" in answer_on(line)[2].decode() for _ in range(6)]
    assert kinds == [True, False, True, True, False, True]


def test_after_an_opt_out_the_menu_is_gone_by_this_way_too(street: Street) -> None:
    assert street.says(street.request())[0] == "HTTP/1.1 200 OK"
    leaving = street.request("Content-Length: 0", start="POST /menu/v1/opt-out HTTP/1.1")
    assert street.says(leaving)[0] == "HTTP/1.1 200 OK"
    assert street.says(street.request())[0].split()[1] == "401"


class Line(asyncio.Transport):
    """A connection whose other end reads nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def get_extra_info(self, name: str, default: object = None) -> object:
        return {"peername": ("192.0.2.1", 5000), "sockname": ("127.0.0.1", 8000)}.get(name, default)

    def write(self, data: object) -> None:
        assert isinstance(data, bytes)
        self.written.append(data)

    def is_closing(self) -> bool:
        return False

    def close(self) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def test_who_does_not_read_is_not_written_to(app: FastAPI) -> None:
    """By the short way nothing waits until the other end has room: so it is taken only while there is."""
    config = server_config(app, load_settings())
    config.load()
    state, line = ServerState(), Line()
    guard = Guard(warm=lambda *_: b"HTTP/1.1 200 OK\r\n\r\n")
    protocol = GuardedHttp(guard, config=config, server_state=state, app_state={}, _loop=asyncio.get_running_loop())
    protocol.connection_made(line)
    request = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    protocol.data_received(request * 3)
    assert len(line.written) == 3
    protocol.pause_writing()
    protocol.data_received(request)
    assert len(line.written) == 3
    assert len(state.tasks) == 1  # the long way, which waits
    protocol.resume_writing()
    await asyncio.gather(*state.tasks)
    protocol.connection_lost(None)
