"""What no call may carry, whichever route it takes, and what no answer may be. Plain ASGI: it costs each call little.

Bodies are not looked at here: they are, once they are read, in `cloud/web.py` and `mobile_menu/bodies.py`.
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.web import problem

_CONTROL = frozenset(chr(code) for code in (*range(0x20), 0x7F))


class Edge:
    """Refuses control characters in a path, which name nothing, and NUL in a query, which no database keeps.

    What refuses a body by its size answers in plain text; here it becomes a problem like all others.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if not _CONTROL.isdisjoint(scope["path"]):
            return await problem(404, "not_found", "There is no such thing.")(scope, receive, send)
        if b"%00" in scope["query_string"]:
            return await problem(422, "invalid", "The query holds a NUL.")(scope, receive, send)
        if scope["method"] in ("GET", "HEAD"):
            return await self._app(scope, receive, send)
        return await self._app(scope, receive, _Answer(scope, receive, send))


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
