"""Leaving takes as few taps as joining: counted, from the menu to the page that says that one has left."""

import msgspec
from playwright.sync_api import Page, expect

from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.soon import becomes

COUNT = "addEventListener('click', (event) => { if (event.isTrusted) window.taps = (window.taps ?? 0) + 1; }, true)"
LEAVING = 2


def counting(phone: Phone, query: str = "") -> Page:
    phone.context.add_init_script(COUNT)
    return phone.open(query)


def offering(service: FakeService) -> None:
    """A menu as the content has it: leaving is an item of its own."""
    menu = menus.support_ok()
    always = msgspec.structs.replace(menus.HELP, items=(*menus.HELP.items, menus.LEAVE))
    service.serve(msgspec.structs.replace(menu, sections=(*menu.sections[:-1], always)))


def test_from_the_menu_one_has_left_after_two_taps_and_joining_takes_no_fewer(
    phone: Phone, service: FakeService
) -> None:
    page = counting(phone, "?gtin=09506000134352&serial=SN123")
    page.get_by_label("Code from the box").click()
    page.get_by_label("Code from the box").fill("ABCD-EFGH")
    offering(service)
    page.get_by_role("button", name="Connect my product").click()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    becomes(lambda: page.evaluate("window.taps"), LEAVING)
    page.evaluate("window.taps = 0")

    page.locator("[data-key=opt-out] .main-part").click()
    question = page.get_by_role("dialog", name="Leave, and have everything erased")
    expect(question.get_by_text("This erases everything. Do you want to leave?")).to_be_visible()
    question.get_by_role("button", name="Yes, wipe everything").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("You have left.")
    becomes(lambda: len(service.posts("/opt-out")), 1)
    becomes(lambda: page.evaluate("window.taps"), LEAVING)


def test_whoever_does_not_mean_it_stays(phone: Phone, service: FakeService) -> None:
    offering(service)
    page = phone.open()
    page.locator("[data-key=opt-out] .main-part").click()
    page.get_by_role("button", name="No, stay").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    assert service.posts("/opt-out") == []


def test_staying_is_possible_when_leaving_from_the_menu_fails(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("503")
    offering(service)
    service.refuse("/opt-out", 503, "unavailable")
    page = phone.open()
    page.locator("[data-key=opt-out] .main-part").click()
    page.get_by_role("button", name="Yes, wipe everything").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    expect(page.locator("[data-key=opt-out] .main-part")).to_be_enabled()
