"""A cache for values that were read from the record: bounded, thread-safe, and never the home of a dead value.

What is dropped while somebody is still reading it is not put on the shelf afterwards: the reader takes a ticket before
it reads, and a ticket that is older than a drop puts nothing.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Ticket(NamedTuple):
    """When reading began, in drops of each tag's stripe."""

    tags: tuple[str, ...]
    drops: tuple[int, ...]


class _Kept(NamedTuple, Generic[V]):
    value: V
    tags: tuple[str, ...]
    weight: int


class Shelf(Generic[K, V]):
    """Least recently used goes first, when the sum of weights passes `limit`.

    stripes: how many counters of drops the tags share; two tags on one stripe cost a missed put, never a stale value.
    With one stripe any drop voids every ticket, which serves where the tags are known only after reading.
    """

    def __init__(self, limit: int, weigh: Callable[[V], int], stripes: int = 1024) -> None:
        self._limit = limit
        self._weigh = weigh
        self._weight = 0
        self._kept: OrderedDict[K, _Kept[V]] = OrderedDict()
        self._by_tag: dict[str, set[K]] = {}
        self._drops = [0] * stripes
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def ticket(self, *tags: str) -> Ticket:
        """To be taken before the value is read."""
        with self._lock:
            return Ticket(tags, self._counts(tags))

    def get(self, key: K) -> V | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            self._kept.move_to_end(key)
            return kept.value

    def put(self, key: K, value: V, tags: tuple[str, ...], ticket: Ticket) -> None:
        """Keeps the value, unless one of the ticket's tags was dropped since."""
        with self._lock:
            if self._counts(ticket.tags) != ticket.drops:
                return
            self._remove(key)
            kept = _Kept(value, tags, self._weigh(value))
            self._kept[key] = kept
            self._weight += kept.weight
            for tag in tags:
                self._by_tag.setdefault(tag, set()).add(key)
            while self._weight > self._limit:
                self._remove(next(iter(self._kept)))

    def drop(self, tag: str) -> None:
        """Everything under this tag goes, and what is being read now is not kept."""
        with self._lock:
            self._drops[hash(tag) % len(self._drops)] += 1
            for key in tuple(self._by_tag.get(tag, ())):
                self._remove(key)

    def clear(self) -> None:
        """Everything goes, whatever its tags, and what is being read now is not kept."""
        with self._lock:
            self._drops = [drops + 1 for drops in self._drops]
            self._kept.clear()
            self._by_tag.clear()
            self._weight = 0

    def _counts(self, tags: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(self._drops[hash(tag) % len(self._drops)] for tag in tags)

    def _remove(self, key: K) -> None:
        kept = self._kept.pop(key, None)
        if kept is None:
            return
        self._weight -= kept.weight
        for tag in kept.tags:
            keys = self._by_tag[tag]
            keys.discard(key)
            if not keys:
                del self._by_tag[tag]
