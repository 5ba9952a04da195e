"""What no call may carry, whichever route it takes, and what no answer may be. Plain ASGI: it costs each call little.

Bodies are not looked at here: they are, as they are read, in `cloud/body_limit.py`, and then by the forms of the calls.
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.problems import problem
from cloud.registry.gs1 import begins_with_key

MAX_URL_BYTES: Final = 8_192
"""Path and query. Source: RFC 9110, section 4.1, asks for 8000 at least."""
MAX_HEADERS: Final = 100
MAX_PARAMETERS: Final = 100
_CONTROL = frozenset(chr(code) for code in (*range(0x20), 0x7F))
_SINGLE: Final = frozenset({b"authorization", b"content-length", b"content-type", b"host"})
"""Two of them could be read as one by us and as the other by a proxy: that is how limits and checks are got around."""


class Edge:
    """Refuses control characters in a path, which name nothing, and NUL in a query, which no database keeps; addresses
    and headers beyond any need; and a header twice of which there can be one only.

    What refuses a body by its size answers in plain text; here it becomes a problem like all others.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        refused = _refusal(scope)
        if refused is not None:
            return await refused(scope, receive, send)
        if scope["method"] in ("GET", "HEAD"):
            return await self._app(scope, receive, send)
        return await self._app(scope, receive, _Answer(scope, receive, send))


def _refusal(scope: Scope) -> Response | None:
    query: bytes = scope["query_string"]
    if len(scope.get("raw_path") or b"") + len(query) > MAX_URL_BYTES:
        return problem(414, "too_large", "The address is longer than allowed.")
    if not _CONTROL.isdisjoint(scope["path"]) and not begins_with_key(scope["path"]):  # the resolver says why not
        return problem(404, "not_found", "There is no such thing.")
    if query:
        if b"%00" in query:
            return problem(422, "invalid", "The query holds a NUL.")
        if query.count(b"&") >= MAX_PARAMETERS:
            return problem(422, "invalid", f"The query has more than {MAX_PARAMETERS} parameters.")
    return _header_refusal([name for name, _ in scope["headers"]])


def _header_refusal(names: list[bytes]) -> Response | None:
    if len(names) > MAX_HEADERS:
        return problem(431, "too_large", f"The request has more than {MAX_HEADERS} headers.")
    if len(names) != len(set(names)) and any(names.count(one) > 1 for one in _SINGLE):
        return problem(400, "invalid", "A header that can be there once only is there twice.")
    return None


class _Answer:
    """Sends what it is given, but for a 413 in plain text."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._replaced = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 413:
            self._replaced = Headers(raw=message["headers"]).get("content-type", "").startswith("text/plain")
            if self._replaced:
                answer = problem(413, "too_large", "The body is larger than allowed.")
                return await answer(self._scope, self._receive, self._send)
        if not self._replaced:
            await self._send(message)
        return None
