"""What devices are still to be told of how far they are stored: the newest for each, and when it may leave. Pure.

A batch writes one row into the outbox, with a line for each of its devices. Whoever sends reads the rows, keeps of each
device what is newest, and tells it at most once a second. A row is done with once every line of it was told, or stands
in a later row as well: until then whoever comes after a crash finds it, and tells it again. One of which something was
told stays while an earlier one does: else whoever finds that one would tell what was before.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from broker.contract.messages import Mark, Stored

KIND: Final = "stored, together"
"""In the outbox: what tells these rows from messages, which have a topic there."""
EVERY_S: Final = 1.0
"""A device hears of its watermark at most this often."""
NOT_TAKEN_S: Final = 5.0
"""A device whose message the broker did not acknowledge lets the others go first for so long."""
EARLIER_BOOTS: Final = 16
LINES: Final = 1_000
"""In one row: 40 kB."""


class Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How far a device is stored. earlier: (boot, seq) of boots before. until: the second since 1970 before which the
    device shall say nothing more; 0: it may.
    """

    product_id: str
    boot: int
    seq: int
    earlier: tuple[tuple[int, int], ...] = ()
    until: int = 0


_LINES: Final = msgspec.json.Decoder(list[Line])


def rows_of(lines: Sequence[Line]) -> list[bytes]:
    """The contents of the rows that hold these lines, in their order."""
    # A list is shorter than what the encoder makes of a Line, which names what is left out too.
    short = [[one.product_id, one.boot, one.seq] if _is_plain(one) else one for one in lines]
    return [msgspec.json.encode(short[start : start + LINES]) for start in range(0, len(short), LINES)]


def lines_of(content: bytes) -> list[Line]:
    """The lines of a row. Raises msgspec.MsgspecError for what is none."""
    return _LINES.decode(content)


def line_of(product_id: str, said: Stored, now_s: float) -> Line:
    """The line that a message makes which says the same: each watermark was one in the outbox, once."""
    earlier = tuple([(mark.boot, mark.seq) for mark in said.earlier])
    return Line(product_id, said.boot, said.seq, earlier, int(now_s) + said.wait_s if said.wait_s else 0)


def _is_plain(line: Line) -> bool:
    return not line.earlier and not line.until


def newer(old: Line, new: Line) -> Line:
    """What both say of one device. new: of the later row, which alone says whether the device shall be silent.

    Watermarks only rise, so of each boot the higher one holds, whichever row it stands in.
    """
    marks = dict(old.earlier)
    for boot, seq in ((old.boot, old.seq), *new.earlier, (new.boot, new.seq)):
        marks[boot] = max(seq, marks.get(boot, 0))
    (boot, seq), *before = sorted(marks.items(), reverse=True)
    return Line(new.product_id, boot, seq, tuple(before[:EARLIER_BOOTS]), new.until)


def message(line: Line, now_s: float) -> Stored:
    """What the device is told at this second since 1970."""
    earlier = tuple([Mark(boot=boot, seq=seq) for boot, seq in line.earlier])
    wait_s = min(max(0, line.until - int(now_s)), 3600) if line.until else 0
    return Stored(boot=line.boot, seq=line.seq, earlier=earlier, wait_s=wait_s)


class _Waiting(NamedTuple):
    """A line, and the rows that must stay until it is told."""

    line: Line
    rows: tuple[int, ...]


class Tellings:
    """For one sender, and one thread. Times are seconds of a clock that is never set."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._lines: dict[int, int] = {}
        """Of each row that was read, how many lines must still be told."""
        self._said: dict[str, _Waiting] = {}
        """Lines that were told, while their rows are there."""
        self._witness: dict[int, set[str]] = {}
        """Whose lines of a row these are."""
        self._not_before: dict[str, float] = {}
        """When those who were told of late may be told again, in the order in which they were."""

    def __len__(self) -> int:
        """Devices that wait to be told."""
        return len(self._waiting)

    @property
    def rows(self) -> list[int]:
        """Those that were read and are not gone yet."""
        return list(self._lines)

    def take(self, row: int, lines: Iterable[Line]) -> None:
        """Takes a row in; later rows must come later."""
        waiting, held = self._waiting, self._lines
        held[row] = held.get(row, 0)
        for line in lines:
            known = waiting.get(line.product_id)
            self._take_over(line)
            if known is None:
                kept = _Waiting(line, (row,))
            else:
                kept = _both(known, line, row)
                for one in known.rows:
                    held[one] -= 1
            for one in kept.rows:
                held[one] += 1
            waiting[line.product_id] = kept

    def hear_of(self, lines: Iterable[Line]) -> None:
        """What a row says that is not taken in yet, and is later than all that are: who waits is told no less. Nothing
        else is kept of it.
        """
        for line in lines:
            known = self._waiting.get(line.product_id)
            if known is not None:
                self._waiting[line.product_id] = known._replace(line=_joined(known.line, line))

    def due(self, now: float, limit: int) -> list[Line]:
        """Those who may be told now."""
        self._forget_old(now)
        found: list[Line] = []
        for product_id, (line, _) in self._waiting.items():
            if self._not_before.get(product_id, now) <= now:
                found.append(line)
                if len(found) == limit:
                    break
        return found

    def next_due(self, now: float) -> float | None:
        """Seconds until somebody may be told; None when nobody waits."""
        if not self._waiting:
            return None
        return max(0.0, min(self._not_before.get(product_id, now) for product_id in self._waiting) - now)

    def told(self, lines: Iterable[Line], now: float) -> None:
        """These lines, as `due` gave them, have arrived at the broker, or need not be told."""
        for line in lines:
            known = self._waiting.pop(line.product_id)
            for row in known.rows:
                self._lines[row] -= 1
                self._witness.setdefault(row, set()).add(line.product_id)
            self._said[line.product_id] = known
            self._wait(line.product_id, now + EVERY_S)

    def not_taken(self, lines: Iterable[Line], now: float) -> None:
        """The broker did not acknowledge them in time."""
        for line in lines:
            self._wait(line.product_id, now + NOT_TAKEN_S)

    def done(self) -> list[int]:
        """Rows of which nothing waits, and without which nothing older would be told."""
        found: list[int] = []
        all_before = True
        for row, lines in self._lines.items():
            if not lines and (all_before or not self._witness.get(row)):
                found.append(row)
            else:
                all_before = False
        return found

    def gone(self, rows: Iterable[int]) -> None:
        """These rows are no more."""
        for row in rows:
            del self._lines[row]
            for product_id in self._witness.pop(row, ()):
                self._said.pop(product_id, None)

    def forget(self) -> None:
        """Somebody else sends, and will read the rows that are there."""
        for one in (self._waiting, self._lines, self._said, self._witness):
            one.clear()

    def _take_over(self, line: Line) -> None:
        """What was told before stands in a later row, too."""
        told = self._said.get(line.product_id)
        if told is not None and newer(told.line, line) == line:
            del self._said[line.product_id]
            for row in told.rows:
                self._witness[row].discard(line.product_id)

    def _wait(self, product_id: str, until: float) -> None:
        self._not_before.pop(product_id, None)
        self._not_before[product_id] = until

    def _forget_old(self, now: float) -> None:
        while self._not_before:
            product_id = next(iter(self._not_before))
            if self._not_before[product_id] > now:
                return
            del self._not_before[product_id]


def _both(known: _Waiting, line: Line, row: int) -> _Waiting:
    """The two as one. An earlier row may go when the later one says all that it said."""
    both = _joined(known.line, line)
    if both is line or both == line:
        return _Waiting(line, (row,))
    return _Waiting(both, (*known.rows, row))


def _joined(old: Line, new: Line) -> Line:
    """The same as `newer`, for many."""
    if new.boot == old.boot and new.seq >= old.seq and not old.earlier:
        return new  # by far the most
    return newer(old, new)
