"""Commands beside the services: those of an operator at the machine, the simulator, the demo, the benchmarks."""

import asyncio
import contextlib
import os
import secrets
import signal
import tempfile
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cloud import audit_cli, ca_cli, content_cli, doctor_cli, keys_cli, metrics_cli
from cloud.bench import cli as bench
from cloud.demo.run import run as run_demo
from cloud.errors import InvalidError
from cloud.logs import set_up
from cloud.opened import made_database, must_be_there, note_command
from cloud.record.replay import replay as replay_journal
from cloud.secret_files import read_secret
from cloud.settings import Settings, load_settings
from cloud.supervisor import hold_folder
from device_sim.credentials import Credential, load_credentials, save_credentials
from device_sim.enrolment import CertificateFolder, Enroller
from device_sim.fleet import FleetConfig, run_fleet
from device_sim.registration import Registrar, register_fleet, serials
from device_sim.session import Endpoint

DEMO_DIR = Path("data/demo")


def replay(settings: Settings) -> str:
    """Rebuilds the projections. Raises SetupError while the services run, and when there is no database."""
    must_be_there(settings)
    with hold_folder(settings.data_dir):
        db = made_database(settings)
        try:
            report = replay_journal(db)
        finally:
            db.dispose()
        note_command(settings, "db replay")
    return str(report)


def add_to(app: typer.Typer) -> None:
    """Adds the commands whose parts are heavy to import, or live in other houses."""
    if any(command.name == "sim" for command in app.registered_commands):
        return
    app.command("sim")(_sim)
    app.command("demo")(_demo)
    app.add_typer(keys_cli.app, name="keys")
    app.add_typer(audit_cli.app, name="audit")
    app.add_typer(ca_cli.app, name="ca")
    app.add_typer(metrics_cli.app, name="metrics")
    app.add_typer(content_cli.app, name="content")
    app.command("doctor")(doctor_cli.doctor)
    bench.add_to(app)


def _sim(
    devices: Annotated[int, typer.Option(min=1, max=100_000, help="How many printers.")] = 25,
    rate: Annotated[float, typer.Option(min=0.001, help="Telemetry messages per second and device.")] = 0.2,
    host: Annotated[str, typer.Option(help="Address of the MQTT broker.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(help="Port of the MQTT broker; left out: 8883, with --plain 1883.")
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Passwords on a plain listener, instead of certificates over TLS.")
    ] = False,
    url: Annotated[
        str, typer.Option(help="Address of the HTTP service, to register the printers at.")
    ] = "http://127.0.0.1:8000",
    key_file: Annotated[
        Path | None,
        typer.Option(help="File with an operator key, to register them; left out: the variable TL_OPERATOR_KEY."),
    ] = None,
    credentials: Annotated[
        Path | None,
        typer.Option(
            help="JSON lines of registered printers; made by registering, when it is not there. Their certificates "
            "are in a folder beside it; without a file, in one that goes with the command."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed: the same messages, but for absolute times and boots.")] = 1,
    start: Annotated[
        str | None, typer.Option(help="What the printers' clocks show at the start, RFC 3339; left out: now.")
    ] = None,
    speed: Annotated[float, typer.Option(min=0.001, help="Simulated seconds in a real one.")] = 1.0,
    duration: Annotated[float | None, typer.Option(min=0.1, help="Seconds; left out: until Ctrl-C.")] = None,
    state_dir: Annotated[Path | None, typer.Option(help="Where the printers keep their memory between runs.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> int:
    """Simulate a fleet of printers against any address."""
    begins = None if start is None else _moment(start)
    with _certificates(credentials) as folder:
        units = _printers(devices, url, _operator_key(key_file), credentials, seed, None if plain else folder)
        endpoint = Endpoint(host=host, port=port or 1883) if plain else _by_tls(host, port or 8883, units)
        return _run_printers(
            units[:devices],
            endpoint,
            url,
            as_json=as_json,
            rate=rate,
            seed=seed,
            speed=speed,
            start=begins,
            duration_s=duration,
            state_dir=state_dir,
        )


@contextlib.contextmanager
def _certificates(credentials: Path | None) -> Iterator[Path]:
    """Where fresh certificates go: beside the file of credentials, or into a folder that goes."""
    if credentials is not None:
        yield credentials.with_name(f"{credentials.name}.certificates")
        return
    with tempfile.TemporaryDirectory(prefix="throughline-sim-") as made:
        yield Path(made)


def _by_tls(host: str, port: int, units: tuple[Credential, ...]) -> Endpoint:
    """Raises InvalidError for printers that have no certificate."""
    if not all(one.certificate for one in units):
        msg = "these printers have passwords and no certificates; --plain lets them connect so"
        raise InvalidError(msg)
    return Endpoint(host=host, port=port, ca_file=str(CertificateFolder(Path(units[0].certificate).parent).ca_file))


def _run_printers(units: tuple[Credential, ...], endpoint: Endpoint, url: str, *, as_json: bool, **given: Any) -> int:
    """Runs them, and renews their certificates meanwhile; the exit status."""

    async def renewing() -> None:
        certified = tuple(one for one in units if one.certificate)
        if certified:
            async with Enroller(url, Path(certified[0].certificate).parent) as enroller:
                await enroller.keep_renewing(tuple(one.id for one in certified))

    config = FleetConfig(
        credentials=units,
        endpoint=endpoint,
        **given,
    )
    report = run_fleet(config, show=not as_json, beside=renewing)
    console = Console()
    if as_json:
        console.print_json(msgspec.json.encode(report).decode())
    elif report.last_error:
        console.print(f"the last error: {report.last_error}")
    return 0 if report.online_at_most else 1


def _moment(text: str) -> datetime:
    """Raises typer.BadParameter for what is no RFC 3339 time."""
    try:
        at: datetime = msgspec.convert(text, Annotated[datetime, msgspec.Meta(tz=True)])
    except msgspec.ValidationError as error:
        msg = f"{text!r} is no RFC 3339 time with an offset, such as 2026-01-31T08:00:00Z"
        raise typer.BadParameter(msg, param_hint="--start") from error
    return at


def _operator_key(file: Path | None) -> str:
    """From the file or the environment: on a command line every user of the machine could read it."""
    return os.environ.get("TL_OPERATOR_KEY", "") if file is None else read_secret(file)


def _printers(
    count: int, url: str, key: str, file: Path | None, seed: int, folder: Path | None
) -> tuple[Credential, ...]:
    """Those of the file, or freshly registered ones. folder: for their certificates; None: they get passwords.

    Raises InvalidError when there is neither a file nor a key.
    """
    if file is not None and file.exists():
        known = load_credentials(file)
        if len(known) >= count:
            return known
        msg = f"{file} holds {len(known)} printers, {count} are asked for"
        raise InvalidError(msg)
    if not key:
        msg = "registering printers needs an operator key: --key-file, or TL_OPERATOR_KEY; or name a --credentials file"
        raise InvalidError(msg)
    units = asyncio.run(_register(count, url, key, seed, folder))
    if file is not None:
        save_credentials(file, units)
    return units


async def _register(count: int, url: str, key: str, seed: int, folder: Path | None) -> tuple[Credential, ...]:
    columns = (TextColumn("registering"), BarColumn(), MofNCompleteColumn())
    run = f"{seed}-{secrets.token_hex(4)}"  # a second run registers other units: serials are never used twice
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("register", total=count)
        async with Registrar(url, key) as registrar, Enroller(url, folder or Path()) as enroller:
            return await register_fleet(
                registrar,
                serials(count, run),
                done=lambda _unit: progress.advance(task),
                enroller=enroller if folder else None,
            )


def _demo(
    once: Annotated[
        bool, typer.Option("--once", help="Stop when the story is over; ports not named are free ones.")
    ] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Where the demo keeps its data; left out: data/demo, with --once a folder that goes."),
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port of the HTTP service.")] = None,
    mqtt_port: Annotated[int | None, typer.Option(help="Port of the MQTT broker, for services.")] = None,
    mqtt_tls_port: Annotated[int | None, typer.Option(help="Port of the MQTT broker for devices, by TLS.")] = None,
) -> int:
    """Run the story from a registered ID to the right menu on the phone."""
    settings = load_settings(port=port, mqtt_port=mqtt_port, mqtt_tls_port=mqtt_tls_port, log_level="warning")
    set_up(settings.log_level)
    stop = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda _number, _frame: stop.set())
    wanted = data_dir or (None if once else DEMO_DIR)
    return run_demo(once=once, wanted=wanted, given=settings, console=Console(), stop=stop)
