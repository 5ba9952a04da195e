"""`throughline bench NAME`: runs a bench, shows it, and on request writes it into the documentation."""

import importlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cloud.bench import markdown
from cloud.bench.options import Bench, Options, Step
from cloud.bench.report import Report, Row, number

_USUAL: Final = Options()
DOCS = Path(__file__).parents[2] / "docs" / "reference"


class Name(StrEnum):
    """What can be measured."""

    DECODE = "decode"
    INGEST = "ingest"
    MENU = "menu"
    LATENCY = "latency"
    STORAGE = "storage"
    FLEET = "fleet"
    MEMORY = "memory"
    IDLE = "idle"


def add_to(app: typer.Typer) -> None:
    """Adds `bench` to the command line."""
    app.command("bench")(bench)


def bench(
    name: Annotated[Name, typer.Argument(help="What to measure.")],
    runs: Annotated[int, typer.Option(min=1, help="Runs of each; medians are shown.")] = _USUAL.runs,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write the figures into docs/reference.")] = False,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="ingest: workers that share the load, beside one alone; 1: only that.")
    ] = _USUAL.workers,
    devices: Annotated[
        int, typer.Option(min=1, max=100_000, help="ingest, fleet, memory: devices that speak.")
    ] = _USUAL.devices,
    messages: Annotated[
        int | None, typer.Option(min=1, help="ingest, fleet: messages of a run. latency: changes.")
    ] = _USUAL.messages,
    rate: Annotated[
        float | None,
        typer.Option(min=0, help="latency: messages a second in the background; left out: what the goals say."),
    ] = _USUAL.rate,
    registered: Annotated[
        int, typer.Option(min=1, max=10_000_000, help="fleet: devices in the registry. idle: sleeping journeys.")
    ] = _USUAL.registered,
    connections: Annotated[
        int, typer.Option(min=1, max=60_000, help="idle: silent devices that are connected.")
    ] = _USUAL.connections,
    minutes: Annotated[
        float, typer.Option(min=0.05, max=1_440, help="memory: at full speed. idle: that are watched, runs together.")
    ] = _USUAL.minutes,
    away_minutes: Annotated[
        float, typer.Option(min=0.05, max=1_440, help="memory: how long the database is away.")
    ] = _USUAL.away_minutes,
    day_minutes: Annotated[
        float | None,
        typer.Option(
            min=0.05, max=1_440, help="memory: how long a day lasts, so that old telemetry goes; left out: 24 h."
        ),
    ] = _USUAL.day_minutes,
) -> None:
    """Measure this machine: starts what it needs on free ports, and stops it again."""
    options = Options(
        runs=runs,
        workers=workers,
        devices=devices,
        messages=messages,
        rate=rate,
        registered=registered,
        connections=connections,
        minutes=minutes,
        away_minutes=away_minutes,
        day_minutes=day_minutes,
    )
    report = run(name, options, Console(stderr=True))
    if as_json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        show(report, Console())
    if write:
        write_down(report, DOCS)


def run(name: Name, options: Options, console: Console) -> Report:
    """Measures with a progress bar on `console`, which is shown on a terminal only."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(name.value, total=None)

        def step(what: str, done: int, total: int) -> None:
            progress.update(task, description=f"{name.value}: {what}", completed=done, total=total)

        date = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        found = _bench(name)(options, step)
    return Report(
        bench=name.value, date=date, machine=found.machine, rows=found.rows, method=found.method, notes=found.notes
    )


def _bench(name: Name) -> Callable[[Options, Step], Bench]:
    """Imported when asked for: each draws in what only it needs."""
    found: Callable[[Options, Step], Bench] = importlib.import_module(f"cloud.bench.{name.value}").bench
    return found


def show(report: Report, console: Console) -> None:
    """The figures, for a person."""
    table = Table(title=f"bench {report.bench}", title_justify="left")
    for name in ("what", "median", "min – max", "reference", "ratio", "goal"):
        table.add_column(name, justify="right" if name in {"median", "min – max", "ratio"} else "left")
    for one in report.rows:
        table.add_row(*_cells(one))
    console.print(table)
    for one in report.rows:
        if one.parts:
            spent = ", ".join(f"{name} {number(value)}" for name, value in one.parts.items())
            console.print(f"• {one.what}: µs of a core each: {spent}", markup=False)
    for note in report.notes:
        console.print(f"• {note}", markup=False)
    console.print(f"on {markdown.machine_line(report.machine)}", style="dim", markup=False)


def _cells(one: Row) -> list[str]:
    beside = "" if one.reference_value is None else f"{one.reference}: {number(one.reference_value)}"
    ratio = "" if one.ratio is None else number(one.ratio)
    verdict = "" if one.met is None else f"{one.goal} {'met' if one.met else 'not met'}"
    return [
        one.what,
        f"{number(one.value)} {one.unit}",
        f"{number(one.min)} – {number(one.max)}",
        beside,
        ratio,
        verdict,
    ]


def write_down(report: Report, folder: Path) -> None:
    """The raw figures as JSON, and the section in `performance.md`; the rest of the page stays."""
    raw = folder / "bench" / f"{report.bench}.json"
    raw.parent.mkdir(parents=True, exist_ok=True)
    raw.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    page = folder / "performance.md"
    before = page.read_text() if page.exists() else ""
    page.write_text(markdown.with_section(before, report.bench, markdown.section_of(report)))
