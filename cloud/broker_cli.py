"""`throughline broker config` and `throughline broker guard`: for a broker that is not embedded."""

import os
import signal
import threading
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cloud import broker_files, brokers, compose
from cloud.broker_guard import Enforcer, Guard
from cloud.db import Database
from cloud.emqx_enforcer import EmqxEnforcer
from cloud.errors import SetupError
from cloud.identity import service as identity
from cloud.logs import set_up
from cloud.mosquitto_enforcer import MosquittoEnforcer
from cloud.opened import opened
from cloud.secrets import Keys
from cloud.settings import Settings, load_settings

app = typer.Typer(help="The embedded broker, and what another one needs.")
DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded database and the keys.")]


class Kind(StrEnum):
    """Brokers whose files we make."""

    MOSQUITTO = "mosquitto"
    EMQX = "emqx"


@app.command("config")
def config(
    kind: Annotated[Kind, typer.Argument(help="mosquitto (2.0), or emqx (5.8 or newer).")],
    out: Annotated[Path | None, typer.Option(help="Folder for the files; left out: one in the data folder.")] = None,
    user: Annotated[str, typer.Option(help="Whom Mosquitto becomes when it is started as root.")] = "mosquitto",
    plain_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of a listener for devices of this machine, with passwords; 0: none.")
    ] = 0,
    data_dir: DataDir = None,
) -> None:
    """Write a complete, commented configuration, with certificates and the same rules as the embedded broker's."""
    settings = load_settings(data_dir=data_dir, broker="external")
    brokers.check(settings)
    folder = out or settings.data_dir / kind.value
    db, keys = opened(settings)
    if kind is Kind.MOSQUITTO:
        files = broker_files.mosquitto_folder(settings, keys, db, folder, user=user, plain_port=plain_port)
    else:
        files = broker_files.emqx_folder(settings, keys, folder)
    db.dispose()
    broker_files.write_folder(folder, files)
    typer.echo("\n".join(_next_steps(kind, folder, user)))


def _next_steps(kind: Kind, folder: Path, user: str) -> list[str]:
    written = f"{folder} holds the files. They are secrets: for the broker alone."
    if kind is Kind.MOSQUITTO:
        owner = [f"  chown -R {user}: {folder}"] if os.geteuid() == 0 else []
        return [written, *owner, f"  mosquitto -c {folder / 'mosquitto.conf'}", f"  throughline broker guard {folder}"]
    return [
        written,
        f"  EMQX_NODE__NAME=… emqx foreground, with {folder / 'emqx.conf'} as etc/emqx.conf",
        "  THROUGHLINE_EMQX_URL=http://127.0.0.1:18083 throughline broker guard",
        "These files are not run by Throughline's tests: try a revoked certificate before you trust them.",
    ]


@app.command("guard")
def guard(
    folder: Annotated[
        Path | None, typer.Argument(help="Mosquitto's files, as `config` wrote them; left out: EMQX, at emqx_url.")
    ] = None,
    data_dir: DataDir = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Cut revoked devices off while they are connected, and keep certificates and revocation list fresh."""
    settings = load_settings(data_dir=data_dir, log_level=log_level, broker="external")
    set_up(settings.log_level, settings.log_format, "guard")
    stop = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda _number, _frame: stop.set())
    db, keys = opened(settings)
    try:
        watch = Guard(db, enforcer(settings, keys, db, folder))
        watch.run(stop, lambda: typer.echo("ready"))
    finally:
        db.dispose()


def enforcer(settings: Settings, keys: Keys, db: Database, folder: Path | None) -> Enforcer:
    """What the guard works with. Raises SetupError when there is neither a folder of Mosquitto's nor an EMQX."""
    if folder is None:
        if not settings.emqx_url:
            msg = "name the folder of Mosquitto's files, or EMQX's API by THROUGHLINE_EMQX_URL"
            raise SetupError(msg)
        return EmqxEnforcer(settings.emqx_url, keys.emqx_key, settings.data_dir / "guard-emqx.json")
    if not (folder / "mosquitto.conf").is_file():
        msg = f"{folder} holds no mosquitto.conf; `throughline broker config mosquitto --out {folder}` makes one"
        raise SetupError(msg)

    def has_password(product_id: str) -> bool:
        with db.reading() as tx:
            found = identity.device_secret(tx, product_id)
        return found is not None and not found[1]

    files = broker_files.ChangingFiles(settings, keys, db)
    return MosquittoEnforcer(folder, files, compose.broker_address(settings, keys), has_password)
