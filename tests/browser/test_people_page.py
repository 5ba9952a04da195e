"""The people page on the real service: phones that invite, take links, lose access and hand a product over."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect

from cloud.http_app import make_app
from cloud.settings import load_settings
from tests.browser.conftest import PHONE
from tests.browser.soon import becomes
from tests.integration.cloud.conftest import sqlite_world
from tests.integration.cloud.homes import Homes
from tests.integration.cloud.world import World
from tests.system import until

__all__ = ["sqlite_world"]
STARTS_WITHIN_S = 30
ENGLISH = {
    "people": "People",
    "somebody's": "This P1 is somebody's",
    "title": "Others who look at it",
    "one": "1 other has scanned the label",
    "end": "End them all",
    "nobody": "Nobody at the moment.",
    "meet": "Meet the P1",
}
GERMAN = {
    "people": "Menschen",
    "somebody's": "Dieser P1 gehört jemandem",
    "title": "Andere, die zusehen",
    "one": "1 Person hat das Etikett gescannt",
    "end": "Alle beenden",
    "nobody": "Zurzeit niemand.",
    "meet": "Das ist der P1",
}


@dataclass
class Street:
    """The service, and the phones of the people who live there."""

    world: World
    url: str
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def phone(self, locale: str = "en-GB", **options: object) -> Page:
        """A phone of somebody's own."""
        settings: dict[str, object] = {"viewport": PHONE, "locale": locale, "timezone_id": "UTC", **options}
        context = self.browser.new_context(**settings)  # type: ignore[arg-type]  # a TypedDict in disguise
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in {"error", "warning"} else None
        )
        return page

    def owner(self, locale: str = "en-GB", **options: object) -> Page:
        """A phone whose person owns a unit that works, by its code."""
        unit = self.world.unit()
        self.world.set_up(unit)
        page = self.phone(locale, **options)
        page.goto(f"{self.url}/app/?gtin={unit.gtin}&serial={unit.serial}")
        page.locator("input[name=code]").fill(unit.claim_code)
        page.locator("form button[type=submit]").click()
        expect(page.locator(".menu")).to_be_visible()
        return page

    def people(self, page: Page, name: str = "People") -> None:
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.locator(".person").first).to_be_visible()

    def link(self, page: Page) -> str:
        """What the sheet with the link shows; closed again."""
        text = page.locator(".ticket .code").inner_text()
        expect(page.locator(".ticket .qr")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(".ticket")).to_have_count(0)
        return text

    def take(self, page: Page, link: str, yes: str = "Yes, please") -> None:
        page.goto(link)
        page.get_by_role("button", name=yes).click()


@pytest.fixture
def street(browser: Browser, sqlite_world: World) -> Iterator[Street]:
    expect.set_options(timeout=15_000)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = make_app(load_settings(public_url=url), sqlite_world.db, sqlite_world.keys)
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="people-service")
        thread.start()
        end = time.monotonic() + STARTS_WITHIN_S
        while not server.started:
            assert time.monotonic() < end, "the service did not start"
            time.sleep(0.02)
        made = Street(sqlite_world, url, browser)
        try:
            yield made
        finally:
            for context in made.contexts:
                context.close()
            app.state.hub.close()
            server.should_exit = True
            thread.join()
    assert made.complaints == []


def test_whoever_takes_the_link_is_with_the_product_until_the_owner_removes_them(street: Street) -> None:
    owner, other = street.owner(), street.phone()
    street.people(owner)
    owner.get_by_role("button", name="Invite into the household").click()
    link = street.link(owner)
    assert link.startswith(f"{street.url}/app/#link=tli_")
    expect(owner.locator(".person.pending")).to_contain_text("Invitation to the household")

    other.goto(link)
    expect(other.get_by_role("dialog")).to_contain_text("You are invited")
    expect(other).not_to_have_url(re.compile("tli_"))  # it is in no history
    other.get_by_role("button", name="Yes, please").click()
    expect(other.locator(".menu")).to_be_visible()
    expect(other.locator(".status")).not_to_have_attribute("data-level", "none")

    expect(owner.locator(".person")).to_have_count(2)  # it shows by itself
    expect(owner.locator(".person").nth(1)).to_contain_text("Household")
    owner.get_by_role("button", name="Remove: Household").click()
    owner.locator("dialog.ask").get_by_role("button", name="Remove").click()
    expect(owner.locator(".person")).to_have_count(1)
    expect(other.locator(".status-text")).to_have_text("You are no longer connected with this product")
    expect(other.get_by_role("button", name="People")).to_be_hidden()


def test_a_product_is_handed_over_when_both_phones_show_the_same_number(street: Street) -> None:
    owner, heir = street.owner(), street.phone()
    street.people(owner)
    owner.get_by_role("button", name="Hand it over").click()
    owner.locator("dialog.ask").get_by_role("button", name="Hand it over").click()
    link = street.link(owner)
    expect(owner.get_by_text("Nobody has taken it yet.")).to_be_visible()

    heir.goto(link)
    expect(heir.get_by_role("dialog")).to_contain_text("A P1 for you")
    heir.get_by_role("button", name="Yes, please").click()
    number = heir.locator("dialog.receive .check-code").inner_text()
    heir.reload()  # and it is still there
    expect(heir.locator("dialog.receive .check-code")).to_have_text(number)

    expect(owner.locator("dialog.people .check-code")).to_have_text(number)
    owner.get_by_role("button", name="Yes, it is theirs now").click()
    owner.locator("dialog.ask").get_by_role("button", name="Yes, it is theirs now").click()
    expect(owner.locator(".status-text")).to_have_text("This product has a new owner")
    expect(heir.locator(".menu-title")).to_have_text("Set up your P1")
    street.people(heir)
    expect(heir.locator(".person")).to_contain_text("Owner")
    expect(heir.locator(".people-note")).to_contain_text("told to forget")


def test_a_link_that_is_used_up_says_so_and_leads_nowhere(street: Street) -> None:
    owner, other, late = street.owner(), street.phone(), street.phone()
    street.people(owner)
    owner.get_by_role("button", name="Invite a guest").click()
    link = street.link(owner)
    street.take(other, link)
    expect(other.locator(".menu")).to_be_visible()
    late.goto(link)
    expect(late.locator(".toast")).to_contain_text("This link is used up or has expired")
    expect(late.get_by_role("heading", level=1)).to_have_text("Hello. Which product is it?")
    street.complaints[:] = [text for text in street.complaints if "404" not in text]


def test_a_guest_sees_themselves_and_the_owner_and_may_leave_in_german(street: Street) -> None:
    owner, guest = street.owner(), street.phone("de-DE")
    street.people(owner)
    owner.get_by_role("button", name="Invite a guest").click()
    street.take(guest, street.link(owner), "Ja, gern")
    expect(guest.locator(".menu")).to_be_visible()
    street.people(guest, "Menschen")
    expect(guest.locator(".person")).to_have_count(2)
    expect(guest.get_by_role("button", name="einladen")).to_have_count(0)
    guest.get_by_role("button", name="Entfernen: Gast").click()
    guest.locator("dialog.ask").get_by_role("button", name="Verlassen").click()
    expect(guest.locator(".toast")).to_contain_text("Sie haben dieses Gerät verlassen")
    expect(owner.locator(".person")).to_have_count(1)


def test_the_owner_asks_to_give_it_back_and_makes_a_new_code(street: Street) -> None:
    owner = street.owner()
    street.people(owner)
    owner.get_by_role("button", name="Make a new code").click()
    owner.locator("dialog.ask").get_by_role("button", name="Make a new code").click()
    code = owner.locator(".ticket .code").inner_text()
    owner.keyboard.press("Escape")
    expect(owner.locator(".ticket")).to_have_count(0)
    owner.locator("#wipe").click()
    owner.locator("dialog.ask").get_by_role("button", name="Erase").click()
    expect(owner.locator(".people-note")).to_contain_text("told to forget what people left on it")
    owner.get_by_role("button", name="Ask to give it back").click()
    expect(owner.locator(".people-body")).to_contain_text("Your return is being arranged.")
    expect(owner.get_by_role("button", name="Ask to give it back")).to_have_count(0)
    unit = street.world.rows("product")[0]
    street.world.menus.opt_out(street.world.phone().token)  # somebody else's leaving changes nothing here
    homes = Homes(street.world)
    assert homes.owner_of(unit) is not None
    assert len(code) == 11


def test_the_page_is_worked_by_keyboard_alone_and_gives_the_focus_back(street: Street) -> None:
    owner = street.owner()
    button = owner.get_by_role("button", name="People", exact=True)
    button.focus()
    owner.keyboard.press("Enter")
    expect(owner.get_by_role("heading", name="Who is with your P1")).to_be_focused()
    expect(owner.locator(".person").first).to_be_visible()
    owner.locator("#invite-guest").focus()
    owner.keyboard.press("Enter")
    expect(owner.get_by_role("heading", name="Welcome as a guest")).to_be_focused()
    expect(owner.locator(".person.pending")).to_have_count(1)
    owner.keyboard.press("Escape")
    expect(owner.locator("dialog.people #invite-guest")).to_be_focused()
    owner.keyboard.press("Escape")
    expect(button).to_be_focused()


@pytest.mark.parametrize("width", [320, 390, 1200])
def test_nothing_is_cut_off_at_any_width_and_everything_is_large_enough_to_hit(street: Street, width: int) -> None:
    owner = street.owner("de-DE", viewport={"width": width, "height": 800})
    street.people(owner, "Menschen")
    owner.get_by_role("button", name="In den Haushalt einladen").click()
    street.link(owner)
    expect(owner.locator(".person.pending")).to_be_visible()
    becomes(lambda: owner.evaluate("document.documentElement.scrollWidth <= innerWidth"), True)
    inside = (
        "[...document.querySelectorAll('dialog.people *')].filter(one => one.scrollWidth > one.clientWidth + 1 &&"
        " getComputedStyle(one).display !== 'inline' && !one.closest('svg')).map(one => one.outerHTML)"
    )
    becomes(lambda: owner.evaluate(inside), [])
    sizes = (
        "[...document.querySelectorAll('dialog.people button, .top button:not([hidden])')]"
        ".map(one => one.getBoundingClientRect()).filter(box => box.width).map(box => [box.width, box.height])"
    )
    until(lambda: all(min(size) >= 44 for size in owner.evaluate(sizes)), "buttons of 44 pixels")


@pytest.mark.parametrize(("locale", "words"), [("en-GB", ENGLISH), ("de-DE", GERMAN)])
def test_the_owner_sees_how_many_look_on_and_ends_them_and_their_open_page_shows_the_model(
    street: Street, locale: str, words: dict[str, str]
) -> None:
    owner, other = street.owner(locale), street.phone(locale)
    unit = street.world.rows("product")[0]
    other.goto(f"{street.url}/01/{unit.gtin}/21/{unit.serial}")
    expect(other.locator(".menu-title")).to_have_text(words["somebody's"])
    expect(other.locator(".status")).to_have_attribute("data-level", "none")

    street.people(owner, words["people"])
    card = owner.locator(".card").filter(has_text=words["title"])
    expect(card).to_contain_text(words["one"])
    card.get_by_role("button", name=words["end"]).click()
    owner.locator("dialog.ask").get_by_role("button", name=words["end"]).click()
    expect(card).to_contain_text(words["nobody"])
    expect(card.get_by_role("button")).to_have_count(0)
    expect(other.locator(".menu-title")).to_have_text(words["meet"])
