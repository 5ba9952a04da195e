"""What devices say, taken from the broker: one MQTT 3.1.1 subscriber, as fast as Python can be one.

A general client spends 50 to 100 µs on each message; this one, which knows five packets, two or three. It is for one
filter at QoS 1, with a persistent session, acknowledgement by whoever has stored the messages, and a bounded window;
it reconnects by itself, for as long as it takes. Everything else of MQTT in the cloud is `cloud/mqtt.py`'s.

Source: MQTT 3.1.1, OASIS 2014, chapter 3; the packets are in `cloud/ingest_packets.py`.
"""

import contextlib
import logging
import selectors
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final
from zlib import crc32

from tenacity import Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential

from broker.contract.topics import ALL_UP
from cloud.fairness import Limit
from cloud.ingest_packets import (
    CONNACK,
    DISCONNECT,
    KEEPALIVE_S,
    PINGREQ,
    PINGRESP,
    REFUSALS,
    SUBACK,
    UNSUBACK,
    BrokerFaultError,
    Packets,
    acknowledgements,
    connect_packet,
    read_packets,
    subscribe_packet,
    unsubscribe_packet,
)
from cloud.lanes import SPEAKER, Lane
from cloud.mqtt import Address, Delivery, tls_context

log = logging.getLogger("throughline.mqtt")
ANSWER_S: Final = 15.0
"""How long the broker may take for the answer to a CONNECT, a SUBSCRIBE or a PINGREQ, and to take what is sent."""
CHUNK_BYTES: Final = 256 * 1024
MAX_HELD_BYTES: Final = 16 * 1024 * 1024
"""Of payloads taken and not yet handed on; usual messages come to their number long before."""
BLOCKED_S: Final = 1.0
LEAVING_S: Final = 0.05
"""How often it is looked whether all is stored, by a session that is about to end."""
MAX_BACKOFF_S: Final = 1.0
"""Between tries to reach the broker. A shared subscription is not there for those who speak before we are back."""


class Intake:
    """Messages of all devices, at QoS 1. window: how many may be taken and not yet handed on; bytes have one too.

    When it is full, nothing is read: the socket's buffers fill, and the broker holds the rest. Memory here does not
    grow, however slow the database is. lanes: how many threads share the work; all that a device says is on one.

    came: told of each connection, once it is subscribed. not_wanted: filters that the session may have of an earlier
    start, and that are taken back once the subscription stands. leaving: there is no subscription any more, only what
    still waits in the session. limit: what one device may say in a minute; minute: the one that it is.
    """

    def __init__(
        self,
        address: Address,
        worker: str,
        window: int,
        *,
        lanes: int = 1,
        topic_filter: str = ALL_UP,
        came: Callable[[], None] = lambda: None,
        not_wanted: Sequence[str] = (),
        leaving: bool = False,
        limit: Limit | None = None,
        minute: Callable[[], int] = lambda: 0,
    ) -> None:
        self._address = address
        self._client_id = f"{address.username}-{worker}"
        self._filter = topic_filter
        self._not_wanted = tuple(not_wanted)
        self._leaving = leaving
        self._left = False
        self._received = 0  # on this connection, and how many of these were acknowledged
        self._acknowledged = 0
        self._pings: deque[int | None] = deque()  # unanswered; what was received before, if the answer is to tell
        self.drained = threading.Event()
        self._window = window
        self._changed = threading.Condition()
        self.lanes = tuple(Lane(self, self._changed, limit) for _ in range(lanes))
        self._minute = minute
        self._sending = threading.Lock()
        self._socket: socket.socket | None = None
        self._generation = 0
        self._closing = threading.Event()
        self._sent_at = 0.0
        self._pinged_at = 0.0
        self._came = came
        self.connected = threading.Event()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def leave(self) -> None:
        """Takes the subscription back; `drained` is set once all that waited in the session is stored."""
        self._leaving = True
        self._send(unsubscribe_packet((self._filter, *self._not_wanted)), self._generation)

    def acknowledge(self, batch: Sequence[Delivery]) -> None:
        """Tells the broker that these are stored. What came on an earlier connection will come again instead."""
        mids = [one.mid for one in batch if one.qos and one.generation == self._generation]
        if mids:
            self._send(acknowledgements(mids), batch[-1].generation, acknowledged=len(mids))

    def come_again(self) -> None:
        """Gives the connection up for a new one, on which the broker sends again what was not acknowledged."""
        with self._sending:
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def waiting(self) -> int:
        """Messages taken and not yet handed on."""
        return sum(lane.waiting for lane in self.lanes)

    def waiting_bytes(self) -> int:
        """Of their payloads."""
        return sum(lane.bytes for lane in self.lanes)

    def close(self) -> None:
        """Leaves; the session stays at the broker, and what was not acknowledged comes again."""
        self._closing.set()
        self._send(DISCONNECT, self._generation)
        with self._changed:
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(ANSWER_S)

    # --- the connection; all of this runs in the thread of its own ---

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._serve(self._connected())
            except (OSError, BrokerFaultError) as error:
                if not self._closing.is_set():
                    log.warning("ingest lost the broker (%s); trying again", str(error) or type(error).__name__)
            finally:
                self.connected.clear()
                self._drop()

    def _connected(self) -> socket.socket:
        """A connection with its session and its subscription, after as many tries as it takes."""
        retrying = Retrying(
            retry=retry_if_exception_type((OSError, BrokerFaultError)),
            wait=wait_random_exponential(multiplier=0.2, max=MAX_BACKOFF_S),
            stop=stop_when_event_set(self._closing),
            reraise=True,
        )
        return retrying(self._connect)

    def _connect(self) -> socket.socket:
        opened = socket.create_connection((self._address.host, self._address.port), ANSWER_S)
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._address.tls:
                context = tls_context(self._address.ca_file)
                opened = context.wrap_socket(opened, server_hostname=self._address.host)
            opened.sendall(connect_packet(self._address, self._client_id))
            self._expect_welcome(opened)
            opened.sendall(self._wishes())
        except BaseException:
            opened.close()
            raise
        return opened

    def _wishes(self) -> bytes:
        """What the session shall hear. The new subscription stands before an old one goes: nothing is missed."""
        if self._leaving:
            return unsubscribe_packet((self._filter, *self._not_wanted))
        subscribe = subscribe_packet(self._filter)
        return subscribe + unsubscribe_packet(self._not_wanted) if self._not_wanted else subscribe

    def _expect_welcome(self, opened: socket.socket) -> None:
        answer = b""
        while len(answer) < 4:
            piece = opened.recv(4 - len(answer))
            if not piece:
                msg = "the broker closed the door"
                raise BrokerFaultError(msg)
            answer += piece
        if answer[0] != CONNACK or answer[3]:
            why = REFUSALS.get(answer[3], "no CONNACK")
            log.error("the broker refused the ingest worker: %s", why)
            raise BrokerFaultError(why)

    def _serve(self, opened: socket.socket) -> None:
        """Takes in what comes, until the connection ends."""
        with self._sending:
            self._generation += 1
            self._socket = opened
            self._sent_at = time.monotonic()
            self._received = self._acknowledged = 0
        self._pinged_at, self._left = 0.0, False
        self._pings.clear()
        rest, heard_at = b"", time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(opened, selectors.EVENT_READ)
            while not self._closing.is_set():
                self._keep_alive(heard_at)
                self._ask_for_more()
                if not self._has_room():
                    heard_at = time.monotonic()  # nobody listened meanwhile
                elif piece := self._read(opened, selector):
                    heard_at = time.monotonic()
                    data = rest + piece if rest else piece
                    packets = read_packets(data, self._generation, heard_at)
                    rest = data[packets.used :]
                    self._take_in(packets)

    def _read(self, opened: socket.socket, selector: selectors.BaseSelector) -> bytes:
        """What is there, or comes within a second. A TLS connection is not read and written at the same time."""
        pending = isinstance(opened, ssl.SSLSocket) and opened.pending()
        if not pending and not selector.select(LEAVING_S if self._leaving else BLOCKED_S):
            return b""
        with self._sending:
            piece = opened.recv(CHUNK_BYTES)
        if not piece:
            msg = "the broker closed the connection"
            raise BrokerFaultError(msg)
        return piece

    def _take_in(self, packets: Packets) -> None:
        for first, body in packets.others:
            if first == SUBACK:
                self._subscribed(body)
            elif first == UNSUBACK:
                self._unsubscribed()
            elif first != PINGRESP:
                msg = f"a packet of type {first >> 4}"
                raise BrokerFaultError(msg)
        self._received += sum(one.qos for one in packets.messages)
        for _ in range(sum(first == PINGRESP for first, _ in packets.others)):
            self._answered()
        if packets.messages:
            with self._changed:
                self._share_out(packets.messages)
                self._changed.notify_all()

    def _share_out(self, messages: list[Delivery]) -> None:
        lanes, minute = self.lanes, self._minute()
        for lane in lanes:
            lane.begin(minute)
        for one in messages:
            # Not `hash`: each process has another one, and two workers would meet on every lane.
            lanes[crc32(one.topic[SPEAKER].encode()) % len(lanes)].put(one)

    def _subscribed(self, body: bytes) -> None:
        if len(body) != 3 or body[2] != 1:
            log.error("the broker refused the ingest worker's subscription")
            msg = "no subscription"
            raise BrokerFaultError(msg)
        self.connected.set()
        self._came()
        log.info("ingest is connected to the broker")

    def _unsubscribed(self) -> None:
        if self._leaving:
            self._left = True
            self.connected.set()

    def _ask_for_more(self) -> None:
        """Everything that came is stored: if nothing comes before the answer to a ping, nothing was left."""
        if self._left and not self._pings and self._received == self._acknowledged:
            self._ping(self._received)

    def _answered(self) -> None:
        before = self._pings.popleft() if self._pings else None
        if before is not None and before == self._received == self._acknowledged:
            self.drained.set()

    def _ping(self, received: int | None) -> None:
        self._pinged_at = time.monotonic()
        self._pings.append(received)
        self._send(PINGREQ, self._generation)

    def _has_room(self) -> bool:
        """Waits a little for it. One piece of the stream may go beyond the window."""
        with self._changed:
            return self._changed.wait_for(lambda: self._has_little() or self._closing.is_set(), timeout=BLOCKED_S)

    def _has_little(self) -> bool:
        return self.waiting() < self._window and self.waiting_bytes() < MAX_HELD_BYTES

    def _keep_alive(self, heard_at: float) -> None:
        now = time.monotonic()
        unanswered = self._pinged_at > heard_at
        if unanswered and now - self._pinged_at > ANSWER_S:
            msg = "the broker is silent"
            raise BrokerFaultError(msg)
        if not unanswered and now - min(heard_at, self._sent_at) >= KEEPALIVE_S / 2:
            self._ping(None)

    def _send(self, data: bytes, generation: int, *, acknowledged: int = 0) -> None:
        """To the connection of that generation, if it is still there. Its end is noticed where it is read."""
        with self._sending:
            if self._socket is None or generation != self._generation:
                return
            try:
                self._socket.sendall(data)
                self._sent_at = time.monotonic()
            except OSError:
                # Half a packet may be out: nothing that follows would be understood. Ended, and not closed: of a file
                # that is closed, who waits for something to read hears nothing any more, not even that it is over.
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
            else:
                self._acknowledged += acknowledged

    def _drop(self) -> None:
        with self._sending:
            if self._socket is not None:
                self._socket.close()
                self._socket = None
