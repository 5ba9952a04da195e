"""The door: who is let in, and the seam through which the broker asks the registry.

The seam is one method wide. It may block on a database, so it is called in a thread, and its answers are remembered for
about a second: a thousand connections with the same wrong name cost one query, and a new credential works after a
second at the latest.
"""

import asyncio
import hashlib
import hmac
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final, NamedTuple, Protocol

import msgspec

from broker.acl import ALLOWED, Principal, PrincipalKind, Reason, Verdict, Will, may_leave, refused
from broker.contract.ids import is_id

PROTOCOL_NAME: Final = "MQTT"
PROTOCOL_LEVEL: Final = 4
"""MQTT 3.1.1: the embedded broker speaks no other."""

_SERVICE_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_SERVICE_CLIENT_ID: Final = re.compile(r"[a-z0-9_.:-]{1,128}")
_NO_SECRET: Final = bytes(32)


class Credential(msgspec.Struct, frozen=True):
    """What the registry knows of a username.

    secret_sha256: the 32 bytes of SHA-256 over the password's UTF-8. Passwords are 256 random bits that we drew, so
    there is nothing to guess and a slow hash would protect nothing: it would only let anybody burn our processor.
    """

    principal: PrincipalKind
    secret_sha256: bytes
    revoked: bool = False


class Gatekeeper(Protocol):
    """Who is known. Implemented by the cloud's registry, and by a dict in tests."""

    def credential(self, username: str) -> Credential | None:
        """The credential of `username`; None when there is none. May block; is called in a thread."""
        ...


class ConnectFacts(NamedTuple):
    """What a CONNECT says. username, password: None when the packet has none."""

    protocol_name: str
    protocol_level: int
    client_id: str
    username: str | None
    password: str | None
    clean_session: bool
    keepalive_s: int
    will: Will | None


def secret_digest(password: str) -> bytes:
    """SHA-256 of the password, the form in which a `Credential` keeps it."""
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()


def worth_a_lookup(connect: ConnectFacts) -> Verdict:
    """What can be refused before anybody asks the registry: most of what the open internet sends."""
    if connect.protocol_name != PROTOCOL_NAME or connect.protocol_level != PROTOCOL_LEVEL:
        return refused(Reason.PROTOCOL)
    if not connect.username or not connect.password:
        return refused(Reason.NO_CREDENTIALS)
    if not is_id(connect.username) and _SERVICE_NAME.fullmatch(connect.username) is None:
        return refused(Reason.BAD_CREDENTIALS)
    return ALLOWED


def admit(connect: ConnectFacts, credential: Credential | None) -> Verdict:
    """Whether this CONNECT comes in. The secret is compared in constant time, and also when the name is unknown."""
    early = worth_a_lookup(connect)
    if not early.allowed or connect.username is None or connect.password is None:
        return early
    expected = _NO_SECRET if credential is None else credential.secret_sha256
    matches = hmac.compare_digest(secret_digest(connect.password), expected)
    if credential is None or not matches:
        return refused(Reason.BAD_CREDENTIALS)
    if credential.revoked:
        return refused(Reason.REVOKED)
    principal = Principal(credential.principal, connect.username)
    if not _client_id_fits(principal, connect.client_id):
        return refused(Reason.CLIENT_ID)
    return ALLOWED if connect.will is None else may_leave(principal, connect.will)


def _client_id_fits(principal: Principal, client_id: str) -> bool:
    """A client id is the key of a session, so it must not be one's neighbour's. A service may hold several sessions:
    its name, or its name, one of `-._:`, and anything.
    """
    match principal.kind:
        case "device":
            return client_id == principal.name and is_id(client_id)
        case "service":
            own = client_id == principal.name or client_id.startswith(tuple(principal.name + mark for mark in "-._:"))
            return own and not is_id(principal.name) and _SERVICE_CLIENT_ID.fullmatch(client_id) is not None


class CachedLookup:
    """A gatekeeper asked in threads, once at a time for each name; its newest answers are kept for `ttl_s`."""

    def __init__(
        self,
        gatekeeper: Gatekeeper,
        executor: Executor,
        *,
        ttl_s: float = 1.0,
        max_entries: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gatekeeper = gatekeeper
        self._executor = executor
        self._ttl_s = ttl_s
        self._max_entries = max_entries
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Credential | None]] = OrderedDict()
        self._asked: dict[str, asyncio.Future[Credential | None]] = {}

    async def find(self, username: str) -> Credential | None:
        """The credential as the registry knew it at most `ttl_s` ago. Raises what the gatekeeper raises."""
        kept = self._known.get(username)
        if kept is not None and self._clock() < kept[0]:
            return kept[1]
        asked = self._asked.get(username)
        if asked is None:
            asked = asyncio.get_running_loop().run_in_executor(self._executor, self._gatekeeper.credential, username)
            self._asked[username] = asked
            asked.add_done_callback(lambda done: self._keep(username, done))
        return await asyncio.shield(asked)

    def _keep(self, username: str, done: "asyncio.Future[Credential | None]") -> None:
        self._asked.pop(username, None)
        if done.cancelled() or done.exception() is not None:
            return
        self._known[username] = (self._clock() + self._ttl_s, done.result())
        self._known.move_to_end(username)
        while len(self._known) > self._max_entries:
            self._known.popitem(last=False)
