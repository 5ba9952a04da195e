"""What waits for one session: QoS 1 messages in flight, and those behind them, within bounds. No I/O.

A message is in flight from its first PUBLISH to its PUBACK, over any number of connections: that is what redelivery is
made of. Beyond the bounds the newest is dropped and counted, as Mosquitto does.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import NamedTuple

from broker.frames import PACKET_IDS


class Parcel(NamedTuple):
    """A message on its way to one session. retained: it was kept by the broker before the subscription came."""

    topic: str
    payload: bytes
    retained: bool = False


class OutboxLimits(NamedTuple):
    """window: messages in flight at once; max_messages, max_bytes: what may wait behind them (payload bytes)."""

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
        full = len(self._waiting) >= self._limits.max_messages
        if full or self._waiting_bytes + len(parcel.payload) > self._limits.max_bytes:
            self.dropped += 1
            return False
        self._waiting.append(parcel)
        self._waiting_bytes += len(parcel.payload)
        return True

    def take(self) -> tuple[int, Parcel] | None:
        """The next message and its packet id, now in flight; None when nothing waits or the window is full."""
        if not self._waiting or len(self._in_flight) >= self._limits.window:
            return None
        parcel = self._waiting.popleft()
        self._waiting_bytes -= len(parcel.payload)
        packet_id = self._fresh_id()
        self._in_flight[packet_id] = parcel
        return packet_id, parcel

    def settle(self, packet_id: int) -> bool:
        """The PUBACK of `packet_id` has come; False when nothing was in flight under it."""
        return self._in_flight.pop(packet_id, None) is not None

    def unsettled(self) -> Iterator[tuple[int, Parcel]]:
        """What must be sent again on a new connection, in its first order."""
        yield from list(self._in_flight.items())

    def _fresh_id(self) -> int:
        while True:
            self._last_id = self._last_id % PACKET_IDS + 1
            if self._last_id not in self._in_flight:
                return self._last_id
