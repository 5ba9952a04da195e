"""How often one operator's key may call, and be refused: a token bucket for each, of the process that it calls."""

import time
from collections.abc import Callable
from typing import NamedTuple

from mobile_menu.limits import Gate, Limit

CALLS = Limit(burst=2_000, per_minute=12_000)
"""Generous: a console with many open pages or a script that registers a fleet never gets there; a loop that runs wild
does.
"""
REFUSALS = Limit(burst=30, per_minute=10)
"""Each refusal is written down, and the log is for ever; who goes on where they may not, waits."""


class KeyGates(NamedTuple):
    """The gates of operators' calls, by the key's id."""

    calls: Gate
    refusals: Gate


def usual_key_gates(now: Callable[[], float] = time.monotonic) -> KeyGates:
    """Gates with the limits above, all open. now: in seconds."""
    return KeyGates(calls=Gate(CALLS, now), refusals=Gate(REFUSALS, now))
