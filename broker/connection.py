"""One socket: frames in, checked and bounded, and bytes out. amqtt sees a connection only through these two.

Messages and their acknowledgements, which are nearly all that comes, do not even get there: they are dealt with as they
stand in what the socket gave, one after the other. amqtt would need a task and a dozen awaits for each.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable
from typing import Final

from amqtt.adapters import ReaderAdapter, WriterAdapter

from broker.frames import Flaw, Frame, Kind, MalformedFrameError, check, extent
from broker.switchboard import Admitted

_log: Final = logging.getLogger("throughline.broker")

_FLUSH_S: Final = 5.0
"""How long a closed connection may take to read what was written to it."""

_HELD_S: Final = 0.1
"""How often it is looked whether who was held back may go on; they are few, since each holds a share of the queue."""


_CHUNK_BYTES: Final = 64 * 1024
"""Taken from a socket at once."""
_AT_ONCE: Final = 32
"""Frames of one connection before the others get their turn."""


def _never() -> bool:
    return False


def _not_here(_frame: Frame) -> bool:
    return False


class Outlet(WriterAdapter):  # type: ignore[misc]  # amqtt carries no types
    """The way out. Writing never waits; `drain` does, and closing has a limit. secured: the writer speaks TLS.

    What is written in one turn of the loop leaves together at its end: a call of the system for each frame costs more
    than all else that is done for it.
    """

    def __init__(self, writer: asyncio.StreamWriter, *, secured: bool = False) -> None:
        self._writer = writer
        self._secured = secured
        self._loop = asyncio.get_running_loop()
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0

    @property
    def unsent_bytes(self) -> int:
        return self._gathered_bytes + self._writer.transport.get_write_buffer_size()

    @property
    def closing(self) -> bool:
        return self._writer.is_closing()

    def write(self, data: bytes) -> None:
        if self._writer.is_closing():
            return
        if not self._gathered:
            self._loop.call_soon(self._flush)
        self._gathered.append(data)
        self._gathered_bytes += len(data)

    def _flush(self) -> None:
        gathered, self._gathered, self._gathered_bytes = self._gathered, [], 0
        if gathered and not self._writer.is_closing():
            self._writer.write(b"".join(gathered))

    async def drain(self) -> None:
        self._flush()
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
            self._flush()
            unsent = self.unsent_bytes
            self._writer.close()
            # TLS says goodbye and waits for the answer: asyncio would give half a minute for it.
            if unsent or self._secured:
                self._loop.call_later(_FLUSH_S, self.abort)

    def abort(self) -> None:
        """Close now; what is unsent is lost."""
        self._writer.transport.abort()


class Doorway(ReaderAdapter):  # type: ignore[misc]  # amqtt carries no types
    """The way in. Offers each whole frame to `take`, and hands amqtt what that leaves, checked, one after the other;
    anything else ends the connection.

    max_bytes: of a frame's body. frame_timeout_s: from its first byte to its last. take: True when it has dealt with
    the frame, and so with the checks; raises MalformedFrameError.
    """

    def __init__(self, reader: asyncio.StreamReader, outlet: Outlet, *, max_bytes: int, frame_timeout_s: float) -> None:
        self._reader = reader
        self._outlet = outlet
        self._max_bytes = max_bytes
        self._frame_timeout_s = frame_timeout_s
        self._came = b""
        self._next = 0  # where in it the next frame begins
        self._bytes = b""  # the frame that amqtt is reading, and how far it is
        self._at = 0
        self._taken = 0
        self._left = False
        self.idle_s: float = frame_timeout_s
        self.take: Callable[[Frame], bool] = _not_here
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
        if self._next == len(self._came) or self.held_back():
            async with asyncio.timeout(self.idle_s):
                await self._until_room()
                if self._next == len(self._came):
                    self._came, self._next = b"", 0  # who is silent keeps nothing of what was said
                    self._came = await self._piece()
        if self.admitted is None and self._came[self._next] != Kind.CONNECT << 4:
            raise MalformedFrameError(Flaw.NOT_CONNECT)
        found = extent(self._came, self._next, self._max_bytes)
        if found is None or found[1] > len(self._came):
            found = await self._rest()
        frame = Frame(self._came[self._next], self._came[found[0] : found[1]])
        self._next = found[1]
        return frame

    async def _until_room(self) -> None:
        # Who does not read what is sent to it is not read from either: its answers would pile up here.
        await self._outlet.drain()
        # Nor is who has too much waiting at others' cost: its messages stay with it, until there is room.
        while self.held_back() and not self._outlet.closing:  # noqa: ASYNC110 - no one event: any service that takes, leaves or is cut off makes room
            await asyncio.sleep(_HELD_S)  # meanwhile the device's bytes stay in its socket

    async def _piece(self) -> bytes:
        piece = await self._reader.read(_CHUNK_BYTES)
        if not piece:
            raise asyncio.IncompleteReadError(partial=b"", expected=1)
        return piece

    async def _rest(self) -> tuple[int, int]:
        """Waits for the end of a frame that has begun; the place of its body."""
        self._came, self._next = self._came[self._next :], 0
        async with asyncio.timeout(self.idle_s):
            await self._outlet.drain()
        async with asyncio.timeout(self._frame_timeout_s):
            while (found := extent(self._came, 0, self._max_bytes)) is None:
                self._came += await self._piece()
            missing = found[1] - len(self._came)
            if missing > 0:
                self._came += await self._reader.readexactly(missing)
        return found

    async def read(self, n: int = -1) -> bytes:
        """The next `n` bytes for amqtt; fewer when the connection has ended."""
        if self._at == len(self._bytes):
            await asyncio.sleep(0)  # what the last one set off is done before the next is looked at
            self._bytes, self._at = await self._frame_left(), 0
        end = len(self._bytes) if n < 0 else self._at + n
        start, self._at = self._at, min(end, len(self._bytes))
        return self._bytes[start : self._at]

    def feed_eof(self) -> None:
        with contextlib.suppress(AssertionError):  # asyncio's word for: the end was there already
            self._reader.feed_eof()

    async def _frame_left(self) -> bytes:
        """The next frame that is amqtt's; none after a DISCONNECT, and when the connection has ended."""
        if self._left:
            return b""
        try:
            async with asyncio.timeout(self.idle_s):
                await self._outlet.drain()  # each answer of amqtt's is a task: those of one client must not pile up
            while self.take(frame := await self.next_frame()):
                self._taken += 1
                if self._taken % _AT_ONCE == 0:
                    await asyncio.sleep(0)  # a turn for the other connections
            check(frame)
        except MalformedFrameError as error:
            self.ended_by = f"malformed frame: {error.flaw.value}"
        except TimeoutError:
            self.ended_by = "silent for too long"
        except (OSError, asyncio.IncompleteReadError):
            pass
        except Exception:  # noqa: BLE001 - whatever one frame does to us, the others go on; amqtt would say nothing of it
            _log.warning("a connection ended by an error of ours", exc_info=True)
            self.ended_by = "an error of ours"
        else:
            self._left = frame.kind == Kind.DISCONNECT
            return frame.to_bytes()
        return b""
