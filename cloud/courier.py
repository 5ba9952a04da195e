"""What leaves the outbox, taken to the broker: one MQTT 3.1.1 publisher at QoS 1, many messages in one write.

A general client spends 50 µs and more on each message that it publishes and has acknowledged; this one, which knows
three packets, two or three. It has no thread: it connects, writes and reads when its one user calls it.

There is one of this name in a deployment, whichever process has the turn to send. Whoever connects anew takes the name
over, and the broker ends the connection that had it: so nothing that was sent before can come after what is sent now.

Source: MQTT 3.1.1, OASIS 2014, chapter 3; the packets are in `cloud/publish_packets.py`.
"""

import contextlib
import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Final

from cloud.ingest_packets import (
    CONNACK,
    DISCONNECT,
    KEEPALIVE_S,
    PINGREQ,
    REFUSALS,
    BrokerFaultError,
    connect_packet,
)
from cloud.mqtt import Address, tls_context
from cloud.publish_packets import LAST_MID, Outgoing, publish_packets, read_answers

log = logging.getLogger("throughline.mqtt")
NAME: Final = "outbox"
CONNECT_S: Final = 5.0
ANSWER_S: Final = 10.0
"""How long the broker may take to acknowledge what was sent, or to answer a PINGREQ."""
AT_ONCE: Final = 1_000
AT_ONCE_BYTES: Final = 1024 * 1024
"""Sent and not yet acknowledged, at most; a message that is larger goes by itself."""
CHUNK_BYTES: Final = 64 * 1024


class Fate(Enum):
    """What became of a message. TAKEN: the broker has it. LEFT: it did not say so in time. LOST: the connection ended
    before it could.
    """

    TAKEN = "taken"
    LEFT = "left"
    LOST = "lost"


class Courier:
    """For one thread. came: told of each connection."""

    def __init__(self, address: Address, *, came: Callable[[], None] = lambda: None) -> None:
        self._address = address
        self._client_id = f"{address.username}-{NAME}"
        self._came = came
        self._socket: socket.socket | None = None
        self._rest = b""
        self._heard_at = self._sent_at = 0.0
        self._asked_at: float | None = None
        self._mid = 1

    @property
    def connected(self) -> bool:
        """It was, when it was last used."""
        return self._socket is not None

    def open(self) -> bool:
        """Connects if there is no connection, keeps it alive if there is one; whether there is one now."""
        if self._socket is not None:
            self._keep_alive(self._socket)
        if self._socket is None:
            try:
                self._socket = self._connect()
            except (OSError, BrokerFaultError) as error:
                log.warning("the outbox cannot reach the broker: %s", str(error) or type(error).__name__)
            else:
                self._rest, self._asked_at, self._mid = b"", None, 1
                self._heard_at = self._sent_at = time.monotonic()
                self._came()
        return self._socket is not None

    def deliver(self, messages: Sequence[Outgoing]) -> list[Fate]:
        """Publishes, in this order; what became of each. After one that is LEFT or LOST the connection is given up: an
        acknowledgement that comes too late is taken for no other's.
        """
        fates: list[Fate] = []
        for some in portions(messages):
            if self._socket is None:
                fates += [Fate.LOST] * len(some)
            else:
                fates += self._deliver(self._socket, some)
        return fates

    def close(self) -> None:
        """Leaves, if it is there."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendall(DISCONNECT)
        self._drop()

    def _connect(self) -> socket.socket:
        opened = socket.create_connection((self._address.host, self._address.port), CONNECT_S)
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._address.tls:
                context = tls_context(self._address.ca_file)
                opened = context.wrap_socket(opened, server_hostname=self._address.host)
            opened.sendall(connect_packet(self._address, self._client_id, clean=True))
            _expect_welcome(opened)
        except BaseException:
            opened.close()
            raise
        return opened

    def _deliver(self, opened: socket.socket, messages: Sequence[Outgoing]) -> list[Fate]:
        if self._mid + len(messages) > LAST_MID:
            self._mid = 1
        first, self._mid = self._mid, self._mid + len(messages)
        taken = bytearray(len(messages))
        missing = Fate.LOST
        try:
            self._write(opened, publish_packets(messages, first))
            until = time.monotonic() + ANSWER_S
            while taken.count(0):
                for mid in self._answers(opened, until):
                    if 0 <= mid - first < len(taken):
                        taken[mid - first] = 1
        except TimeoutError:
            missing = Fate.LEFT
            self._give_up("it does not acknowledge")
        except (OSError, BrokerFaultError) as error:
            self._give_up(str(error) or type(error).__name__)
        return [Fate.TAKEN if one else missing for one in taken]

    def _answers(self, opened: socket.socket, until: float) -> Sequence[int]:
        """The next acknowledgements. Raises TimeoutError when there are none until then."""
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        opened.settimeout(left)
        return self._read(_piece(opened, CHUNK_BYTES))

    def _read(self, piece: bytes) -> Sequence[int]:
        self._heard_at = time.monotonic()
        data = self._rest + piece
        answers = read_answers(data)
        self._rest = data[answers.used :]
        if answers.pongs:
            self._asked_at = None
        return answers.mids

    def _keep_alive(self, opened: socket.socket) -> None:
        """Notices a connection that has ended, and lets the broker know of one that is only quiet."""
        now = time.monotonic()
        try:
            opened.settimeout(0)
            with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
                self._read(_piece(opened, CHUNK_BYTES))
            if self._asked_at is not None and now - self._asked_at > ANSWER_S:
                self._give_up("it is silent")
            elif self._asked_at is None and now - min(self._heard_at, self._sent_at) >= KEEPALIVE_S / 2:
                self._write(opened, PINGREQ)
                self._asked_at = now
        except (OSError, BrokerFaultError) as error:
            self._give_up(str(error) or type(error).__name__)

    def _write(self, opened: socket.socket, data: bytes) -> None:
        opened.settimeout(ANSWER_S)
        opened.sendall(data)
        self._sent_at = time.monotonic()

    def _give_up(self, why: str) -> None:
        log.warning("the outbox lost the broker (%s); trying again", why)
        self._drop()

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def portions(messages: Sequence[Outgoing]) -> Iterator[Sequence[Outgoing]]:
    """The messages in their order, as many at once as may be under way."""
    start = size = 0
    for at, (_, payload, _) in enumerate(messages):
        if at > start and (at - start == AT_ONCE or size + len(payload) > AT_ONCE_BYTES):
            yield messages[start:at]
            start, size = at, 0
        size += len(payload)
    if start < len(messages):
        yield messages[start:]


def _expect_welcome(opened: socket.socket) -> None:
    answer = b""
    while len(answer) < 4:
        answer += _piece(opened, 4 - len(answer))
    if answer[0] != CONNACK or answer[3]:
        raise BrokerFaultError(REFUSALS.get(answer[3], "no CONNACK"))


def _piece(opened: socket.socket, size: int) -> bytes:
    piece = opened.recv(size)
    if not piece:
        msg = "the broker closed the connection"
        raise BrokerFaultError(msg)
    return piece
