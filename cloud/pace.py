"""How much of what waits goes into one transaction, and whether a transaction waits for more: by how long the last ones
took. Pure.

A larger transaction is cheaper for each message; but what it has locked stays locked for longer, and its devices wait.
So the size is what the database, as it is now, stores in about `AIM_S`. Nothing here makes a batch wait for that size:
what is there goes.
"""

from typing import Final

AIM_S: Final = 0.15
LEAST: Final = 250
"""Below so many messages the transaction itself is what costs, however long it takes."""
GROWS_BY: Final = 4
"""A part of the batch, after each full one: some ten of them lead from the least to the most."""
MAX_BATCH_DEVICES: Final = 2_000
"""Each takes a lock of the database, where there is room for some thousands."""
ALONE: Final = 2
"""Whoever comes in such a batch has no company worth waiting for."""


def next_size(size: int, stored: int, took_s: float, most: int) -> int:
    """Messages of the next batch at most, after one of `size` at most in which `stored` were, and which took so long.

    One moment in which the disk stood still halves it at most.
    """
    fitting = most if stored * AIM_S >= most * took_s else int(stored * AIM_S / took_s)
    if took_s > AIM_S:
        size = min(size, max(fitting, size // 2))
    elif stored >= size:
        size = min(size + size // GROWS_BY + 1, fitting)
    return min(max(size, LEAST), most)


def wait_s(last: int, company_s: float) -> float:
    """How long the next batch waits for company, after one of `last` messages."""
    return 0.0 if last <= ALONE else company_s
