"""The two hot calls, as plain ASGI: `GET /menu/v1/menu` and `GET /menu/v1/live`. Everything else is in `api.py`.

Plain, because a framework's route costs several times what a warm menu does, and several times the memory of an idle
stream. Errors are raised before the answer starts; the application's handler makes problems of them.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple
from urllib.parse import parse_qs

import msgspec
from starlette.types import Receive, Scope, Send

from mobile_menu.limits import MAX_HOST, source_of
from mobile_menu.live import HEARTBEAT_S, LiveHub, Signal
from mobile_menu.ports import Caller, CaseThread, JourneyUnknownError, SessionRefusedError
from mobile_menu.service import MenuService, Served, last_written
from mobile_menu.shared_reads import SharedReads
from mobile_menu.threads import Threads

RETRY_MS = 3000
MAX_LANGUAGE = 120
MAX_TOKEN = 512
MAX_ID = 64
MAX_TAGS = 1024
NOW = timedelta(0)
"""Nothing that was read before is taken for true."""
CALLER_TRUSTED = timedelta(seconds=2 * HEARTBEAT_S)
"""Whose stream it is counts for so long: each heartbeat asks anew, and what ends a session says so at once."""
_VARY = (b"vary", b"Accept-Language, Authorization")
_NOSNIFF = (b"x-content-type-options", b"nosniff")

_log = logging.getLogger(__name__)


class Asked(NamedTuple):
    """What a request for a menu says. language: Accept-Language as sent, cut to a sane length."""

    token: str
    language: str
    journey_id: str
    if_none_match: str
    last_event_id: str


class MenuRoute:
    """`GET /menu/v1/menu?journey=`: the menu's bytes, or 304."""

    def __init__(self, service: MenuService, threads: Threads) -> None:
        self._service = service
        self._threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        asked = asked_of(scope)
        served = self._service.warm_menu(asked.token, asked.language, asked.journey_id)
        if served is None:
            served = await self._threads.run(self._look_up, asked)
        if etag_matches(asked.if_none_match, served.etag):
            headers = menu_headers(served, same=True)
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.start", "status": 200, "headers": menu_headers(served)})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else served.body})

    def _look_up(self, asked: Asked) -> Served:
        return self._service.menu(self._service.caller(asked.token, asked.language), asked.journey_id)


class LiveRoute:
    """`GET /menu/v1/live?journey=`: server-sent events `menu`, `case`, `renew`, `gone` (WHATWG HTML, section 9.2)."""

    def __init__(self, service: MenuService, hub: LiveHub, threads: Threads) -> None:
        self._service = service
        self._hub = hub
        self._threads = threads
        self._reads = SharedReads(service, threads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = asked_of(scope)
        caller = await self._threads.run(self._service.caller, asked.token, asked.language)
        stream = _Stream(self._service, self._threads, self._reads, send, asked, caller)
        # Listen first, read then: a change in between wakes the stream again, and is not lost.
        client = scope.get("client")
        subscription = self._hub.subscribe(
            asked.journey_id,
            caller.person_id,
            caller.session_id,
            stream.deliver,
            source=source_of(client[0][:MAX_HOST]) if client else "",
            lasts_s=(caller.until - self._service.now()).total_seconds(),
        )
        try:
            served = await self._reads.menu(caller, asked.journey_id)
            stream.on_end = partial(self._hub.wake_in, subscription)
            await stream.start(served, ends=scope["method"] == "HEAD")
            self._hub.ready(subscription)
            # The server says `disconnect` when the phone goes, and also once the stream has ended the answer itself.
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self._hub.unsubscribe(subscription)


class _Stream:
    """What one phone has got so far, and how the next thing is sent to it."""

    __slots__ = (
        "_asked", "_case", "_ended", "_etag", "_person_id", "_reads", "_send", "_service", "_threads", "_until",
        "on_end",
    )  # fmt: skip

    def __init__(
        self,
        service: MenuService,
        threads: Threads,
        reads: SharedReads,
        send: Send,
        asked: Asked,
        caller: Caller,
    ) -> None:
        self._service = service
        self._threads = threads
        self._reads = reads
        self._send = send
        self._asked = asked
        self._person_id = caller.person_id
        self._until = caller.until
        self._etag = asked.last_event_id
        self._case: tuple[datetime, str] | None = None
        self._ended = False
        self.on_end: Callable[[float | None], None] = lambda _: None
        """Wants to hear in how many seconds the menu that was sent ends by itself; None: it does not."""

    async def start(self, served: Served, *, ends: bool) -> None:
        """Headers, the time to come again after a break, and the menu unless the phone has it. ends: HEAD."""
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"private, no-cache, no-transform"),
            (b"x-accel-buffering", b"no"),
            _VARY,
            _NOSNIFF,
        ]
        first = b"retry: %d\n\n" % RETRY_MS
        if served.etag != self._etag:
            first += menu_event(served)
            self._etag = served.etag
        self._note_end(served)
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        self._ended = ends
        await self._write(b"" if ends else first, more=not ends)

    async def deliver(self, signal: Signal) -> None:
        """Sends what the signal calls for. A failing record is logged, and asked again at the next heartbeat."""
        if self._ended:
            return None
        if signal & Signal.LEFT:
            return await self._end(gone_event(SessionRefusedError.code))
        if signal & Signal.GONE:
            return await self._end(gone_event(JourneyUnknownError.code))
        if signal & Signal.CLOSE:
            return await self._end(b"")
        if self._service.now() >= self._until:
            return await self._end(RENEW)
        return await self._tell(signal)

    async def _tell(self, signal: Signal) -> None:
        try:
            served = await self._menu(signal)
            thread = await self._threads.run(self._latest_case) if signal & Signal.CASE else None
        except SessionRefusedError as error:
            # The token's time may have ended just between the look at the clock and the look into the record.
            await self._end(RENEW if self._service.now() >= self._until else gone_event(error.code))
        except JourneyUnknownError as error:
            await self._end(gone_event(error.code))
        except _ChangedHandsError:
            await self._end(RENEW)
        except Exception:  # noqa: BLE001  # whatever ails the record, the stream outlives it
            _log.exception("a live menu could not be read; the next heartbeat tries again")
            await self._write(b": waiting\n\n")
        else:
            self._note_end(served)
            await self._write(self._news(served, thread) or (b":\n\n" if signal & Signal.BEAT else b""))

    async def _menu(self, signal: Signal) -> Served:
        asked = self._asked
        if signal & (Signal.BEAT | Signal.SESSION):
            return await self._threads.run(self._checked)
        caller = self._service.known_caller(asked.token, asked.language, CALLER_TRUSTED)
        if caller is None:
            caller = await self._threads.run(self._service.caller, asked.token, asked.language)
        return await self._reads.menu(self._same(caller), asked.journey_id)

    def _checked(self) -> Served:
        """Held against the record, the menu and whose session it is."""
        asked = self._asked
        caller = self._same(self._service.caller(asked.token, asked.language, NOW))
        return self._service.menu(caller, asked.journey_id, NOW)

    def _latest_case(self) -> CaseThread | None:
        asked = self._asked
        caller = self._same(self._service.caller(asked.token, asked.language, CALLER_TRUSTED))
        return self._service.latest_case(caller, asked.journey_id)

    def _same(self, caller: Caller) -> Caller:
        """Raises _ChangedHandsError when the session is another person's now."""
        if caller.person_id != self._person_id:
            raise _ChangedHandsError
        return caller

    def _note_end(self, served: Served) -> None:
        self.on_end(None if served.until is None else (served.until - self._service.now()).total_seconds())

    def _news(self, served: Served, thread: CaseThread | None) -> bytes:
        news = b""
        if served.etag != self._etag:
            self._etag = served.etag
            news += menu_event(served)
        case = None if thread is None else (last_written(thread), thread.status)
        if thread is not None and case != self._case:
            self._case = case
            news += case_event(thread)
        return news

    async def _end(self, last: bytes) -> None:
        self._ended = True
        await self._write(last, more=False)

    async def _write(self, data: bytes, *, more: bool = True) -> None:
        if not data and more:
            return
        try:
            await self._send({"type": "http.response.body", "body": data, "more_body": more})
        except OSError:  # how some servers say that the phone has gone; `receive` says so too
            self._ended = True


class _ChangedHandsError(Exception):
    """The session is another person's now: two became one. Who listens comes again as that one."""


RENEW = b"event: renew\ndata: {}\n\n"
"""The access token's time is over, or the session is another person's: come again at once, with a token that counts."""


def menu_headers(served: Served, *, same: bool = False) -> list[tuple[bytes, bytes]]:
    """Of a menu; same: of the answer that the phone has it."""
    headers = [
        (b"etag", b'"%s"' % served.etag.encode()),
        (b"cache-control", b"private, no-cache"),
        _VARY,
        _NOSNIFF,
    ]
    if same:
        return headers
    return [*headers, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(served.body))]


def menu_event(served: Served) -> bytes:
    return b"event: menu\nid: %s\ndata: %s\n\n" % (served.etag.encode(), served.body)


def case_event(thread: CaseThread) -> bytes:
    return b"event: case\ndata: %s\n\n" % msgspec.json.encode(thread)


def gone_event(code: str) -> bytes:
    """code: why, in the words of the errors: `journey_unknown` or `session_refused`."""
    return b'event: gone\ndata: {"code":"%s"}\n\n' % code.encode()


def asked_of(scope: Scope) -> Asked:
    """Raises SessionRefusedError without a bearer token, JourneyUnknownError without a journey."""
    headers = {
        name: value.decode("latin-1")
        for name, value in scope["headers"]
        if name in (b"authorization", b"accept-language", b"if-none-match", b"last-event-id")
    }
    token = bearer_of(headers.get(b"authorization", ""))
    # A stream keeps these as long as it lives, so each has a limit.
    return Asked(
        token=token,
        language=language_of(headers.get(b"accept-language", "")),
        journey_id=_journey_of(scope["query_string"]),
        if_none_match=headers.get(b"if-none-match", "")[:MAX_TAGS],
        last_event_id=headers.get(b"last-event-id", "")[:MAX_ID],
    )


def _journey_of(query: bytes) -> str:
    try:
        journey_ids = parse_qs(query.decode("latin-1"), max_num_fields=16).get("journey", ())
    except ValueError:
        journey_ids = ()
    if len(journey_ids) != 1 or len(journey_ids[0]) > MAX_ID:
        raise JourneyUnknownError
    return journey_ids[0]


def bearer_of(authorization: str) -> str:
    """The token of `Authorization: Bearer` (RFC 6750, section 2.1). Raises SessionRefusedError."""
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN:
        raise SessionRefusedError
    return token


def language_of(accept_language: str) -> str:
    """Accept-Language as sent, without what exceeds a sane length; `en` when nothing is asked for."""
    if len(accept_language) > MAX_LANGUAGE:
        accept_language = accept_language[:MAX_LANGUAGE].rpartition(",")[0]
    return accept_language.strip() or "en"


def etag_matches(if_none_match: str, etag: str) -> bool:
    """Weak comparison of the header's list with ours (RFC 9110, section 13.1.2)."""
    if not if_none_match:
        return False
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in if_none_match.split(","))
    return any(tag in (etag, "*") for tag in tags)
