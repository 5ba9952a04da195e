"""One customer's way in a real browser: the system that runs, who acts in it, and the phone in the customer's hand."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import BrowserContext, Geolocation, Locator, Page, Playwright, expect, sync_playwright

from device_sim.calls import Caller
from device_sim.carrier import Carrier
from device_sim.credentials import Credential
from device_sim.device import SimulatedPrinter
from device_sim.shop import Shop
from tests.browser import labels
from tests.browser.conftest import CHROMIUM, QUIET
from tests.browser.outside import Outside
from tests.services import missing
from tests.system import System, embedded

MODEL: Final = "Pixel 7"
"""The phone, as Playwright knows it: its screen, its touch, what its browser says of itself."""
PATIENCE_MS: Final = 30_000
SHOP: Final = {"name": "Corner Shop", "address": "1 Main St", "latitude": 37.4, "longitude": -122.1, "radius_m": 120.0}
AT_THE_SHELF: Final[Geolocation] = {"latitude": 37.4, "longitude": -122.1, "accuracy": 15}
EXPECTED: Final = (
    "ERR_INTERNET_DISCONNECTED",
    "ERR_INCOMPLETE_CHUNKED_ENCODING",
    "ERR_NETWORK_CHANGED",
    "ERR_FAILED",
    "status of 401",
)
"""What Chromium itself says of the part of the story that plays without a connection, and of a token that has expired
because the clock was put forward: the page fetches the next.
"""


@dataclass
class Story:
    """unit: of the customer, in its box at first; its label is before the phone's camera. store: the shop's id."""

    system: System
    outside: Outside
    unit: Credential
    campaign: str
    store: str
    operator: Caller
    shop: Shop
    carrier: Carrier
    printer: SimulatedPrinter
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)
    played: list[Callable[["Story"], None]] = field(default_factory=list)
    broken: str = ""
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.page = self.tab()

    def play(self, chapters: Sequence[Callable[["Story"], None]], last: Callable[["Story"], None]) -> None:
        """Plays what has not been played of the chapters up to this one, so that each can be asked for by itself."""
        assert not self.broken, f"the story broke off where {self.broken}"
        for chapter in chapters[len(self.played) : chapters.index(last) + 1]:
            self.broken = chapter.__name__.replace("_", " ")
            chapter(self)
            self.played.append(chapter)
            self.broken = ""

    def tab(self) -> Page:
        """A page of the customer's browser; what its console complains about is heard."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda one: self.complaints.append(one.text) if one.type in {"error", "warning"} else None)
        return page

    def unexpected(self) -> list[str]:
        return [text for text in self.complaints if not any(part in text for part in EXPECTED)]

    # --- what is on the page ---

    def item(self, name: str) -> Locator:
        return self.page.locator(f".item[data-key={name}]")

    def tap_item(self, name: str) -> None:
        self.item(name).locator(".main-part").tap()

    def tap(self, button: str) -> None:
        """Taps the last button of this name: a sheet lies over what opened it."""
        self.page.get_by_role("button", name=button, exact=True).last.tap()

    def leads(self, name: str) -> None:
        """Waits until this is the first thing to do, and help and the way out are on the menu too."""
        expect(self.page.locator(".item.lead")).to_have_attribute("data-key", name)
        for always in ("expert", "export", "opt-out"):
            expect(self.item(always)).to_have_count(1)

    def is_in(self, stage: str) -> None:
        """Waits for the stage, which the line over the menu says too."""
        expect(self.page.locator(".menu")).to_have_attribute("data-stage", stage)
        expect(self.page.locator(".line [aria-current=step]")).to_have_attribute("data-stage", stage)

    def is_live(self) -> None:
        expect(self.page.locator(".pulse")).to_have_attribute("data-fresh", "up")

    def close_sheet(self) -> None:
        self.page.keyboard.press("Escape")  # as the phone's own button for back does
        expect(self.page.locator("dialog[open]")).to_have_count(0)


@contextmanager
def told(folder: Path) -> Iterator[Story]:
    """The story before its first chapter; at its end nothing went wrong in the system, nor in the page's console."""
    if CHROMIUM is None:
        missing("needs the program `chromium` on the PATH (Debian: the package of that name)")
    expect.set_options(timeout=PATIENCE_MS)
    with embedded(folder) as system, Outside() as outside, sync_playwright() as playwright:
        unit = outside.do(system.unit())
        context = phone(playwright, labels.film(folder / "label.y4m", unit.uri))
        try:
            story = prepared(system, outside, unit, context)
            yield story
            assert not story.unexpected(), story.unexpected()
        finally:
            context.close()
            if context.browser:
                context.browser.close()
    said = system.said().decode(errors="replace").splitlines()
    assert [line for line in said if " ERROR " in line or "Traceback" in line] == []


def phone(playwright: Playwright, film: Path) -> BrowserContext:
    """A browser of its own as on a phone, which has been allowed nothing yet. film: what its camera sees."""
    camera = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}")
    args = [*QUIET, *camera, "--deny-permission-prompts"]
    chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
    known: dict[str, Any] = {**playwright.devices[MODEL], "locale": "en-GB", "timezone_id": "UTC"}
    known.pop("default_browser_type")
    return chromium.new_context(**known)


def prepared(system: System, outside: Outside, unit: Credential, context: BrowserContext) -> Story:
    """A campaign, a partner shop, and everybody who acts. The printer is off."""
    operator = outside.let_in(system.operator())
    store = outside.do(operator.json("POST", "/api/v1/stores", SHOP))
    printer = system.printer(unit)
    outside.at_end(printer.power_off)
    return Story(
        system=system,
        outside=outside,
        unit=unit,
        campaign=outside.do(system.campaign()),
        store=str(store["id"]),
        operator=operator,
        shop=outside.let_in(system.shop()),
        carrier=outside.let_in(system.carrier()),
        printer=printer,
        context=context,
    )
