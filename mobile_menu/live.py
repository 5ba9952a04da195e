"""Who is listening, and waking them: one hub per process. What a woken stream sends is decided in `streams.py`.

A wake-up is a set of flags, not a message: however often a journey changes, a stream has at most one delivery under way
and one set of flags waiting, so that a slow phone costs no memory and gets the newest menu, not all of them.
An idle stream costs no task of its own here: one ticker serves the heartbeats of all, spread over the interval.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from enum import Flag, auto
from itertools import count
from threading import Lock
from typing import NamedTuple

from mobile_menu.errors import TooManyStreamsError

HEARTBEAT_S = 15.0
STREAMS_PER_SESSION = 8
STREAMS_PER_ADDRESS = 64
STREAMS_IN_ALL = 10_000
_SLOTS = 15
_LATER_S = 0.02


class Signal(Flag):
    """Why a stream is woken."""

    NONE = 0
    MENU = auto()
    CASE = auto()
    BEAT = auto()
    GONE = auto()
    """The journey was erased."""
    LEFT = auto()
    """The person has left."""
    SESSION = auto()
    """The session was ended, or is another person's now."""
    CLOSE = auto()
    """The process is stopping: the phone shall come again, to another."""


NEWS = Signal.MENU | Signal.CASE
Deliver = Callable[[Signal], Awaitable[None]]


class Push(NamedTuple):
    """News on its way to one stream. since: when the hub heard of it, by its clock.

    cause: the trace that it belongs to, as `traceparent` (W3C Trace Context), or empty.
    """

    since: float
    cause: str


Around = Callable[[Push], AbstractContextManager[object]]


class Subscription:
    """One open stream. Born asleep: `LiveHub.ready` lets it be woken, with what came meanwhile."""

    __slots__ = ("deliver", "ends_at", "names", "pending", "push", "ready", "slot", "task", "timer")

    def __init__(self, names: tuple[str, ...], slot: int, deliver: Deliver, ends_at: float) -> None:
        self.names = names
        self.slot = slot
        self.deliver = deliver
        self.ends_at = ends_at
        self.pending = Signal.NONE
        self.push: Push | None = None
        self.ready = False
        self.task: asyncio.Task[None] | None = None
        self.timer: asyncio.TimerHandle | None = None


class LiveHub:
    """Wakes the streams of a journey. Those that keep something of it are told first, in the caller's thread: `forget`
    of journeys that changed, `forget_sessions` of sessions that did.

    `changed`, `all_changed`, `case_changed`, `gone`, `sessions_changed`, `person_gone` and `close` may be called from
    any thread and never wait; the other methods belong to the event loop. heartbeat_s: how often a stream is woken
    without any news. now: in seconds, of a clock that only goes forward. around: what stands around the delivery of
    news, for those who measure it.
    """

    def __init__(
        self,
        forget: Callable[[Iterable[str]], None],
        *,
        forget_sessions: Callable[[Iterable[str]], None] = lambda _: None,
        heartbeat_s: float = HEARTBEAT_S,
        per_session: int = STREAMS_PER_SESSION,
        per_address: int = STREAMS_PER_ADDRESS,
        in_all: int = STREAMS_IN_ALL,
        now: Callable[[], float] = time.monotonic,
        around: Around = nullcontext,
    ) -> None:
        self._forget = forget
        self._forget_sessions = forget_sessions
        self._heartbeat_s = heartbeat_s
        self._per_session = per_session
        self._per_address = per_address
        self._in_all = in_all
        self._now = now
        self._around = around
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._closing = False
        self._numbers = count()
        self._streams: set[Subscription] = set()
        self._slots: list[set[Subscription]] = [set() for _ in range(_SLOTS)]
        self._by_name: dict[str, set[Subscription]] = {}
        self._posted: dict[str, tuple[Signal, Push]] = {}
        self._posting = Lock()

    def __len__(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    def sessions(self) -> frozenset[str]:
        """The sessions that have a stream open."""
        begin = len(_session(""))
        return frozenset(name[begin:] for name in tuple(self._by_name) if name.startswith(_session("")))

    def changed(self, journey_ids: Iterable[str], cause: str = "") -> None:
        """The menus of these journeys may have changed. cause: see `Push`."""
        names = tuple(journey_ids)
        self._forget(names)
        self._post(Signal.MENU, map(_journey, names), cause)

    def all_changed(self, cause: str = "") -> None:
        """Every menu may have changed; what is kept of them, the caller has forgotten. cause: see `Push`."""
        self._post(Signal.MENU, tuple(name for name in tuple(self._by_name) if name.startswith(_journey(""))), cause)

    def case_changed(self, journey_ids: Iterable[str], cause: str = "") -> None:
        """An expert has written to these journeys."""
        names = tuple(journey_ids)
        self._forget(names)
        self._post(Signal.CASE | Signal.MENU, map(_journey, names), cause)

    def gone(self, journey_ids: Iterable[str]) -> None:
        """These journeys were erased: their streams say so and end."""
        names = tuple(journey_ids)
        self._forget(names)
        self._post(Signal.GONE, map(_journey, names))

    def sessions_changed(self, session_ids: Iterable[str]) -> None:
        """These sessions were ended, or are another person's: their streams look whose they are."""
        ids = tuple(session_ids)
        self._forget_sessions(ids)
        self._post(Signal.SESSION, map(_session, ids))

    def person_gone(self, person_id: str) -> None:
        """This person has left: whatever their phones listen to ends."""
        self._post(Signal.LEFT, (_person(person_id),))

    def close(self) -> None:
        """Ends all streams, for the process is about to stop; call it before the server waits for its connections."""
        self._closing = True
        self._post(Signal.CLOSE, tuple(self._by_name))

    def subscribe(
        self,
        journey_id: str,
        person_id: str,
        session_id: str,
        deliver: Deliver,
        *,
        source: str = "",
        lasts_s: float = math.inf,
    ) -> Subscription:
        """Listens from now on. Raises TooManyStreamsError, with `retry_after_s` in its facts.

        source: for whom the address counts; empty: not known. lasts_s: when the stream will end by itself.
        """
        self._refuse_too_many(_session(session_id), _address(source))
        known = (_address(source),) if source else ()
        names = (_journey(journey_id), _person(person_id), _session(session_id), *known)
        stream = Subscription(names, next(self._numbers) % _SLOTS, deliver, self._now() + lasts_s)
        self._streams.add(stream)
        self._slots[stream.slot].add(stream)
        for name in names:
            self._by_name.setdefault(name, set()).add(stream)
        self._start_ticker()
        return stream

    def _refuse_too_many(self, session: str, address: str) -> None:
        of_session, of_address = (self._by_name.get(name, set()) for name in (session, address))
        limits = (
            (self._streams, self._in_all), (of_session, self._per_session), (of_address, self._per_address),
        )  # fmt: skip
        # One comes in once every limit that is reached has lost a stream; each ends with its token, at a heartbeat.
        ends = [min(one.ends_at for one in streams) for streams, most in limits if len(streams) >= most]
        if ends:
            wait_s = max(ends) - self._now()
            # Streams that never end by themselves are closed by their phones: nobody knows when.
            known = max(0.0, wait_s) if math.isfinite(wait_s) else 0.0
            raise TooManyStreamsError(retry_after_s=math.ceil(known + self._heartbeat_s))

    def ready(self, stream: Subscription) -> None:
        """The stream has sent its first bytes and can be woken."""
        stream.ready = True
        self._wake(stream, Signal.CLOSE if self._closing else Signal.NONE)

    def wake_in(self, stream: Subscription, wait_s: float | None) -> None:
        """The menu that the stream has sent ends by itself then: it looks for the next one. None: it does not end.

        Another call takes the place of the one before.
        """
        if stream.timer is not None:
            stream.timer.cancel()
            stream.timer = None
        if wait_s is not None:
            # A little later, for two clocks: one that is a moment behind would find that nothing has ended yet.
            after_s, loop = max(wait_s, 0.0) + _LATER_S, asyncio.get_running_loop()
            stream.timer = loop.call_later(after_s, self._wake, stream, Signal.MENU)

    def unsubscribe(self, stream: Subscription) -> None:
        self.wake_in(stream, None)
        self._streams.remove(stream)
        self._slots[stream.slot].remove(stream)
        for name in stream.names:
            self._by_name[name].remove(stream)
            if not self._by_name[name]:
                del self._by_name[name]
        if stream.task is not None:
            stream.task.cancel()

    def _post(self, signal: Signal, names: Iterable[str], cause: str = "") -> None:
        """Hands the signal over to the loop: once for all that is posted until the loop takes it."""
        # Nobody listening now means nothing to do: who subscribes later composes from what was forgotten just before.
        heard = [name for name in names if name in self._by_name]
        if not heard or self._loop is None:
            return
        push = Push(self._now(), cause)
        with self._posting:
            first = not self._posted
            for name in heard:
                known, oldest = self._posted.get(name, (Signal.NONE, push))
                self._posted[name] = known | signal, oldest
        if first:
            # A loop that is closed has no streams left to wake.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._take_posted)

    def _take_posted(self) -> None:
        with self._posting:
            posted, self._posted = self._posted, {}
        for name, (signal, push) in posted.items():
            for stream in self._by_name.get(name, ()):
                self._wake(stream, signal, push)

    def _wake(self, stream: Subscription, signal: Signal, push: Push | None = None) -> None:
        stream.pending |= signal
        if stream.push is None and signal & NEWS:
            stream.push = push
        if stream.ready and stream.task is None and stream.pending:
            stream.task = asyncio.create_task(self._deliver(stream), name="live delivery")

    async def _deliver(self, stream: Subscription) -> None:
        try:
            while stream.pending:
                signal, stream.pending = stream.pending, Signal.NONE
                push, stream.push = stream.push, None
                if push is None:
                    await stream.deliver(signal)
                else:
                    with self._around(push):
                        await stream.deliver(signal)
        finally:
            stream.task = None

    def _start_ticker(self) -> None:
        if self._ticker is None or self._ticker.done():
            self._loop = asyncio.get_running_loop()
            self._ticker = asyncio.create_task(self._tick(), name="live heartbeat")

    async def _tick(self) -> None:
        slot = 0
        while self._streams:
            await asyncio.sleep(self._heartbeat_s / _SLOTS)  # streams beat in turn, each a slot's time after the last
            slot = (slot + 1) % _SLOTS
            for stream in self._slots[slot]:
                self._wake(stream, Signal.BEAT)


def _journey(journey_id: str) -> str:
    return f"journey:{journey_id}"


def _session(session_id: str) -> str:
    return f"session:{session_id}"


def _person(person_id: str) -> str:
    return f"person:{person_id}"


def _address(source: str) -> str:
    return f"address:{source}"
