"""Where the cloud speaks MQTT. `Bus` carries the word that something changed from process to process; it is a paho
client with a thread of its own, and reconnects by itself, for as long as it takes. `take_over` ends sessions of others.
What devices say is taken by `cloud/intake.py`, and what leaves the outbox by `cloud/courier.py`.
"""

import logging
import select
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import paho.mqtt.client
from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from cloud.errors import SetupError

log = logging.getLogger("throughline.mqtt")
KEEPALIVE_S = 60
CLAIM_S = 5.0
"""How long the broker may take to answer who takes a session over."""


def _ready(read: Sequence[Any], write: Sequence[Any], _x: Sequence[Any], timeout_s: float) -> tuple[list[Any], ...]:
    """What `select.select` says, asked of `poll`. Raises ValueError for a socket that is closed, as it does."""
    wanted = {one.fileno(): one for one in (*read, *write)}
    reading, writing = {one.fileno() for one in read}, {one.fileno() for one in write}
    poll = select.poll()
    for number in wanted:
        poll.register(
            number, (select.POLLIN if number in reading else 0) | (select.POLLOUT if number in writing else 0)
        )
    found = poll.poll(timeout_s * 1000)
    ended = select.POLLERR | select.POLLHUP | select.POLLNVAL  # both kinds then: the next read or write tells the error
    return (
        [wanted[number] for number, what in found if number in reading and what & (select.POLLIN | ended)],
        [wanted[number] for number, what in found if number in writing and what & (select.POLLOUT | ended)],
        [],
    )


# paho waits by `select`, which takes no file number above 1023: a process with a thousand open streams could lose the
# broker once and never come back to it.
paho.mqtt.client.select = SimpleNamespace(select=_ready)  # type: ignore[assignment, attr-defined]  # its import


class Address(NamedTuple):
    """Where the broker is, and as whom the cloud speaks to it. tls: the broker must show a certificate for `host`, by
    an authority of `ca_file`, or, when that is empty, one that this machine trusts.
    """

    host: str
    port: int
    username: str
    password: str
    tls: bool = False
    ca_file: str = ""


class Delivery(NamedTuple):
    """One message, not yet acknowledged. generation: of the connection on which it came. received: when, by
    `time.monotonic`. again: it was sent before, and not acknowledged then.
    """

    topic: str
    payload: bytes
    mid: int
    qos: int
    generation: int
    received: float = 0.0
    again: bool = False


def _client(address: Address, client_id: str, *, again: bool = True) -> Client:
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=True,
        protocol=MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=again,
    )
    client.username_pw_set(address.username, address.password)
    if address.tls:
        client.tls_set_context(tls_context(address.ca_file))
    client.reconnect_delay_set(1, 8)
    return client


def end(client: Client) -> None:
    """Leaves the broker, and closes all that the client had open."""
    client.disconnect()
    client.loop_stop()
    client._reset_sockets()  # noqa: SLF001 - paho closes the pair that wakes its thread when it is collected, if ever


def tls_context(ca_file: str) -> ssl.SSLContext:
    """Verifies the broker and its name; TLS 1.2 or newer. Raises SetupError when the file cannot be read."""
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:  # ssl.SSLError is one
        msg = f"mqtt_ca_file {ca_file} holds no certificate that can be read: {error.strerror}"
        raise SetupError(msg, path=ca_file) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def take_over(address: Address, client_ids: Sequence[str], hold_s: float, at_once: int = 200) -> set[str]:
    """Ends the sessions of these clients, connected or not, by connecting in their name, and holds their places for
    `hold_s` seconds. Returns those that took their place back, and those whose place was not got.
    """
    lost: set[str] = set()
    for start in range(0, len(client_ids), at_once):
        claims = [_Claim(address, client_id) for client_id in client_ids[start : start + at_once]]
        if not all(claim.start() for claim in claims):
            return set(client_ids)  # the broker is away; who was ended already is ended again next time
        until = time.monotonic() + CLAIM_S
        for claim in claims:
            claim.got.wait(max(0.0, until - time.monotonic()))
        threading.Event().wait(hold_s)
        lost |= {claim.client_id for claim in claims if not claim.close()}
    return lost


class _Claim:
    """One client id, taken over."""

    def __init__(self, address: Address, client_id: str) -> None:
        self.client_id = client_id
        self.got = threading.Event()
        self._lost = threading.Event()
        self._address = address
        self._client = _client(address, client_id, again=False)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = lambda *_: self._lost.set()

    def start(self) -> bool:
        """Knocks; False when there is no broker."""
        try:
            self._client.connect(self._address.host, self._address.port, KEEPALIVE_S)
        except OSError:
            return False
        self._client.loop_start()
        return True

    def close(self) -> bool:
        """Lets go; whether the place was got, and ours to the end."""
        held = self.got.is_set() and not self._lost.is_set()
        end(self._client)
        return held

    def _on_connect(self, _client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._lost.set()
        self.got.set()


class Bus:
    """Publishes, and hears what other processes say on `tl/int/...`.

    heard: called in the network thread with (topic, payload) of what `filters` let in; it must not block.
    back: called whenever the connection is there again, since words were missed meanwhile.
    came: told of each connection.
    """

    def __init__(
        self,
        address: Address,
        client_id: str,
        *,
        filters: Sequence[str] = (),
        heard: Callable[[str, bytes], None] | None = None,
        back: Callable[[], None] | None = None,
        came: Callable[[], None] = lambda: None,
    ) -> None:
        self._address = address
        self._filters = tuple(filters)
        self._heard = heard
        self._back = back
        self._came = came
        self._closing = False
        self.connected = threading.Event()
        self._client = _client(address, client_id)
        self._client.max_inflight_messages_set(1000)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    def start(self) -> None:
        self._client.connect_async(self._address.host, self._address.port, KEEPALIVE_S)
        self._client.loop_start()

    def close(self) -> None:
        self._closing = True
        end(self._client)

    def say(self, topic: str, payload: bytes) -> None:
        """QoS 0, to whom it may concern; nothing while the broker is away."""
        if self.connected.is_set():
            self._client.publish(topic, payload, qos=0)

    def deliver(self, messages: Sequence[tuple[str, bytes, bool]], timeout_s: float = 10.0) -> list[bool]:
        """Publishes (topic, payload, retain) at QoS 1; for each, whether the broker acknowledged it in time."""
        if not self.connected.is_set():
            return [False] * len(messages)
        sent = [self._client.publish(topic, payload, qos=1, retain=retain) for topic, payload, retain in messages]
        until = time.monotonic() + timeout_s
        return [self._acknowledged(info, until) for info in sent]

    def _acknowledged(self, info: MQTTMessageInfo, until: float) -> bool:
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return False  # paho may still send it after the reconnect; it will be sent again, and twice is harmless
        while not info.is_published():
            left = until - time.monotonic()
            if left <= 0 or not self.connected.is_set():
                return info.is_published()
            info.wait_for_publish(min(left, 0.25))
        return True

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            log.error("the broker refused the bus: %s", reason)
            return
        for one in self._filters:
            client.subscribe(one, qos=0)
        self.connected.set()
        self._came()
        if self._back is not None:
            self._back()

    def _on_disconnect(self, _client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.connected.clear()
        if not self._closing:
            log.warning("the bus lost the broker (%s); trying again", reason)

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if self._heard is not None:
            self._heard(message.topic, bytes(message.payload))
