"""MQTT 3.1.1 frames as bytes: what is checked before amqtt reads them, and the few that we write ourselves. Pure.

A frame is only handed on when it is whole and exactly as long as its content says. amqtt's decoder reads by the lengths
inside a packet and does not compare them with the packet's own, so that a crooked frame could smuggle another past the
checks made here.
"""

import struct
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from broker.acl import MAX_QOS, MAX_TOPIC_CHARS, Will
from broker.gatekeeper import ConnectFacts

MAX_FILTERS: Final = 64
"""Topic filters in one SUBSCRIBE or UNSUBSCRIBE."""
PACKET_IDS: Final = 65_535
_LENGTH_BYTES: Final = 4
_KEPT_TOPIC_BYTES: Final = 64
"""Topics up to this length are remembered when they are good; the contract's have less."""


class Kind(IntEnum):
    """The packet types that a client may send."""

    CONNECT = 1
    PUBLISH = 3
    PUBACK = 4
    SUBSCRIBE = 8
    UNSUBSCRIBE = 10
    PINGREQ = 12
    DISCONNECT = 14


class ConnackCode(IntEnum):
    ACCEPTED = 0
    UNACCEPTABLE_PROTOCOL = 1
    IDENTIFIER_REJECTED = 2
    SERVER_UNAVAILABLE = 3
    BAD_CREDENTIALS = 4
    NOT_AUTHORIZED = 5


class Flaw(StrEnum):
    """What is wrong with a frame: stable codes for logs and tests."""

    PACKET = "packet"
    NOT_CONNECT = "not_connect"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_LARGE = "too_large"
    FLAGS = "flags"
    QOS = "qos"
    TOPIC = "topic"
    FILTERS = "filters"
    PACKET_ID = "packet_id"
    TEXT = "text"


class MalformedFrameError(ValueError):
    """The bytes are no frame that a client of ours may send."""

    def __init__(self, flaw: Flaw) -> None:
        self.flaw = flaw
        super().__init__(flaw.value)


class Frame(NamedTuple):
    """first: the byte with type and flags. body: what follows the length."""

    first: int
    body: bytes

    @property
    def kind(self) -> int:
        return self.first >> 4

    def to_bytes(self) -> bytes:
        return bytes([self.first]) + encode_length(len(self.body)) + self.body


class Published(NamedTuple):
    """What a PUBLISH says. packet_id: 1 to 65535 at QoS 1, 0 at QoS 0."""

    topic: str
    payload: bytes
    packet_id: int
    retained: bool


def extent(data: bytes, at: int, max_bytes: int) -> tuple[int, int] | None:
    """Where the body of the frame at `at` begins and ends, come or not; None while its length has not come whole.

    Raises MalformedFrameError for a body of more than `max_bytes`, and for a length of more than four bytes.
    """
    length, digits = 0, data[at + 1 : at + 1 + _LENGTH_BYTES]
    for count, digit in enumerate(digits, 1):
        length |= (digit & 0x7F) << 7 * (count - 1)
        if digit < 0x80:
            if length > max_bytes:
                raise MalformedFrameError(Flaw.TOO_LARGE)
            start = at + 1 + count
            return start, start + length
    if len(digits) == _LENGTH_BYTES:
        raise MalformedFrameError(Flaw.TOO_LARGE)
    return None


def encode_length(length: int) -> bytes:
    """MQTT's remaining length: seven bits a byte, least first, at most four bytes."""
    out = bytearray()
    while True:
        length, digit = divmod(length, 128)
        out.append(digit | 0x80 if length else digit)
        if not length:
            return bytes(out)


def check(frame: Frame) -> None:
    """Raises MalformedFrameError unless amqtt may read this frame of a connected client."""
    flags = frame.first & 0x0F
    match frame.kind:
        case Kind.PUBLISH:
            published(frame)
        case Kind.PUBACK if flags == 0 and len(frame.body) == 2:
            pass
        case Kind.SUBSCRIBE if flags == 2:
            _check_filters(frame.body, with_qos=True)
        case Kind.UNSUBSCRIBE if flags == 2:
            _check_filters(frame.body, with_qos=False)
        case Kind.PINGREQ | Kind.DISCONNECT if flags == 0 and not frame.body:
            pass
        case _:
            raise MalformedFrameError(Flaw.PACKET)


def published(frame: Frame) -> Published:
    """What a PUBLISH says. Raises MalformedFrameError unless a client may say it."""
    first, body = frame
    qos = first >> 1 & 3
    if qos > MAX_QOS:
        raise MalformedFrameError(Flaw.QOS)
    raw, at = _field(body, 0)
    topic = _kept_topic(raw) if len(raw) <= _KEPT_TOPIC_BYTES else _topic(raw)
    if not qos:
        return Published(topic, body[at:], 0, bool(first & 1))
    packet_id = int.from_bytes(body[at : at + 2])
    if len(body) < at + 2 or not packet_id:
        raise MalformedFrameError(Flaw.PACKET_ID)
    return Published(topic, body[at + 2 :], packet_id, bool(first & 1))


def connect_facts(frame: Frame) -> ConnectFacts:
    """What a CONNECT says. Raises MalformedFrameError when it is none, or not exactly as long as it says."""
    if frame.first != Kind.CONNECT << 4:
        raise MalformedFrameError(Flaw.NOT_CONNECT)
    protocol_name, at = _text(frame.body, 0)
    try:
        level, flags, keepalive_s = struct.unpack_from("!BBH", frame.body, at)
    except struct.error as error:
        raise MalformedFrameError(Flaw.TOO_SHORT) from error
    if level != 4:
        # What follows may have another form; the level is enough to refuse it by.
        return ConnectFacts(protocol_name, level, "", None, None, True, 0, None)
    if flags & 1 or (flags & 0x40 and not flags & 0x80):
        raise MalformedFrameError(Flaw.FLAGS)
    client_id, at = _text(frame.body, at + 4)
    will, at = _will(frame.body, at, flags)
    username, at = _text(frame.body, at) if flags & 0x80 else (None, at)
    password, at = _text(frame.body, at) if flags & 0x40 else (None, at)
    if at != len(frame.body):
        raise MalformedFrameError(Flaw.TOO_LONG)
    return ConnectFacts(protocol_name, level, client_id, username, password, bool(flags & 2), keepalive_s, will)


def connack(code: ConnackCode, *, session_present: bool = False) -> bytes:
    return bytes([0x20, 2, session_present and code == ConnackCode.ACCEPTED, code])


def puback(packet_id: int) -> bytes:
    return struct.pack("!BBH", 0x40, 2, packet_id)


def publish(topic: str, payload: bytes, *, packet_id: int = 0, dup: bool = False, retained: bool = False) -> bytes:
    """A PUBLISH frame: QoS 1 when it has a packet id (1 to 65535), else QoS 0."""
    name = topic.encode()
    head = struct.pack("!H", len(name)) + name + (struct.pack("!H", packet_id) if packet_id else b"")
    first = 0x30 | (dup << 3) | (bool(packet_id) << 1) | retained
    return bytes([first]) + encode_length(len(head) + len(payload)) + head + payload


def _topic(raw: bytes) -> str:
    topic = _decoded(raw)
    if not topic or len(topic) > MAX_TOPIC_CHARS or "+" in topic or "#" in topic or topic.startswith("$"):
        raise MalformedFrameError(Flaw.TOPIC)
    return topic


_kept_topic: Final = lru_cache(maxsize=16_384)(_topic)
"""A fleet speaks on the same topics all day; what raises is not remembered."""


def _check_filters(body: bytes, *, with_qos: bool) -> None:
    at, count = 2, 0
    while at < len(body):
        _, at = _text(body, at)
        if with_qos:
            if body[at : at + 1] not in (b"\0", b"\1", b"\2"):
                raise MalformedFrameError(Flaw.QOS)
            at += 1
        count += 1
    if len(body) < 2 or body[:2] == b"\0\0" or not 1 <= count <= MAX_FILTERS:
        raise MalformedFrameError(Flaw.FILTERS)


def _will(body: bytes, at: int, flags: int) -> tuple[Will | None, int]:
    if not flags & 4:
        if flags & 0x38:
            raise MalformedFrameError(Flaw.FLAGS)
        return None, at
    topic, at = _text(body, at)
    payload, at = _field(body, at)
    return Will(topic, payload, flags >> 3 & 3, bool(flags & 0x20)), at


def _text(body: bytes, at: int) -> tuple[str, int]:
    raw, at = _field(body, at)
    return _decoded(raw), at


def _decoded(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedFrameError(Flaw.TEXT) from error
    if "\0" in text:
        raise MalformedFrameError(Flaw.TEXT)
    return text


def _field(body: bytes, at: int) -> tuple[bytes, int]:
    """A field with its two-byte length before it; and where the next one begins."""
    if len(body) < at + 2:
        raise MalformedFrameError(Flaw.TOO_SHORT)
    end = at + 2 + int.from_bytes(body[at : at + 2])
    if len(body) < end:
        raise MalformedFrameError(Flaw.TOO_SHORT)
    return body[at + 2 : end], end
