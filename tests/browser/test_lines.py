"""When the line breaks, the service is away, or the journey ends."""

from datetime import UTC, datetime

import msgspec
from playwright.sync_api import expect

from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService, Running
from tests.browser.kept import NOTHING, everything
from tests.browser.soon import becomes


def test_the_last_menu_is_shown_and_marked_when_the_service_is_gone(
    phone: Phone, service: FakeService, running: Running
) -> None:
    phone.allowed += ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET"]
    service.serve(menus.support_jam())
    page = phone.open(f"?journey={menus.JOURNEY}")
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    running.stop()

    page.reload()

    expect(page.locator(".status-text")).to_have_text("Paper jam")
    expect(page.locator("#banner")).to_contain_text("The service is out of reach. This is the menu as of")
    expect(page.locator(".pulse")).to_have_text("Not live")
    page.locator(".lead .main-part").click()
    expect(page.locator("dialog .count")).to_have_text("Step 1 of 3")


def test_a_menu_that_ends_by_itself_is_kept_nowhere_on_the_phone(phone: Phone, service: FakeService) -> None:
    kept = "Object.keys(localStorage).filter((name) => name.startsWith('throughline.menu.'))"
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    becomes(lambda: len(page.evaluate(kept)), 1)
    jammed = menus.support_jam()
    service.push(msgspec.structs.replace(jammed, until=datetime(2026, 11, 22, 10, 0, tzinfo=UTC)))
    expect(page.locator(".status-text")).to_have_text("Paper jam")
    becomes(lambda: page.evaluate(kept), [])


def test_what_is_shown_is_live_again_as_soon_as_the_phone_is_back_though_the_line_outlived_it(
    phone: Phone, service: FakeService
) -> None:
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    lines = len(service.stream_ids)
    page.evaluate("dispatchEvent(new Event('offline'))")
    expect(page.locator(".pulse")).to_have_text("Not live")

    page.evaluate("dispatchEvent(new Event('online'))")

    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    expect(page.locator("#banner")).to_be_hidden()
    becomes(lambda: len(service.stream_ids), lines + 1)  # what was up may lead nowhere: another one was opened
    service.push(menus.support_jam())
    expect(page.locator(".status-text")).to_have_text("Paper jam")


def test_the_phone_says_that_it_is_offline_and_catches_up_when_it_is_back(phone: Phone, service: FakeService) -> None:
    phone.allowed += ["ERR_INTERNET_DISCONNECTED", "ERR_INCOMPLETE_CHUNKED_ENCODING"]
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    phone.context.set_offline(True)
    expect(page.locator("#banner")).to_contain_text("You are offline")

    service.menus[menus.JOURNEY] = menus.support_jam()
    phone.context.set_offline(False)
    service.break_lines()

    expect(page.locator(".status-text")).to_have_text("Paper jam")
    expect(page.locator("#banner")).to_be_hidden()


def test_the_line_is_opened_again_from_the_last_event_when_it_breaks(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    service.push(menus.support_jam())
    expect(page.locator(".status-text")).to_have_text("Paper jam")

    with page.expect_response(lambda response: "/live" in response.url):
        service.break_lines()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")

    assert len(service.stream_ids) == 2
    assert service.stream_ids[0] == ""
    assert int(service.stream_ids[1]) > 0


def test_a_friendly_page_is_shown_and_left_again_when_the_service_is_unwell(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("503")
    service.serve(menus.support_ok())
    service.fails_all = True
    page = phone.open()
    expect(page.get_by_role("heading", level=1)).to_have_text("We cannot show your menu right now.")

    service.fails_all = False
    page.get_by_role("button", name="Try again").click()

    expect(page.locator(".status-text")).to_have_text("Ready to print")


def test_the_menu_is_wiped_from_the_phone_when_the_journey_ends(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = phone.open(f"?journey={menus.JOURNEY}")
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    page.locator("[data-key=tip] .main-part").click()
    service.journeys.clear()

    service.send("gone", {})

    expect(page.get_by_role("heading", level=1)).to_have_text("This journey has ended.")
    expect(page.locator("dialog")).to_have_count(0)
    becomes(lambda: page.evaluate("localStorage.getItem('throughline.menu.j-printer')"), None)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello. Which product is it?")


def test_a_journey_that_is_not_ours_does_not_hide_those_that_are(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("404")  # the line that the address names is asked for before it is known whose it is
    service.serve(menus.support_ok())
    page = phone.open("?journey=somebody-elses")

    expect(page.locator(".toast")).to_have_text("That link belongs to another visit. These are your products.")
    expect(page.locator(".status-text")).to_have_text("Ready to print")


def test_an_equal_menu_changes_nothing_on_the_page(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    page.evaluate("""() => {
        window.changes = 0;
        new MutationObserver(all => { window.changes += all.length; })
            .observe(document.querySelector('.sections'),
                {subtree: true, childList: true, attributes: true, characterData: true});
    }""")

    service.push(menus.support_ok())
    service.push(msgspec.structs.replace(menus.support_ok(), title="A new name"))

    expect(page.locator(".menu-title")).to_have_text("A new name")
    # at rest: it is told of all changes up to the name that has been waited for
    assert page.evaluate("window.changes") == 0


def test_the_menu_comes_back_by_itself_when_only_the_session_has_run_out(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")

    with page.expect_response(lambda response: "/live" in response.url):
        service.send("gone", {"code": "session_refused"})

    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    expect(page.locator(".status-text")).to_have_text("Ready to print")
    assert len(service.tokens) == 2


def test_the_phone_is_wiped_when_its_owner_left_on_another_one(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    service.journeys.clear()

    service.send("gone", {"code": "session_refused"})

    expect(page.get_by_role("heading", level=1)).to_have_text("This journey has ended.")
    becomes(lambda: everything(page), NOTHING)
