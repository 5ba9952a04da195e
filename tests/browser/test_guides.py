"""A guide on the phone: its pictures, swipes and keys, and the question at its end."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import menus, view_menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.soon import becomes

SWIPE = """(element, [from, to]) => {
    const box = element.getBoundingClientRect();
    const touch = {pointerType: 'touch', isPrimary: true, bubbles: true, clientY: box.top + 90};
    const point = (type, x) => element.dispatchEvent(
        new PointerEvent(type, {...touch, clientX: box.left + box.width * x}));
    point('pointerdown', from);
    point('pointerup', to);
}"""


def opened(phone: Phone, service: FakeService) -> Page:
    service.serve(view_menus.guided())
    page = phone.open()
    page.locator(".lead .main-part").click()
    expect(page.locator("dialog .count")).to_have_text("Step 1 of 3")
    return page


def to_the_end(page: Page) -> Locator:
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Done").click()
    question = page.get_by_role("heading", name="Did that help?")
    expect(question).to_be_focused()
    return question


def test_each_step_has_its_picture_and_the_place_of_one_stays_when_there_is_none(
    phone: Phone, service: FakeService
) -> None:
    page = opened(phone, service)
    picture = page.locator("dialog .figure img")
    expect(picture).to_have_attribute("src", f"{view_menus.PICTURE}rear-open.svg")
    expect(picture).to_have_attribute("alt", "")
    expect(picture).to_have_js_property("complete", value=True)
    place = "element => element.offsetTop"  # of the layout: the sheet may still be on its way up
    before = page.locator("dialog .step-text").evaluate(place)
    page.keyboard.press("ArrowRight")
    expect(picture).to_have_attribute("src", f"{view_menus.PICTURE}rear-pull.svg")
    page.keyboard.press("ArrowRight")
    expect(page.locator("dialog .figure .drawing")).to_be_visible()
    becomes(lambda: page.locator("dialog .step-text").evaluate(place), before)


@pytest.mark.parametrize("options", [{"service_workers": "block"}])  # a worker's requests cannot be cut off here
def test_a_picture_that_does_not_come_leaves_the_words_and_no_hole(phone: Phone, service: FakeService) -> None:
    phone.allowed += ["ERR_FAILED", "Service Worker registration blocked"]
    phone.page.route("**/menu/v1/pictures/**", lambda route: route.abort())
    page = opened(phone, service)

    expect(page.locator("dialog .figure .drawing")).to_be_visible()
    expect(page.locator("dialog .step-text")).to_contain_text("rear door")


@pytest.mark.parametrize(("direction", "onwards"), [("ltr", [0.9, 0.1]), ("rtl", [0.1, 0.9])])
def test_a_swipe_goes_on_against_the_line_of_reading_and_back_along_it(
    phone: Phone, service: FakeService, direction: str, onwards: list[float]
) -> None:
    page = opened(phone, service)
    page.evaluate("direction => { document.documentElement.dir = direction; }", direction)
    body = page.locator("dialog .sheet-body")

    body.evaluate(SWIPE, onwards)
    expect(page.locator("dialog .count")).to_have_text("Step 2 of 3")
    body.evaluate(SWIPE, onwards[::-1])
    expect(page.locator("dialog .count")).to_have_text("Step 1 of 3")
    body.evaluate(SWIPE, [0.5, 0.55])
    expect(page.locator("dialog .count")).to_have_text("Step 1 of 3")


def test_the_arrow_keys_follow_the_line_of_reading(phone: Phone, service: FakeService) -> None:
    page = opened(phone, service)
    page.evaluate("document.documentElement.dir = 'rtl'")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("dialog .count")).to_have_text("Step 2 of 3")
    page.keyboard.press("ArrowRight")
    expect(page.locator("dialog .count")).to_have_text("Step 1 of 3")


def test_a_guide_that_did_not_help_is_noted_and_leads_to_the_expert(phone: Phone, service: FakeService) -> None:
    page = opened(phone, service)
    to_the_end(page)
    page.get_by_role("button", name="Not really").click()
    expect(page.get_by_role("heading", name="Sorry about that.")).to_be_focused()
    page.get_by_role("button", name="Ask an expert").last.click()

    expect(page.get_by_role("textbox", name="Your message")).to_have_value(re.compile("“Clear the paper jam”"))
    becomes(lambda: service.posts("/items/clear-jam"), [{"journey": menus.JOURNEY, "choice": "not_helped"}])


def test_the_steps_can_be_gone_through_again_after_the_question(phone: Phone, service: FakeService) -> None:
    page = opened(phone, service)
    to_the_end(page)
    page.get_by_role("button", name="Not really").click()
    page.get_by_role("button", name="Go through the steps again").click()
    expect(page.locator("dialog .count")).to_have_text("Step 1 of 3")
    expect(page.get_by_role("button", name="Next")).to_be_focused()


def test_nothing_is_asked_when_the_fault_has_gone_by_itself(phone: Phone, service: FakeService) -> None:
    page = opened(phone, service)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    service.push(menus.support_ok())
    expect(page.locator("dialog .solved")).to_contain_text("Ready to print")
    page.get_by_role("button", name="Done").click()

    expect(page.locator("dialog")).to_have_count(0)
    assert service.posts("/items/clear-jam") == []


def test_a_guide_can_be_read_to_its_end_without_a_connection(phone: Phone, service: FakeService) -> None:
    phone.allowed += ["ERR_INTERNET_DISCONNECTED", "Failed to load resource"]
    page = opened(phone, service)
    phone.context.set_offline(offline=True)
    to_the_end(page)
    page.get_by_role("button", name="Not really").click()

    expect(page.get_by_role("button", name="Ask an expert").last).to_be_visible()
    said = "This needs a connection. Please try again when you are online."
    expect(page.get_by_role("alert")).to_have_text(said)
