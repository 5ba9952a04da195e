"""Decisions of claiming: how often one may try, and what a claim makes of somebody. Pure."""

from datetime import datetime, timedelta
from typing import NamedTuple

WINDOW = timedelta(minutes=15)
MAX_FAILURES = 5


class Attempts(NamedTuple):
    """Failed attempts of one person on one unit since `window_start`."""

    failures: int
    window_start: datetime


def may_try(known: Attempts | None, now: datetime) -> bool:
    """At most `MAX_FAILURES` failures in `WINDOW`; counted per person, so that a stranger locks nobody else out."""
    return known is None or now - known.window_start >= WINDOW or known.failures < MAX_FAILURES


def after_failure(known: Attempts | None, now: datetime) -> Attempts:
    """The count with one more failure; a new window, when the old one has passed."""
    if known is None or now - known.window_start >= WINDOW:
        return Attempts(1, now)
    return Attempts(known.failures + 1, known.window_start)
