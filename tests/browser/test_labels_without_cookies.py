"""Where a scanned label leads, `/app/?journey=…&gtin=…&serial=…`: with the cookie of the scan, and without."""

from playwright.sync_api import expect

from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.soon import becomes
from tests.browser.test_tabs import NO_DATABASE, NO_STORAGE

LABEL = "?journey=j-scanned&gtin=09506000134352&serial=SN%2F123"
ASKED_AHEAD = "404"
"""The journey in the address is asked for before it is known whose it is."""


def test_a_browser_that_keeps_nothing_is_asked_for_the_code_of_the_very_unit(
    phone: Phone, service: FakeService
) -> None:
    phone.allowed.append(ASKED_AHEAD)
    for missing in (NO_DATABASE, NO_STORAGE):
        phone.context.add_init_script(missing)
    page = phone.open(LABEL)
    expect(page.get_by_text("It is the one with the serial number SN/123.")).to_be_visible()
    page.get_by_label("Code from the box").fill("K7M2-9QXD")
    service.serve(menus.support_ok())
    page.get_by_role("button", name="Connect my product").click()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    wanted = [{"gtin": "09506000134352", "serial": "SN/123", "code": "K7M2-9QXD"}]
    becomes(lambda: service.posts("/claims"), wanted)


def test_with_the_cookie_the_label_opens_its_menu(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = phone.open(LABEL.replace("j-scanned", menus.JOURNEY))
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    expect(page.locator(".status-text")).to_have_text("Ready to print")


def test_whoever_has_other_products_and_no_such_journey_keeps_them_on_the_page(
    phone: Phone, service: FakeService
) -> None:
    phone.allowed.append(ASKED_AHEAD)
    service.serve(menus.support_ok())
    page = phone.open(LABEL)
    expect(page.locator(".status-text")).to_have_text("Ready to print")
    expect(page.locator(".start")).to_have_count(0)
