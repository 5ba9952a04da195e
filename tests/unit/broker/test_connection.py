"""One connection without a socket: what is taken from what came, in which order, and what leaves together."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from broker.acl import Principal
from broker.connection import Doorway, Outlet
from broker.frames import Flaw, Frame, Kind, MalformedFrameError, publish
from broker.gatekeeper import ConnectFacts
from broker.switchboard import Admitted

PING, DISCONNECT = b"\xc0\0", b"\xe0\0"
SERVICE = Admitted(Principal("service", "cloud"), ConnectFacts("MQTT", 4, "cloud", "cloud", "", True, 30, None))
LIMIT_BYTES = 1000
AN_HOUR_S = 3600.0


class Leap(selectors.DefaultSelector):
    """Waits for nothing: when everybody would wait, the time that they would have waited has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            msg = "everybody waits, and for no time that could come"
            raise RuntimeError(msg)
        self.now += max(0.0, timeout)
        return super().select(0)


class OwnClock(asyncio.SelectorEventLoop):
    """A loop whose time is the test's: limits of minutes cost none, and a busy machine makes no difference to them."""

    def __init__(self) -> None:
        self._leap = Leap()
        super().__init__(self._leap)

    def time(self) -> float:
        return self._leap.now


class Writer:
    """Stands for asyncio's: notes each write, as a system call would be made for it."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False
        self.transport = SimpleNamespace(get_write_buffer_size=lambda: 0, abort=self.close)

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    async def drain(self) -> None:
        """Nothing waits here."""


class Line:
    """A door, what it took itself, and what the library read."""

    def __init__(self, *came: bytes, take: Callable[[Frame], bool] | None = None, timeout_s: float = 20.0) -> None:
        self.reader = asyncio.StreamReader()
        for piece in came:
            self.reader.feed_data(piece)
        self.writer = Writer()
        self.outlet = Outlet(self.writer)  # type: ignore[arg-type]  # what it uses of one
        self.door = Doorway(self.reader, self.outlet, max_bytes=LIMIT_BYTES, frame_timeout_s=timeout_s)
        self.door.let_in(SERVICE)
        self.taken: list[Frame] = []
        self.door.take = take or self._take

    def _take(self, frame: Frame) -> bool:
        if frame.kind != Kind.PUBLISH:
            return False
        self.taken.append(frame)
        return True

    async def left(self) -> list[bytes]:
        """All that the library gets, until the end."""
        found = []
        while frame := await self.door.read():
            found.append(frame)
        return found


def run(play: Callable[[], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        return await asyncio.wait_for(play(), AN_HOUR_S)

    with asyncio.Runner(loop_factory=OwnClock) as runner:
        return runner.run(whole())


def now() -> float:
    """Seconds since the test began, by its own clock."""
    return asyncio.get_running_loop().time()


def said(number: int) -> bytes:
    return publish(f"tl/v1/{number}", b"x" * number, packet_id=number)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
def test_frames_are_the_same_however_they_are_cut_into_pieces(size: int) -> None:
    frames = [said(1), PING, said(300), said(2), PING, said(900)]

    async def play() -> None:
        line, whole = Line(), b"".join(frames)

        async def speak() -> None:
            for at in range(0, len(whole), size):
                line.reader.feed_data(whole[at : at + size])
                await asyncio.sleep(0)
            line.reader.feed_eof()

        _, left = await asyncio.gather(speak(), line.left())
        assert [frame.to_bytes() for frame in line.taken] == [said(1), said(300), said(2), said(900)]
        assert left == [PING, PING]

    run(play)


def test_what_comes_after_a_disconnect_is_not_looked_at() -> None:
    async def play() -> None:
        line = Line(said(1) + DISCONNECT + said(2) + PING)
        assert await line.left() == [DISCONNECT]
        assert [frame.to_bytes() for frame in line.taken] == [said(1)]

    run(play)


def test_what_the_library_was_given_is_done_before_the_next_message_is_taken() -> None:
    async def play() -> None:
        order: list[str] = []

        def take(frame: Frame) -> bool:
            if frame.kind == Kind.PUBLISH:
                order.append("message")
            return frame.kind == Kind.PUBLISH

        line = Line(PING + said(1), take=take)
        line.reader.feed_eof()

        async def task() -> None:
            order.append("task")

        assert await line.door.read() == PING
        held = asyncio.create_task(task())  # as the library answers a frame
        assert await line.door.read() == b""
        await held
        assert order == ["task", "message"]

    run(play)


def test_who_sends_much_gives_others_their_turn() -> None:
    async def play() -> None:
        line, turns = Line(said(1) * 200), []
        line.reader.feed_eof()

        async def other() -> None:
            while True:
                turns.append(len(line.taken))
                await asyncio.sleep(0)

        beside = asyncio.create_task(other())
        await line.left()
        beside.cancel()
        assert len(line.taken) == 200
        assert max(after - before for before, after in pairwise(turns)) <= 32

    run(play)


def test_who_is_held_back_is_not_read_on_within_what_has_come() -> None:
    async def play() -> None:
        line = Line(said(1) + said(2) + said(3))
        line.reader.feed_eof()
        line.door.held_back = lambda: len(line.taken) == 2
        line.door.idle_s = 300.0
        assert await line.left() == []
        assert [frame.to_bytes() for frame in line.taken] == [said(1), said(2)]
        assert line.door.ended_by == "silent for too long"
        assert now() == pytest.approx(300)

    run(play)


@pytest.mark.parametrize("begun", [1, 3, 500])
def test_a_frame_that_drips_has_its_time_as_a_whole(begun: int) -> None:
    async def play() -> None:
        whole = said(900)
        line = Line(said(1) + whole[:begun], timeout_s=20)
        line.door.idle_s = AN_HOUR_S

        async def drip() -> None:
            for at in range(begun, len(whole)):
                await asyncio.sleep(1.5)  # on the test's clock: never silent for long, and far too slow for them all
                line.reader.feed_data(whole[at : at + 1])
            line.reader.feed_eof()

        dripping = asyncio.create_task(drip())
        await line.left()
        dripping.cancel()
        assert line.door.ended_by == "silent for too long"
        assert now() == pytest.approx(20)
        assert [frame.to_bytes() for frame in line.taken] == [said(1)]

    run(play)


@pytest.mark.parametrize(
    ("wrong", "flaw"),
    [
        (b"\x30\xe9\x07", Flaw.TOO_LARGE),
        (b"\x30\xff\xff\xff\xff", Flaw.TOO_LARGE),
        (b"\x50\x02\0\1", Flaw.PACKET),
        (b"\xc0\x01x", Flaw.PACKET),
    ],
)
def test_a_crooked_frame_ends_the_connection_and_what_came_before_it_counts(wrong: bytes, flaw: Flaw) -> None:
    async def play() -> None:
        line = Line(said(1) + wrong + said(2))
        assert await line.left() == []
        assert [frame.to_bytes() for frame in line.taken] == [said(1)]
        assert line.door.ended_by == f"malformed frame: {flaw.value}"

    run(play)


def test_a_message_that_may_not_be_taken_ends_the_connection() -> None:
    def refuse(_frame: Frame) -> bool:
        raise MalformedFrameError(Flaw.TOPIC)

    async def play() -> None:
        line = Line(said(1) + PING, take=refuse)
        assert await line.left() == []
        assert line.door.ended_by == "malformed frame: topic"

    run(play)


def test_an_error_of_ours_ends_the_connection_and_is_said(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_frame: Frame) -> bool:
        raise KeyError

    async def play() -> None:
        line = Line(said(1) + PING, take=fail)
        assert await line.left() == []
        assert line.door.ended_by == "an error of ours"

    run(play)
    assert "a connection ended by an error of ours" in caplog.text


def test_who_does_not_read_has_one_answer_of_the_librarys_under_way_and_no_more() -> None:
    async def play() -> None:
        line = Line(PING * 1000)
        assert await line.door.read() == PING
        line.writer.drain = asyncio.Event().wait  # type: ignore[assignment,method-assign]  # the client reads no more
        line.door.idle_s = 0.05
        assert await line.left() == []
        assert line.door.ended_by == "silent for too long"

    run(play)


def test_who_is_silent_keeps_nothing_of_what_was_said() -> None:
    async def play() -> None:
        taken = asyncio.Event()

        def take(_frame: Frame) -> bool:
            taken.set()
            return True

        line = Line(said(900), take=take)
        reading = asyncio.create_task(line.left())
        await taken.wait()
        assert line.door._came == b""  # noqa: SLF001 - up to a frame and a chunk for each idle connection
        reading.cancel()

    run(play)


def test_before_it_is_let_in_a_client_says_connect_and_nothing_else() -> None:
    async def play() -> None:
        line = Line(said(1))
        line.door.admitted = None
        with pytest.raises(MalformedFrameError) as caught:
            await line.door.next_frame()
        assert caught.value.flaw is Flaw.NOT_CONNECT

    run(play)


def test_what_is_written_in_one_turn_leaves_together_and_counts_until_then() -> None:
    async def play() -> None:
        line = Line()
        for piece in (b"a", b"bc", b"d"):
            line.outlet.write(piece)
        assert (line.writer.sent, line.outlet.unsent_bytes) == ([], 4)
        await asyncio.sleep(0)
        assert (line.writer.sent, line.outlet.unsent_bytes) == ([b"abcd"], 0)
        line.outlet.write(b"e")
        await line.outlet.drain()
        assert line.writer.sent == [b"abcd", b"e"]

    run(play)


def test_what_was_written_leaves_before_a_close_and_is_lost_by_an_abort() -> None:
    async def play() -> None:
        closed, aborted = Line(), Line()
        closed.outlet.write(b"last words")
        await closed.outlet.close()
        aborted.outlet.write(b"last words")
        aborted.outlet.abort()
        await asyncio.sleep(0)
        assert (closed.writer.sent, closed.writer.closed) == ([b"last words"], True)
        assert (aborted.writer.sent, aborted.writer.closed) == ([], True)

    run(play)
