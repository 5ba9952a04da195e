"""The form of a benchmark's result: medians beside a reference, and the goals that they are held against. Pure."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Literal

import msgspec


class Goal(msgspec.Struct, frozen=True):
    """What a figure shall reach. of: which figure of the row, its value or its ratio to the reference."""

    limit: float
    of: Literal["value", "ratio"] = "value"
    at_most: bool = False

    def __str__(self) -> str:
        sign = "≤" if self.at_most else "≥"
        return f"{self.of} {sign} {self.limit:,g}"

    def holds(self, figure: float) -> bool:
        return figure <= self.limit if self.at_most else figure >= self.limit


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure. value: the median of the runs. ratio: value / reference_value, both of the same run of the bench.

    parts: processor time of each process, in microseconds of one core for each message, request or change.
    runs: each run's figure, in order.
    """

    what: str
    unit: str
    value: float
    min: float
    max: float
    reference: str = ""
    reference_value: float | None = None
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None
    parts: dict[str, float] = {}
    runs: tuple[float, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A bench's result. method: how it was measured, in words; notes: what was checked or was not there."""

    bench: str
    date: str
    machine: dict[str, Any]
    rows: tuple[Row, ...]
    method: str = ""
    notes: tuple[str, ...] = ()


def row(
    what: str,
    unit: str,
    runs: Sequence[float],
    *,
    reference: str = "",
    reference_runs: Sequence[float] = (),
    goal: Goal | None = None,
    parts: Sequence[Mapping[str, float]] = (),
) -> Row:
    """A row of these runs. Raises statistics.StatisticsError when there are none."""
    value = median(runs)
    beside = median(reference_runs) if reference_runs else None
    ratio = value / beside if beside else None
    return Row(
        what=what,
        unit=unit,
        value=value,
        min=min(runs),
        max=max(runs),
        reference=reference,
        reference_value=beside,
        ratio=ratio,
        goal=str(goal) if goal else "",
        met=_met(goal, value, ratio),
        parts=median_parts(parts),
        runs=tuple(runs),
    )


def _met(goal: Goal | None, value: float, ratio: float | None) -> bool | None:
    if goal is None:
        return None
    figure = value if goal.of == "value" else ratio
    return None if figure is None else goal.holds(figure)


def median_parts(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of each part over the runs in which it was measured."""
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: median(run[name] for run in runs if name in run) for name in names}


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of them do not exceed (nearest rank). Raises ValueError for none."""
    if not values or not 0 < percent <= 100:
        msg = "percentiles above 0 and up to 100, of at least one value"
        raise ValueError(msg)
    rank = -(-len(values) * percent // 100)
    return sorted(values)[int(rank) - 1]


def number(value: float) -> str:
    """A figure as a person reads it: no more digits than it is worth."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
