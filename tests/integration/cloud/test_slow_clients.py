"""Slow senders and slow readers against the real server: they are let go, and everybody else is served meanwhile."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from cloud.http_app import make_app
from cloud.http_server import Guard
from cloud.settings import load_settings
from tests.http_service import Served, serving
from tests.integration.cloud.world import World

HEAD = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
BODY = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n"
SOON_S = 20.0
"""For what a server with short limits does by itself; generous, as the machine may be busy."""


def quick() -> Guard:
    """Limits that a test can wait for."""
    return Guard(head_s=1.5, body_s=1.5, body_bytes_per_s=2_000.0, stall_s=1.5, waiting_max=50)


@pytest.fixture
def over() -> threading.Event:
    """Set when the endless answer has ended after all."""
    return threading.Event()


@pytest.fixture
def served(sqlite_world: World, over: threading.Event) -> Iterator[Served]:
    app = make_app(load_settings(), sqlite_world.db, sqlite_world.keys)

    async def echo(request: Request) -> Response:
        return Response(str(len(await request.body())))

    async def endless() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"x" * 65_536
                    await asyncio.sleep(0)  # so that the end can be heard of
            finally:
                over.set()

        return StreamingResponse(parts())

    app.add_route("/echo", echo, methods=["POST"])
    app.add_api_route("/endless", endless)
    with serving(app, quick()) as found:
        yield found


def rest_of(line: socket.socket) -> bytes:
    """All that still comes until the server ends the connection; fails when it does not."""
    line.settimeout(SOON_S)
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while part := line.recv(65_536):
            found += part
    return found


def trickle(line: socket.socket, piece: Callable[[], bytes], stop: threading.Event) -> None:
    """Sends a little, again and again, until it is told to stop or there is nobody to take it."""
    with contextlib.suppress(OSError):
        while not stop.wait(0.05):
            line.sendall(piece())


@pytest.mark.parametrize(
    ("begin", "piece"),
    [(b"", b""), (HEAD, b""), (HEAD, b"X-A: b\r\n"), (b"", b"\r\n"), (HEAD + b"X: ", b"a"), (BODY, b"a")],
    ids=["nothing", "half a head", "a header at a time", "empty lines", "a letter at a time", "a body by letters"],
)
def test_who_sends_slowly_is_cut_off_while_others_are_served(served: Served, begin: bytes, piece: bytes) -> None:
    stop = threading.Event()
    with served.connect() as slow:
        slow.sendall(begin)
        sender = threading.Thread(target=trickle, args=(slow, lambda: piece, stop))
        sender.start()
        try:
            assert httpx.get(f"{served.url}/healthz", timeout=SOON_S).status_code == 200
            answer = rest_of(slow)
        finally:
            stop.set()
            sender.join()
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")
    assert served.guard.waiting == {}


def test_hundreds_of_half_requests_keep_nobody_out_and_the_oldest_go_first(served: Served) -> None:
    served.guard.head_s = 3_600.0  # so that only the number of those who wait lets them go
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(served.connect()) for _ in range(200)]
        for line in lines:
            line.sendall(HEAD)
        for _ in range(20):
            assert httpx.get(f"{served.url}/healthz", timeout=SOON_S).status_code == 200
        assert len(served.guard.waiting) <= served.guard.waiting_max
        assert rest_of(lines[0]).startswith(b"HTTP/1.1 408 ")
        lines[-1].sendall(b"\r\n")
        assert lines[-1].recv(100).startswith(b"HTTP/1.1 200 ")


def test_a_slow_but_honest_body_arrives(served: Served) -> None:
    served.guard.body_s, served.guard.body_bytes_per_s = 5.0, 10_000.0  # in all it would take 10 s at the least pace
    with served.connect() as line:
        line.sendall(BODY)
        begun, sent = time.monotonic(), 0
        while sent < 100_000:
            time.sleep(0.1)  # a link of 16 kB/s: six seconds, which is more than may pass without a byte
            due = int((time.monotonic() - begun) * 16_000)  # by the clock: a machine that is busy is no slower link
            sent += line.send(b"a" * (min(due, 100_000) - sent))
        assert line.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_a_connection_that_is_used_again_and_stalls_then_is_cut_off_too(served: Served) -> None:
    with served.connect() as line:
        line.sendall(HEAD + b"\r\n")
        answer = b""
        while not answer.endswith(b"}"):
            answer += line.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200 ")
        line.sendall(HEAD)
        assert rest_of(line).startswith(b"HTTP/1.1 408 ")


def test_pipelined_requests_are_answered_in_order_and_a_half_one_behind_them_ends(served: Served) -> None:
    served.guard.head_s = 5.0  # so that the three are answered by then, also on a busy machine
    with served.connect() as line:
        line.sendall((HEAD + b"\r\n") * 3 + HEAD)
        answers = rest_of(line)
    assert answers.count(b"HTTP/1.1 200 ") == 3
    assert answers.rindex(b"HTTP/1.1 200 ") < answers.find(b"HTTP/1.1 408 ")


def test_a_head_without_an_end_is_refused_before_it_fills_the_memory(served: Served) -> None:
    served.guard.head_s = 3_600.0
    with served.connect() as line:
        line.sendall(HEAD + b"X: ")
        sent = 0
        with contextlib.suppress(OSError):
            while sent < 10_000_000:
                sent += line.send(b"a" * 1_000)
        assert sent < 5_000_000, "what the sockets between hold, at most"
        with contextlib.suppress(OSError):
            assert b" 431 " in rest_of(line)


def test_who_takes_nothing_of_its_answer_is_let_go(served: Served, over: threading.Event) -> None:
    with served.connect() as line:
        line.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 200 ")
        # Not read from here on; nor is anything sent, for which it would be let go as well.
        assert over.wait(SOON_S), "the answer has no end, and nobody ended it"


def test_a_stream_that_has_nothing_to_say_is_no_slow_client(served: Served, sqlite_world: World) -> None:
    phone = sqlite_world.phone()
    journey = sqlite_world.begin(phone).id
    with served.connect() as line:
        ask = f"GET /menu/v1/live?journey={journey} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {phone.token}\r\n\r\n"
        line.sendall(ask.encode())
        assert line.recv(100).startswith(b"HTTP/1.1 200 ")
        line.settimeout(4.0)
        with contextlib.suppress(TimeoutError):
            while line.recv(65_536):
                pass
            pytest.fail("the stream was ended")
