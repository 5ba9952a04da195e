"""A device's connection: the one place in this house that speaks MQTT.

A session lives for one boot. It connects, says that it is online, sends what the memory holds, hears what is meant for
the device, and connects again whenever the connection ends, until it is told to stop. It knows nothing of printers.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from random import Random

import aiomqtt
import msgspec

from broker.contract.codec import AnyDown, Rejection, decode_down, encode
from broker.contract.messages import Presence, PresenceStatus, Stored
from broker.contract.topics import Up, down_filter, parse_down, up_topic
from device_sim.drafts import Draft
from device_sim.errors import LateError
from device_sim.memory import Memory
from device_sim.pulse import Pulse
from device_sim.stores import Store

log = logging.getLogger(__name__)


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A broker. ca_file: the certificate authority to trust; empty means plain TCP."""

    host: str = "127.0.0.1"
    port: int = 1883
    ca_file: str = ""
    keepalive_s: int = 30


class Identity(msgspec.Struct, frozen=True):
    """product_id: also the client id and the user name. certificate: the file with the device's key and certificates,
    which a TLS endpoint is shown; it is read anew at each connect. Without one, the password is what counts.
    """

    product_id: str
    password: str = ""
    certificate: str = ""


class Tuning(msgspec.Struct, frozen=True, kw_only=True):
    """window: messages in flight at a time. stall_s: how long the watermark may stand still before all is sent again;
    doubles each time up to stall_max_s. watermark_grace_s: how long a reconnected device waits for the watermark before
    it sends again what may be stored already. backoff: full jitter below base * 2^n, at most max.
    """

    window: int = 16
    timeout_s: float = 10.0
    stall_s: float = 30.0
    stall_max_s: float = 600.0
    watermark_grace_s: float = 0.25
    backoff_base_s: float = 0.5
    backoff_max_s: float = 30.0
    flush_s: float = 3.0


class Counters(msgspec.Struct):
    """What happened; one for a device, or one shared by a whole fleet."""

    said: int = 0
    sent: int = 0
    acknowledged: int = 0
    resent: int = 0
    stored: int = 0
    given_up: int = 0
    told_to_wait: int = 0
    commands: int = 0
    connects: int = 0
    reconnects: int = 0
    failures: int = 0
    online: int = 0
    unread: int = 0
    """Messages to a device that do not obey the contract."""


def backoff_s(attempt: int, tuning: Tuning, rng: Random) -> float:
    """Exponential backoff with full jitter: seconds to wait after the `attempt`th failure in a row (from 1)."""
    # The exponent is bounded only so that a device that fails for weeks does not compute with huge numbers.
    return rng.uniform(0, min(tuning.backoff_max_s, tuning.backoff_base_s * 2 ** min(attempt, 32)))


def _heed_cancellation() -> None:
    """A client that is cancelled while its broker is away leaves with an error of its own, in place of the
    cancellation: without a look, the device would go on to connect, and whoever cancelled it would wait for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _take_note(ended: asyncio.Future[None]) -> None:
    if not ended.cancelled():
        ended.exception()


@cache
def _trust(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


def tls_context(ca_file: str, certificate: str) -> ssl.SSLContext | None:
    """How this device speaks TLS; None when it does not. Raises aiomqtt.MqttError when its files cannot be read: they
    may be there at the next try.
    """
    if not ca_file:
        return None
    if not certificate:
        return _trust(ca_file)
    try:
        context = ssl.create_default_context(cafile=ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate)
    except OSError as error:
        msg = f"the certificate cannot be used: {error.strerror}"
        raise aiomqtt.MqttError(msg) from error
    return context


class Session:
    """hear: takes each message for the device, but the watermark. joined: called on each connect. pulse: beats when
    the connection, or what waits to be sent or stored, has changed.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        identity: Identity,
        memory: Memory,
        store: Store,
        *,
        hear: Callable[[AnyDown], None],
        joined: Callable[[], None],
        pulse: Pulse,
        clock: Callable[[], datetime],
        counters: Counters,
        rng: Random,
        tuning: Tuning,
    ) -> None:
        self._endpoint, self._identity, self._tuning = endpoint, identity, tuning
        self._memory, self._store = memory, store
        self._hear, self._joined, self._clock, self._rng = hear, joined, clock, rng
        self._counters, self._pulse = counters, pulse
        self._client: aiomqtt.Client | None = None
        self._wake, self._stopping, self._plugged_in = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._watermark_heard = asyncio.Event()
        self._plugged_in.set()
        self._epoch, self._progress, self._goodbye = 0, 0, True
        self._quiet: asyncio.TimerHandle | None = None  # while the cloud wants to hear nothing
        self.connection = 0
        """Counts each CONNECT of this boot."""
        self.online = False
        self.last_error = ""

    @property
    def idle(self) -> bool:
        """Everything that was said is acknowledged by the broker."""
        return self.online and self._memory.unsent == 0

    @property
    def _alive(self) -> bool:
        """Neither the cable was pulled nor the power went."""
        return self._goodbye and self._plugged_in.is_set()

    def say(self, drafts: Iterable[Draft], epoch: int, at: datetime | None = None) -> None:
        """Numbers and keeps the drafts; they leave as soon as there is a connection."""
        at = at or self._clock()
        before = self._memory.given_up_total
        for draft in drafts:
            self._memory.add(draft, at, epoch)
            self._counters.said += 1
        self._counters.given_up += self._memory.given_up_total - before
        self._epoch = epoch
        self._wake.set()

    async def run(self) -> None:
        """Keeps the device connected until `stop` or `die`; then returns."""
        failures = 0
        while not self._stopping.is_set():
            await self._either(self._plugged_in)
            if self._stopping.is_set():
                break
            before = self._counters.connects
            try:
                await self._connect_and_serve()
            except* aiomqtt.MqttError as errors:
                self.last_error = str(errors.exceptions[0])
                log.debug("%s lost its connection: %s", self._identity.product_id, self.last_error)
            _heed_cancellation()
            failures = 1 if self._counters.connects > before else failures + 1
            if not self._stopping.is_set() and self._plugged_in.is_set():
                self._counters.failures += 1
                await self._either(self._stopping, backoff_s(failures, self._tuning, self._rng))

    def stop(self) -> None:
        """Sends what waits (for a moment), says goodbye, and ends `run`."""
        self._stopping.set()

    def cut(self) -> None:
        """The cable is pulled: the connection dies without goodbye, and there is none until `plug_in`."""
        self._plugged_in.clear()
        self._kill_connection()

    def plug_in(self) -> None:
        """The cable is back."""
        self._plugged_in.set()

    def die(self) -> None:
        """The power goes: the connection dies without goodbye, and `run` ends."""
        self._goodbye = False
        self._stopping.set()
        self._kill_connection()

    def save(self) -> None:
        """Puts the memory into its store, if it changed."""
        if self._memory.changed:
            self._memory.changed = False
            self._store.save(self._memory.snapshot())

    async def _connect_and_serve(self) -> None:
        self.connection += 1
        async with self._new_client() as client:
            self._client = client
            # When a publish fails first, nobody asks aiomqtt's own future how it ended, and asyncio would complain.
            client._disconnected.add_done_callback(_take_note)  # noqa: SLF001 - there is no public way
            self._watermark_heard.clear()
            try:
                await client.subscribe(down_filter(self._identity.product_id), qos=1)
                await self._say_presence(client, PresenceStatus.ONLINE)
                self._count_in()
                await self._serve(client)
            finally:
                self._counters.online -= self.online
                self.online, self._client = False, None
                self._pulse.beat()

    def _count_in(self) -> None:
        self.online = True
        self._counters.online += 1
        self._counters.connects += 1
        self._counters.reconnects += self.connection > 1
        self._pulse.beat()

    async def _serve(self, client: aiomqtt.Client) -> None:
        name = self._identity.product_id
        async with asyncio.TaskGroup() as group:
            workers = [group.create_task(self._read(client), name=f"read {name}")]
            await self._begin_again()
            workers.append(group.create_task(self._send(client), name=f"send {name}"))
            workers.append(group.create_task(self._watch(), name=f"watch {name}"))
            await self._stopping.wait()
            if self._goodbye:
                await self._say_goodbye(client)
            for worker in workers:
                worker.cancel()

    async def _begin_again(self) -> None:
        """Whatever is not known to be stored is sent again; the retained watermark may still shorten that."""
        if self._memory.sent_before:
            await self._either(self._watermark_heard, self._tuning.watermark_grace_s)
        self._memory.send_all_again()
        self._joined()
        self._report_given_up()

    async def _send(self, client: aiomqtt.Client) -> None:
        topics = {kind: up_topic(self._identity.product_id, kind) for kind in Up}
        while True:
            # Nothing is written to a connection that was just killed: aiomqtt would register a closed socket.
            may_speak = self._alive and self._quiet is None
            batch = self._memory.next_unsent(self._tuning.window) if may_speak else []
            if not batch:
                self._wake.clear()
                await self._wake.wait()
                continue
            # What was sent must be known after a power cut: it is stored before it leaves.
            self.save()
            self._counters.resent += self._memory.begin_sending(batch)
            self._counters.sent += len(batch)
            await asyncio.gather(*(client.publish(topics[kept.kind], kept.payload, qos=1) for kept in batch))
            self._counters.acknowledged += len(batch)
            self._memory.end_sending(batch)
            self._pulse.beat()

    async def _read(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            address = parse_down(str(message.topic))
            payload = message.payload
            if address is None or not isinstance(payload, bytes):
                self._counters.unread += 1
                continue
            if not payload:
                continue  # a retained message was taken away; there is nothing to do about it
            match decode_down(address[1], payload):
                case Rejection(reason=reason):
                    self._counters.unread += 1
                    log.warning("%s cannot read %s: %s", self._identity.product_id, message.topic, reason)
                case Stored() as mark:
                    self._take_watermark(mark)
                case heard:
                    self._hear(heard)

    def _take_watermark(self, mark: Stored) -> None:
        count = self._memory.stored(mark)
        self._progress += count
        self._counters.stored += count
        self._watermark_heard.set()
        if mark.wait_s and self._quiet is None:
            self._counters.told_to_wait += 1
            self._quiet = asyncio.get_running_loop().call_later(mark.wait_s, self._speak_again)
        self._pulse.beat()

    def _speak_again(self) -> None:
        """The wait that the cloud asked for is over: what it refused is sent again."""
        self._quiet = None
        self._memory.send_all_again()
        self._wake.set()

    async def _watch(self) -> None:
        """When the watermark stands still although something was sent, all is sent again, ever more rarely."""
        pause = self._tuning.stall_s
        while True:
            before = self._progress
            await asyncio.sleep(pause)  # what is looked for is that nothing came in this time
            if self._memory.waiting == 0 or self._progress != before or self._quiet is not None:
                pause = self._tuning.stall_s
                continue
            self._report_given_up()
            self._memory.send_all_again()
            self._wake.set()
            pause = min(pause * 2, self._tuning.stall_max_s)

    def _report_given_up(self) -> None:
        events = self._memory.take_given_up()
        if events:
            self.say(events, self._epoch)

    async def _say_goodbye(self, client: aiomqtt.Client) -> None:
        try:
            await self._pulse.until(lambda: self._memory.unsent == 0, self._tuning.flush_s, "a last flush")
        except LateError:
            log.info("%s leaves with %d messages unsent", self._identity.product_id, self._memory.unsent)
        await self._say_presence(client, PresenceStatus.OFFLINE)
        self.save()

    async def _say_presence(self, client: aiomqtt.Client, status: PresenceStatus) -> None:
        await client.publish(*self._presence(status, self._clock()), qos=1)

    def _presence(self, status: PresenceStatus, at: datetime | None) -> tuple[str, bytes]:
        word = Presence(boot=self._memory.boot, connection=self.connection, status=status, at=at)
        return up_topic(self._identity.product_id, Up.PRESENCE), encode(word)

    def _new_client(self) -> aiomqtt.Client:
        topic, payload = self._presence(PresenceStatus.OFFLINE, None)
        client = aiomqtt.Client(
            self._endpoint.host,
            self._endpoint.port,
            identifier=self._identity.product_id,
            username=self._identity.product_id,
            password=self._identity.password or None,
            protocol=aiomqtt.ProtocolVersion.V311,
            will=aiomqtt.Will(topic, payload, qos=1, retain=False),
            clean_session=True,
            timeout=self._tuning.timeout_s,
            keepalive=self._endpoint.keepalive_s,
            tls_context=tls_context(self._endpoint.ca_file, self._identity.certificate),
        )
        client.pending_calls_threshold = self._tuning.window + 4
        return client

    async def _either(self, event: asyncio.Event, seconds: float | None = None) -> None:
        """Waits for the event, for the end of the session, or for `seconds`, whatever comes first."""
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(self._stopping.wait())]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _socket(self) -> socket.socket | None:
        if self._client is None:
            return None
        # aiomqtt has no way to end without goodbye, which is just what a device without power does.
        return self._client._client.socket()  # type: ignore[return-value]  # noqa: SLF001 - paho's type names a union

    def _kill_connection(self) -> None:
        connection = self._socket()
        if connection is not None:
            connection.shutdown(socket.SHUT_RDWR)
