"""The long runs of the durability tests: `python -m tests.chaos --help`. Their figures go to docs/reference/chaos."""

import argparse
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tests.chaos.page import PAGE, keep, page
from tests.chaos.runs import Order, orders, tried
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.stands import NAMES, Kind
from tests.chaos.trial import Outcome
from tests.ending import heed_sigterm

MESSAGES: Final = 5_000_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    commands = parser.add_subparsers(required=True)
    running = commands.add_parser("run", help="do everything to deployments that work, and compare the books")
    running.add_argument("--messages", type=int, default=MESSAGES, help=f"in all trials; {MESSAGES:,} unless given")
    names = [one.name for one in SCENARIOS]
    running.add_argument("--only", nargs="+", choices=names, default=(), metavar="NAME", help=", ".join(names))
    running.add_argument("--on", nargs="+", choices=list(NAMES), default=list(NAMES), help="deployments")
    running.add_argument("--logs", type=Path, help="keep what the processes say in this folder")
    running.set_defaults(do=_run)
    commands.add_parser("table", help="write the table of the last figures into the page").set_defaults(do=_table)
    given = parser.parse_args()
    failed: bool = given.do(given)
    return int(failed)


def _table(_given: argparse.Namespace) -> bool:
    PAGE.write_text(page(), encoding="utf-8")
    return False


def _run(given: argparse.Namespace) -> bool:
    """One deployment after the other. True when something was not as it should be."""
    heed_sigterm()
    chosen = {kind: some for kind, some in orders(given.messages, given.only).items() if kind in given.on}
    console, wrong = Console(), False
    with tempfile.TemporaryDirectory(prefix="tlchaos-") as made, _progress(console) as progress:
        tasks = _tasks(progress, chosen)
        teller = Teller(progress, tasks)
        for kind, some in chosen.items():
            folder = (given.logs or Path(made)) / kind
            folder.mkdir(parents=True)
            for order, outcome in tried(kind, some, folder, teller):
                progress.update(tasks[_key(order)], completed=order.messages, visible=False)
                keep(kind, outcome, given.messages)
                wrong |= bool(outcome.problems)
                _show(console, outcome)
    return wrong


def _key(order: Order) -> tuple[str, Kind]:
    return order.scenario.name, order.kind


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


def _tasks(progress: Progress, chosen: Mapping[Kind, list[Order]]) -> dict[tuple[str, Kind], TaskID]:
    """A bar for the whole, and one for each trial, which is seen once it has begun."""
    every = [order for some in chosen.values() for order in some]
    tasks = {
        _key(one): progress.add_task(f"{one.scenario.name}, {NAMES[one.kind]}", total=one.messages, visible=False)
        for one in every
    }
    tasks["all", "embedded"] = progress.add_task("all", total=sum(one.messages for one in every))
    return tasks


class Teller:
    """Moves the bars."""

    def __init__(self, progress: Progress, tasks: Mapping[tuple[str, Kind], TaskID]) -> None:
        self._progress = progress
        self._tasks = tasks
        self._said: dict[tuple[str, Kind], int] = {}
        self._lock = threading.Lock()

    def __call__(self, order: Order, said: int) -> None:
        with self._lock:
            self._said[_key(order)] = min(said, order.messages)
            self._progress.update(self._tasks[_key(order)], completed=said, visible=True)
            self._progress.update(self._tasks["all", "embedded"], completed=sum(self._said.values()))


def _show(console: Console, outcome: Outcome) -> None:
    lost = f"lost {outcome.lost}, of those that do not follow {outcome.lost_unheard}; twice {outcome.doubled}"
    console.print(
        f"{outcome.fault}, {outcome.stand}: {outcome.acknowledged:,} acknowledged, {outcome.said_again:,} again;"
        f" {lost}; twins wrong {outcome.twins_wrong} of {outcome.twins}; series wrong"
        f" {outcome.series_wrong} of {outcome.series}; {outcome.seconds:.0f} s",
        *(f"({note})" for note in outcome.notes),
        highlight=False,
    )
    for problem in outcome.problems:
        console.print(f"  [bold red]wrong[/]: {problem}", highlight=False)


if __name__ == "__main__":
    raise SystemExit(main())
