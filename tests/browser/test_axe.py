"""Every view, by day and by night, from the left and from the right: axe finds nothing serious; nothing is cut off."""

from collections.abc import Callable
from itertools import product

import pytest
from playwright.sync_api import Page, expect

from mobile_menu.rules.menu import Menu
from tests.browser import axe, menus
from tests.browser.conftest import PHONE, Phone
from tests.browser.fake_service import FakeService
from tests.browser.soon import becomes
from tests.browser.test_access import MENUS, settled

LOOKS = [
    pytest.param({"locale": locale, "color_scheme": scheme}, id=f"{locale}-{scheme}")
    for locale, scheme in product(("en-GB", "ar-EG"), ("light", "dark"))
]
OVER = "document.documentElement.scrollWidth - innerWidth"
WIDE = "[...document.querySelectorAll('dialog *')].filter(e => e.scrollWidth > innerWidth).length"
SHEETS = {
    "guide": ".lead .main-part",
    "why": ".lead .why",
    "expert": ".top .help",
    "people": ".persons-button",
    "settings": ".settings-button",
    "products": ".switch",
    "question": "[data-key=restart] .main-part",
    "data": "[data-key=privacy] .main-part",
}
NOTHING_TO_SHOW = (
    "MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError'))"
)


def sheet(page: Page, opener: str) -> None:
    page.locator(opener).first.click()
    expect(page.locator("dialog[open]")).to_be_visible()
    settled(page)


def shut(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


@pytest.mark.parametrize("options", LOOKS)
def test_axe_finds_nothing_serious_on_any_menu(phone: Phone, service: FakeService) -> None:
    found: dict[str, list[str]] = {}
    makers: list[Callable[[], Menu]] = [*MENUS, menus.of_nobody]
    service.serve(makers[0]())
    page = settled(phone.open())
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    for make in makers:
        menu = make()
        service.push(menu)
        expect(page.locator(".status-text")).to_have_text(menu.status.text)
        found[make.__name__] = axe.complaints(settled(page))
    assert {name: told for name, told in found.items() if told} == {}


@pytest.mark.parametrize("options", LOOKS)
def test_axe_finds_nothing_serious_on_any_sheet(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("404")
    found: dict[str, list[str]] = {}
    service.serve(menus.support_jam())
    page = settled(phone.open())
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    for name, opener in SHEETS.items():
        sheet(page, opener)
        found[name] = axe.complaints(page)
        shut(page)
    assert {name: told for name, told in found.items() if told} == {}


@pytest.mark.parametrize("options", LOOKS)
def test_axe_finds_nothing_serious_on_the_pages_without_a_menu_and_on_the_scanner(phone: Phone) -> None:
    phone.page.add_init_script(NOTHING_TO_SHOW)
    page = settled(phone.open("/"))
    found = {"start": axe.complaints(page)}
    page.locator(".scan-button").click()
    expect(page.locator("dialog.permit")).to_be_visible()
    found["permit"] = axe.complaints(settled(page))
    page.locator("dialog .button:not(.quiet)").click()
    expect(page.locator("dialog.scan")).to_be_visible()
    found["scan"] = axe.complaints(settled(page))
    shut(page)
    page.locator(".settings-button").click()
    page.locator("dialog .button.danger").click()
    page.locator("dialog.ask .button.danger").click()
    expect(page.locator(".left")).to_be_visible()
    found["left"] = axe.complaints(settled(page))
    assert {name: told for name, told in found.items() if told} == {}


def test_axe_sees_a_button_without_a_name_and_a_faint_text(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = settled(phone.open())
    page.evaluate("""() => {
        document.querySelector('.help').removeAttribute('aria-label');
        document.querySelector('.menu-title').style.color = '#ccc';
    }""")
    assert {told.split(":")[0] for told in axe.complaints(page)} == {"button-name", "color-contrast"}


@pytest.mark.parametrize("options", [{"locale": "en-GB"}, {"locale": "ar-EG"}])
def test_nothing_is_cut_off_at_twice_the_text_size_or_from_the_right(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("404")
    service.serve(menus.support_jam())
    page = settled(phone.open())
    page.set_viewport_size({"width": PHONE["width"] // 2 + 5, "height": PHONE["height"] // 2})
    becomes(lambda: page.evaluate(OVER) <= 0, True)
    for opener in SHEETS.values():
        sheet(page, opener)
        becomes(lambda: page.evaluate(OVER) <= 0, True)
        becomes(lambda: page.evaluate(WIDE), 0)
        shut(page)
