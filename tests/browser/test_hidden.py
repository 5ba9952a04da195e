"""A page that nobody sees has no live line: the service takes an open one for somebody who reads."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.soon import becomes

SIGHT = """(hidden) => {
    Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
    Object.defineProperty(document, "visibilityState", {configurable: true, get: () => hidden ? "hidden" : "visible"});
    document.dispatchEvent(new Event("visibilitychange"));
}"""
SAYS = """() => {
    const pulse = document.querySelector(".pulse");
    window.said = [];
    new MutationObserver(() => window.said.push(pulse.getAttribute("data-fresh")))
        .observe(pulse, {attributes: true, attributeFilter: ["data-fresh"]});
}"""


def open_lines(service: FakeService) -> int:
    return len(service.lines())


def hide(page: Page) -> None:
    page.evaluate(SIGHT, True)


def show(page: Page) -> None:
    page.evaluate(SIGHT, False)


def opened(phone: Phone, service: FakeService) -> Page:
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    becomes(lambda: open_lines(service), 1)
    return page


def stopped(phone: Phone, service: FakeService) -> Page:
    """The same, and the page's clock stands: no timer runs out by itself. It stops within the line's patience."""
    phone.page.clock.install()
    page = opened(phone, service)
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=20))
    return page


def test_a_hidden_page_lets_go_of_its_line_and_has_what_came_when_it_is_seen_again(
    phone: Phone, service: FakeService
) -> None:
    asked: list[str] = []
    page = opened(phone, service)
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(SAYS)
    hide(page)
    becomes(lambda: open_lines(service), 0)
    service.push(menus.support_jam())
    show(page)

    expect(page.locator(".status-text")).to_have_text("Paper jam")
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    becomes(lambda: open_lines(service), 1)
    assert len(service.stream_ids) == 2
    assert int(service.stream_ids[1]) > 0
    becomes(lambda: page.evaluate("window.said"), ["waiting", "up"])
    # asked for before the line was opened anew, if at all: as after a break
    assert [url for url in asked if "/menu/v1/menu?" in url] == []


@pytest.mark.parametrize(
    "leave",
    [
        lambda page: page.evaluate("document.dispatchEvent(new Event('freeze'))"),
        lambda page: page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))"),
    ],
    ids=["freeze", "pagehide"],
)
def test_a_page_that_is_put_away_lets_go_of_its_line_at_once(
    phone: Phone, service: FakeService, leave: Callable[[Page], None]
) -> None:
    page = stopped(phone, service)
    hide(page)
    leave(page)
    becomes(lambda: open_lines(service), 0)

    page.clock.resume()
    show(page)
    becomes(lambda: open_lines(service), 1)


def test_a_glance_into_another_tab_leaves_the_line_open(phone: Phone, service: FakeService) -> None:
    page = stopped(phone, service)
    hide(page)
    page.clock.run_for(2_000)
    show(page)
    page.clock.run_for(20_000)

    service.push(menus.support_jam())
    expect(page.locator(".status-text")).to_have_text("Paper jam")
    assert len(service.stream_ids) == 1


def test_a_page_that_was_opened_unseen_lets_go_of_its_line_too(phone: Phone, service: FakeService) -> None:
    phone.page.add_init_script(f"({SIGHT})(true)")
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".status-text")).to_have_text("Ready to print")
    becomes(lambda: (len(service.stream_ids), open_lines(service)), (1, 0))

    show(page)
    becomes(lambda: (len(service.stream_ids), open_lines(service)), (2, 1))


def test_an_answer_that_came_unseen_is_in_the_open_conversation(phone: Phone, service: FakeService) -> None:
    page = opened(phone, service)
    page.get_by_role("button", name="Ask an expert", exact=True).click()
    page.get_by_role("textbox").fill("It makes a noise.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".sent-state")).to_have_text("Arrived")
    hide(page)
    becomes(lambda: open_lines(service), 0)
    service.answer_unheard("Please open the lid.")
    show(page)

    expect(page.locator(".log")).to_contain_text("Please open the lid.")
