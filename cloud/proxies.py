"""Our own proxies: whose word about where a call comes from is believed, and a word about those that nobody has named.

Behind a proxy that is not named all clients are one address, share its limits, and shut each other out.
"""

import logging
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final, cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable
from uvicorn._types import Scope as UvicornScope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware, _TrustedHosts

from cloud.settings import Settings

log = logging.getLogger("throughline.http")
SETTING: Final = "THROUGHLINE_TRUSTED_PROXIES"
FORWARDING: Final = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip"})


FORWARDED_FOR: Final = b"x-forwarded-for"


class Ours:
    """The proxies that the operator has named."""

    def __init__(self, settings: Settings) -> None:
        self._named = _TrustedHosts(list(settings.trusted_proxies))

    def trusts(self, host: str) -> bool:
        """Whether an address is one of our proxies."""
        return host in self._named

    def client(self, host: str, forwarded_for: bytes) -> str:
        """Whom our proxy at `host` speaks for, by its `X-Forwarded-For`."""
        return self._named.get_trusted_client_address(forwarded_for.decode("latin-1"))[0] or host


def trusts(settings: Settings) -> Callable[[str], bool]:
    """Whether an address is one of our proxies."""
    return Ours(settings).trusts


class Proxies:
    """ASGI: a call through one of our proxies has its client's address; one through another is warned of, once."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        inner = cast("ASGI3Application", app)  # the same, by uvicorn's own names
        self._believing = ProxyHeadersMiddleware(inner, list(settings.trusted_proxies))
        self._trusts = trusts(settings)
        self._warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._warned and scope["type"] == "http":
            self._look(scope)
        await self._believing(
            cast("UvicornScope", scope), cast("ASGIReceiveCallable", receive), cast("ASGISendCallable", send)
        )

    def _look(self, scope: Scope) -> None:
        client = scope.get("client")
        host = client[0] if client else ""
        if self._trusts(host) or not any(name in FORWARDING for name, _ in scope["headers"]):
            return
        self._warned = True
        log.warning(
            "A call came with a forwarding header from %s, which %s does not name. If that is your proxy, name it: "
            "until then all of its clients count as one address, and share one address's limits.",
            _sayable(host),
            SETTING,
        )


def _sayable(host: str) -> str:
    """The address of a machine of one's own; a stranger's is nobody's business."""
    try:
        own = ip_address(host).is_private
    except ValueError:
        own = False
    return host if own else "a peer"
