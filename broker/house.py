"""Who is at the door of the embedded broker, and who is in.

A connection reaches amqtt only after its handshake (on the TLS door) and its CONNECT came within bounds, its credential
and last will were judged, and an older connection of the same client has ended. Whoever loses the credential is cut off
while connected: the registry is asked once a second who was revoked, with one question for all.
"""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from functools import partial
from typing import Final, NamedTuple

import msgspec

from broker.acl import Principal, Reason, Verdict
from broker.connection import Doorway, Outlet
from broker.errors import BrokerError
from broker.frames import ConnackCode, MalformedFrameError, connack, connect_facts
from broker.gatekeeper import (
    Answer,
    CachedLookup,
    Certificate,
    ConnectFacts,
    Credential,
    Gatekeeper,
    Peer,
    admit,
    admit_certificate,
    worth_a_lookup,
)
from broker.switchboard import LISTENER, Admitted, Switchboard
from broker.tls import ContextKeeper, handshake

_log: Final = logging.getLogger("throughline.broker")

_MISSED_KEEPALIVES: Final = 1.5
_LEAVE_S: Final = 5.0
"""How long a connection that was cut may take to be gone, its last will included."""
_AT_ONCE: Final = 500
"""Certificates in one question to the registry."""
_REMEMBERED_S: Final = 60.0
"""How long an ending is held against older answers of the registry; longer than any answer takes."""

_CODES: Final = {
    Reason.PROTOCOL: ConnackCode.UNACCEPTABLE_PROTOCOL,
    Reason.NO_CREDENTIALS: ConnackCode.BAD_CREDENTIALS,
    Reason.BAD_CREDENTIALS: ConnackCode.BAD_CREDENTIALS,
    Reason.CLIENT_ID: ConnackCode.IDENTIFIER_REJECTED,
}


class HouseRules(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of `broker.embedded.EmbeddedSettings` that concern the door; the words are explained there."""

    plain_devices: bool
    max_connections: int
    max_half_open: int
    max_packet_bytes: int
    connect_timeout_s: float
    frame_timeout_s: float
    max_keepalive_s: int
    endings_s: float
    recheck_s: float


class _Arrival(NamedTuple):
    """A connection that has said CONNECT. peer: of its certificate; None on the plain door."""

    outlet: Outlet
    doorway: Doorway
    connect: ConnectFacts
    peer: Peer | None


class _Judged(NamedTuple):
    """answer: what the verdict rests on; None when nobody had to be asked."""

    verdict: Verdict
    answer: Answer[Credential] | Answer[Certificate] | None = None


class _Guest(NamedTuple):
    """A client that is in. known: what it was let in with. gone: set when its connection has ended, will included."""

    outlet: Outlet
    connect: ConnectFacts
    peer: Peer | None
    principal: Principal
    known: Credential | Certificate
    gone: asyncio.Event


class House:
    """keeper: of the TLS door's context; None when there is no such door."""

    def __init__(
        self,
        rules: HouseRules,
        switchboard: Switchboard,
        gatekeeper: Gatekeeper,
        threads: Executor,
        keeper: ContextKeeper | None,
    ) -> None:
        self._rules = rules
        self._switchboard = switchboard
        self._gatekeeper = gatekeeper
        self._threads = threads
        self._keeper = keeper
        self._passwords = CachedLookup[str, Credential](gatekeeper.credential, threads)
        self._certificates = CachedLookup[bytes, Certificate](gatekeeper.certificate, threads)
        self._pending: OrderedDict[asyncio.WriteTransport, None] = OrderedDict()
        self._guests: dict[str, _Guest] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._mark = 0
        self._ended: dict[str, float] = {}

    # --- coming in ---

    async def welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of the plain door from its first byte to its last."""
        await self._welcome(reader, writer, None)

    async def welcome_tls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The same for the TLS door. Nothing may await between here and the handshake."""
        await self._welcome(reader, writer, self._keeper)

    async def _welcome(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, keeper: ContextKeeper | None
    ) -> None:
        task, raw = asyncio.current_task(), writer.transport
        if task is None or not self._has_room():
            raw.abort()
            return
        self._tasks.add(task)
        self._pending[raw] = None
        try:
            arrival = await self._first_words(reader, writer, keeper)
            self._pending.pop(raw, None)
            if arrival is not None:
                await self._receive(arrival)
        except Exception:  # noqa: BLE001 - whatever one connection does to us, the others go on
            _log.warning("a connection ended by an error of ours", exc_info=True)
            raw.abort()
        finally:
            self._pending.pop(raw, None)
            self._tasks.discard(task)

    def _has_room(self) -> bool:
        """Who has said CONNECT keeps the place; of the others the oldest makes room for the next."""
        if len(self._tasks) < self._rules.max_connections and len(self._pending) < self._rules.max_half_open:
            return True
        if not self._pending:
            return False
        self._pending.popitem(last=False)[0].abort()
        return True

    async def _first_words(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, keeper: ContextKeeper | None
    ) -> _Arrival | None:
        """Handshake and CONNECT; None when they do not come in time, both together, or are not as they should be."""
        raw, outlet, limit_s = writer.transport, None, self._rules.connect_timeout_s
        try:
            async with asyncio.timeout(limit_s):
                peer = None if keeper is None else await handshake(writer, keeper.context, limit_s)
                if keeper is not None and peer is None:
                    raw.abort()
                    return None
                outlet = Outlet(writer, secured=peer is not None)
                doorway = Doorway(
                    reader,
                    outlet,
                    max_bytes=self._rules.max_packet_bytes,
                    frame_timeout_s=self._rules.frame_timeout_s,
                )
                return _Arrival(outlet, doorway, connect_facts(await doorway.next_frame()), peer)
        except (MalformedFrameError, TimeoutError, OSError, asyncio.IncompleteReadError):
            if outlet is None:
                raw.abort()
            else:
                await outlet.close()
            return None

    async def _receive(self, arrival: _Arrival) -> None:
        try:
            await self._let_in(arrival)
        finally:
            await arrival.outlet.close()

    async def _let_in(self, arrival: _Arrival) -> None:
        outlet, doorway, connect, peer = arrival
        try:
            async with asyncio.timeout(self._rules.connect_timeout_s):
                judged = await self._judge(connect, peer)
        except Exception:  # noqa: BLE001 - a driver's error of any class: it shuts the door to this one, and must not stop the broker
            _log.warning("the registry cannot be asked; nobody is let in", exc_info=True)
            outlet.write(connack(ConnackCode.SERVER_UNAVAILABLE))
            return
        answer = judged.answer
        if not judged.verdict.allowed or answer is None or answer.value is None:
            outlet.write(connack(_CODES.get(judged.verdict.reason, ConnackCode.NOT_AUTHORIZED)))
            _log.debug("a CONNECT was refused: %s", judged.verdict.reason.value)
            return
        principal = _principal(answer.value, connect)
        guest = _Guest(outlet, connect, peer, principal, answer.value, asyncio.Event())
        doorway.let_in(Admitted(principal, connect))
        doorway.idle_s = _idle_limit_s(connect.keepalive_s, self._rules.max_keepalive_s)
        if principal.kind == "device":
            doorway.held_back = partial(self._switchboard.crowded_by, principal.name)
        async with self._alone(guest):
            if self._ended.get(principal.name, answer.asked_at) > answer.asked_at:
                # Revoked after the registry was asked, and before this client was among the guests.
                outlet.write(connack(ConnackCode.SERVER_UNAVAILABLE))
                return
            await self._switchboard.external_connected(doorway, outlet, LISTENER)
        _log.debug("%s has left: %s", connect.client_id, doorway.ended_by)

    async def _judge(self, connect: ConnectFacts, peer: Peer | None) -> _Judged:
        """Raises what the registry raises."""
        if peer is not None:
            issued = await self._certificates.find(peer.fingerprint)
            return _Judged(admit_certificate(connect, peer, issued.value, self._gatekeeper.now()), issued)
        plain_devices = self._rules.plain_devices
        early = worth_a_lookup(connect, plain_devices=plain_devices)
        if not early.allowed:
            return _Judged(early)
        known = await self._passwords.find(connect.username or "")
        return _Judged(admit(connect, known.value, plain_devices=plain_devices), known)

    @contextlib.asynccontextmanager
    async def _alone(self, guest: _Guest) -> AsyncIterator[None]:
        """One connection for a client id: the older one ends first, its last will included (MQTT 3.1.4)."""
        client_id = guest.connect.client_id
        while (older := self._guests.get(client_id)) is not None:
            older.outlet.abort()
            await older.gone.wait()
        self._guests[client_id] = guest
        try:
            yield
        finally:
            del self._guests[client_id]
            guest.gone.set()

    # --- having to leave ---

    async def watch_endings(self) -> None:
        """Cut off, while they are connected, those who were revoked and those whose certificate has run out."""
        while True:
            await asyncio.sleep(self._rules.endings_s)  # between two looks: an end is not announced to the broker
            try:
                await self._end_revoked()
                await self._end_expired()
            except Exception:  # noqa: BLE001 - a driver's error of any class: the loop must outlive it, and asks again at its next turn
                _log.warning("the registry cannot be asked; nobody is cut off", exc_info=True)

    async def recheck(self) -> None:
        """Cut off who came in with a password that is no longer the newest, or a certificate that was renewed and has
        had its grace, and take up renewed TLS files.
        """
        while True:
            await asyncio.sleep(self._rules.recheck_s)  # between two looks: the registry and the disk tell no news
            self._refresh_tls()
            try:
                await self._end_superseded()
            except Exception:  # noqa: BLE001 - a driver's error of any class: the loop must outlive it, and asks again at its next turn
                _log.warning("the registry cannot be asked; nobody is rechecked", exc_info=True)
            for guest in [one for one in self._guests.values() if one.peer is None]:
                try:
                    good = await self._still_good(guest)
                except Exception:  # noqa: BLE001 - a driver's error of any class: the loop must outlive it, and asks again at its next turn
                    _log.warning("the registry cannot be asked; nobody is rechecked", exc_info=True)
                    break
                if not good:
                    self._ended[guest.principal.name] = self._passwords.clock()
                    await self._cut(guest)

    async def clear(self) -> None:
        """End what is left when the broker stops."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _end_revoked(self) -> None:
        loop = asyncio.get_running_loop()
        self._mark, ended = await loop.run_in_executor(self._threads, self._gatekeeper.ended_after, self._mark)
        noticed = self._passwords.clock()
        self._ended = {name: at for name, at in self._ended.items() if noticed - at < _REMEMBERED_S}
        self._ended |= dict.fromkeys(ended, noticed)
        await asyncio.gather(*(self._end(name) for name in ended))

    async def _end(self, name: str) -> None:
        """Who was revoked leaves, and the session goes with all that waits in it. Who has a new credential already
        comes back with that, to a new session.
        """
        while (guest := self._guests.get(name)) is not None:
            await self._cut(guest)
        await self._switchboard.forget(name)

    async def _end_expired(self) -> None:
        now = self._gatekeeper.now()
        for guest in list(self._guests.values()):
            if isinstance(guest.known, Certificate) and now >= guest.known.not_after:
                await self._cut(guest)

    async def _end_superseded(self) -> None:
        """Raises what the registry raises."""
        loop = asyncio.get_running_loop()
        guests = [(one.peer.fingerprint, one) for one in self._guests.values() if one.peer is not None]
        for start in range(0, len(guests), _AT_ONCE):
            asked = dict(guests[start : start + _AT_ONCE])
            ends = await loop.run_in_executor(self._threads, self._gatekeeper.ends_of, list(asked))
            now = self._gatekeeper.now()
            for fingerprint, end in ends.items():
                if now >= end and not asked[fingerprint].gone.is_set():
                    await self._cut(asked[fingerprint])

    async def _still_good(self, guest: _Guest) -> bool:
        """The password that it came in with is the newest, as the registry knows it now. Raises what that raises."""
        return await self._passwords.ask(guest.principal.name) == guest.known

    async def _cut(self, guest: _Guest) -> None:
        """End the connection; its last will is sent."""
        _log.info("%s has lost its credential and is cut off", guest.connect.client_id)
        guest.outlet.abort()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(guest.gone.wait(), _LEAVE_S)

    def _refresh_tls(self) -> None:
        if self._keeper is None:
            return
        try:
            if self._keeper.refresh():
                _log.info("the TLS files were renewed")
        except BrokerError:
            _log.exception("the TLS files have changed and cannot be used; the old ones stay")


def _principal(known: Credential | Certificate, connect: ConnectFacts) -> Principal:
    match known:
        case Certificate(product_id=product_id):
            return Principal("device", product_id)
        case Credential(principal=kind):
            return Principal(kind, connect.username or "")


def _idle_limit_s(keepalive_s: int, longest_s: int) -> float:
    return _MISSED_KEEPALIVES * (min(keepalive_s, longest_s) or longest_s)
