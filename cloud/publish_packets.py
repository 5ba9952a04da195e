"""The packets of the publisher, written and read: values in, bytes out, no socket.

Source: MQTT 3.1.1, OASIS 2014, chapter 3.
"""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from cloud.ingest_packets import BrokerFaultError

PUBLISH_AT_LEAST_ONCE: Final = 0x32
RETAIN: Final = 0x01
PUBACK, PINGRESP = 0x40, 0xD0
_ACK_BYTES: Final = 4
LAST_MID: Final = 65_535

Outgoing = tuple[str, bytes, bool]
"""Topic, payload, retain."""


class Answers(NamedTuple):
    """What a piece of the stream from the broker said. used: bytes of whole packets."""

    mids: Sequence[int]
    pongs: int
    used: int


def publish_packets(messages: Sequence[Outgoing], first_mid: int) -> bytes:
    """A PUBLISH at QoS 1 for each, one after the other, numbered from `first_mid` on."""
    parts: list[bytes] = []
    for mid, (topic, payload, retain) in enumerate(messages, first_mid):
        name = topic.encode()
        body = len(name) + len(payload) + 4
        first = PUBLISH_AT_LEAST_ONCE | RETAIN if retain else PUBLISH_AT_LEAST_ONCE
        head = bytes((first, body)) if body < 0x80 else bytes((first, *_digits(body)))
        parts += (head, len(name).to_bytes(2, "big"), name, mid.to_bytes(2, "big"), payload)
    return b"".join(parts)


def _digits(length: int) -> list[int]:
    found = []
    while length > 0x7F:
        found.append(length & 0x7F | 0x80)
        length >>= 7
    return [*found, length]


def read_answers(data: bytes) -> Answers:
    """The whole packets at the beginning of `data`. Raises BrokerFaultError for what no broker sends to who only
    publishes.
    """
    count = len(data) // _ACK_BYTES
    acks = data[: count * _ACK_BYTES]
    if acks[::4].count(PUBACK) != count or acks[1::4].count(2) != count:
        return _one_by_one(data, [], 0)
    return _one_by_one(data, list(struct.unpack(f"!{2 * count}H", acks)[1::2]), len(acks))


def _one_by_one(data: bytes, mids: list[int], at: int) -> Answers:
    """The packets from `at` on; those before were acknowledgements of `mids`."""
    pongs = 0
    while len(data) - at >= 2:
        first, length = data[at], data[at + 1]
        if (first, length) not in ((PUBACK, 2), (PINGRESP, 0)):
            msg = f"a packet of type {first >> 4}"
            raise BrokerFaultError(msg)
        if len(data) - at < 2 + length:
            break
        if length:
            mids.append(data[at + 2] << 8 | data[at + 3])
        else:
            pongs += 1
        at += 2 + length
    return Answers(mids, pongs, at)
