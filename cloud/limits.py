"""How often anybody may call at all, whatever they call: before any route is looked for, so that no spelling of a path,
no method and no pipelining gets around it.

What costs more than a read (sessions, claims, links) has stricter gates of its own behind this one.
"""

import hmac
import math
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from cloud.identity.tokens import FAMILY_CHARS
from cloud.settings import Settings
from cloud.too_often import too_often
from mobile_menu.limits import Gate, Limit

HOOKS = "/hooks/broker/"
OPERATOR = (b"tlk_", b"tlh_")
"""How an operator's key begins: those have limits of their own. And a broker's token: it asks for a whole fleet."""

SPACE = b" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0"
"""What `str.strip` takes away from a token, where it is read: a spelling more must not be a bucket more."""


class RateLimit:
    """ASGI: a call above the limit of its address, or of its phone session, is answered 429 with Retry-After.

    hook_token: of our own broker, which asks for a whole fleet from one address. Its questions count for nobody, as a
    refusal would keep devices out; who does not show the token counts like everybody.
    """

    def __init__(self, app: ASGIApp, addresses: Gate, sessions: Gate, hook_token: str) -> None:
        self._app = app
        self._addresses = addresses
        self._sessions = sessions
        self._hook_token = hook_token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wait_s = self._wait_s(scope) if scope["type"] == "http" else 0.0
        if wait_s == 0:
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope) if scope["method"] == "GET" else Headers()
        refusal = too_often(headers, math.ceil(wait_s), "Too many calls; come again later.")
        return await refusal(scope, receive, send)

    def admits(self, host: str, token: bytes) -> bool:
        """Whether a call of this address with this token may be answered now. What is not is not counted either: it
        goes the usual way, and is counted and refused there.
        """
        if self._addresses.wait_s(host) > 0:
            return False
        if self._wait_of_session(token) == 0:
            return True
        self._addresses.give_back(host)
        return False

    def _wait_s(self, scope: Scope) -> float:
        token = token_in(next((value for name, value in scope["headers"] if name == b"authorization"), b""))
        if scope["path"].startswith(HOOKS) and hmac.compare_digest(token, self._hook_token):
            return 0.0
        client = scope["client"]
        wait_s = self._addresses.wait_s(client[0] if client else "")
        return wait_s if wait_s > 0 else self._wait_of_session(token)

    def _wait_of_session(self, token: bytes) -> float:
        if not token or token.startswith(OPERATOR):
            return 0.0
        # Named by what its tokens share, or each renewal would be a full bucket; as a keyed hash of this process, so
        # that nothing of a token is kept.
        return self._sessions.wait_of(hash(token[:FAMILY_CHARS]))


def token_in(authorization: bytes) -> bytes:
    """The bearer token that a call shows; empty when there is none."""
    scheme, _, rest = authorization.partition(b" ")
    token = rest.strip(SPACE)
    return token if scheme.lower() == b"bearer" else b""


def rate_limits(settings: Settings, now: Callable[[], float] = time.monotonic) -> tuple[Gate, Gate]:
    """(addresses, sessions): a minute's worth at once, and so many a minute from then on."""
    counts = (settings.address_calls_per_minute, settings.session_calls_per_minute)
    addresses, sessions = (Gate(Limit(burst=count, per_minute=count), now) for count in counts)
    return addresses, sessions
