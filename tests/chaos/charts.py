"""What the series of a durability run must say: a fold over what is stored, by the script. Pure.

It has everything before it and joins nothing, and shares no line with the product's series, which are made a little at
a time, by whoever lives. Its sums are exact: every value of the script is a multiple of a quarter.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from tests.chaos.script import said

EXAMPLES: Final = 3


class Point(NamedTuple):
    """A telemetry message that is stored, and where it stands in time."""

    product_id: str
    boot: int
    seq: int
    time: datetime


class Cell(NamedTuple):
    """One field of one bucket. every: minute, hour or day."""

    every: str
    product_id: str
    start: datetime
    name: str
    unit: str


class Sum(NamedTuple):
    """What a cell must say."""

    times: int
    low: float
    high: float
    total: float
    last: float


def charted(points: Iterable[Point]) -> dict[Cell, Sum]:
    """Every cell that these messages make, each of which is there once."""
    found: dict[Cell, Sum] = {}
    for point in sorted(points, key=lambda one: (one.time, one.boot, one.seq)):
        for one in said(point.boot, point.seq).fields["measurements"]:
            value = float(one["value"])
            for every, start in _places(point.time):
                cell = Cell(every, point.product_id, start, one["name"], one["unit"])
                times, low, high, total, _ = found.get(cell, Sum(0, value, value, 0.0, value))
                found[cell] = Sum(times + 1, min(low, value), max(high, value), total + value, value)
    return found


def _places(time: datetime) -> Iterator[tuple[str, datetime]]:
    minute = time.replace(second=0, microsecond=0)
    yield "minute", minute
    yield "hour", minute.replace(minute=0)
    yield "day", minute.replace(hour=0, minute=0)


def differing(found: Mapping[Cell, Sum], wanted: Mapping[Cell, Sum]) -> list[str]:
    """The cells that are not as they must be, in words."""
    cells = sorted(cell for cell in found.keys() | wanted.keys() if found.get(cell) != wanted.get(cell))
    return [f"{cell}: {found.get(cell)}, and must be {wanted.get(cell)}" for cell in cells]
