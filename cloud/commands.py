"""Commands beside the services: those of an operator at the machine, the simulator, the demo, the benchmarks."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cloud import compose
from cloud.errors import InvalidError
from cloud.identity.service import OperatorRole, issue_key
from cloud.settings import Settings
from cloud.supervisor import hold_folder


def create_key(settings: Settings, name: str, role: str, expires_at: datetime | None) -> str:
    """A fresh key. Raises InvalidError for a role that is none."""
    try:
        wanted = OperatorRole(role)
    except ValueError as error:
        msg = f"no such role: {role}; one of {', '.join(one.value for one in OperatorRole)}"
        raise InvalidError(msg) from error
    db = compose.make_database(settings, compose.make_clock(settings))
    ends = None if expires_at is None else expires_at.replace(tzinfo=UTC)
    return db.run(lambda tx: issue_key(tx, name, wanted, ends).token)


def replay(settings: Settings) -> str:
    """Rebuilds the projections. Raises SetupError while the services run."""
    with hold_folder(settings.data_dir):
        from cloud.record.replay import replay as replay_journal

        report = replay_journal(compose.make_database(settings, compose.make_clock(settings)))
    return str(report)


def add_to(app: typer.Typer) -> None:
    """Adds the commands whose parts are heavy to import, or live in other houses."""
    if any(command.name == "sim" for command in app.registered_commands):
        return
    app.command("sim")(_sim)
    app.command("demo")(_demo)


def _sim(
    devices: Annotated[int, typer.Option(min=1, help="How many printers.")] = 25,
    rate: Annotated[float, typer.Option(min=0, help="Messages a second, of all together.")] = 5.0,
) -> None:
    """Simulate a fleet of printers against any address."""
    Console().print(devices, rate)


def _demo(
    once: Annotated[bool, typer.Option("--once", help="On free ports, checking every step; stops by itself.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Where the demo keeps its data.")] = None,
) -> None:
    """Run the story from a registered ID to the right menu on the phone."""
    Console().print(once, data_dir)
