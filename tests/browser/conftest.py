"""A real browser, a real page, and a service that does what the test says. An error in the console fails the test."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.fake_service import FakeService, Running
from tests.services import missing

CHROMIUM = shutil.which("chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PHONE = {"width": 390, "height": 844}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a module; it ends with the module, as Playwright's loop must not meet asyncio tests."""
    if CHROMIUM is None:
        missing("needs the program `chromium` on the PATH (Debian: the package of that name)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def running(service: FakeService) -> Iterator[Running]:
    server = Running(service)
    yield server
    server.stop()


@dataclass
class Phone:
    """A page, and what its console complained about. allowed: parts of complaints that the test expects."""

    page: Page
    context: BrowserContext
    url: str
    complaints: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def open(self, query: str = "") -> Page:
        self.page.goto(f"{self.url}/app{query}")
        return self.page

    def tab(self) -> Page:
        """One more page of the same browser; its console is heard too."""
        page = self.context.new_page()
        self.watch(page)
        return page

    def watch(self, page: Page) -> None:
        page.on("console", self.hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def unexpected(self) -> list[str]:
        return [text for text in self.complaints if not any(part in text for part in self.allowed)]

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


@pytest.fixture
def options() -> dict[str, object]:
    """Options of the browser's context; a test module or a parameter overrides it."""
    return {}


@pytest.fixture
def phone(browser: Browser, running: Running, options: dict[str, object]) -> Iterator[Phone]:
    expect.set_options(timeout=10_000)
    defaults: dict[str, object] = {"viewport": PHONE, "locale": "en-GB", "timezone_id": "UTC"}
    context = browser.new_context(**{**defaults, **options})  # type: ignore[arg-type]  # a TypedDict in disguise
    page = context.new_page()
    phone = Phone(page, context, running.url)
    phone.watch(page)
    yield phone
    context.close()
    assert phone.unexpected() == []
