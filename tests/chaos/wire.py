"""One MQTT 3.1.1 connection of a crowd: frames out, acknowledgements and watermarks in, nothing waits."""

import socket
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from cloud.bench import frames
from cloud.mqtt import Address

CONNECT_S: Final = 10.0
PIECE_BYTES: Final = 128 * 1024
MAX_UNSENT_BYTES: Final = 256 * 1024
PUBLISH, PUBACK, PINGREQ = 0x30, 0x40, b"\xc0\x00"


class EndedError(Exception):
    """The broker closed the connection, or is not there."""


class Packet(NamedTuple):
    """kind: the packet's type in the upper four bits. body: without the fixed header."""

    kind: int
    flags: int
    body: bytes


class Heard(NamedTuple):
    """A message that came. mid: to be acknowledged, when not 0."""

    topic: str
    payload: bytes
    mid: int


def packets(data: bytes) -> tuple[list[Packet], bytes]:
    """The whole packets at the beginning, and the rest."""
    found, at = [], 0
    while len(data) - at >= 2:
        length, shift, body = 0, 0, at + 1
        while body < len(data):
            digit = data[body]
            body += 1
            length |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                break
        else:
            break
        if body + length > len(data):
            break
        found.append(Packet(data[at] & 0xF0, data[at] & 0x0F, data[body : body + length]))
        at = body + length
    return found, data[at:]


def heard(packet: Packet) -> Heard:
    """What a PUBLISH says."""
    (length,) = struct.unpack_from("!H", packet.body)
    end = 2 + length
    topic = packet.body[2:end].decode()
    if not packet.flags & 0x06:
        return Heard(topic, packet.body[end:], 0)
    (mid,) = struct.unpack_from("!H", packet.body, end)
    return Heard(topic, packet.body[end + 2 :], mid)


def puback(mid: int) -> bytes:
    return struct.pack("!BBH", PUBACK, 2, mid)


def subscribe(topic_filter: str) -> bytes:
    raw = topic_filter.encode()
    return struct.pack("!BBHH", 0x82, 2 + 2 + len(raw) + 1, 1, len(raw)) + raw + b"\x01"


class Connection:
    """Raises EndedError from everything, once the other side is gone."""

    def __init__(self, address: Address, client_id: str) -> None:
        try:
            self.socket = socket.create_connection((address.host, address.port), CONNECT_S)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.sendall(frames.connect(client_id, address.username, address.password))
            welcome = self.socket.recv(4)
            if welcome != frames.CONNACK + b"\0\0":
                self.socket.close()
                raise EndedError(welcome)
        except OSError as error:
            raise EndedError(str(error)) from error
        self.socket.setblocking(False)
        self._out = bytearray()
        self._rest = b""

    @property
    def has_room(self) -> bool:
        return len(self._out) < MAX_UNSENT_BYTES

    @property
    def wants_to_write(self) -> bool:
        return bool(self._out)

    def put(self, data: bytes) -> None:
        self._out += data

    def write(self) -> None:
        """Sends what the socket takes."""
        try:
            del self._out[: self.socket.send(self._out)]
        except BlockingIOError:
            return
        except OSError as error:
            raise EndedError(str(error)) from error

    def read(self) -> Iterator[Packet]:
        """What has come."""
        try:
            piece = self.socket.recv(PIECE_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            raise EndedError(str(error)) from error
        if not piece:
            why = "closed"
            raise EndedError(why)
        found, self._rest = packets(self._rest + piece)
        yield from found

    def close(self) -> None:
        self.socket.close()
