"""Who gets how much of what all devices share: a batch, and a minute. Pure.

A batch is dealt by max-min fairness: nobody gets more than somebody else who still wants some. What a device may say in
a minute is a fixed window: once it has said too much, all else it says in that minute is refused, so that its stream
gets one hole and not thousands.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

RESERVE: Final = 16
"""An urgent message, such as a last will, may go one part of so many beyond the limit: nobody would repeat it."""
REMEMBERED: Final = 100_000
"""Devices whose count is kept; of more than these, those that have hardly said anything are forgotten."""


def water_level(wanted: Iterable[int], limit: int) -> int:
    """The most that each of them may have, so that together they have no more than `limit`.

    0 when there are more of them than that.
    """
    left, level = limit, 0
    ordered = sorted(wanted)
    for done, want in enumerate(ordered):
        share = left // (len(ordered) - done)
        if want > share:
            return share
        left -= want
        level = want
    return level


class Waiting(NamedTuple):
    """A message that waits. size: in bytes, and at least 1."""

    device: str
    size: int


def deal(waiting: Sequence[Waiting], messages: int, size: int) -> list[bool]:
    """Of each, in their order, whether it comes into a batch of so many messages and bytes. At least one does.

    Each device's come in its own order. Who has no more waiting than its fair share gets all of it in, but for messages
    that alone are larger than a share. Only one message may go beyond `size`.
    """
    shares = _within_shares(waiting, messages, size)
    places = range(len(waiting))
    # What is left over goes to those who have waited longest.
    in_turn = [at for at in places if shares[at]] + [at for at in places if not shares[at]]
    chosen = [False] * len(waiting)
    for at in in_turn:
        if messages <= 0 or size <= 0:
            break
        chosen[at] = True
        messages -= 1
        size -= waiting[at].size
    return chosen


def _within_shares(waiting: Sequence[Waiting], messages: int, size: int) -> list[bool]:
    wanted, wanted_size = Counter(one.device for one in waiting), Counter[str]()
    for one in waiting:
        wanted_size[one.device] += one.size
    most = max(1, water_level(wanted.values(), messages))
    most_size = water_level(wanted_size.values(), size)
    got, got_size, done = Counter[str](), Counter[str](), set[str]()
    within = []
    for device, own in waiting:
        fits = not got[device] or (got[device] < most and got_size[device] + own <= most_size)
        if device in done or not fits:
            done.add(device)  # its later messages do not overtake this one
            within.append(False)
            continue
        got[device] += 1
        got_size[device] += own
        within.append(True)
    return within


class Limit(NamedTuple):
    """What one device may say in a minute; 0: as much as it likes."""

    messages: int = 0
    size: int = 0


class Allowance:
    """What each device has said in this minute."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._minute = -1
        self._said: dict[str, int] = {}
        self._size: dict[str, int] = {}
        self._over: set[str] = set()

    def begin(self, minute: int) -> None:
        """The minute that it is, by whatever count; with another one, everybody begins anew."""
        if minute != self._minute:
            self._minute = minute
            self._said, self._size, self._over = {}, {}, set()
        elif len(self._said) > REMEMBERED:
            self._forget_the_quiet()

    def admits(self, device: str, size: int, *, urgent: bool = False) -> bool:
        """Whether the device may say this. What it may not counts as not said."""
        messages, most_size = self._limit
        said, whole = self._said.get(device, 0) + 1, self._size.get(device, 0) + size
        if urgent:
            messages, most_size = messages + messages // RESERVE, most_size + most_size // RESERVE
        elif device in self._over:
            return False
        if (messages and said > messages) or (most_size and whole > most_size):
            return False
        self._said[device], self._size[device] = said, whole
        return True

    def refuse(self, device: str) -> bool:
        """Refuses all else that the device says in this minute; whether that is news."""
        if device in self._over:
            return False
        self._over.add(device)
        return True

    @property
    def remembered(self) -> int:
        """Devices whose count is kept."""
        return len(self._said)

    def _forget_the_quiet(self) -> None:
        messages, size = (most // RESERVE for most in self._limit)
        loud = {
            device: said
            for device, said in self._said.items()
            if (self._limit.messages and said > messages) or (self._limit.size and self._size[device] > size)
        }
        self._said, self._size = loud, {device: self._size[device] for device in loud}
