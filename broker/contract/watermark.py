"""Which messages of one boot have arrived: the watermark, the holes above it, duplicates.

The cloud keeps one `Received` per device and boot, and tells the device `low` on `down/stored`. Sequences above the
watermark that came early are kept as ranges, so that memory follows the number of holes, not of messages.
"""

from bisect import bisect_left, bisect_right
from typing import NamedTuple

Range = tuple[int, int]
"""First and last sequence, both included."""

MAX_RANGES = 4096
"""Above this many separate runs the oldest hole is given up: a device that skips on purpose must not fill the store.

What then still comes into that hole counts as a duplicate, and is lost. So there must be more of them than an honest
device can need: workers who share what it says store it in any order, and n messages under way leave n / 2 holes. A
device that keeps no more than twice as many above its watermark loses nothing, however fast it speaks.
"""
MAX_GIVEN_UP = 256
"""Ranges in one `messages_given_up`."""


class Received(NamedTuple):
    """low: everything from 1 to here has arrived. above: runs beyond it, ascending, never touching or overlapping."""

    low: int = 0
    above: tuple[Range, ...] = ()

    @property
    def high(self) -> int:
        """The highest sequence that has arrived."""
        return self.above[-1][1] if self.above else self.low

    @property
    def missing(self) -> int:
        """How many sequences below `high` have not arrived."""
        return self.high - self.low - sum(last - first + 1 for first, last in self.above)

    def holds(self, seq: int) -> bool:
        """`seq` has arrived before: a second time is a duplicate."""
        if seq <= self.low:
            return True
        at = bisect_right(self.above, (seq, 2**63)) - 1
        return at >= 0 and self.above[at][0] <= seq <= self.above[at][1]


def receive(known: Received, first: int, last: int | None = None) -> Received:
    """`known` with `first`..`last` arrived as well (one sequence when `last` is left out).

    Raises ValueError when `first` is below 1 or above `last`.
    """
    last = first if last is None else last
    if not 1 <= first <= last:
        msg = f"not a range of sequences: {first}..{last}"
        raise ValueError(msg)
    low, above = known
    if first <= low + 1 and not above:
        return Received(max(low, last))
    # Those before `at` end before it, with a hole between; those from `end` on begin after it. What is between is one.
    at = bisect_left(above, first - 1, key=_last_of)
    end = bisect_right(above, last + 1, lo=at, key=_first_of)
    if at < end:
        first, last = min(first, above[at][0]), max(last, above[end - 1][1])
    if first <= low + 1:
        return Received(max(low, last), above[end:])
    runs = (*above[:at], (first, last), *above[end:])
    if len(runs) <= MAX_RANGES:
        return Received(low, runs)
    if low:
        return Received(runs[0][1], runs[1:])
    return Received(0, ((runs[0][0], runs[1][1]), *runs[2:]))


def _first_of(run: Range) -> int:
    return run[0]


def _last_of(run: Range) -> int:
    return run[1]
