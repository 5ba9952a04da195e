"""One session in many tabs: who refreshes, what the others then read, and where it is kept if storage is denied."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import WEB, FakeService
from tests.browser.kept import session
from tests.browser.soon import becomes
from tests.system import until

NO_LOCKS = "Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })"
LOCKS_DENIED = "LockManager.prototype.request = () => Promise.reject(new DOMException('denied', 'SecurityError'))"
NO_DATABASE = "IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError'); }"
NO_STORAGE = (
    "for (const name of ['getItem', 'setItem', 'removeItem'])"
    " Storage.prototype[name] = () => { throw new DOMException('denied', 'SecurityError'); }"
)
NO_CACHES = "CacheStorage.prototype.keys = () => Promise.reject(new DOMException('denied', 'SecurityError'))"
COUNT = """async (turns) => {
  const { held } = await import('/app/js/held.js');
  for (let turn = 0; turn < turns; turn += 1) {
    await held.change((session) => ({ refresh: 'x', until: 0, count: (session?.count ?? 0) + 1 }));
  }
}"""


def opened(phone: Phone) -> Page:
    """One more tab of the same browser, at the menu."""
    page = phone.tab()
    page.goto(f"{phone.url}/app/")
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    return page


def empty(phone: Phone, page: Page) -> None:
    """Of the same origin, and without what the page itself does there."""
    nothing = "<!doctype html><link rel='icon' href='data:,'>"
    page.route("**/empty", lambda route: route.fulfill(body=nothing, content_type="text/html"))
    alone = (WEB / "js" / "held.js").read_text(encoding="utf-8")  # as it is served, it brings the page's others along
    page.route("**/app/js/held.js", lambda route: route.fulfill(body=alone, content_type="text/javascript"))
    page.goto(f"{phone.url}/empty")


@pytest.mark.parametrize("browser_has", ["", NO_LOCKS, LOCKS_DENIED], ids=["locks", "no locks", "locks denied"])
def test_of_two_tabs_whose_token_ends_at_once_one_refreshes_for_both(
    phone: Phone, service: FakeService, browser_has: str
) -> None:
    phone.allowed.append("401")
    service.serve(menus.support_ok())
    phone.context.add_init_script(browser_has)
    tabs = [opened(phone), opened(phone)]

    service.expire()
    service.push(menus.support_jam())
    for tab in tabs:
        expect(tab.locator(".status-text")).to_have_text("Paper jam")

    becomes(lambda: len(service.posts("/session/refresh")), 1)
    until(lambda: session(tabs[0]) == session(tabs[1]), "one session for both")
    assert [path for path, *_ in service.calls].count("/menu/v1/session") == 1


def test_a_tab_whose_token_was_refused_takes_the_newer_one_and_leaves_it_where_it_is(
    phone: Phone, service: FakeService
) -> None:
    phone.allowed.append("401")
    service.serve(menus.support_ok())
    late, early = opened(phone), opened(phone)
    ask = "async () => { const { api } = await import('/app/js/api.js'); await api.journeys(); }"
    service.tokens.clear()
    early.evaluate(ask)
    newer = session(early)

    late.evaluate(ask)

    becomes(lambda: session(late), newer)
    becomes(lambda: len(service.posts("/session/refresh")), 1)


def test_a_change_of_one_tab_is_ordered_after_every_one_before_of_whichever_tab(phone: Phone) -> None:
    tabs = [phone.page, phone.tab()]
    for tab in tabs:
        empty(phone, tab)
    for tab in tabs:
        tab.evaluate(f"turns => {{ window.done = ({COUNT})(turns); }}", 100)
    for tab in tabs:
        tab.evaluate("() => window.done")
    becomes(lambda: session(tabs[0])["count"], 200)


def test_a_session_that_a_page_of_before_kept_is_moved_once(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    service.tokens.add("known")
    empty(phone, phone.page)
    phone.page.evaluate(
        "localStorage['throughline.session'] = "
        "JSON.stringify({ token: 'known', refresh: 'r', until: Date.now() + 1e6, ahead: Date.now() + 1e6 })"
    )
    page = phone.open("/")
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    becomes(lambda: (session(page)["token"], session(page)["refresh"]), ("known", "r"))
    becomes(lambda: page.evaluate("localStorage.getItem('throughline.session')"), None)
    assert service.posts("/menu/v1/session") == []


def test_what_a_page_of_before_left_does_not_take_the_place_of_a_newer_session(
    phone: Phone, service: FakeService
) -> None:
    service.serve(menus.support_ok())
    page = opened(phone)
    newer = session(page)
    page.evaluate("localStorage['throughline.session'] = JSON.stringify({ token: 'old', refresh: 'r', until: 1 })")
    page.reload()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    becomes(lambda: session(page), newer)
    becomes(lambda: page.evaluate("localStorage.getItem('throughline.session')"), None)


def test_without_a_database_the_session_is_kept_in_the_other_storage(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    phone.context.add_init_script(NO_DATABASE)
    page = opened(phone)
    page.reload()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    becomes(lambda: len(service.posts("/menu/v1/session")), 1)


@pytest.mark.parametrize("locks", ["", NO_LOCKS, LOCKS_DENIED], ids=["locks", "no locks", "locks denied"])
def test_where_all_storage_is_denied_the_visit_goes_on_from_memory_and_can_be_left(
    phone: Phone, service: FakeService, locks: str
) -> None:
    phone.allowed.append("401")
    service.serve(menus.support_ok())
    for missing in (NO_DATABASE, NO_STORAGE, NO_CACHES, locks):
        phone.context.add_init_script(missing)
    page = opened(phone)
    service.expire()
    service.push(menus.support_jam())
    expect(page.locator(".status-text")).to_have_text("Paper jam")
    becomes(lambda: (len(service.posts("/menu/v1/session")), len(service.posts("/session/refresh"))), (1, 1))
    page.get_by_role("button", name="Settings", exact=True).click()
    page.get_by_role("button", name="Leave and wipe").click()
    page.get_by_role("button", name="Yes, wipe everything").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have left.")


def test_who_signs_out_in_one_tab_while_another_refreshes_is_not_kept_after_all(
    phone: Phone, service: FakeService
) -> None:
    phone.allowed.append("401")
    service.serve(menus.support_ok())
    page = opened(phone)
    service.tokens.clear()
    page.evaluate("async () => { window.api = (await import('/app/js/api.js')).api; }")
    with page.expect_request(lambda request: request.url.endswith("/session/refresh")):
        page.evaluate("() => { window.asked = window.api.journeys(); }")
    page.evaluate("async () => (await import('/app/js/store.js')).store.wipe()")
    page.evaluate("() => window.asked")
    becomes(lambda: page.evaluate("async () => (await import('/app/js/held.js')).held.read()"), None)
