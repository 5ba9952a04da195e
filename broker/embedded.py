"""The embedded broker: amqtt behind a door of our own, meant for a process of its own.

The settings, the sockets and the start are here; who comes in is `broker.house`, what happens to a message inside is
`broker.switchboard`. Two doors: a plain one for the cloud's own services (and, where it is allowed, for devices with
passwords), and one of TLS for devices with certificates.
"""

import asyncio
import contextlib
import errno
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec

from broker.contract.messages import MAX_PAYLOAD_BYTES
from broker.errors import BrokerError, PortTakenError
from broker.gatekeeper import Gatekeeper
from broker.house import House, HouseRules
from broker.outbox import OutboxLimits
from broker.switchboard import Switchboard
from broker.tls import ContextKeeper, TlsSettings

PAYLOAD_SLACK_BYTES: Final = 8 * 1024
"""A payload too large by no more than this is still passed on, so that the cloud can count and quarantine it."""
Welcome = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Ready = Callable[[int, int], None]
"""Told the ports of the plain and of the TLS listener (0: there is none), once clients may come."""


class EmbeddedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the embedded broker listens, and its limits. host: an address; port 0: any free one, told through `ready`.

    plain_devices: whether devices may come by the plain listener, with a password; else it is the services' alone.
    max_connections: when they are reached, the oldest that has not said CONNECT makes room for the next; max_half_open
    is the same for those alone. max_keepalive_s: also what counts for a client that asks for none. endings_s: how often
    the registry is asked who was revoked. recheck_s: how often each password is looked up again, and TLS files are.
    queue_told_s: how often services hear how full their queues are.
    """

    host: str = "127.0.0.1"
    port: int = 1883
    plain_devices: bool = False
    tls: TlsSettings | None = None
    max_connections: int = 10_000
    max_half_open: int = 1000
    max_packet_bytes: int = MAX_PAYLOAD_BYTES + PAYLOAD_SLACK_BYTES
    connect_timeout_s: float = 10.0
    frame_timeout_s: float = 20.0
    max_keepalive_s: int = 300
    session_expiry_s: int = 7 * 24 * 3600
    endings_s: float = 1.0
    recheck_s: float = 30.0
    queue_told_s: float = 1.0
    lookup_threads: int = 4
    device_queue: OutboxLimits = OutboxLimits(window=32, max_messages=256, max_bytes=1024 * 1024)
    service_queue: OutboxLimits = OutboxLimits(window=4096, max_messages=100_000, max_bytes=64 * 1024 * 1024)

    @property
    def rules(self) -> HouseRules:
        names = HouseRules.__struct_fields__
        return HouseRules(**{name: getattr(self, name) for name in names})


async def serve(settings: EmbeddedSettings, gatekeeper: Gatekeeper, ready: Ready, stop: asyncio.Event) -> None:
    """Run the broker until `stop` is set.

    Raises PortTakenError, TlsFilesError, or BrokerError when an address cannot be listened on for another reason.
    """
    _quieten_libraries()
    keeper = None if settings.tls is None else ContextKeeper(settings.tls)
    switchboard = Switchboard(
        {"device": settings.device_queue, "service": settings.service_queue}, settings.session_expiry_s
    )
    with ThreadPoolExecutor(settings.lookup_threads, thread_name_prefix="gatekeeper") as threads:
        house = House(settings.rules, switchboard, gatekeeper, threads, keeper)
        async with _listeners(settings, house) as servers:
            await switchboard.start()
            watches = [
                asyncio.create_task(house.watch_endings(), name="broker endings"),
                asyncio.create_task(house.recheck(), name="broker recheck"),
                asyncio.create_task(_tell_queue(switchboard, settings.queue_told_s), name="broker queue"),
            ]
            try:
                for server in servers:
                    await server.start_serving()
                plain, tls = (*[server.sockets[0].getsockname()[1] for server in servers], 0)[:2]
                ready(plain, tls)
                await stop.wait()
            finally:
                for watch in watches:
                    watch.cancel()
                for server in servers:
                    server.close()
                await switchboard.shutdown()
                await house.clear()


async def _tell_queue(switchboard: Switchboard, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)  # how full it is is said at a steady pace, as Mosquitto's `sys_interval` has it
        switchboard.tell_queue()


@contextlib.asynccontextmanager
async def _listeners(settings: EmbeddedSettings, house: House) -> AsyncIterator[list[asyncio.Server]]:
    """Both doors, bound and not open yet."""
    servers: list[asyncio.Server] = []
    try:
        servers.append(await _listen(house.welcome, settings.host, settings.port))
        if settings.tls is not None:
            # Plain TCP for asyncio: the handshake is made by the house, which counts and bounds it.
            servers.append(await _listen(house.welcome_tls, settings.tls.host, settings.tls.port))
        yield servers
    finally:
        for server in servers:
            server.close()


async def _listen(welcome: Welcome, host: str, port: int) -> asyncio.Server:
    try:
        return await asyncio.start_server(welcome, host, port, backlog=1024, start_serving=False)
    except OSError as error:
        kind = PortTakenError if error.errno == errno.EADDRINUSE else BrokerError
        raise kind(host=host, port=port) from error


def _quieten_libraries() -> None:
    """The logs of amqtt carry topics, payloads and client ids, and a warning for each stranger at the door."""
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.ERROR)
