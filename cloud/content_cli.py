"""`throughline content`: content in a folder checked, published and listed at the machine itself."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Column, Table

from broker.contract.messages import Changed
from broker.contract.topics import MANY, changed_topic
from cloud.audit import service as audit
from cloud.audit.subjects import Subject
from cloud.content import service
from cloud.content.checking import Checked, check
from cloud.db import Transaction
from cloud.errors import ContentRefusedError, InvalidError
from cloud.opened import opened
from cloud.record import service as record
from cloud.settings import load_settings
from mobile_menu.content_files import files_in

app = typer.Typer(help="Menu content.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(help="Folder with the content's files.", exists=True, file_okay=False)]
Profile = Annotated[str | None, typer.Option(help="Whose content it is; left out: named as the folder.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded database and the keys.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
WORDS = "content publish"


@app.command("check")
def check_folder(folder: Folder, profile: Profile = None, as_json: AsJson = False) -> None:
    """Say all that is wrong with content, and which of its own tests fail. Needs no running system."""
    found = check(profile or folder.resolve().name, _files(folder))
    if as_json:
        lines = {"faults": found.faults, "failures": found.failures, "digest": found.digest}
        typer.echo(msgspec.json.encode(lines).decode())
    else:
        for line in _lines(found):
            typer.echo(line)
    if not found.can_be_published:
        raise typer.Exit(1)
    if not as_json:
        typer.echo("it can be published")


@app.command("publish")
def publish(
    folder: Folder,
    profile: Profile = None,
    note: Annotated[str, typer.Option(help="What is new.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Make a folder the newest version of a profile's content; all phones get menus of it."""
    name, files = profile or folder.resolve().name, _files(folder)
    found = check(name, files)
    if not found.can_be_published:
        raise ContentRefusedError("\n".join(_lines(found)))
    if len(note) > service.MAX_NOTE:
        msg = f"a note has {service.MAX_NOTE} characters at most"
        raise InvalidError(msg)
    db, keys = opened(load_settings(data_dir=data_dir))

    def do(tx: Transaction) -> service.Version:
        made = service.publish(tx, name, files, note=note, by=audit.CLI)
        # Nobody here speaks to the broker: whoever has the outbox says it, and a look finds it when nobody does.
        record.send(tx, changed_topic(MANY), msgspec.json.encode(Changed(profiles=(name,))))
        audit.note(tx, keys, audit.by_command(WORDS, Subject("content", name)))
        return made

    try:
        version = db.run(do)
    finally:
        db.dispose()
    typer.echo(f"version {version.version} of {name} is published")


@app.command("list")
def show(
    profile: Annotated[str, typer.Argument(help="Whose content.")], as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """List what was published, the newest first; the last one came with the program."""
    db, _ = opened(load_settings(data_dir=data_dir))
    try:
        with db.reading() as tx:
            found = service.list_versions(tx, profile, limit=1_000)
    finally:
        db.dispose()
    if as_json:
        typer.echo(msgspec.json.encode([one._asdict() for one in found]).decode())
        return
    table = Table(Column("version", justify="right"), "published", "by", "note", Column("digest", no_wrap=True))
    for one in found:
        at = "" if one.published_at is None else one.published_at.isoformat(timespec="minutes")
        table.add_row(str(one.version), at, one.published_by, one.note, one.digest[:12])
    Console().print(table)


def _files(folder: Path) -> dict[str, str]:
    try:
        return files_in(folder)
    except UnicodeDecodeError as error:
        msg = f"a file in {folder} is no UTF-8, at byte {error.start}"
        raise InvalidError(msg) from error


def _lines(found: Checked) -> list[str]:
    return [*map(str, found.faults), *found.failures]
