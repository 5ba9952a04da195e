"""Waiting for what nobody announces: it is asked for again and again, up to a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

from cloud.errors import SetupError

Found = TypeVar("Found")


def await_that(
    found: Callable[[], Found | None],
    problem: Callable[[], str],
    *,
    within_s: float,
    every_s: float = 0.1,
    over: Callable[[], bool] = lambda: False,
) -> Found:
    """What `found` answers, once that is true in itself. over: it never will be.

    Raises SetupError with the problem, as it is by then, when it is over or takes longer than `within_s`.
    """
    until = time.monotonic() + within_s
    while not (answer := found()):
        if over() or time.monotonic() > until:
            raise SetupError(problem())
        time.sleep(every_s)  # what is waited for tells nobody when it comes
    return answer
