"""`throughline keys`: operators' keys, made, listed and ended at the machine itself, with the services up or not."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Column, Table

from cloud.audit import service as audit
from cloud.audit.subjects import Subject
from cloud.db import Transaction
from cloud.errors import InvalidError
from cloud.identity import operators
from cloud.identity.permissions import OperatorRole
from cloud.opened import opened
from cloud.settings import load_settings

app = typer.Typer(help="Operators' keys.", no_args_is_help=True)
DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded database and the keys.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
_SPAN: Final = re.compile(r"([1-9][0-9]{0,4})([hdw])")
_HOURS: Final = {"h": 1, "d": 24, "w": 168}


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Whose it is.")],
    role: Annotated[str, typer.Option(help="viewer, operator, marketer, agent or admin.")] = "operator",
    scope: Annotated[
        list[str] | None,
        typer.Option(help="Narrows the role to this permission (units.read) or kind (units); may be given again."),
    ] = None,
    expires_at: Annotated[datetime | None, typer.Option(help="When it ends, in UTC.")] = None,
    expires_in: Annotated[str | None, typer.Option(help="Or after how long: 12h, 90d, 4w.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Make a key; it is printed this once."""
    if expires_at is not None and expires_in is not None:
        msg = "one of --expires-at and --expires-in, not both"
        raise typer.BadParameter(msg)
    span = None if expires_in is None else _span(expires_in)
    settings = load_settings(data_dir=data_dir)
    wanted = _role(role)
    db, keys = opened(settings)

    def make(tx: Transaction) -> operators.IssuedKey:
        ends = tx.now + span if span else expires_at.replace(tzinfo=UTC) if expires_at else None
        issued = operators.issue_key(tx, name, wanted, ends, scopes=scope or None, max_age=settings.key_max_age)
        audit.note(tx, keys, audit.by_command("keys create", Subject("key", issued.id)))
        return issued

    try:
        issued = db.run(make)
    except InvalidError as error:
        raise InvalidError("; ".join(f"{one.pointer[1:]}: {one.detail}" for one in error.problems)) from error
    finally:
        db.dispose()
    typer.echo(msgspec.json.encode(issued).decode() if as_json else issued.token)


def _role(text: str) -> OperatorRole:
    try:
        return OperatorRole(text)
    except ValueError as error:
        msg = f"no such role: {text}; one of {', '.join(one.value for one in OperatorRole)}"
        raise InvalidError(msg) from error


def _span(text: str) -> timedelta:
    """12h, 90d or 4w. Raises typer.BadParameter."""
    found = _SPAN.fullmatch(text)
    if found is None:
        msg = f"{text!r} is no time span; such as 12h, 90d or 4w"
        raise typer.BadParameter(msg)
    return timedelta(hours=int(found[1]) * _HOURS[found[2]])


@app.command("list")
def show(
    every: Annotated[bool, typer.Option("--all", help="Those that have ended too.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List the keys: whose, what for, until when. A key itself is nowhere to be seen again."""
    settings = load_settings(data_dir=data_dir)
    db, _ = opened(settings)
    try:
        with db.reading() as tx:
            known = operators.list_keys(tx, settings.key_max_age)
            now = tx.now
    finally:
        db.dispose()
    wanted = [one for one in known if every or one.is_valid(now)]
    if as_json:
        rows = [{**msgspec.to_builtins(one), "state": _state(one, now)} for one in wanted]
        typer.echo(msgspec.json.encode(rows).decode())
        return
    table = Table(Column("id", no_wrap=True, min_width=26), "name", "role", "scopes", "state", "ends", "last used")
    for one in wanted:
        ends = "never" if one.expires_at is None else one.expires_at.date().isoformat()
        used = "never" if one.last_used_on is None else one.last_used_on.isoformat()
        table.add_row(one.id, one.name, one.role, " ".join(one.scopes or ()) or "all", _state(one, now), ends, used)
    Console().print(table)


def _state(key: operators.KnownKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "valid" if key.is_valid(now) else "expired"


@app.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument(help="Its id, as in the list.")], data_dir: DataDir = None) -> None:
    """End a key, from its next call on. Here this works for the last key of an admin, too."""
    settings = load_settings(data_dir=data_dir)
    db, keys = opened(settings)

    def end(tx: Transaction) -> bool:
        operators.revoke_key(tx, key_id)
        audit.note(tx, keys, audit.by_command("keys revoke", Subject("key", key_id)))
        return operators.has_admin(tx, settings.key_max_age)

    try:
        admin_left = db.run(end)
    finally:
        db.dispose()
    typer.echo(f"revoked {key_id}")
    if not admin_left:
        typer.echo("no key of an admin is left; `throughline keys create NAME --role admin` makes one", err=True)
