"""One socket: frames in, checked and bounded, and bytes out. amqtt sees a connection only through these two."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import Final

from amqtt.adapters import ReaderAdapter, WriterAdapter

from broker.frames import Flaw, Frame, Kind, MalformedFrameError, check, without_retain
from broker.switchboard import Admitted

_FLUSH_S: Final = 5.0
"""How long a closed connection may take to read what was written to it."""

_HELD_S: Final = 0.1
"""How often it is looked whether who was held back may go on; they are few, since each holds a share of the queue."""


def _never() -> bool:
    return False


class Outlet(WriterAdapter):  # type: ignore[misc]  # amqtt carries no types
    """The way out. Writing never waits; `drain` does, and closing has a limit. secured: the writer speaks TLS."""

    def __init__(self, writer: asyncio.StreamWriter, *, secured: bool = False) -> None:
        self._writer = writer
        self._secured = secured

    @property
    def unsent_bytes(self) -> int:
        return self._writer.transport.get_write_buffer_size()

    @property
    def closing(self) -> bool:
        return self._writer.is_closing()

    def write(self, data: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(data)

    async def drain(self) -> None:
        await self._writer.drain()

    def get_peer_info(self) -> tuple[str, int]:
        # A socket that is gone has no peer; amqtt would then leave without a word, so it gets an empty one.
        peer = self._writer.get_extra_info("peername") or ("", 0)
        return str(peer[0]), int(peer[1])

    def get_ssl_info(self) -> ssl.SSLObject | None:
        return None

    async def close(self) -> None:
        """Close after what is written has left, or after five seconds."""
        if not self._writer.is_closing():
            unsent = self.unsent_bytes
            self._writer.close()
            # TLS says goodbye and waits for the answer: asyncio would give half a minute for it.
            if unsent or self._secured:
                asyncio.get_running_loop().call_later(_FLUSH_S, self.abort)

    def abort(self) -> None:
        """Close now; what is unsent is lost."""
        self._writer.transport.abort()


class Doorway(ReaderAdapter):  # type: ignore[misc]  # amqtt carries no types
    """The way in. Hands amqtt one whole, checked frame after the other; anything else ends the connection.

    max_bytes: of a frame's body. frame_timeout_s: from its first byte to its last.
    """

    def __init__(self, reader: asyncio.StreamReader, outlet: Outlet, *, max_bytes: int, frame_timeout_s: float) -> None:
        self._reader = reader
        self._outlet = outlet
        self._max_bytes = max_bytes
        self._frame_timeout_s = frame_timeout_s
        self._bytes = b""
        self._at = 0
        self.idle_s: float = frame_timeout_s
        self.keeps_retain_flag = False
        self.held_back: Callable[[], bool] = _never
        self.admitted: Admitted | None = None
        self.ended_by: str = "closed by the client"

    def let_in(self, admitted: Admitted) -> None:
        """From here on the client may say more than CONNECT, and amqtt may see it."""
        self.admitted = admitted

    async def next_frame(self) -> Frame:
        """The next frame, as it came.

        Raises TimeoutError, OSError, asyncio.IncompleteReadError, and MalformedFrameError when it is too large, or is
        the first and no CONNECT.
        """
        async with asyncio.timeout(self.idle_s):
            # Who does not read what is sent to it is not read from either: its answers would pile up here.
            await self._outlet.drain()
            # Nor is who has too much waiting at others' cost: its messages stay with it, until there is room.
            while self.held_back() and not self._outlet.closing:  # noqa: ASYNC110 - room comes in many ways; these are few
                await asyncio.sleep(_HELD_S)
            head = await self._reader.readexactly(2)
        if self.admitted is None and head[0] != Kind.CONNECT << 4:
            raise MalformedFrameError(Flaw.NOT_CONNECT)
        length, shift = head[1] & 0x7F, 7
        last = head[1]
        async with asyncio.timeout(self._frame_timeout_s):
            while last & 0x80:
                last = (await self._reader.readexactly(1))[0]
                length |= (last & 0x7F) << shift
                shift += 7
                if shift > 28:
                    break
            if length > self._max_bytes or shift > 28:
                raise MalformedFrameError(Flaw.TOO_LARGE)
            return Frame(head[0], await self._reader.readexactly(length))

    async def read(self, n: int = -1) -> bytes:
        """The next `n` bytes for amqtt; fewer when the connection has ended."""
        if self._at == len(self._bytes):
            # One turn of the loop for each frame: what the last one set off is done, and the others get theirs.
            await asyncio.sleep(0)
            self._bytes, self._at = await self._checked_frame(), 0
        end = len(self._bytes) if n < 0 else self._at + n
        start, self._at = self._at, min(end, len(self._bytes))
        return self._bytes[start : self._at]

    def feed_eof(self) -> None:
        with contextlib.suppress(AssertionError):  # asyncio's word for: the end was there already
            self._reader.feed_eof()

    async def _checked_frame(self) -> bytes:
        try:
            frame = await self.next_frame()
            check(frame)
        except MalformedFrameError as error:
            self.ended_by = f"malformed frame: {error.flaw.value}"
        except TimeoutError:
            self.ended_by = "silent for too long"
        except (OSError, asyncio.IncompleteReadError):
            pass
        else:
            return (frame if self.keeps_retain_flag else without_retain(frame)).to_bytes()
        return b""
