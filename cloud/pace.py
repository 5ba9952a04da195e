"""How much of what waits goes into one transaction, and whether a transaction waits for more: by how long the last ones
took. Pure.

A larger transaction is cheaper for each message; but what it has locked stays locked for longer, and its devices wait.
So the size is what the database, as it is now, stores in about `AIM_S`. Where the transaction itself takes long,
whatever it holds, a smaller one would only be dearer: then the messages may take `WORTH` times as long as that. How
much of it comes of the transaction shows in two batches of different size. Nothing here makes a batch wait for its
size: what is there goes.
"""

from dataclasses import dataclass, replace
from typing import Final

AIM_S: Final = 0.15
LEAST: Final = 250
"""Below so many messages the transaction itself is what costs, however long it takes."""
GROWS_BY: Final = 4
"""A part of the batch, after each full one: some ten of them lead from the least to the most."""
MAX_BATCH_DEVICES: Final = 2_000
"""Each takes a lock of the database, where there is room for some thousands."""
WORTH: Final = 2.0
"""Two thirds of the time then go to messages, and so no size would store more than half as much again."""
WORTH_S: Final = 1.0
"""Of a transaction that takes longer by itself no more than this counts: somebody waits for its locks."""
APART: Final = 1.8
"""Two batches tell what size does when the larger is so many times the smaller."""
SURPRISE: Final = 1.5
"""A batch that takes so many times as long as was to be expected, or as short, is a surprise."""
SURPRISES: Final = 3
"""After so many in a row the database is not what it was, and what was known of it is forgotten."""
ALONE: Final = 2
"""Whoever comes in such a batch has no company worth waiting for."""


@dataclass(frozen=True, slots=True)
class Pace:
    """size: messages of the next batch at most. before, before_s: an earlier full batch, and how long it took; 0 for
    none. fixed_s: of that time, what the transaction takes whatever its size; None while that is not known.
    """

    size: int
    before: int = 0
    before_s: float = 0.0
    fixed_s: float | None = None
    surprises: int = 0


def next_pace(pace: Pace, stored: int, took_s: float, most: int) -> Pace:
    """After a batch of `pace.size` at most in which `stored` were, and which took so long; `most` are allowed.

    One that was not full says nothing of the size. One moment in which the disk stood still halves it at most.
    """
    if stored < min(pace.size, MAX_BATCH_DEVICES):
        return pace
    learned = _learned(pace, stored, took_s)
    chosen = _tried if learned.fixed_s is None else _fitting
    return replace(learned, size=min(max(chosen(learned, stored, took_s, most), LEAST), most))


def _tried(pace: Pace, stored: int, took_s: float, _most: int) -> int:
    """Larger after what was quick; after what was slow, a size that tells whether size is why."""
    if took_s > AIM_S:
        return pace.size // 2 if pace.size >= LEAST * 2 else pace.size * 2
    return pace.size + pace.size // GROWS_BY + 1 if stored >= pace.size else pace.size


def _fitting(pace: Pace, stored: int, took_s: float, most: int) -> int:
    """What the database stores in the time that the messages may take, by steps."""
    fixed_s = pace.fixed_s or 0.0
    allowed_s, messages_s = max(AIM_S - fixed_s, WORTH * min(fixed_s, WORTH_S)), max(took_s - fixed_s, 0.0)
    fitting = most if stored * allowed_s >= most * messages_s else int(stored * allowed_s / messages_s)
    if messages_s > allowed_s:
        return min(pace.size, max(fitting, pace.size // 2))
    if stored < pace.size:
        return pace.size
    return max(pace.size, min(pace.size + pace.size // GROWS_BY + 1, fitting))


def _learned(pace: Pace, stored: int, took_s: float) -> Pace:
    """What is known after one more full batch."""
    (small, small_s), (large, large_s) = sorted(((pace.before, pace.before_s), (stored, took_s)))
    if small and large >= small * APART:
        return Pace(pace.size, stored, took_s, _fixed_s(small, small_s, large, large_s))
    if pace.fixed_s is not None:
        expected_s = pace.fixed_s + (pace.before_s - pace.fixed_s) * stored / pace.before
        if expected_s / SURPRISE <= took_s <= expected_s * SURPRISE:
            return replace(pace, surprises=0)
        if pace.surprises + 1 < SURPRISES:
            return replace(pace, surprises=pace.surprises + 1)
    return Pace(pace.size, stored, took_s)


def _fixed_s(small: int, small_s: float, large: int, large_s: float) -> float:
    """What of both came of no message; 0 when the smaller took so much longer that size cannot be why."""
    if small_s > large_s * SURPRISE:
        return 0.0
    return min(max((large * small_s - small * large_s) / (large - small), 0.0), small_s, large_s)


def wait_s(last: int, company_s: float) -> float:
    """How long the next batch waits for company, after one of `last` messages."""
    return 0.0 if last <= ALONE else company_s
