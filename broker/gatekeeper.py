"""The door: who is let in, and the seam through which the broker asks the registry.

The seam's questions may block on a database, so they are asked in a thread, and the answers are remembered for about a
second: a thousand connections with the same wrong name cost one query, and a new credential works after a second at the
latest.
"""

import asyncio
import hashlib
import hmac
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from broker.acl import ALLOWED, Principal, PrincipalKind, Reason, Verdict, Will, may_leave, refused
from broker.contract.ids import is_id

PROTOCOL_NAME: Final = "MQTT"
PROTOCOL_LEVEL: Final = 4
"""MQTT 3.1.1: the embedded broker speaks no other."""

_SERVICE_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_SERVICE_CLIENT_ID: Final = re.compile(r"[a-z0-9_.:-]{1,128}")
_NO_SECRET: Final = bytes(32)
Asked = TypeVar("Asked")
Known = TypeVar("Known")


class Credential(msgspec.Struct, frozen=True):
    """What the registry knows of a username.

    secret_sha256: the 32 bytes of SHA-256 over the password's UTF-8. Passwords are 256 random bits that we drew, so
    there is nothing to guess and a slow hash would protect nothing: it would only let anybody burn our processor.
    """

    principal: PrincipalKind
    secret_sha256: bytes
    revoked: bool = False


class Peer(NamedTuple):
    """Whom a certificate names that TLS has verified. uri: its one SAN URI. fingerprint: SHA-256 of its DER."""

    common_name: str
    uri: str
    fingerprint: bytes


class Certificate(msgspec.Struct, frozen=True):
    """What the registry knows of a certificate that it has issued. not_after: aware."""

    product_id: str
    not_after: datetime
    revoked: bool = False


class Gatekeeper(Protocol):
    """Who is known. Implemented by the cloud's registry, and by a file in tests. May block; is called in threads."""

    def credential(self, username: str) -> Credential | None:
        """The credential of `username`; None when there is none."""
        ...

    def certificate(self, fingerprint: bytes) -> Certificate | None:
        """The certificate with this SHA-256 over its DER; None when it was not issued here."""
        ...

    def ended_after(self, mark: int) -> tuple[int, list[str]]:
        """The product ids whose password or certificate was revoked after `mark`, and the newest mark. 0: all."""
        ...

    def ends_of(self, fingerprints: Sequence[bytes]) -> dict[bytes, datetime]:
        """Until when these certificates are valid by now: a renewal may have brought the end forward."""
        ...

    def now(self) -> datetime:
        """The time by which certificates end. Does not block."""
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


def worth_a_lookup(connect: ConnectFacts, *, plain_devices: bool) -> Verdict:
    """What can be refused before anybody asks the registry: most of what the open internet sends. plain_devices: a
    device may come with a password; else passwords are the services' alone, and devices have certificates.
    """
    if not _speaks_our_protocol(connect):
        return refused(Reason.PROTOCOL)
    if not connect.username or not connect.password:
        return refused(Reason.NO_CREDENTIALS)
    if is_id(connect.username):
        return ALLOWED if plain_devices else refused(Reason.TLS_REQUIRED)
    return ALLOWED if _SERVICE_NAME.fullmatch(connect.username) else refused(Reason.BAD_CREDENTIALS)


def admit(connect: ConnectFacts, credential: Credential | None, *, plain_devices: bool) -> Verdict:
    """Whether this CONNECT with a password comes in. The secret is compared in constant time, and also when the name is
    unknown.
    """
    early = worth_a_lookup(connect, plain_devices=plain_devices)
    if not early.allowed or connect.username is None or connect.password is None:
        return early
    expected = _NO_SECRET if credential is None else credential.secret_sha256
    matches = hmac.compare_digest(secret_digest(connect.password), expected)
    if credential is None or not matches:
        return refused(Reason.BAD_CREDENTIALS)
    if credential.revoked:
        return refused(Reason.REVOKED)
    return _agrees(Principal(credential.principal, connect.username), connect)


def admit_certificate(connect: ConnectFacts, peer: Peer, certificate: Certificate | None, now: datetime) -> Verdict:
    """Whether this CONNECT over TLS comes in: the certificate is one of ours and in force, and user name (if any),
    client id and last will agree with its common name. A password is not looked at: the handshake has proved more.
    """
    if not _speaks_our_protocol(connect):
        return refused(Reason.PROTOCOL)
    in_force = vouched(peer, certificate, now)
    if not in_force.allowed:
        return in_force
    if connect.username not in (None, peer.common_name):
        return refused(Reason.USERNAME)
    return _agrees(Principal("device", peer.common_name), connect)


def vouched(peer: Peer, certificate: Certificate | None, now: datetime) -> Verdict:
    """Whether the registry stands for this certificate now: it has issued it, to this unit, and has not ended it."""
    if certificate is None:
        return refused(Reason.UNKNOWN_CERTIFICATE)
    if certificate.product_id != peer.common_name or not peer.uri:
        return refused(Reason.FOREIGN_CERTIFICATE)
    if certificate.revoked:
        return refused(Reason.REVOKED)
    return refused(Reason.EXPIRED) if now >= certificate.not_after else ALLOWED


def _speaks_our_protocol(connect: ConnectFacts) -> bool:
    return connect.protocol_name == PROTOCOL_NAME and connect.protocol_level == PROTOCOL_LEVEL


def _agrees(principal: Principal, connect: ConnectFacts) -> Verdict:
    """Client id and last will are the principal's own."""
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


class Answer(NamedTuple, Generic[Known]):
    """What the registry said. asked_at: by the lookup's clock, before it was asked: what happened later, it may not
    know.
    """

    value: Known | None
    asked_at: float


class CachedLookup(Generic[Asked, Known]):
    """A question asked in threads, once at a time for each key; its newest answers are kept for `ttl_s`."""

    def __init__(
        self,
        ask: Callable[[Asked], Known | None],
        executor: Executor,
        *,
        ttl_s: float = 1.0,
        max_entries: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._executor = executor
        self._ttl_s = ttl_s
        self._max_entries = max_entries
        self.clock: Final = clock
        self._known: OrderedDict[Asked, Answer[Known]] = OrderedDict()
        self._asked: dict[Asked, asyncio.Future[Answer[Known]]] = {}

    async def find(self, key: Asked) -> Answer[Known]:
        """What the registry knew at most `ttl_s` ago. Raises what it raises."""
        kept = self._known.get(key)
        if kept is not None and self.clock() < kept.asked_at + self._ttl_s:
            return kept
        asked = self._asked.get(key)
        if asked is None:
            asked = asyncio.get_running_loop().run_in_executor(self._executor, self._answer, key, self.clock())
            self._asked[key] = asked
            asked.add_done_callback(lambda done: self._keep(key, done))
        return await asyncio.shield(asked)

    async def ask(self, key: Asked) -> Known | None:
        """What the registry knows now, whatever is remembered. Raises what it raises."""
        answer = await asyncio.get_running_loop().run_in_executor(self._executor, self._answer, key, self.clock())
        self._remember(key, answer)
        return answer.value

    def _answer(self, key: Asked, asked_at: float) -> Answer[Known]:
        return Answer(self._ask(key), asked_at)

    def _keep(self, key: Asked, done: "asyncio.Future[Answer[Known]]") -> None:
        self._asked.pop(key, None)
        if done.cancelled() or done.exception() is not None:
            return
        self._remember(key, done.result())

    def _remember(self, key: Asked, answer: Answer[Known]) -> None:
        kept = self._known.get(key)
        if kept is not None and answer.asked_at < kept.asked_at:
            return  # an older answer that took longer
        self._known[key] = answer
        self._known.move_to_end(key)
        while len(self._known) > self._max_entries:
            self._known.popitem(last=False)
