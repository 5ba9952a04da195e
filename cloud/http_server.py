"""uvicorn as we run it, with the guard that it has not: who sends slowly, or reads slowly, is let go.

A request that is not whole costs a connection and nothing else, which is what a slow-loris is after: many of them, for
as long as it likes. So a request has its time, and when too many wait, the one that has waited longest makes room. An
honest client is whole within a round trip and is never the longest. And no address has more connections than its share,
nor have all together more than the process has files: `open_lines.py` says who makes room.
"""

import asyncio
import functools
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from cloud.file_limit import file_limit, shares_of
from cloud.headers import ALWAYS, Header
from cloud.open_lines import OpenLines
from cloud.problems import problem
from cloud.proxies import trusts
from cloud.settings import Settings
from mobile_menu.limits import source_of

WAITING_MAX: Final = 1_000
PER_ADDRESS: Final = 256


AGAIN_S: Final = 15
"""By then the heartbeat of the live streams has shown whose phone is gone, and its connection is free."""
TOO_MANY: Final = (429, "too_many_attempts", "Too many connections from this address; come again later.")
NO_ROOM: Final = (503, "busy", "All connections are in use; come again later.")


WarmAnswer = Callable[[bytes, list[Header], str, list[Header]], bytes | None]
"""Of address, headers, peer and the server's own headers the whole answer; None: it takes more than that."""


class Phase(Enum):
    """Of what a connection sends: nothing, a request's head, a request's body."""

    IDLE = "idle"
    HEAD = "head"
    BODY = "body"


@dataclass
class Guard:
    """The limits of all connections of a server, and those that have not sent a whole request yet, longest first.

    head_s: for request line and headers. body_s: how far a body may fall behind `body_bytes_per_s`. stall_s: how long a
    client may take nothing of an answer. dead_s: how long what was sent may stay without any word that it came; a live
    stream sends a heartbeat before that. lines: how many may be open. trusted: peers that may have any number, as our
    proxies speak for many. warm: answers an ordinary GET at once when it can (`warm_lane.py`).
    """

    head_s: float = 10.0
    head_bytes: int = 32 * 1024
    body_s: float = 20.0
    body_bytes_per_s: float = 500.0
    stall_s: float = 60.0
    dead_s: float = 45.0
    waiting_max: int = WAITING_MAX
    lines: OpenLines = field(default_factory=lambda: OpenLines(shares_of(file_limit()).connections, PER_ADDRESS))
    trusted: Callable[[str], bool] = lambda _host: False
    warm: WarmAnswer = lambda *_asked: None
    waiting: dict["GuardedHttp", None] = field(default_factory=dict)

    def waits(self, one: "GuardedHttp") -> None:
        """The connection owes us a part of a request."""
        self.waiting.setdefault(one)
        if len(self.waiting) > self.waiting_max:
            next(iter(self.waiting)).give_up()

    def whole(self, one: "GuardedHttp") -> None:
        """It owes us nothing, or is no more."""
        self.waiting.pop(one, None)


class GuardedHttp(HttpToolsProtocol):
    """One connection. A request that arrives in one piece, as nearly all do, costs no timer."""

    def __init__(self, guard: Guard, **given: Any) -> None:
        super().__init__(**given)
        self._guard = guard
        self._phase = Phase.HEAD
        self._watched = Phase.IDLE
        self._head_bytes = 0
        self._refusal = (400, "invalid", "This is no HTTP/1.1 request.")
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._warm: bytes | None = None

    # --- what comes ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        _end_when_dead(transport, self._guard.dead_s)
        host = self.client[0] if self.client else ""
        full = self._guard.lines.admit(self, "" if self._guard.trusted(host) else source_of(host))
        if full:
            self._refusal = TOO_MANY if full == "address" else NO_ROOM
            return self.send_400_response("")
        return self._watch(0)

    def data_received(self, data: bytes) -> None:
        if self._phase is Phase.IDLE:
            self._phase = Phase.HEAD
            self._head_bytes = 0
        before = self._head_bytes
        super().data_received(data)
        # The parser keeps a header to itself until it is whole, so what it was given counts as well.
        if self._phase is Phase.HEAD and self.transport is not None:
            self._head_bytes = max(self._head_bytes, before + len(data))
            if self._head_bytes > self._guard.head_bytes and not self.transport.is_closing():
                self._refuse_head()
                self.send_400_response("")
        self._watch(len(data))

    def on_message_begin(self) -> None:
        self._phase = Phase.HEAD
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._warm = self._answer_at_hand()
        if self._warm is None:
            super().on_headers_complete()
        self._phase = Phase.BODY
        self._guard.lines.busy(self)

    def _answer_at_hand(self) -> bytes | None:
        """What can be said without asking the application, when nothing else is being said on this connection."""
        parser, cycle = self.parser, cast("RequestResponseCycle | None", self.cycle)
        if (
            parser.get_method() != b"GET"
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
            or parser.should_upgrade()
            or not (cycle is None or cycle.response_complete)
            or self.flow.write_paused
            or self.transport.is_closing()
        ):
            return None
        peer = self.client[0] if self.client else ""
        return self._guard.warm(self.url, self.headers, peer, self.server_state.default_headers)

    def on_message_complete(self) -> None:
        self._phase = Phase.IDLE
        if self._warm is not None:
            answer, self._warm = self._warm, None
            self.transport.write(answer)
            return self.on_response_complete()
        super().on_message_complete()
        if self.cycle.response_complete:  # refused before its body had come
            self._guard.lines.idle(self)
        return None

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.pipeline and self._phase is Phase.IDLE and not self.transport.is_closing():
            self._guard.lines.idle(self)

    def _count(self, size: int) -> None:
        """What this raises, the parser passes on as its own error, and that is answered with the refusal."""
        self._head_bytes += size
        if self._head_bytes > self._guard.head_bytes:
            self._refuse_head()
            msg = "the head is larger than allowed"
            raise ValueError(msg)

    def _refuse_head(self) -> None:
        self._refusal = (431, "too_large", f"The head is larger than {self._guard.head_bytes} bytes.")

    # --- in its time ---

    def _watch(self, received: int) -> None:
        """Sets the time by which the rest must be here; for a body, each part that comes earns some more."""
        if self._phase is Phase.IDLE or self.transport.is_closing():
            self._watched = Phase.IDLE
            return self._guard.whole(self)
        now = self.loop.time()
        if self._phase is not self._watched:
            self._deadline = now + (self._guard.head_s if self._phase is Phase.HEAD else self._guard.body_s)
        elif self._phase is Phase.BODY:
            earned = self._deadline + received / self._guard.body_bytes_per_s
            self._deadline = min(earned, now + self._guard.body_s)
        self._watched = self._phase
        if self._timer is None:
            self._timer = self.loop.call_at(self._deadline, self._look)
        self._guard.waits(self)
        return None

    def _look(self) -> None:
        """The time was up once; it may have been put off since, or all may have come."""
        self._timer = None
        if self._watched is Phase.IDLE or self.transport.is_closing():
            return
        now = self.loop.time()
        if self.flow.read_paused:  # we do not read: it is not the client who is slow
            self._deadline = now + self._guard.body_s
        if now < self._deadline:
            self._timer = self.loop.call_at(self._deadline, self._look)
            return
        self.give_up()

    def give_up(self) -> None:
        """The request will not be waited for."""
        self._guard.whole(self)
        self._refusal = (408, "too_slow", "The request did not come in time.")
        self.send_400_response("")

    def leave(self) -> None:
        """Another has come, and there is no room for both."""
        if self._phase is not Phase.IDLE:
            return self.give_up()
        return self.transport.close()

    # --- who does not read ---

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall = self.loop.call_later(self._guard.stall_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._cancel_stall()

    def _cancel_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    # --- the end ---

    def connection_lost(self, exc: Exception | None) -> None:
        self._guard.whole(self)
        self._guard.lines.gone(self)
        self._cancel_stall()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words; ours say more
        """The refusal, as a problem, and the end of the connection. In the midst of another answer just the end."""
        if self.transport.is_closing():
            return
        cycle = cast("RequestResponseCycle | None", self.cycle)  # uvicorn types what comes later as if it were there
        answering = cycle is not None and not cycle.response_complete
        if answering and (self.cycle.response_started or self._phase is Phase.HEAD):
            self.transport.abort()
            return
        self.transport.write(_whole_answer(*self._refusal))
        self.transport.close()
        # A client that does not even read this keeps its connection no longer for that.
        self.loop.call_later(1.0, self.transport.abort)


def _end_when_dead(transport: asyncio.Transport, after_s: float) -> None:
    """A phone that lost its network says no goodbye. By itself the system would send again for a quarter of an hour,
    and its stream would be held as long. Where it cannot be told (RFC 5482; Linux can), it still ends with its token.
    """
    line, option = transport.get_extra_info("socket"), getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None and line is not None and line.family in {socket.AF_INET, socket.AF_INET6}:
        line.setsockopt(socket.IPPROTO_TCP, option, round(after_s * 1000))


def _whole_answer(status: int, code: str, detail: str) -> bytes:
    again = {"Retry-After": str(AGAIN_S)} if status in {429, 503} else {}
    answer = problem(status, code, detail, None, {"Connection": "close", **again})
    phrase = HTTP_PHRASES.get(status, "Refused")
    lines = [b"HTTP/1.1 %d %s" % (status, phrase.encode())]
    lines += [b"%s: %s" % one for one in (*answer.raw_headers, *ALWAYS)]
    return b"\r\n".join((*lines, b"", bytes(answer.body)))


HTTP_PHRASES: Final = {
    400: "Bad Request",
    408: "Request Timeout",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


def server_config(
    app: ASGIApp, settings: Settings, guard: Guard | None = None, warm: WarmAnswer = lambda *_asked: None
) -> uvicorn.Config:
    """How the HTTP service listens. Who stands before it, the application knows: no header is believed here."""
    protocol = functools.partial(GuardedHttp, guard or guard_for(settings, warm))
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=cast("type[asyncio.Protocol]", protocol),  # called like the class
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
        backlog=shares_of(file_limit()).backlog,
    )


def guard_for(settings: Settings, warm: WarmAnswer) -> Guard:
    """The limits, by the files that the process may open. An address gets a quarter of the connections at most."""
    files = file_limit()
    in_all = shares_of(files).connections
    lines = OpenLines(in_all, min(settings.address_connections, max(8, in_all // 4)))
    most = max(16, min(WAITING_MAX, files // 4))
    return Guard(waiting_max=most, lines=lines, trusted=trusts(settings), warm=warm)
