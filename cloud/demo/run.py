"""`throughline demo`: starts a whole system in a folder of its own, registers 25 printers, plays the story.

With `--once` on free ports, checked step by step, ended by itself; else the system is left running to be looked at.
"""

import asyncio
import base64
import contextlib
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cloud import compose
from cloud.clock import TravelClock
from cloud.demo.cast import Cast, Customer, NotAsExpectedError, Operator
from cloud.demo.story import CHAPTERS, Chapter, Plot, play
from cloud.errors import SetupError
from cloud.secrets import Keys, load_keys
from cloud.settings import Settings
from cloud.supervisor import Supervisor, free_port
from device_sim.carrier import Carrier
from device_sim.credentials import Credential, save_credentials
from device_sim.errors import OutsiderError
from device_sim.fleet import Fleet, FleetConfig
from device_sim.registration import DEFAULT_GTIN, Registrar, register_fleet, serials
from device_sim.session import Endpoint
from device_sim.shop import Shop

PRINTERS = 25
LIMIT_S = 85.0
MARK = ".throughline-demo"
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


def settings_for(once: bool, data_dir: Path, given: Settings) -> Settings:
    """The demo's own settings: the clock can be put forward; with `once`, ports that are free."""
    ports = {"port": free_port(), "mqtt_port": free_port()} if once else {}
    return given.model_copy(
        update={"data_dir": data_dir, "time_travel": True, "broker": "embedded", "database_url": "", **ports}
    )


@contextlib.contextmanager
def folder(once: bool, wanted: Path) -> Iterator[Path]:
    """A fresh folder: a temporary one, or the demo's own, which is emptied. Raises SetupError for somebody else's."""
    if once:
        with tempfile.TemporaryDirectory(prefix="throughline-demo-") as made:
            yield Path(made)
        return
    if wanted.exists() and any(wanted.iterdir()) and not (wanted / MARK).exists():
        msg = f"{wanted} holds something that is not the demo's; choose another folder with --data-dir"
        raise SetupError(msg)
    yield wanted


def empty(place: Path) -> None:
    """What an earlier demo left goes, once its folder is held; the lock itself stays."""
    for part in place.iterdir():
        if part.name != "lock":
            shutil.rmtree(part) if part.is_dir() else part.unlink()
    (place / MARK).touch()


def run(*, once: bool, wanted: Path, given: Settings, console: Console, stop: threading.Event) -> int:
    """Runs the demo; the exit status. Raises SetupError when it cannot start."""
    with folder(once, wanted) as place:
        settings = settings_for(once, place, given)
        key: list[str] = []

        def prepare() -> None:
            empty(place)
            key.append(compose.prepare(settings) or "")

        console.print("[bold]Throughline[/]: starting a broker, the workers and the HTTP service …")
        with Supervisor(settings, SERVICES, prepare=prepare) as system:
            console.print("  processes: " + ", ".join(f"{name} {system.pid(name)}" for name in SERVICES))
            return asyncio.run(_story(settings, key[0], once=once, console=console, stop=stop))


async def _story(settings: Settings, key: str, *, once: bool, console: Console, stop: threading.Event) -> int:
    keys = load_keys(settings.keys_dir)
    teller = Teller(console)
    try:
        async with asyncio.timeout(LIMIT_S if once else None):
            units = await _register(settings, key, console)
            fleet = _fleet(settings, units[2:])
            async with _cast(settings, keys, key, units, teller) as cast, _running(fleet):
                await play(Plot(cast, await _public_key(settings)), teller.told, teller.starts)
                console.print(f"\n[bold green]All {len(CHAPTERS)} chapters went as they should.[/]")
                if not once:
                    await _stay(settings, key, units, console, stop)
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


async def _register(settings: Settings, key: str, console: Console) -> list[Credential]:
    columns = (TextColumn("  registering"), BarColumn(), MofNCompleteColumn(), TextColumn("printers"))
    operator = Operator(settings.url, key)
    model = {"gtin": DEFAULT_GTIN, "name": "LabelPro 100", "brand": "Acme", "profile": "printer", "links": LINKS}
    await operator.post("/models", model)
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("register", total=PRINTERS)
        async with Registrar(settings.url, key) as registrar:
            names = serials(PRINTERS, "demo")
            units = await register_fleet(registrar, names, done=lambda _unit: progress.advance(task))
    save_credentials(settings.data_dir / "devices.jsonl", units)
    return list(units)


def _fleet(settings: Settings, units: list[Credential]) -> Fleet:
    """The other printers live their lives meanwhile; the last one is left for a client that is not ours."""
    endpoint = Endpoint(host=settings.mqtt_host, port=settings.mqtt_port)
    return Fleet(FleetConfig(credentials=tuple(units[:-1]), endpoint=endpoint, rate=0.5, seed=1))


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
    clock = TravelClock(settings.data_dir / "clock")
    cast = Cast(
        base_url=settings.url,
        clock=clock,
        operator=Operator(settings.url, key),
        shop=Shop(settings.url, keys.shop_secret, clock=clock),
        carrier=Carrier(settings.url, keys.carrier_secret, clock=clock),
        endpoint=Endpoint(host=settings.mqtt_host, port=settings.mqtt_port),
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
        "MQTT broker": f"{settings.mqtt_host}:{settings.mqtt_port}",
        "Data and keys": str(settings.data_dir.absolute()),
    }
    console.print("\n[bold]Throughline is running; Ctrl-C ends it.[/]\n")
    _print_rows(console, rows)
    console.print("\n[bold]A printer that lives[/] (simulated): scan its label, and claim it with its code")
    _print_rows(console, {"Label": alive.uri, "Code": alive.claim_code})
    console.print("\n[bold]A printer that waits for you[/]: claim it, then be its device, and watch the menu")
    _print_rows(console, {"Label": bare.uri, "Code": bare.claim_code})
    # No markup and no wrapping: this is to be copied.
    console.print(_by_hand(settings, bare), markup=False, highlight=False, soft_wrap=True)
    await asyncio.to_thread(stop.wait)
    console.print("\nEnding …")


def _print_rows(console: Console, rows: dict[str, str]) -> None:
    for name, value in rows.items():
        console.print(f"  {name:<14} {value}", markup=False, highlight=False, soft_wrap=True)


def _by_hand(settings: Settings, unit: Credential) -> str:
    message = (
        '{"schema":1,"boot":1,"seq":1,"at":"2026-01-01T00:00:00Z",'
        '"reported":{"state":"stopped","reasons":["media-jam-error"]}}'
    )
    return (
        f"  mosquitto_pub -h {settings.mqtt_host} -p {settings.mqtt_port} -q 1 -i {unit.id} \\\n"
        f"    -u {unit.id} -P {unit.password} \\\n"
        f"    -t tl/v1/{unit.id}/up/status -m '{message}'"
    )
