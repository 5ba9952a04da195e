"""When the line is back: what waited goes out once, whoever sends it, and what was said meanwhile is shown."""

from playwright.sync_api import Page, Route, expect

from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.soon import becomes

OFFLINE = ["ERR_INTERNET_DISCONNECTED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_FAILED"]
LINE = "**/menu/v1/live?**"
STEP = "/items/paper"


def ticked_offline(phone: Phone, service: FakeService) -> Page:
    """A page without a connection, and a step on it that waits for one."""
    phone.allowed += OFFLINE
    service.serve(menus.install_checklist())
    page = phone.open("/")
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    phone.context.set_offline(offline=True)
    expect(page.locator("#banner")).to_contain_text("You are offline")
    page.locator("[data-key=paper] .main-part").click()
    expect(page.locator("#banner")).to_contain_text("1 step waits to be sent.")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    return page


def back(page: Page) -> None:
    """The line can be had again, and the page does not wait until it would have tried by itself."""
    page.unroute(LINE)
    page.evaluate("dispatchEvent(new Event('online'))")


def keys(service: FakeService) -> list[str]:
    return [key for path, _, key in service.calls if path == STEP]


def test_a_step_is_sent_once_when_it_is_tapped_while_it_goes_out_by_itself(phone: Phone, service: FakeService) -> None:
    page = ticked_offline(phone, service)
    held: list[Route] = []
    page.route(f"**{STEP}", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    with page.expect_request(f"**{STEP}"):
        phone.context.set_offline(offline=False)
        service.break_lines()
    page.locator("[data-key=paper] .main-part").click()
    expect(page.locator("[aria-busy=true]")).to_have_count(1)

    held[0].continue_()

    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    expect(page.locator("#banner")).to_be_hidden()
    assert len(held) == 1
    assert len(keys(service)) == 1


def test_a_step_that_a_tap_got_through_does_not_wait_any_more(phone: Phone, service: FakeService) -> None:
    page = ticked_offline(phone, service)
    page.route(LINE, lambda route: route.abort())
    service.break_lines()  # one that was open stays so when the phone is offline
    becomes(lambda: len(service.lines()), 0)
    phone.context.set_offline(offline=False)
    page.locator("[data-key=paper] .main-part").click()
    expect(page.locator("#banner")).not_to_contain_text("waits to be sent")

    back(page)
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    expect(page.locator("#banner")).to_be_hidden()
    assert len(keys(service)) == 1


def test_a_step_that_has_gone_out_is_a_new_wish_when_it_is_tapped_again(phone: Phone, service: FakeService) -> None:
    page = ticked_offline(phone, service)
    phone.context.set_offline(offline=False)
    service.break_lines()
    expect(page.locator("#banner")).to_be_hidden()
    with page.expect_response(f"**{STEP}"):
        page.locator("[data-key=paper] .main-part").click()

    first, second = keys(service)
    assert first != second


def test_an_answer_that_came_while_the_line_was_down_is_shown_in_the_open_conversation(
    phone: Phone, service: FakeService
) -> None:
    phone.allowed += OFFLINE
    service.serve(menus.support_jam())
    page = phone.open()
    page.get_by_role("button", name="Ask an expert", exact=True).click()
    page.get_by_role("textbox").fill("Hello?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".sent-state")).to_have_text("Arrived")
    page.route(LINE, lambda route: route.abort())
    service.break_lines()
    becomes(lambda: len(service.lines()), 0)
    service.answer_unheard("Good morning!")

    back(page)

    expect(page.locator(".message.expert .words")).to_have_text("Good morning!")
