"""The page without a connection: kept as one version, with guides and their pictures, and with what may wait."""

import shutil
from pathlib import Path

import msgspec
from playwright.sync_api import Page, expect

from mobile_menu.rules.menu import GuideStep, Menu
from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import NOON, WEB, FakeService, Running
from tests.browser.kept import NOTHING, everything
from tests.browser.soon import becomes

GONE = ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_FAILED"]
OFFLINE = ["ERR_INTERNET_DISCONNECTED", "ERR_INCOMPLETE_CHUNKED_ENCODING"]
ACTIVE = (
    "navigator.serviceWorker.getRegistrations().then(all => all.length === 1 && all[0].active?.state === 'activated')"
)
PICTURES = """async () => {
  if (!(await caches.has('throughline-pictures'))) return [];
  const cache = await caches.open('throughline-pictures');
  return (await cache.keys()).map((request) => new URL(request.url).pathname).sort();
}"""
SHELLS = "caches.keys().then(names => names.filter(name => name.startsWith('throughline-shell-')))"
PUT_AWAY = """() => {
  Object.defineProperty(document, 'hidden', { get: () => true, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
  return document.querySelector('.status-level')?.textContent === 'All is very well';
}"""


def pictured(menu: Menu, *names: str) -> Menu:
    """The menu with one picture for each step of its first guide, as far as there are names."""
    guide = menu.sections[0].items[0]
    steps = tuple(
        GuideStep(text=step.text, picture=f"/menu/v1/pictures/{name}.svg" if name else "")
        for step, name in zip(guide.steps, (*names, "", "", ""), strict=False)
    )
    first = msgspec.structs.replace(menu.sections[0], items=(msgspec.structs.replace(guide, steps=steps),))
    return msgspec.structs.replace(menu, sections=(first, *menu.sections[1:]), etag="-".join(("pictured", *names)))


def has_pictures(page: Page, *names: str) -> None:
    """Waits until these and no others are kept."""
    wanted = [f"/menu/v1/pictures/{name}.svg" for name in names]
    becomes(lambda: page.evaluate(PICTURES), wanted)


def opened(phone: Phone) -> Page:
    page = phone.open("/")
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    becomes(lambda: page.evaluate(ACTIVE), True)
    return page


def test_the_page_its_last_menu_and_the_pictures_of_its_guides_are_there_without_a_service(
    phone: Phone, service: FakeService, running: Running
) -> None:
    phone.allowed += GONE
    service.serve(pictured(menus.support_jam(), "air-around", "ask-at-home"))
    page = opened(phone)
    has_pictures(page, "air-around", "ask-at-home")
    running.stop()

    page.reload()
    expect(page.locator(".status-text")).to_have_text("Paper jam")
    expect(page.locator("#banner")).to_contain_text("This is the menu as of")
    shown = """async () => {
        const image = new Image();
        image.src = '/menu/v1/pictures/ask-at-home.svg';
        await image.decode();
        return image.naturalWidth > 0;
    }"""
    becomes(lambda: page.evaluate(shown), True)


def test_only_the_pictures_of_menus_that_are_kept_are(phone: Phone, service: FakeService) -> None:
    service.serve(pictured(menus.support_jam(), "air-around", "ask-at-home"))
    page = opened(phone)
    has_pictures(page, "air-around", "ask-at-home")
    service.push(pictured(menus.support_jam(), "ask-at-home"))
    has_pictures(page, "ask-at-home")

    onlooker = msgspec.structs.replace(pictured(menus.support_jam(), "ask-expert"), until=NOON)
    service.push(onlooker)
    has_pictures(page)


def test_a_new_version_is_taken_whole_and_only_when_nobody_looks(
    phone: Phone, service: FakeService, tmp_path: Path
) -> None:
    service.serve(menus.support_ok())
    page = opened(phone)
    page.reload()
    expect(page.locator(".status-level")).to_have_text("All is well")
    (before,) = page.evaluate(SHELLS)
    words = shutil.copytree(WEB, tmp_path / "web") / "js" / "words" / "en.js"
    words.write_text(words.read_text().replace("All is well", "All is very well"))
    service.publish(tmp_path / "web")

    page.evaluate("navigator.serviceWorker.getRegistration('/app/').then(one => one.update())")
    becomes(
        lambda: page.evaluate("navigator.serviceWorker.getRegistration('/app/').then(one => one.waiting?.state)"),
        "installed",
    )
    expect(page.locator(".status-level")).to_have_text("All is well")
    page.wait_for_function(PUT_AWAY, polling=200)
    becomes(lambda: page.evaluate(f"({SHELLS}).then(all => all.length)"), 1)
    becomes(lambda: page.evaluate(SHELLS) != [before], True)


def test_a_step_that_is_ticked_offline_waits_and_is_sent_once(phone: Phone, service: FakeService) -> None:
    phone.allowed += OFFLINE
    service.serve(menus.install_checklist())
    page = opened(phone)
    phone.context.set_offline(True)
    expect(page.locator("#banner")).to_contain_text("You are offline. This is the menu as of")
    page.locator("[data-key=paper] .main-part").click()

    expect(page.locator(".toast")).to_have_text("Noted on this phone. It is sent as soon as you are connected.")
    expect(page.locator("#banner")).to_contain_text("1 step waits to be sent.")
    page.locator("[data-key=paper] .main-part").click()
    expect(page.locator("#banner")).to_contain_text("1 step waits to be sent.")
    # The second tap is over: one that is still under way when the line is back goes out by itself, under the same key.
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert service.posts("/items/paper") == []

    phone.context.set_offline(False)
    service.break_lines()
    expect(page.locator("#banner")).to_be_hidden()
    becomes(lambda: service.posts("/items/paper"), [{"journey": menus.JOURNEY}])


def test_what_may_not_wait_says_that_it_needs_a_connection(phone: Phone, service: FakeService) -> None:
    phone.allowed += OFFLINE
    service.serve(menus.support_jam())
    page = opened(phone)
    phone.context.set_offline(True)
    expect(page.locator("#banner")).to_contain_text("You are offline")
    page.locator("[data-key=restart] .main-part").click()
    page.get_by_role("button", name="Yes, go ahead").click()

    expect(page.get_by_role("alert")).to_have_text("This needs a connection. Please try again when you are online.")
    expect(page.locator("#banner")).not_to_contain_text("wait")


def test_leaving_takes_pictures_and_what_waits_along(phone: Phone, service: FakeService) -> None:
    phone.allowed += OFFLINE
    service.serve(pictured(menus.support_jam(), "air-around"))
    page = opened(phone)
    has_pictures(page, "air-around")
    page.evaluate("localStorage['throughline.ticks.j-printer'] = '[{}]'")
    page.locator("[data-key=privacy] .main-part").click()
    page.get_by_role("button", name="Leave and wipe").click()
    page.get_by_role("button", name="Yes, wipe everything").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have left.")
    becomes(lambda: everything(page), NOTHING)
