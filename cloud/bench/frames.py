"""The few MQTT 3.1.1 frames that a publisher needs, made beforehand so that it costs next to nothing (OASIS MQTT 3.1.1,
chapter 3). Pure.
"""

import struct

CONNACK = bytes([0x20, 2])
SUBACK = bytes([0x90, 3])
PINGREQ, PINGRESP = bytes([0xC0, 0]), bytes([0xD0, 0])
PUBACK_BYTES = 4
PACKET_IDS = 65_535


def connect(client_id: str, username: str, password: str, keepalive_s: int = 60) -> bytes:
    """A CONNECT with a clean session."""
    body = _text("MQTT") + struct.pack("!BBH", 4, 0b1100_0010, keepalive_s)
    return _frame(0x10, body + _text(client_id) + _text(username) + _text(password))


def publish(topic: str, payload: bytes, packet_id: int) -> bytes:
    """A PUBLISH at QoS 1. packet_id: 1 to 65,535."""
    return _frame(0x32, _text(topic) + struct.pack("!H", packet_id) + payload)


def subscribe(topic_filter: str, packet_id: int) -> bytes:
    """A SUBSCRIBE at QoS 1."""
    return _frame(0x82, struct.pack("!H", packet_id) + _text(topic_filter) + b"\x01")


def packet_id(index: int) -> int:
    """The packet id of the message with this index on a connection."""
    return index % PACKET_IDS + 1


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("!H", len(raw)) + raw


def _frame(first: int, body: bytes) -> bytes:
    length, digits = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | 0x80 if length else digit)
        if not length:
            return bytes([first]) + bytes(digits) + body
