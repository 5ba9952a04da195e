"""Which messages of one boot have arrived: the watermark, the holes above it, duplicates.

The cloud keeps one `Received` per device and boot, and tells the device `low` on `down/stored`. Sequences above the
watermark that came early are kept as ranges, so that memory follows the number of holes, not of messages.
"""

from bisect import bisect_right
from typing import NamedTuple

Range = tuple[int, int]
"""First and last sequence, both included."""

MAX_RANGES = 256
"""Above this many separate runs the oldest hole is given up: a device that skips on purpose must not fill the store."""


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
    if first == known.low + 1 and not known.above:
        return Received(last)
    runs: list[Range] = []
    for run in sorted([(1, known.low), *known.above, (first, last)]):
        if run[1] < run[0]:
            continue
        if runs and run[0] <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], max(runs[-1][1], run[1]))
        else:
            runs.append(run)
    while len(runs) > MAX_RANGES:
        runs[0:2] = [(runs[0][0], runs[1][1])]
    if runs[0][0] == 1:
        return Received(runs[0][1], tuple(runs[1:]))
    return Received(0, tuple(runs))
