"""One device of a crowd: what it says next, what it keeps, and when it says it again."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from broker.contract.topics import Up, up_topic
from tests.chaos.ledger import Line
from tests.chaos.script import Said, encoded, said

KEPT: Final = 1_000
"""Messages above its watermark that a device has room for; it says nothing new meanwhile."""
STALL_S, STALL_MAX_S = 3.0, 12.0
"""How long a watermark may stand still before all above it is sent again; where a real device waits for minutes."""
Script = Callable[[int, int], Said]


class Speaker:
    """One device. total: the number of its last message. at: what its clock shows, given a message's number."""

    def __init__(self, line: Line, total: int, script: Script, at: Callable[[], datetime]) -> None:
        self.line = line
        self.total = total
        self._script = script
        self._at = at
        self._topics = {kind: up_topic(line.product_id, kind) for kind in Up}
        self.next = 1
        self.again: deque[int] = deque()
        self.moved_at = 0.0
        self.pause = STALL_S
        self.resent = 0

    def shift(self, by: timedelta) -> None:
        """Its clock is so far off."""
        right = self._at
        self._at = lambda: right() + by

    @property
    def can_speak(self) -> bool:
        if self.again:
            return True
        if self.next > self.total:
            return False
        return not self.line.follows or self.next - self.line.confirmed <= KEPT

    @property
    def done(self) -> bool:
        """All is confirmed, or, for one that does not follow, acknowledged."""
        line = self.line
        if line.follows:
            return line.confirmed >= self.total
        return not self.again and self.next > self.total and len(line.acknowledged) == self.total

    def speak(self) -> tuple[int, str, bytes]:
        """Number, topic and payload of what it says now."""
        if self.again:
            seq = self.again.popleft()
        else:
            seq, self.next = self.next, self.next + 1
        self.resent += seq <= self.line.said
        self.line.said = max(self.line.said, seq)
        message = self._script(self.line.boot, seq)
        return seq, self._topics[message.kind], encoded(message, self.line.boot, seq, self._at())

    def go_back(self, now: float) -> None:
        """Says all above the watermark again."""
        self.next = self.line.confirmed + 1
        self.moved_at = now

    def look(self, now: float) -> bool:
        """Goes back when the watermark has stood still for too long."""
        line = self.line
        if not line.follows or line.confirmed >= line.said or now - self.moved_at < self.pause:
            return False
        self.pause = min(self.pause * 2, STALL_MAX_S)
        self.go_back(now)
        return True

    def confirm(self, seq: int, now: float) -> None:
        if seq > self.line.confirmed:
            self.line.confirmed = seq
            self.next = max(self.next, seq + 1)
            self.moved_at, self.pause = now, STALL_S


def speakers(
    product_ids: Sequence[str],
    boot: int,
    total: int,
    at: Callable[[], datetime],
    *,
    follows: Callable[[int], bool] = lambda _number: True,
    script: Script = said,
    refused: frozenset[int] = frozenset(),
) -> list[Speaker]:
    """A device for each id, that says `total` messages of this boot. follows: asked for the number of each."""
    return [
        Speaker(Line(product_id, boot, follows=follows(number), refused=refused), total, script, at)
        for number, product_id in enumerate(product_ids)
    ]
