"""`throughline demo`: starts a whole system in a folder of its own, registers 25 printers, plays the story.

With `--once` on free ports, ended by itself; else the system is left running to be looked at. The story begins weeks
ago, so that it ends at the real time: what is left running knows the same hour as whoever comes to it.
"""

import asyncio
import base64
import contextlib
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cloud import compose
from cloud.clock import TravelClock
from cloud.demo.cast import Cast, Customer, NotAsExpectedError, Operator
from cloud.demo.story import CHAPTERS, SPAN, Chapter, Plot, play
from cloud.errors import SetupError
from cloud.mail.setup import destination_of
from cloud.secrets import Keys, load_keys
from cloud.settings import Settings
from cloud.supervisor import Supervisor, free_port
from device_sim.carrier import Carrier
from device_sim.credentials import Credential, save_credentials
from device_sim.enrolment import CertificateFolder, Enroller
from device_sim.errors import OutsiderError
from device_sim.fleet import Fleet, FleetConfig
from device_sim.registration import DEFAULT_GTIN, Registrar, register_fleet, serials
from device_sim.session import Endpoint
from device_sim.shop import Shop

Done = TypeVar("Done")
PRINTERS = 25
LIMIT_S = 85.0
MARK = ".throughline-demo"
LOCK = "lock"
CLOCK = "clock"
SERVICES = ("broker", "work", "api")
LINKS = {
    "shop": "https://shop.example/labelpro-100",
    "product": "https://acme.example/labelpro-100",
    "video": "https://acme.example/labelpro-100/video",
    "reorder": "https://shop.example/toner",
}


class Teller:
    """Shows the story in the terminal: each chapter, and each menu as it changes."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._shown = ""

    def starts(self, number: int, chapter: Chapter) -> None:
        self.console.print(f"\n[bold]{number:>2}  {chapter.title}[/]")

    def told(self, _number: int, _chapter: Chapter, what: str) -> None:
        self.console.print(f"    [green]✓[/] {what}")

    def seen(self, customer: Customer) -> None:
        """A menu came to be on an open phone."""
        menu = customer.menu
        leads = [item for section in menu["sections"] for item in section["items"]][:3]
        titles = " · ".join(item["title"] for item in leads)
        line = f"[cyan]{menu['stage']:<10}[/] {menu['status']['text'] or menu['title']}  [dim]→ {titles}[/]"
        if line != self._shown:
            self._shown = line
            self.console.print(f"    📱 {line}", overflow="ellipsis", no_wrap=True)


class StoppedError(Exception):
    """Somebody asked the demo to end before the story was over."""


def settings_for(once: bool, data_dir: Path, given: Settings) -> Settings:
    """The demo's own settings: the clock can be put forward; with `once`, free ports where none was named."""
    unnamed = {"port", "mqtt_port", "mqtt_tls_port"} - given.model_fields_set if once else set()
    ports = {name: free_port() for name in unnamed}
    return given.model_copy(
        update={
            "data_dir": data_dir,
            "time_travel": True,
            "simulated_beacons": True,
            "broker": "embedded",
            "database_url": "",
            "plain_devices": True,
            "tracking_hosts": ("track.example",),
            **ports,
        }
    )


@contextlib.contextmanager
def folder(wanted: Path | None) -> Iterator[Path]:
    """A temporary folder, or the wanted one, when it is the demo's. Raises SetupError for somebody else's."""
    if wanted is None:
        with tempfile.TemporaryDirectory(prefix="throughline-demo-") as made:
            yield Path(made)
        return
    if wanted.is_dir() and not (wanted / MARK).exists() and any(part.name != LOCK for part in wanted.iterdir()):
        # The lock alone is what a start leaves that came no further, such as one whose port was taken.
        msg = f"{wanted} holds something that is not the demo's; choose another folder with --data-dir"
        raise SetupError(msg)
    yield wanted


def empty(place: Path) -> None:
    """What an earlier demo left goes, once its folder is held; the lock itself stays."""
    for part in place.iterdir():
        if part.name != LOCK:
            shutil.rmtree(part) if part.is_dir() else part.unlink()
    (place / MARK).touch()


def run(*, once: bool, wanted: Path | None, given: Settings, console: Console, stop: threading.Event) -> int:
    """Runs the demo; the exit status. wanted: its folder; None: a temporary one. Raises SetupError when it cannot
    start.
    """
    with folder(wanted) as place:
        settings = settings_for(once, place, given)
        key: list[str] = []

        def prepare() -> None:
            empty(place)
            TravelClock(place / CLOCK, begin=-SPAN)
            key.append(compose.prepare(settings).operator_key or "")

        console.print("[bold]Throughline[/]: starting a broker, the workers and the HTTP service …")
        with Supervisor(settings, SERVICES, prepare=prepare) as system:
            console.print("  processes: " + ", ".join(f"{name} {system.pid(name)}" for name in SERVICES))
            return asyncio.run(_story(settings, key[0], once=once, console=console, stop=stop))


async def _story(settings: Settings, key: str, *, once: bool, console: Console, stop: threading.Event) -> int:
    keys = load_keys(settings.keys_dir)
    teller = Teller(console)
    try:
        async with asyncio.timeout(LIMIT_S if once else None):
            units = await _unless(stop, _register(settings, key, console))
            fleet = _fleet(settings, units[2:])
            async with _cast(settings, keys, key, units, teller) as cast, _running(fleet):
                await _unless(stop, play(Plot(cast, await _public_key(settings)), teller.told, teller.starts))
                cast.clock.catch_up()
                console.print(f"\n[bold green]All {len(CHAPTERS)} chapters went as they should.[/]")
                if not once:
                    await _stay(settings, key, units, console, stop)
    except StoppedError:
        console.print("\nEnding before the story is over …")
        return 130
    except NotAsExpectedError as error:
        console.print(f"\n[bold red]Not as it should be:[/] {error}")
        return 1
    except OutsiderError as error:
        console.print(f"\n[bold red]The story broke off:[/] {error}")
        return 1
    except TimeoutError:
        console.print(f"\n[bold red]Not done after {LIMIT_S:.0f} seconds.[/]")
        return 1
    return 0


async def _unless(stop: threading.Event, doing: Coroutine[Any, Any, Done]) -> Done:
    """What `doing` gives. Raises StoppedError, and lets go of it, when `stop` is set before it is done."""
    task, stopped = asyncio.create_task(doing), asyncio.create_task(_set(stop))
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise StoppedError
    finally:
        task.cancel()
        stopped.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)


async def _set(stop: threading.Event) -> None:
    """Returns once it is set. Asks now and then: a thread that waits for it could not be called back."""
    while not stop.is_set():  # noqa: ASYNC110 - a signal handler sets it, outside of the loop
        await asyncio.sleep(0.1)


async def _register(settings: Settings, key: str, console: Console) -> list[Credential]:
    columns = (TextColumn("  registering"), BarColumn(), MofNCompleteColumn(), TextColumn("printers"))
    operator = Operator(settings.url, key)
    model = {"gtin": DEFAULT_GTIN, "name": "LabelPro 100", "brand": "Acme", "profile": "printer", "links": LINKS}
    await operator.post("/models", model)
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("register", total=PRINTERS)
        async with Registrar(settings.url, key) as registrar, _enroller(settings) as enroller:
            names = serials(PRINTERS, "demo")
            made = await register_fleet(registrar, names, done=lambda _unit: progress.advance(task), enroller=enroller)
            # The last one is for a client that is not ours, by a line that can be pasted.
            units = [*made[:-1], await registrar.with_password(made[-1])]
    save_credentials(settings.data_dir / "devices.jsonl", units)
    return units


def _enroller(settings: Settings) -> Enroller:
    return Enroller(settings.url, settings.data_dir / "devices", clock=TravelClock(settings.data_dir / CLOCK))


def _endpoint(settings: Settings) -> Endpoint:
    """Where the printers connect: by TLS, with their certificates."""
    ca_file = CertificateFolder(settings.data_dir / "devices").ca_file
    return Endpoint(host="127.0.0.1", port=settings.mqtt_tls_port, ca_file=str(ca_file))


def _fleet(settings: Settings, units: list[Credential]) -> Fleet:
    """The other printers live their lives meanwhile; the last one is left for a client that is not ours."""
    clock, own = TravelClock(settings.data_dir / CLOCK), tuple(units[:-1])

    async def renewing() -> None:
        async with _enroller(settings) as enroller:
            await enroller.keep_renewing(tuple(one.id for one in own))

    return Fleet(FleetConfig(credentials=own, endpoint=_endpoint(settings), rate=0.5, seed=1), clock, renewing)


@contextlib.asynccontextmanager
async def _running(fleet: Fleet) -> AsyncIterator[None]:
    task = asyncio.create_task(fleet.run(), name="the fleet")
    try:
        yield
    finally:
        fleet.stop()
        with contextlib.suppress(Exception):
            await task


@contextlib.asynccontextmanager
async def _cast(
    settings: Settings, keys: Keys, key: str, units: list[Credential], teller: Teller
) -> AsyncIterator[Cast]:
    clock = TravelClock(settings.data_dir / CLOCK)
    cast = Cast(
        base_url=settings.url,
        clock=clock,
        operator=Operator(settings.url, key),
        shop=Shop(settings.url, keys.shop_secret, clock=clock),
        carrier=Carrier(settings.url, keys.carrier_secret, clock=clock),
        endpoint=_endpoint(settings),
        units=units,
        seen=teller.seen,
    )
    async with cast:
        yield cast


async def _public_key(settings: Settings) -> bytes:
    async with httpx.AsyncClient(base_url=settings.url) as client:
        answer = await client.get("/.well-known/receipt-key.json")
        return base64.b64decode(msgspec.json.decode(answer.content)["public_key"])


async def _stay(settings: Settings, key: str, units: list[Credential], console: Console, stop: threading.Event) -> None:
    """Leaves the system running, with two units to play with."""
    alive, bare = units[2], units[-1]
    rows = {
        "Phone page": f"{settings.url}/app",
        "API docs": f"{settings.url}/docs",
        "Operator key": key,
        "MQTT broker": f"{settings.mqtt_host}:{settings.mqtt_port}, by TLS :{settings.mqtt_tls_port}",
        "Mail": destination_of(settings),
        "Data and keys": str(settings.data_dir.absolute()),
    }
    console.print("\n[bold]Throughline is running; Ctrl-C ends it.[/]\n")
    _print_rows(console, rows)
    console.print("\n[bold]A printer that lives[/] (simulated): scan its label, and claim it with its code")
    _print_rows(console, {"Label": alive.uri, "Code": alive.claim_code})
    console.print("\n[bold]A printer that waits for you[/]: claim it, then be its device, and watch the menu")
    _print_rows(console, {"Label": bare.uri, "Code": bare.claim_code})
    # No markup and no wrapping: this is to be copied.
    console.print(by_hand(settings, bare, datetime.now(UTC)), markup=False, highlight=False, soft_wrap=True)
    await _set(stop)
    console.print("\nEnding …")


def _print_rows(console: Console, rows: dict[str, str]) -> None:
    for name, value in rows.items():
        console.print(f"  {name:<14} {value}", markup=False, highlight=False, soft_wrap=True)


def by_hand(settings: Settings, unit: Credential, at: datetime) -> str:
    """Two messages to paste: the unit's paper jams, and the jam is cleared. Each repeats as often as its seq grows."""
    jam = _publishing(settings, unit, at, 1, '{"state":"stopped","reasons":["media-jam-error"]}')
    clear = _publishing(settings, unit, at, 2, '{"state":"idle","reasons":[]}')
    return (
        f"  # its paper jams\n{jam}\n"
        f"  # the jam is cleared\n{clear}\n"
        "  # once more? Raise seq above the last one each time: what came with a seq before counts as a repetition"
    )


def _publishing(settings: Settings, unit: Credential, at: datetime, seq: int, reported: str) -> str:
    message = f'{{"schema":1,"boot":1,"seq":{seq},"at":"{at:%Y-%m-%dT%H:%M:%SZ}","reported":{reported}}}'
    return (
        f"  mosquitto_pub -h {settings.mqtt_host} -p {settings.mqtt_port} -q 1 -i {unit.id} \\\n"
        f"    -u {unit.id} -P {unit.password} \\\n"
        f"    -t tl/v1/{unit.id}/up/status -m '{message}'"
    )
