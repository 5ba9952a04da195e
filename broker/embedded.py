"""The embedded broker: amqtt behind a door of our own, meant for a process of its own.

The sockets, the door and the limits are here; what happens to a message inside is `broker.switchboard`. A connection
reaches amqtt only after its CONNECT was read within bounds, its credential and last will were judged, and an older
connection of the same client has ended. TLS would be one argument of `asyncio.start_server`.
"""

import asyncio
import contextlib
import errno
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import msgspec

from broker.acl import Principal, Reason, Verdict, may_retain
from broker.connection import Doorway, Outlet
from broker.contract.messages import MAX_PAYLOAD_BYTES
from broker.errors import BrokerError, PortTakenError
from broker.frames import ConnackCode, MalformedFrameError, connack, connect_facts
from broker.gatekeeper import CachedLookup, ConnectFacts, Credential, Gatekeeper, admit, worth_a_lookup
from broker.outbox import OutboxLimits
from broker.switchboard import LISTENER, Admitted, Switchboard

_log: Final = logging.getLogger("throughline.broker")

PAYLOAD_SLACK_BYTES: Final = 8 * 1024
"""A payload too large by no more than this is still passed on, so that the cloud can count and quarantine it."""
_MISSED_KEEPALIVES: Final = 1.5

_CODES: Final = {
    Reason.PROTOCOL: ConnackCode.UNACCEPTABLE_PROTOCOL,
    Reason.NO_CREDENTIALS: ConnackCode.BAD_CREDENTIALS,
    Reason.BAD_CREDENTIALS: ConnackCode.BAD_CREDENTIALS,
    Reason.CLIENT_ID: ConnackCode.IDENTIFIER_REJECTED,
}


class EmbeddedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the embedded broker listens, and its limits. host: an address; port 0: any free one, told through `ready`.

    max_connections: when they are reached, the oldest that has not said CONNECT makes room for the next.
    max_keepalive_s: also what counts for a client that asks for none. recheck_s: how soon a revoked client is cut off.
    """

    host: str = "127.0.0.1"
    port: int = 1883
    max_connections: int = 10_000
    max_packet_bytes: int = MAX_PAYLOAD_BYTES + PAYLOAD_SLACK_BYTES
    connect_timeout_s: float = 10.0
    frame_timeout_s: float = 20.0
    max_keepalive_s: int = 300
    session_expiry_s: int = 7 * 24 * 3600
    recheck_s: float = 30.0
    lookup_threads: int = 4
    device_queue: OutboxLimits = OutboxLimits(window=32, max_messages=256, max_bytes=1024 * 1024)
    service_queue: OutboxLimits = OutboxLimits(window=4096, max_messages=100_000, max_bytes=64 * 1024 * 1024)


async def serve(
    settings: EmbeddedSettings,
    gatekeeper: Gatekeeper,
    ready: Callable[[int], None],
    stop: asyncio.Event,
) -> None:
    """Run the broker until `stop` is set. ready: called once, with the real port, when clients may come.

    Raises PortTakenError, or BrokerError when the address cannot be listened on for another reason.
    """
    _quieten_libraries()
    switchboard = Switchboard(
        {"device": settings.device_queue, "service": settings.service_queue}, settings.session_expiry_s
    )
    with ThreadPoolExecutor(settings.lookup_threads, thread_name_prefix="gatekeeper") as threads:
        house = _House(settings, switchboard, CachedLookup(gatekeeper, threads))
        server = await _listen(settings, house)
        await switchboard.start()
        await server.start_serving()
        recheck = asyncio.create_task(house.recheck(), name="broker recheck")
        try:
            ready(server.sockets[0].getsockname()[1])
            await stop.wait()
        finally:
            recheck.cancel()
            server.close()
            await switchboard.shutdown()
            await house.clear()


class _Guest(NamedTuple):
    """A client that is in. gone: set when its connection has ended, its last will included."""

    outlet: Outlet
    connect: ConnectFacts
    credential: Credential
    gone: asyncio.Event


class _House:
    """Who is at the door, and who is in."""

    def __init__(self, settings: EmbeddedSettings, switchboard: Switchboard, lookup: CachedLookup) -> None:
        self._settings = settings
        self._switchboard = switchboard
        self._lookup = lookup
        self._pending: OrderedDict[Outlet, None] = OrderedDict()
        self._guests: dict[str, _Guest] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection from its first byte to its last."""
        task = asyncio.current_task()
        if task is None or not self._has_room():
            writer.transport.abort()
            return
        self._tasks.add(task)
        outlet = Outlet(writer)
        try:
            await self._serve(self._doorway(reader, outlet), outlet)
        except Exception:  # noqa: BLE001 - whatever one connection does to us, the others go on
            _log.warning("a connection ended by an error of ours", exc_info=True)
        finally:
            self._tasks.discard(task)
            await outlet.close()

    async def recheck(self) -> None:
        """Cut off who has lost the credential it came in with: a revocation must not wait for a reconnect."""
        while True:
            await asyncio.sleep(self._settings.recheck_s)
            for guest in list(self._guests.values()):
                try:
                    now = await self._lookup.find(guest.connect.username or "")
                except Exception:  # noqa: BLE001 - while the registry cannot be asked, nobody is thrown out
                    _log.warning("the registry cannot be asked; nobody is rechecked", exc_info=True)
                    break
                if now != guest.credential:
                    _log.info("%s has lost its credential and is cut off", guest.connect.client_id)
                    guest.outlet.abort()

    async def clear(self) -> None:
        """End what is left when the broker stops."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _has_room(self) -> bool:
        if len(self._tasks) < self._settings.max_connections:
            return True
        if not self._pending:
            return False
        self._pending.popitem(last=False)[0].abort()
        return True

    def _doorway(self, reader: asyncio.StreamReader, outlet: Outlet) -> Doorway:
        settings = self._settings
        return Doorway(reader, outlet, max_bytes=settings.max_packet_bytes, frame_timeout_s=settings.frame_timeout_s)

    async def _serve(self, doorway: Doorway, outlet: Outlet) -> None:
        connect = await self._first_words(doorway, outlet)
        if connect is None:
            return
        verdict, credential = await self._judge(connect)
        if not verdict.allowed or credential is None:
            code = _CODES.get(verdict.reason, ConnackCode.NOT_AUTHORIZED)
            outlet.write(connack(ConnackCode.SERVER_UNAVAILABLE if credential is None and verdict.allowed else code))
            _log.debug("a CONNECT was refused: %s", verdict.reason.value)
            return
        principal = Principal(credential.principal, connect.username or "")
        doorway.let_in(Admitted(principal, connect))
        doorway.idle_s = _idle_limit_s(connect.keepalive_s, self._settings.max_keepalive_s)
        doorway.keeps_retain_flag = may_retain(principal)
        async with self._alone(_Guest(outlet, connect, credential, asyncio.Event())):
            await self._switchboard.external_connected(doorway, outlet, LISTENER)
        _log.debug("%s has left: %s", connect.client_id, doorway.ended_by)

    async def _first_words(self, doorway: Doorway, outlet: Outlet) -> ConnectFacts | None:
        """The CONNECT; None when there is none in time, or it is malformed."""
        self._pending[outlet] = None
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                return connect_facts(await doorway.next_frame())
        except (MalformedFrameError, TimeoutError, OSError, asyncio.IncompleteReadError):
            return None
        finally:
            self._pending.pop(outlet, None)

    async def _judge(self, connect: ConnectFacts) -> tuple[Verdict, Credential | None]:
        """The verdict, and the credential it rests on; allowed without one when the registry could not be asked."""
        early = worth_a_lookup(connect)
        if not early.allowed:
            return early, None
        try:
            credential = await self._lookup.find(connect.username or "")
        except Exception:  # noqa: BLE001 - a registry that is down shuts the door; it does not stop the broker
            _log.warning("the registry cannot be asked; nobody is let in", exc_info=True)
            return early, None
        return admit(connect, credential), credential

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


def _idle_limit_s(keepalive_s: int, longest_s: int) -> float:
    return _MISSED_KEEPALIVES * (min(keepalive_s, longest_s) or longest_s)


async def _listen(settings: EmbeddedSettings, house: _House) -> asyncio.Server:
    try:
        return await asyncio.start_server(
            house.welcome, settings.host, settings.port, backlog=1024, start_serving=False
        )
    except OSError as error:
        kind = PortTakenError if error.errno == errno.EADDRINUSE else BrokerError
        raise kind(host=settings.host, port=settings.port) from error


def _quieten_libraries() -> None:
    """The logs of amqtt carry topics, payloads and client ids, and a warning for each stranger at the door."""
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.ERROR)
