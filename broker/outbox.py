"""What waits for one session: QoS 1 messages in flight, and those behind them, within bounds. No I/O.

A message is in flight from its first PUBLISH to its PUBACK, over any number of connections: that is what redelivery is
made of. Beyond the bounds the newest is dropped and counted, as Mosquitto does. Before that, above half of them, who
holds more than a fair share is named (`crowded_by`), so that nobody is read from who would fill the queue for all.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Final, NamedTuple

from broker.frames import PACKET_IDS

SHARES: Final = 16
"""What one publisher may hold of a queue that is half full, and the reserve beyond its bounds: one of so many parts."""


class Parcel(NamedTuple):
    """A message on its way to one session. retained: it was kept by the broker before the subscription came.
    publisher: whose share it counts in; "": nobody's. urgent: it may use the reserve.
    """

    topic: str
    payload: bytes
    retained: bool = False
    publisher: str = ""
    urgent: bool = False


class _Share(NamedTuple):
    """Messages, and bytes of payload, that wait."""

    messages: int = 0
    size: int = 0

    def plus(self, size: int) -> "_Share":
        return _Share(self.messages + 1, self.size + size)

    def minus(self, size: int) -> "_Share":
        return _Share(self.messages - 1, self.size - size)


class OutboxLimits(NamedTuple):
    """window: messages in flight at once; max_messages, max_bytes: what may wait behind them (payload bytes); for
    urgent ones a sixteenth more.
    """

    window: int
    max_messages: int
    max_bytes: int


class Outbox:
    """The queue of one session."""

    def __init__(self, limits: OutboxLimits) -> None:
        self._limits = limits
        self._in_flight: OrderedDict[int, Parcel] = OrderedDict()
        self._waiting: deque[Parcel] = deque()
        self._waiting_bytes = 0
        self._held: dict[str, _Share] = {}
        self._last_id = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._in_flight) + len(self._waiting)

    @property
    def idle(self) -> bool:
        """Nothing is in flight, so that no PUBACK will come to move the queue on."""
        return not self._in_flight

    def offer(self, parcel: Parcel) -> bool:
        """Put `parcel` behind the others; False when there is no room and it is dropped."""
        size, (_, messages, most_bytes) = len(parcel.payload), self._limits
        if parcel.urgent:
            messages, most_bytes = messages + messages // SHARES, most_bytes + most_bytes // SHARES
        if len(self._waiting) >= messages or self._waiting_bytes + size > most_bytes:
            self.dropped += 1
            return False
        self._waiting.append(parcel)
        self._waiting_bytes += size
        if parcel.publisher:
            self._held[parcel.publisher] = self._held.get(parcel.publisher, _Share()).plus(size)
        return True

    @property
    def share(self) -> float:
        """The part of the room that is taken, by messages or by bytes, whichever is more."""
        _, messages, most_bytes = self._limits
        return max(len(self._waiting) / messages, self._waiting_bytes / most_bytes)

    def crowded_by(self, publisher: str) -> bool:
        """More than half of what may wait does, and more than a fair share of that room is this publisher's."""
        _, messages, most_bytes = self._limits
        if 2 * len(self._waiting) <= messages and 2 * self._waiting_bytes <= most_bytes:
            return False
        held = self._held.get(publisher, _Share())
        return SHARES * held.messages > messages or SHARES * held.size > most_bytes

    def take(self) -> tuple[int, Parcel] | None:
        """The next message and its packet id, now in flight; None when nothing waits or the window is full."""
        if not self._waiting or len(self._in_flight) >= self._limits.window:
            return None
        parcel = self._waiting.popleft()
        self._waiting_bytes -= len(parcel.payload)
        if parcel.publisher:
            self._lighten(parcel.publisher, len(parcel.payload))
        packet_id = self._fresh_id()
        self._in_flight[packet_id] = parcel
        return packet_id, parcel

    def settle(self, packet_id: int) -> bool:
        """The PUBACK of `packet_id` has come; False when nothing was in flight under it."""
        return self._in_flight.pop(packet_id, None) is not None

    def unsettled(self) -> Iterator[tuple[int, Parcel]]:
        """What must be sent again on a new connection, in its first order."""
        yield from list(self._in_flight.items())

    def _lighten(self, publisher: str, size: int) -> None:
        left = self._held.pop(publisher).minus(size)
        if left.messages:
            self._held[publisher] = left

    def _fresh_id(self) -> int:
        while True:
            self._last_id = self._last_id % PACKET_IDS + 1
            if self._last_id not in self._in_flight:
                return self._last_id
