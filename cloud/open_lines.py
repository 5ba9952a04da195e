"""The open connections of a server, by whom they are from: who has too many makes room with one of their own.

A connection that is between two requests, or has not sent its first one whole, can be ended and nothing is lost; the
client comes again. One that is being answered, as each live stream is, cannot: a newcomer is refused before that.
"""

from collections.abc import Iterable
from typing import Protocol


class Line(Protocol):
    """One connection."""

    def leave(self) -> None:
        """Ends it: it is between two requests, or its request did not come."""


class OpenLines:
    """Counts connections, and says which one has to go. in_all, per_source: how many at most. For one thread."""

    def __init__(self, in_all: int, per_source: int) -> None:
        self.in_all = in_all
        self.per_source = per_source
        self._open: dict[Line, str] = {}
        self._of: dict[str, dict[Line, None]] = {}
        self._free: dict[Line, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, line: Line, source: str) -> str:
        """Counts a new one in; empty, or why there is no room for it: `address` or `all`. Others may be ended for it.

        source: for whom the address counts; empty: it may have as many as it likes.
        """
        mine = self._of.get(source, {}) if source else {}
        if source and len(mine) >= self.per_source and not self._end_one(one for one in mine if one in self._free):
            return "address"
        if len(self._open) >= self.in_all and not self.make_room():
            return "all"
        self._open[line] = source
        self._of.setdefault(source, {})[line] = None
        self._free[line] = None
        return ""

    def busy(self, line: Line) -> None:
        """A whole request of its is being answered."""
        self._free.pop(line, None)

    def idle(self, line: Line) -> None:
        """It has been answered; of those that are free, it is the newest."""
        if line in self._open:
            self._free.pop(line, None)
            self._free[line] = None

    def gone(self, line: Line) -> None:
        """It is no more."""
        self._free.pop(line, None)
        source = self._open.pop(line, None)
        if source is not None:
            del self._of[source][line]
            if not self._of[source]:
                del self._of[source]

    def make_room(self) -> bool:
        """Ends the one that has been free for longest, if there is one."""
        return self._end_one(self._free)

    def _end_one(self, some: Iterable[Line]) -> bool:
        found = next(iter(some), None)
        if found is None:
            return False
        self.gone(found)
        found.leave()
        return True
