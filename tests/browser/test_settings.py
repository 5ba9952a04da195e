"""The settings: each does what it says at once and after a reload, and is forgotten with everything else."""

import re
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, expect

from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.kept import NOTHING, everything
from tests.browser.soon import becomes

PLACED = {"zone": {"zone": "shop", "shop": None, "proven": False}, "menu": {}}
HERE: dict[str, Any] = {"geolocation": {"latitude": 48.2, "longitude": 16.4, "accuracy": 12.4}}


def settings(phone: Phone) -> Page:
    page = phone.open("/")
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    page.locator(".settings-button").click()
    return page


def test_the_page_is_dark_when_that_is_chosen_and_still_after_a_reload(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = settings(phone)
    expect(page.locator("body")).to_have_css("background-color", "rgb(246, 244, 239)")
    page.get_by_text("Dark", exact=True).click()

    expect(page.locator("body")).to_have_css("background-color", "rgb(15, 20, 23)")
    expect(page.locator("meta[name=theme-color]").first).to_have_attribute("content", "rgb(15, 20, 23)")
    page.reload()
    expect(page.locator("body")).to_have_css("background-color", "rgb(15, 20, 23)")
    page.locator(".settings-button").click()
    expect(page.get_by_role("radio", name="Dark")).to_be_checked()
    page.get_by_text("As the phone").last.click()
    expect(page.locator("body")).to_have_css("background-color", "rgb(246, 244, 239)")
    expect(page.locator("meta[name=theme-color]").first).to_have_attribute("content", "#f6f4ef")


def test_the_text_is_as_large_as_it_was_chosen_to_be(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = settings(phone)
    expect(page.locator("html")).to_have_css("font-size", "17px")
    page.get_by_text("Largest", exact=True).click()

    expect(page.locator("html")).to_have_css("font-size", "24px")
    page.reload()
    expect(page.locator("html")).to_have_css("font-size", "24px")


def test_everything_is_asked_for_in_the_language_that_was_chosen(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_jam())
    page = settings(phone)
    service.serve(msgspec.structs.replace(menus.support_jam_german(), etag="german"))
    with page.expect_request(re.compile("/live")) as asked:
        page.get_by_text("Deutsch").click()

    assert asked.value.headers["accept-language"] == "de"
    expect(page.locator("dialog h2")).to_have_text("Einstellungen")
    expect(page.get_by_role("radio", name="Deutsch")).to_be_checked()
    expect(page.get_by_role("radio", name="Deutsch")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".status-text")).to_have_text("Papierstau")
    expect(page.locator(".line [aria-current=step]")).to_have_text("Im Einsatz")


def test_the_page_keeps_to_the_chosen_language_when_the_menu_is_not_in_it(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_jam())
    page = settings(phone)
    page.get_by_text("العربية").click()

    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "ar")
    expect(page.locator(".status-text")).to_have_text("Paper jam")
    page.locator(".settings-button").click()
    page.get_by_text("مثل الهاتف").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_leaving_takes_three_taps_and_the_settings_along(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = settings(phone)
    page.get_by_text("Largest", exact=True).click()
    page.get_by_role("button", name="Leave and wipe").click()
    page.get_by_role("button", name="Yes, wipe everything").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("You have left.")
    becomes(lambda: everything(page), NOTHING)


@pytest.mark.parametrize("options", [{**HERE, "permissions": ["geolocation"]}])
def test_a_position_is_told_once_and_only_when_the_customer_wants_it(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    service.answers["/context"] = PLACED
    page = settings(phone)
    assert service.posts("/context") == []
    page.get_by_role("button", name="Use where I am now").click()

    expect(page.get_by_text("You are in a partner shop.")).to_be_visible()
    position = {"latitude": 48.2, "longitude": 16.4, "accuracy_m": 12.4}
    becomes(lambda: service.posts("/context"), [{"journey": menus.JOURNEY, "position": position}])


def test_the_phone_is_asked_for_a_position_after_it_was_said_what_for_and_its_no_is_taken(
    phone: Phone, service: FakeService
) -> None:
    service.serve(menus.support_ok())
    phone.page.add_init_script("""
        window.askedFor = 0;
        Geolocation.prototype.getCurrentPosition = (found, failed) => { window.askedFor += 1; failed({ code: 1 }); };
    """)
    page = settings(phone)
    page.get_by_role("button", name="Use where I am now").click()
    expect(page.get_by_role("heading", name="May we know where you are?")).to_be_visible()
    assert page.evaluate("window.askedFor") == 0  # at rest: the question stands, and waits for an answer
    page.get_by_role("button", name="Not now").click()
    expect(page.get_by_role("button", name="Use where I am now")).to_be_enabled()
    assert page.evaluate("window.askedFor") == 0  # at rest: the answer has been taken

    page.get_by_role("button", name="Use where I am now").click()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Your phone does not tell us.")).to_be_visible()
    assert service.posts("/context") == []
    page.keyboard.press("Escape")
    expect(page.locator(".status-text")).to_have_text("Ready to print")


def test_installing_is_offered_where_the_browser_can_and_asked_once(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = settings(phone)
    expect(page.get_by_role("button", name="Add to the home screen")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    page.evaluate("""() => {
        const offer = new Event('beforeinstallprompt', { cancelable: true });
        offer.prompt = async () => { window.prompted = (window.prompted ?? 0) + 1; };
        window.banner = dispatchEvent(offer);
    }""")
    # at rest: the event has been handled when it comes back
    assert page.evaluate("window.banner") is False, "the browser's own banner stays away"
    page.locator(".settings-button").click()
    page.get_by_role("button", name="Add to the home screen").click()
    page.wait_for_function("window.prompted === 1")
    expect(page.get_by_role("button", name="Add to the home screen")).to_have_count(0)


def test_nothing_is_asked_of_the_phone_when_the_page_opens(phone: Phone, service: FakeService) -> None:
    service.serve(menus.shop_coupon())
    phone.page.add_init_script("""
        window.askedFor = [];
        const guard = (place, name) => { if (place) place[name] = () => {
            window.askedFor.push(name);
            return new Promise(() => {});
        }; };
        guard(Geolocation.prototype, 'getCurrentPosition');
        guard(Geolocation.prototype, 'watchPosition');
        guard(window.MediaDevices?.prototype, 'getUserMedia');
        guard(window.Notification, 'requestPermission');
        guard(window.PushManager?.prototype, 'subscribe');
        guard(navigator.bluetooth?.constructor.prototype, 'requestLEScan');
    """)
    page = settings(phone)
    expect(page.locator("dialog .setting")).to_have_count(3)
    assert page.evaluate("window.askedFor") == []  # at rest: the page and its settings are there
