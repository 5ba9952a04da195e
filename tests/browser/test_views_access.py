"""The views over the menu, for everybody: axe, contrast, room and width, by day and night, in three languages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from mobile_menu.rules.menu import Menu
from tests.browser import menus, view_menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.soon import becomes
from tests.browser.test_access import FAINT, NAMELESS, SMALL

AXE = (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text("utf-8")
RUN = """async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}))
    .violations.map(one => `${one.id} (${one.impact}): ${one.nodes.map(node => node.html).join(' | ')}`)"""
SETTLED = """Promise.all(document.getAnimations().filter(a => a.effect.getComputedTiming().iterations !== Infinity)
    .map(a => a.finished.catch(() => null))).then(() => true)"""


def guide(page: Page) -> None:
    page.locator(".lead .main-part").click()
    expect(page.locator("dialog .figure img")).to_have_js_property("complete", value=True)


def guide_end(page: Page) -> None:
    guide(page)
    for _ in range(3):
        page.locator("dialog .sheet-foot .button").last.click()
    expect(page.locator("dialog .helped h3")).to_be_focused()


def parcel(page: Page) -> None:
    page.locator("[data-key=track] .main-part").click()
    expect(page.locator(".scan")).to_have_count(4)


def chat(page: Page) -> None:
    page.locator(".top .help").click()
    page.get_by_role("textbox").fill("Hello?")
    page.locator("dialog .say .round").click()
    expect(page.locator(".message[data-state=sent]")).to_have_count(1)


def near(page: Page) -> None:
    page.locator("[data-key=sample] .main-part").click()
    expect(page.locator("dialog.nearby")).to_be_visible()


def nothing(page: Page) -> None:
    expect(page.locator(".menu-title")).to_be_visible()


def control(page: Page) -> None:
    expect(page.locator(".spot")).to_have_count(3)
    page.locator(".spot").first.click()
    expect(page.locator(".spot").first).to_have_attribute("aria-checked", "true")


VIEWS: dict[str, tuple[Callable[[], Menu], Callable[[Page], None]]] = {
    "guide": (view_menus.guided, guide),
    "guide's end": (view_menus.guided, guide_end),
    "parcel": (menus.delivery_late, parcel),
    "chat": (menus.support_jam, chat),
    "commands": (view_menus.commands, nothing),
    "near": (view_menus.commands, near),
    "surveys": (view_menus.surveys, nothing),
    "checklist": (lambda: view_menus.checklist(2), nothing),
    "simulation": (menus.support_ok, control),
}


def shown(phone: Phone, service: FakeService, view: str) -> Page:
    """The view on the phone, come to rest."""
    menu, show = VIEWS[view]
    service.serve(menu())
    view_menus.fill(service)
    service.simulates = view == "simulation"
    if view == "near":
        phone.allowed.append("403")
        service.refuse("/items/sample", 403, "proof_needed")
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    show(page)
    page.evaluate(SETTLED)
    return page


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark"},
        {"color_scheme": "dark", "locale": "ar-EG"},
        {"color_scheme": "light", "locale": "de-DE", "viewport": {"width": 320, "height": 640}},
        {"color_scheme": "light", "locale": "ar-EG", "viewport": {"width": 1200, "height": 800}},
    ],
    ids=["light", "dark", "arabic by night", "german, narrow", "arabic, wide"],
)
def test_axe_finds_nothing_and_everything_has_contrast_room_and_width(
    phone: Phone, service: FakeService, view: str, options: dict[str, Any]
) -> None:
    page = shown(phone, service, view)
    page.evaluate(AXE)

    becomes(lambda: page.evaluate(RUN), [])
    becomes(lambda: page.evaluate(FAINT), [])
    becomes(lambda: page.evaluate(NAMELESS), [])
    becomes(lambda: page.evaluate(SMALL), [])
    becomes(lambda: page.evaluate("document.documentElement.scrollWidth <= innerWidth"), True)
    wanted = "rtl" if str(options.get("locale", "")).startswith("ar") else "ltr"
    expect(page.locator("html")).to_have_attribute("dir", wanted)


def test_axe_sees_what_is_wrong(phone: Phone, service: FakeService) -> None:
    page = shown(phone, service, "surveys")
    page.evaluate(AXE)
    page.evaluate("document.querySelector('.choice').replaceChildren()")
    page.evaluate("document.querySelector('.choice').removeAttribute('aria-label')")

    becomes(lambda: [found.split()[0] for found in page.evaluate(RUN)], ["button-name"])
