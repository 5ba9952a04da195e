"""What a bench is asked, and what it answers."""

from collections.abc import Callable
from typing import Any

import msgspec

from cloud.bench.report import Row

Step = Callable[[str, int, int], None]
"""Told what is measured now, how many steps are done, and of how many."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """messages: None for each bench's own. rate: background messages a second."""

    runs: int = 3
    devices: int = 1_000
    messages: int | None = None
    rate: float = 100.0


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, on what, and how."""

    rows: tuple[Row, ...]
    machine: dict[str, Any]
    method: str
    notes: tuple[str, ...] = ()
