"""What a bench is asked, and what it answers."""

from collections.abc import Callable
from typing import Any

import msgspec

from cloud.bench.report import Row

Step = Callable[[str, int, int], None]
"""Told what is measured now, how many steps are done, and of how many."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """workers: that share the load, measured beside one alone. devices: who speak. messages, rate (in the background, a
    second): None for each bench's own. registered: devices in the registry, and journeys. connections: of silent
    devices. minutes: that are watched. away_minutes: of which the database is away. day_minutes: how long
    a day of the deployment lasts; None: a day.
    """

    runs: int = 3
    workers: int = 2
    devices: int = 1_000
    messages: int | None = None
    rate: float | None = None
    registered: int = 1_000_000
    connections: int = 10_000
    minutes: float = 1.0
    away_minutes: float = 0.5
    day_minutes: float | None = None


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, on what, and how."""

    rows: tuple[Row, ...]
    machine: dict[str, Any]
    method: str
    notes: tuple[str, ...] = ()
