"""The lanes on which messages wait for who stores them: each has a part of the devices, and bounds."""

import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Protocol

from broker.contract.codec import QUARANTINE_BYTES
from broker.contract.topics import PREFIX, Up
from cloud.fairness import Allowance, Limit, Waiting, deal
from cloud.mqtt import Delivery
from cloud.pace import MAX_BATCH_DEVICES

MAX_BATCH_BYTES: Final = 4 * 1024 * 1024
LOUD: Final = 16
SPEAKER: Final = slice(len(PREFIX), len(PREFIX) + 26)
"""Where a topic names its device."""
_PRESENCE: Final = f"/up/{Up.PRESENCE.value}"


class Source(Protocol):
    """Where the messages of a lane came from."""

    def acknowledge(self, batch: Sequence[Delivery]) -> None: ...

    def come_again(self) -> None: ...


@dataclass
class Refusal:
    """What was refused of one device. topic, head: of the first; begins: of those in this minute."""

    topic: str
    head: bytes
    begins: bool
    messages: int = 0


@dataclass
class Refused:
    """What was refused since it was last asked. deliveries: without their payloads, to be acknowledged."""

    devices: dict[str, Refusal] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)


class Lane:
    """A part of the devices, in the order in which they spoke: one thread takes them, and acknowledges them.

    limit: what one device may say in a minute. What goes beyond it is not kept, only counted.
    """

    def __init__(self, source: Source, changed: threading.Condition, limit: Limit | None = None) -> None:
        self._source = source
        self._changed = changed
        self.held: deque[Delivery] = deque()
        self.bytes = 0
        self._allowance = Allowance(limit) if limit is not None and any(limit) else None
        self._refused = Refused()

    def take(self, limit: int, wait_s: float, idle_s: float = 0.5) -> list[Delivery]:
        """Up to `limit` messages: what is there at once, and what comes within `wait_s` of the first. When more wait
        than that, each device gets its fair share of them.
        """
        held, refused = self.held, self._refused
        with self._changed:
            if not held and not self._changed.wait_for(lambda: bool(held or refused.deliveries), idle_s):
                return []
            if held and len(held) < limit and wait_s:
                self._changed.wait_for(lambda: len(held) >= limit, wait_s)
            if len(held) <= limit and self.bytes <= MAX_BATCH_BYTES:
                batch = self._all() if len(held) <= MAX_BATCH_DEVICES else self._oldest(len(held))
            else:
                batch = self._dealt(limit) if self._is_crowded(limit) else self._oldest(limit)
            self._changed.notify_all()
        return batch

    def _is_crowded(self, limit: int) -> bool:
        """Some device has more waiting than one part of `LOUD` of a batch. Else whoever came first goes first, which is
        as fair, and cheaper to tell.
        """
        number = Counter([one.topic[SPEAKER] for one in self.held])
        return self.bytes > MAX_BATCH_BYTES or max(number.values()) * LOUD > limit

    def _oldest(self, limit: int) -> list[Delivery]:
        """Up to `limit`, and of no more than `MAX_BATCH_DEVICES`."""
        if limit > MAX_BATCH_DEVICES:
            devices: set[str] = set()
            for place, one in enumerate(islice(self.held, limit)):
                devices.add(one.topic[SPEAKER])
                if len(devices) > MAX_BATCH_DEVICES:
                    limit = place
                    break
        batch = [self.held.popleft() for _ in range(limit)]
        self.bytes -= sum([len(one.payload) for one in batch])
        return batch

    def _all(self) -> list[Delivery]:
        batch = list(self.held)
        self.held.clear()
        self.bytes = 0
        return batch

    def _dealt(self, limit: int) -> list[Delivery]:
        waiting = [Waiting(one.topic[SPEAKER], len(one.payload) or 1) for one in self.held]
        chosen = deal(waiting, min(limit, MAX_BATCH_DEVICES), MAX_BATCH_BYTES)
        batch = [one for one, comes in zip(self.held, chosen, strict=True) if comes]
        rest = [one for one, comes in zip(self.held, chosen, strict=True) if not comes]
        self.held.clear()
        self.held.extend(rest)
        self.bytes -= sum(len(one.payload) for one in batch)
        return batch

    def refused(self) -> Refused | None:
        """What went beyond the limit since this was last asked; None when nothing did."""
        with self._changed:
            if not self._refused.deliveries:
                return None
            found = Refused(self._refused.devices, self._refused.deliveries)
            self._refused.devices, self._refused.deliveries = {}, []
            self._changed.notify_all()
        return found

    @property
    def waiting(self) -> int:
        """Messages taken and not yet handed on."""
        return len(self.held) + len(self._refused.deliveries)

    def begin(self, minute: int) -> None:
        """Says which minute it is; the caller holds the condition."""
        if self._allowance is not None:
            self._allowance.begin(minute)

    def put(self, one: Delivery) -> None:
        """Takes a message; the caller holds the condition. One that was sent before was judged then."""
        if self._allowance is not None and not one.again:
            device, size = one.topic[SPEAKER], len(one.payload)
            if not self._allowance.admits(device, size) and not self._is_urgent(device, one):
                self._refuse(device, one, begins=self._allowance.refuse(device))
                return
        self.held.append(one)
        self.bytes += len(one.payload)

    def _is_urgent(self, device: str, one: Delivery) -> bool:
        """Nobody repeats a word of presence, which is often a last will: it has a reserve."""
        allowance = self._allowance
        return (
            allowance is not None
            and one.topic.endswith(_PRESENCE)
            and allowance.admits(device, len(one.payload), urgent=True)
        )

    def _refuse(self, device: str, one: Delivery, *, begins: bool) -> None:
        devices = self._refused.devices
        refusal = devices.setdefault(device, Refusal(one.topic, one.payload[:QUARANTINE_BYTES], begins))
        refusal.messages += 1
        self._refused.deliveries.append(one._replace(payload=b""))

    def acknowledge(self, batch: Sequence[Delivery]) -> None:
        """Tells the broker that these are stored."""
        self._source.acknowledge(batch)

    def come_again(self) -> None:
        """Gives the connection up for a new one, on which the broker sends again what was not acknowledged."""
        self._source.come_again()
