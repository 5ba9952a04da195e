"""`throughline doctor`: a deployment looked over, at the machine itself, with the services up or not."""

import logging
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Column, Table

from cloud.doctor.checks import Finding, State, worst
from cloud.doctor.looking import look_over
from cloud.opened import unmade_database
from cloud.settings import Settings, load_settings

EXIT: Final = {State.OK: 0, State.WARN: 1, State.BAD: 2}
_COLOURS: Final = {State.OK: "green", State.WARN: "yellow", State.BAD: "red"}


def doctor(
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded database and the keys.")] = None,
    mosquitto: Annotated[
        Path | None,
        typer.Option(help="Mosquitto's configuration, or its folder; left out: the one in the data folder, if any."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> int:
    """Look a deployment over, and say what to change. Exit status: 0 all well, 1 warnings, 2 bad."""
    settings = load_settings(data_dir=data_dir)
    logging.disable()  # what is found is said once, in its place
    try:
        found = look_over(settings, lambda: unmade_database(settings), mosquitto or _own_config(settings))
    finally:
        logging.disable(logging.NOTSET)
    if as_json:
        Console().print_json(data=[_shown(one) for one in found])
    else:
        _print(found)
    return EXIT[worst(found)]


def _own_config(settings: Settings) -> Path | None:
    folder = settings.data_dir / "mosquitto"
    return folder if (folder / "mosquitto.conf").is_file() else None


def _shown(finding: Finding) -> dict[str, str]:
    check = finding.check
    shown = {"code": check.code, "state": finding.state.value, "title": check.title, "seen": finding.seen}
    return shown if finding.state is State.OK else {**shown, "why": check.why, "mend": check.mend}


def _print(found: list[Finding]) -> None:
    console = Console()
    table = Table(Column("", no_wrap=True), Column("code", no_wrap=True), "what", "seen", box=None)
    for one in found:
        colour = _COLOURS[one.state]
        table.add_row(f"[{colour}]{one.state.value}[/]", one.check.code, one.check.title, one.seen)
    console.print(table)
    ill = [one for one in found if one.state is not State.OK]
    if not ill:
        console.print("\n[green]All well.[/]")
    for one in ill:
        console.print(f"\n[{_COLOURS[one.state]}]{one.check.code}[/]: {one.check.why}")
        console.print(f"  {one.check.mend}", markup=False)
