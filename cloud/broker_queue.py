"""How full the broker's queue is, as the broker itself says: an alarm before anything is dropped.

Mosquitto tells what it stores on `$SYS`, the embedded broker what waits for each service on a topic of ours. Mosquitto
names no single session: what it stores for all of them, without what it retains, is held against the bound of one,
which is what is reached last but not too late. How many bytes it retains it does not say: these are what it stores
while hardly anything waits.
"""

import logging
from collections.abc import Callable
from typing import Final

import msgspec

from broker.contract.messages import QueueState
from broker.contract.topics import BROKER_QUEUE

log: Final = logging.getLogger("throughline.broker")

STORED: Final = "$SYS/broker/store/messages/count"
STORED_BYTES: Final = "$SYS/broker/store/messages/bytes"
RETAINED: Final = "$SYS/broker/retained messages/count"
DROPPED: Final = "$SYS/broker/publish/messages/dropped"
MOSQUITTO: Final = (STORED, STORED_BYTES, RETAINED, DROPPED)
NEAR: Final = 0.5
"""From this part of the bound on, somebody should look."""
CALM: Final = 0.4
HARDLY: Final = 0.01
"""Of the bound: what always waits for a moment."""


class BrokerQueue:
    """told: of the part that is taken (1: what comes next is dropped), and of the messages that were dropped so far.

    messages, size: the bounds of one session at a Mosquitto; the embedded broker says its own.
    """

    def __init__(self, messages: int, size: int, told: Callable[[float, int], None]) -> None:
        self._messages = messages
        self._size = size
        self._told = told
        self._said: dict[str, int] = {}
        self._retained_bytes: int | None = None
        self._dropped: int | None = None
        self._near = False

    def heard(self, topic: str, payload: bytes) -> bool:
        """Whether it was a word about the queue."""
        if topic == BROKER_QUEUE:
            try:
                state = msgspec.json.decode(payload, type=QueueState)
            except msgspec.MsgspecError:
                return True
            self._note(state.share, state.dropped)
        elif topic in MOSQUITTO:
            if payload.isdigit():
                self._said[topic] = int(payload)
            if len(self._said) == len(MOSQUITTO):
                self._note(self._share(new_bytes=topic == STORED_BYTES), self._said[DROPPED])
        else:
            return False
        return True

    def _share(self, *, new_bytes: bool) -> float:
        """new_bytes: they were said just now, and so right after the number of messages, which they go with."""
        waiting, whole = max(0, self._said[STORED] - self._said[RETAINED]) / self._messages, self._said[STORED_BYTES]
        if (new_bytes or self._retained_bytes is None) and waiting <= HARDLY:
            self._retained_bytes = whole
        return max(waiting, (whole - (self._retained_bytes or 0)) / self._size)

    def _note(self, share: float, dropped: int) -> None:
        if share >= NEAR and not self._near:
            log.warning(
                "the broker's queue is %.0f%% full: what comes when it is full is dropped; look at the workers and at "
                "the database",
                100 * share,
            )
        elif share < CALM and self._near:
            log.info("the broker's queue is %.0f%% full", 100 * share)
        self._near = share >= NEAR or (self._near and share >= CALM)
        if self._dropped is not None and dropped > self._dropped:
            log.error("the broker dropped %d messages that nobody took in time", dropped - self._dropped)
        self._dropped = dropped
        self._told(share, dropped)
