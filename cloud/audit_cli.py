"""`throughline audit`: the log read and proved at the machine itself, with the services up or not."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cloud.audit import service
from cloud.audit.chain import read_hash
from cloud.audit.verifying import Verdict, verify
from cloud.opened import made_database, opened
from cloud.settings import load_settings

app = typer.Typer(help="The audit log.", no_args_is_help=True)
DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded database and the keys.")]


@app.command("verify")
def prove(
    head: Annotated[
        str | None, typer.Option(help="A head that was noted before: proves that the log still begins with it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    data_dir: DataDir = None,
) -> int:
    """Follow the whole chain, name the first broken entry, and print the head to note. Status 1 when it is broken."""
    wanted = None if head is None else read_hash(head)
    if head is not None and wanted is None:
        msg = "a head is 64 hexadecimal digits"
        raise typer.BadParameter(msg)
    db = made_database(load_settings(data_dir=data_dir))
    columns = (TextColumn("verifying"), BarColumn(), MofNCompleteColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True, disable=as_json) as progress:
            task = progress.add_task("verify", total=None)
            found = verify(db, wanted, lambda done, of: progress.update(task, completed=done, total=of))
    finally:
        db.dispose()
    sound = found.broken is None and (wanted is None or found.found is not None)
    if as_json:
        typer.echo(msgspec.json.encode(_document(found, asked=wanted is not None, sound=sound)).decode())
    else:
        for line in _lines(found, asked=wanted is not None):
            typer.echo(line)
    return 0 if sound else 1


def _document(found: Verdict, *, asked: bool, sound: bool) -> dict[str, Any]:
    broken = None if found.broken is None else {"seq": found.broken.seq, "why": found.broken.why.value}
    noted = {"noted_head_at": found.found} if asked else {}
    return {"sound": sound, "entries": found.head.seq, "head": found.head.hash.hex(), "broken": broken, **noted}


def _lines(found: Verdict, *, asked: bool) -> list[str]:
    lines = []
    if found.broken is None:
        lines.append(f"{found.head.seq} entries, each as it was written")
        lines.append(f"head {found.head.hash.hex()}")
    else:
        lines.append(f"broken at entry {found.broken.seq}: {found.broken.why.value.replace('_', ' ')}")
        lines.append(f"sound before it: {found.head.seq} entries")
    if asked:
        missing = "the head that you noted is not in it: the log was rewritten, or cut"
        lines.append(missing if found.found is None else f"the head that you noted is entry {found.found}")
    return lines


@app.command("show")
def show(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest.")] = 20,
    before: Annotated[int | None, typer.Option(min=1, help="Only entries before this number.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only of this one: key:ID, cli or system.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only about what has this id.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, an entry a line.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Show entries, the newest last."""
    db, keys = opened(load_settings(data_dir=data_dir))
    try:
        with db.reading() as tx:
            rows = service.page_of(tx, keys, before=before, limit=limit, actor=actor, subject=subject)[::-1]
    finally:
        db.dispose()
    entries = [service.shown(row) for row in rows]
    for entry in entries:
        typer.echo(msgspec.json.encode(entry).decode() if as_json else _line(entry))


def _line(entry: dict[str, Any]) -> str:
    """One entry on one line, however long: it is read by people and cut up by other programs."""
    about = f"{entry['subject_kind']} {entry['subject_id']}".strip()
    when = f"{entry['at'][:19]}Z"
    who, what = f"{entry['actor']:<30}  {entry['outcome']:<9}", f"{entry['action']:<18}"
    return f"{entry['seq']:>6}  {when}  {who}  {what}  {about}".rstrip()
