"""What every answer says to a browser besides its content: trust nothing in it that it does not say itself.

An answer that needs more says so by headers of its own, which stand; what it leaves unsaid is said here, strictly.
"""

import functools
from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Header = tuple[bytes, bytes]
NOTHING: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The policy of what is no page: should a browser ever take it for one, it loads, runs and sends nothing."""
HSTS_S: Final = 31_536_000
ALWAYS: Final[tuple[Header, ...]] = (
    (b"content-security-policy", NOTHING.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
# Of the host alone: what else answers below the same domain is not ours to decide about.
_HSTS: Final[Header] = (b"strict-transport-security", b"max-age=%d" % HSTS_S)
_CORS: Final[Header] = (b"access-control-allow-origin", b"*")
_OPEN: Final[Header] = (b"cross-origin-resource-policy", b"cross-origin")


def completed(headers: list[Header], *, https: bool) -> list[Header]:
    """The headers, and those of ours that are missing. What is open to every origin (CORS), any may embed."""
    return headers + _missing(tuple([name for name, _ in headers]), (_CORS in headers), https)


@functools.lru_cache(maxsize=1024)
def _missing(said: tuple[bytes, ...], is_open: bool, https: bool) -> list[Header]:
    """Remembered, as each route says the same headers again and again."""
    ours = [_OPEN if is_open and one[0] == _OPEN[0] else one for one in (*ALWAYS, *([_HSTS] if https else ()))]
    return [one for one in ours if one[0] not in said]


class SecurityHeaders:
    """ASGI: completes the headers of every answer. https: our address is an https one."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def completing(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = completed(message.get("headers", []), https=self._https)
            await send(message)

        return await self._app(scope, receive, completing)


class GuardedApp(FastAPI):
    """FastAPI whose every answer has the headers: also the one to an error that nothing inside has caught."""

    https = False

    def build_middleware_stack(self) -> ASGIApp:
        return SecurityHeaders(super().build_middleware_stack(), https=self.https)
