"""The packets of the ingest subscriber, read and written: bytes in, values out, no socket.

Source: MQTT 3.1.1, OASIS 2014, chapter 3.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from cloud.mqtt import Address, Delivery

KEEPALIVE_S: Final = 60
MAX_FRAME_BYTES: Final = 1024 * 1024
"""Far above what either broker lets through."""

CONNACK, PUBLISH, SUBACK, UNSUBACK, PINGRESP = 0x20, 0x30, 0x90, 0xB0, 0xD0
_DUP: Final = 0x08
PINGREQ, DISCONNECT = b"\xc0\x00", b"\xe0\x00"
REFUSALS: Final = {1: "protocol", 2: "client id", 3: "unavailable", 4: "bad credentials", 5: "not authorized"}
"""What a CONNACK says when it is no welcome."""
_PUBACK = struct.Struct("!BBH")


class BrokerFaultError(Exception):
    """The broker said what no broker says, or nothing for too long: the connection is given up for a new one."""


class Packets(NamedTuple):
    """What stood in a piece of the stream. used: bytes of whole packets."""

    messages: list[Delivery]
    others: list[tuple[int, bytes]]
    used: int


def read_packets(data: bytes, generation: int, received: float = 0.0) -> Packets:
    """The whole packets at the beginning of `data`, which came at `received`. Pure. Raises BrokerFaultError for what no
    broker sends.
    """
    messages: list[Delivery] = []
    others: list[tuple[int, bytes]] = []
    at, end = 0, len(data)
    while end - at >= 2:
        first, length, body = data[at], data[at + 1], at + 2
        if length & 0x80:
            found = _long_length(data, at + 1, end)
            if found is None:
                break
            length, body = found
        stop = body + length
        if stop > end:
            break
        if first & 0xF0 == PUBLISH:
            messages.append(_message(data, first, body, stop, generation, received))
        else:
            others.append((first, data[body:stop]))
        at = stop
    return Packets(messages, others, at)


def _long_length(data: bytes, at: int, end: int) -> tuple[int, int] | None:
    """(length, where the body begins); None when the length is not whole yet."""
    length = shift = 0
    while at < end:
        digit = data[at]
        at += 1
        length |= (digit & 0x7F) << shift
        if not digit & 0x80:
            if length > MAX_FRAME_BYTES:
                msg = f"a packet of {length} bytes"
                raise BrokerFaultError(msg)
            return length, at
        shift += 7
        if shift > 21:
            msg = "a length of more than four bytes"
            raise BrokerFaultError(msg)
    return None


def _message(data: bytes, first: int, at: int, stop: int, generation: int, received: float) -> Delivery:
    qos = first >> 1 & 3
    topic_at = at + 2
    payload_at = topic_at + (data[at] << 8 | data[at + 1]) if stop - at >= 2 else stop + 1
    mid = 0
    topic_end = payload_at
    if qos:
        payload_at += 2
        if payload_at <= stop:
            mid = data[topic_end] << 8 | data[topic_end + 1]
    if payload_at > stop or qos > 1:
        msg = "a PUBLISH that is none"
        raise BrokerFaultError(msg)
    # A topic that is no UTF-8 is no topic of the contract: what stands for its bytes keeps it from being one.
    topic = data[topic_at:topic_end].decode("utf-8", "replace")
    return Delivery(topic, data[payload_at:stop], mid, qos, generation, received, first & _DUP != 0)


def connect_packet(address: Address, client_id: str, *, clean: bool = False) -> bytes:
    """A CONNECT with a session that persists, or, when `clean`, with one that is empty and ends with the connection."""
    texts = _text(client_id) + _text(address.username) + _text(address.password)
    flags = 0b1100_0010 if clean else 0b1100_0000
    return _packet(0x10, _text("MQTT") + struct.pack("!BBH", 4, flags, KEEPALIVE_S) + texts)


def subscribe_packet(topic_filter: str) -> bytes:
    """A SUBSCRIBE at QoS 1."""
    return _packet(0x82, b"\x00\x01" + _text(topic_filter) + b"\x01")


def unsubscribe_packet(topic_filters: Sequence[str]) -> bytes:
    """An UNSUBSCRIBE from each, of which there is at least one."""
    return _packet(0xA2, b"\x00\x02" + b"".join([_text(one) for one in topic_filters]))


def acknowledgements(mids: Iterable[int]) -> bytes:
    """A PUBACK for each."""
    pack = _PUBACK.pack
    return b"".join([pack(0x40, 2, mid) for mid in mids])


def _packet(first: int, body: bytes) -> bytes:
    length, digits = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | 0x80 if length else digit)
        if not length:
            return bytes([first]) + digits + body


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("!H", len(raw)) + raw
