"""`throughline ca …`: the certificate authority, at the machine itself. The root's passphrase is on no command line."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from cloud import compose
from cloud.errors import SetupError
from cloud.identity import authority, authority_files
from cloud.identity.authority_files import OFFLINE_ROOT, ROOT_KEY, Authority
from cloud.opened import note_in, opened_if_started
from cloud.secrets import load_keys
from cloud.settings import Settings, load_settings

MIN_PASSPHRASE = 16
app = typer.Typer(help="The certificate authority that devices' identities come from.", no_args_is_help=True)
DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded database and the keys.")]
PassphraseFile = Annotated[
    Path | None, typer.Option(help="File that holds the passphrase of the root's key; left out: see below.")
]


@app.command("init")
def init(
    offline: Annotated[Path, typer.Option(help="Where the root's key goes: a folder that you then take away.")],
    passphrase_file: PassphraseFile = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Give up the authority that is there; its devices must renew or enrol.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Make a root and an issuing authority.

    The root's key is encrypted; its passphrase is made and shown this once, unless a file holds one.
    """
    settings = load_settings(data_dir=data_dir)
    made = None if passphrase_file else authority_files.new_passphrase()
    passphrase, console = made or _read(passphrase_file), Console()
    with _noting(settings, "ca init") as note:
        keys, now = load_keys(settings.keys_dir), compose.make_clock(settings)()
        authority_files.make(settings.keys_dir, keys, now, offline=offline, passphrase=passphrase, replace=replace)
        if made is not None:  # before anything else that may fail: it is kept nowhere
            where = escape(str(offline.absolute()))
            text = f"[bold]{made}[/]\n\nIt opens {where}/{ROOT_KEY}, and is shown this once."
            console.print(Panel(text, title="Passphrase of the root's key", expand=False))
        note()
    _show(authority_files.load(settings.keys_dir, keys), settings, console)


@app.command("renew")
def renew(
    offline: Annotated[Path, typer.Option(help="The folder with the root's key.")],
    passphrase_file: PassphraseFile = None,
    data_dir: DataDir = None,
) -> None:
    """Make a new issuing key, signed by the root; what the earlier ones certified stays valid.

    The passphrase is asked for, unless a file holds it. Services that run take the new key by themselves.
    """
    settings = load_settings(data_dir=data_dir)
    passphrase = _read(passphrase_file) if passphrase_file else typer.prompt("Passphrase", hide_input=True).strip()
    with _noting(settings, "ca renew") as note:
        keys, now = load_keys(settings.keys_dir), compose.make_clock(settings)()
        known = authority_files.renew(settings.keys_dir, keys, now, offline=offline, passphrase=passphrase)
        note()
    _show(known, settings, Console())


@contextlib.contextmanager
def _noting(settings: Settings, words: str) -> Iterator[Callable[[], None]]:
    """What puts the command into the audit log; nothing before the first start, when there is no log yet.

    The database is opened before the command does anything. Raises SetupError when it does not answer.
    """
    found = opened_if_started(settings)
    if found is None:
        yield lambda: None
        return
    try:
        yield lambda: note_in(found, words)
    finally:
        found.db.dispose()


@app.command("show")
def show(data_dir: DataDir = None, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show the root and the issuing authorities."""
    settings = load_settings(data_dir=data_dir)
    known = authority_files.load(settings.keys_dir, load_keys(settings.keys_dir))
    if as_json:
        Console().print_json(msgspec.json.encode(facts(known, settings)).decode())
    else:
        _show(known, settings, Console())


def facts(known: Authority, settings: Settings) -> dict[str, Any]:
    """What `ca show` says. root_key: where the root's key still lies beside the data; None when it was taken away."""
    left = settings.keys_dir / OFFLINE_ROOT / ROOT_KEY
    return {
        "root": _certificate(known.root),
        "issuing": [_certificate(one.certificate) for one in known.issuers],
        "root_key": str(left.absolute()) if left.exists() else None,
    }


def _certificate(one: Any) -> dict[str, Any]:
    return {
        "name": one.subject.rfc4514_string(),
        "not_before": one.not_valid_before_utc,
        "not_after": one.not_valid_after_utc,
        "sha256": authority.fingerprint(authority.der(one)).hex(),
    }


def _show(known: Authority, settings: Settings, console: Console) -> None:
    said = facts(known, settings)
    table = Table(title="Certificate authority", title_justify="left")
    for column in ("", "name", "valid until", "SHA-256"):
        table.add_column(column, overflow="fold")
    rows = [("root", said["root"]), *(("issued", one) for one in said["issuing"][:-1]), ("issues", said["issuing"][-1])]
    for what, one in rows:
        table.add_row(what, one["name"], _day(one["not_after"]), one["sha256"])
    console.print(table)
    if said["root_key"] is not None:
        console.print(f"The root's key lies at {escape(said['root_key'])}, encrypted: take that folder offline.")


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _read(path: Path | None) -> str:
    """The passphrase in a file. Raises SetupError for one that cannot be read or is too short."""
    try:
        found = "" if path is None else path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"cannot read {path}"
        raise SetupError(msg) from error
    if len(found) < MIN_PASSPHRASE:
        msg = f"{path}: a passphrase has {MIN_PASSPHRASE} characters at least"
        raise SetupError(msg)
    return found
