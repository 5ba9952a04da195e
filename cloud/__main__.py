"""The command line. Exit status: 0 done, 1 failed, 2 used wrongly."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from typer.exceptions import Abort, TyperException

from broker.contract.errors import ThroughlineError
from cloud import broker_cli, commands, compose
from cloud.errors import SetupError
from cloud.http_app import serve_api
from cloud.identity import authority_files
from cloud.ingesting import check_workers
from cloud.logs import set_up
from cloud.mail.setup import destination_of
from cloud.opened import note_command
from cloud.proxies import SETTING
from cloud.settings import Settings, bracketed, load_settings
from cloud.supervisor import READY, Supervisor
from cloud.work import serve_work

app = typer.Typer(
    name="throughline",
    help="The backend of a connected product's whole life.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded database and the keys.")]
Host = Annotated[str | None, typer.Option(help="Address of the HTTP service.")]
Port = Annotated[int | None, typer.Option(help="Port of the HTTP service.")]
MqttPort = Annotated[int | None, typer.Option(help="Port of the MQTT broker, for the cloud's own services.")]
MqttTlsPort = Annotated[int | None, typer.Option(help="Port of the MQTT broker for devices, by TLS.")]
PlainDevices = Annotated[
    bool | None,
    typer.Option("--plain-devices", help="Let devices of this machine come without TLS, to try things out."),
]
LogLevel = Annotated[str | None, typer.Option(help="debug, info, warning or error.")]
app.add_typer(broker_cli.app, name="broker")
SERVICES = {"embedded": ("broker", "work", "api"), "external": ("work", "api")}


@app.command()
def up(
    data_dir: DataDir = None,
    host: Host = None,
    port: Port = None,
    mqtt_port: MqttPort = None,
    mqtt_tls_port: MqttTlsPort = None,
    plain_devices: PlainDevices = None,
    public_url: Annotated[str | None, typer.Option(help="How phones reach the HTTP service.")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Ingest workers that share the load; more than one needs an external broker.")
    ] = None,
    log_level: LogLevel = None,
) -> None:
    """Start everything on this machine, and watch it."""
    settings = load_settings(
        data_dir=data_dir,
        host=host,
        port=port,
        mqtt_port=mqtt_port,
        mqtt_tls_port=mqtt_tls_port,
        plain_devices=plain_devices,
        public_url=public_url,
        ingest_workers=workers,
        log_level=log_level,
    )
    set_up(settings.log_level, settings.log_format, "up")
    stop = threading.Event()
    on_signal(stop.set)
    # The folder is held before anything in it is touched: two that start at once must not both prepare it.
    with Supervisor(settings, services_of(settings), prepare=lambda: _prepare(settings)):
        _show_addresses(settings)
        stop.wait()


def services_of(settings: Settings) -> tuple[str, ...]:
    """What `up` runs. Raises SetupError for several workers where there can be one, or that all have one name."""
    check_workers(settings)
    if settings.ingest_workers > 1 and settings.worker_name:
        msg = "with several workers, leave worker_name out: each takes a name of its own"
        raise SetupError(msg)
    more = tuple(f"work-{number}" for number in range(2, settings.ingest_workers + 1))
    return SERVICES[settings.broker] + more


def _prepare(settings: Settings) -> None:
    compose.prepare(settings, lambda made: _show_made(settings, made))


def _show_made(settings: Settings, made: compose.FirstStart) -> None:
    if made.operator_key is not None:
        _show_once("Operator key (admin)", made.operator_key, "It is shown this once.")
    if made.root_passphrase is not None:
        folder = settings.keys_dir / authority_files.OFFLINE_ROOT
        why = f"It opens the root's key in {folder}, is shown this once, and renews the\nauthority years from now. "
        _show_once("Passphrase of the certificate authority", made.root_passphrase, why + "Take that folder offline.")


def _show_once(title: str, secret: str, what: str) -> None:
    Console().print(Panel(f"[bold]{secret}[/]\n\n{escape(what)}", title=title, expand=False))


def _show_addresses(settings: Settings) -> None:
    table = Table(title="Throughline is up", show_header=False, title_justify="left")
    for name, where in addresses(settings).items():
        table.add_row(name, where)
    Console().print(table)


def addresses(settings: Settings) -> dict[str, str]:
    """Where what is found."""
    return {
        "Phone page": f"{settings.url}/app",
        "API docs": f"{settings.url}/docs",
        "MQTT contract": f"{settings.url}/asyncapi.json",
        "MQTT, services": f"{'mqtts' if settings.mqtt_tls else 'mqtt'}://{bracketed(settings.mqtt_host)}:{settings.mqtt_port}",
        "MQTT, devices": f"mqtts://{bracketed(settings.mqtt_tls_host)}:{settings.mqtt_tls_port}",
        "Mail": destination_of(settings),
        "Proxies": ", ".join(settings.trusted_proxies)
        or f"none is believed; before you put one here, name it: {SETTING}",
        "Data and keys": str(settings.data_dir.absolute()),
    }


def on_signal(stop: Callable[[], None]) -> None:
    """SIGTERM and Ctrl-C ask to stop."""
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda _number, _frame: stop())


# --- one service each; the supervisor starts these, and so may systemd ---


@broker_cli.app.callback(invoke_without_command=True)
def broker(
    context: typer.Context,
    data_dir: DataDir = None,
    mqtt_port: MqttPort = None,
    mqtt_tls_port: MqttTlsPort = None,
    plain_devices: PlainDevices = None,
    log_level: LogLevel = None,
) -> None:
    """Run the embedded broker alone; or, with a command, look after a broker that is not embedded."""
    if context.invoked_subcommand is None:
        settings = load_settings(
            data_dir=data_dir,
            mqtt_port=mqtt_port,
            mqtt_tls_port=mqtt_tls_port,
            plain_devices=plain_devices,
            log_level=log_level,
        )
        _serve_async(settings, "broker", compose.serve_broker)


@app.command()
def api(data_dir: DataDir = None, host: Host = None, port: Port = None, log_level: LogLevel = None) -> None:
    """Run the HTTP service alone."""
    settings = load_settings(data_dir=data_dir, host=host, port=port, log_level=log_level)
    _serve_async(settings, "api", serve_api)


@app.command()
def work(
    data_dir: DataDir = None,
    name: Annotated[str | None, typer.Option(help="Of this worker; its MQTT session persists under it.")] = None,
    log_level: LogLevel = None,
) -> None:
    """Run a worker alone: ingest, outbox, mail, scheduler."""
    settings = load_settings(data_dir=data_dir, worker_name=name, log_level=log_level)
    set_up(settings.log_level, settings.log_format, "work", settings.worker_name)
    stop = threading.Event()
    on_signal(stop.set)
    _watch_parent(stop.set)
    serve_work(settings, _say_ready, stop)


def _serve_async(
    settings: Settings,
    service: str,
    serve: Callable[[Settings, compose.Ready, asyncio.Event], Coroutine[None, None, None]],
) -> None:
    set_up(settings.log_level, settings.log_format, service)

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, stop.set)

        def end() -> None:
            loop.call_soon_threadsafe(stop.set)

        _watch_parent(end)
        await serve(settings, _say_ready, stop)

    asyncio.run(run())


def _say_ready(_port: int) -> None:
    print(READY, flush=True)


def _watch_parent(stop: Callable[[], None]) -> None:
    """Under a supervisor, standard input is a pipe that ends with it. A service started by hand has none such."""
    if os.environ.get("TL_SUPERVISED") != "1":
        return

    def wait() -> None:
        while os.read(0, 1):  # unbuffered: a thread that waits in a buffer would abort the interpreter at its end
            pass
        stop()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


# --- the database, at the machine itself ---

db_app = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(db_app, name="db")


@db_app.command("upgrade")
def upgrade_db(data_dir: DataDir = None) -> None:
    """Bring the schema to the newest migration."""
    settings = load_settings(data_dir=data_dir)
    _prepare(settings)
    note_command(settings, "db upgrade")
    print("the schema is up to date")


@db_app.command("replay")
def replay_db(data_dir: DataDir = None) -> None:
    """Rebuild twins and journeys from the journal. Stop the services first."""
    print(commands.replay(load_settings(data_dir=data_dir)))


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; the exit status."""
    commands.add_to(app)
    try:
        found = app(arguments, standalone_mode=False, prog_name="throughline")
    except TyperException as error:
        # Wrong use, or none. How to say it stands in a class of Typer's that is not public.
        show = getattr(error, "show", None)
        if show is None:
            print(f"throughline: {error.format_message()}", file=sys.stderr)
        else:
            show()
        return error.exit_code
    except (Abort, KeyboardInterrupt):
        return 130
    except ThroughlineError as error:
        # Under a supervisor this is how it learns why; for a person it is the whole message.
        print(f"throughline: {error.detail}", file=sys.stdout if os.environ.get("TL_SUPERVISED") == "1" else sys.stderr)
        return 1
    return found if isinstance(found, int) else 0


if __name__ == "__main__":
    sys.exit(main())
