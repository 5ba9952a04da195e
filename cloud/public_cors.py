"""Cross-origin headers for what is public: every answer of the resolver, errors and preflights too. Plain ASGI.

Any page may read them: they hold nothing that depends on who asks, and `*` keeps cookies out. Source: GS1-Conformant
Resolver 1.2, 2.2; the Fetch standard.
"""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.registry.gs1 import begins_with_key

HEADERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Accept-Language, If-None-Match",
    "Access-Control-Expose-Headers": "ETag, Link, Location, Retry-After, Warning",
    "Access-Control-Max-Age": "86400",
}
WELL_KNOWN: Final = "/.well-known/gs1resolver"


class PublicCors:
    """Adds the headers to whatever is answered below a GS1 key and at the description file."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not (begins_with_key(scope["path"]) or scope["path"] == WELL_KNOWN):
            return await self._app(scope, receive, send)

        async def send_open(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        return await self._app(scope, receive, send_open)
