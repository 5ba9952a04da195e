"""The session that nobody notices; the phones and the e-mail address that somebody looks after."""

import re

from playwright.sync_api import expect

from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.kept import NOTHING, everything, session
from tests.browser.soon import becomes
from tests.system import until

WATCH = """() => {
  window.seen = [];
  const note = () => window.seen.push(
    document.querySelector('.pulse')?.dataset.fresh + '|' + document.getElementById('banner').hidden,
  );
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true });
}"""


def test_nobody_sees_that_an_access_token_has_expired_while_the_menu_is_open(
    phone: Phone, service: FakeService
) -> None:
    phone.allowed.append("401")
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    before = session(page)
    page.evaluate(WATCH)

    with page.expect_response(lambda response: "/live" in response.url and response.ok):
        service.expire()
    service.push(menus.support_jam())
    expect(page.locator(".status-text")).to_have_text("Paper jam")

    # at rest: it notes what was, up to the menu that has been waited for
    assert {one for one in page.evaluate("window.seen") if one != "up|true"} == set()
    until(lambda: session(page)["refresh"] != before["refresh"], "the next session to be kept")
    assert int(service.stream_ids[-1]) > 0
    assert [path for path, *_ in service.calls].count("/menu/v1/session") == 1


def test_calls_that_meet_an_expired_token_at_once_refresh_once_and_all_go_on(
    phone: Phone, service: FakeService
) -> None:
    phone.allowed.append("401")
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    service.tokens.clear()
    found = page.evaluate(
        """async () => {
          const { api } = await import('/app/js/api.js');
          return (await Promise.all([1, 2, 3, 4].map(() => api.journeys()))).map((items) => items.length);
        }"""
    )
    assert found == [1, 1, 1, 1]
    becomes(lambda: len(service.posts("/session/refresh")), 1)


def test_the_next_token_is_fetched_before_the_old_one_ends(phone: Phone, service: FakeService) -> None:
    service.lasts_s = 2
    service.serve(menus.support_ok())
    with phone.page.expect_response(lambda response: "/session/refresh" in response.url and response.ok):
        page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    until(lambda: session(page)["token"] in service.tokens, "a token that counts to be kept")


def test_a_session_that_was_ended_is_said_and_a_new_one_begins(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("401")
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    service.tokens.clear()
    service.refreshes.clear()  # as after a token that came twice
    service.journeys.clear()
    page.reload()

    expect(page.get_by_role("heading", name="This phone was signed out.")).to_be_visible()
    becomes(lambda: page.evaluate("Object.keys(localStorage)"), [])
    until(lambda: session(page)["token"] in service.tokens, "a token that counts to be kept")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Hello. Which product is it?")).to_be_visible()
    until(lambda: "menu" not in page.evaluate("Object.keys(localStorage).join()"), "no menu to be kept")
    assert [path for path, *_ in service.calls].count("/menu/v1/session") == 2


def test_a_token_of_an_older_page_becomes_a_refresh_token(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    service.refreshes["tls_old"] = "old"
    phone.context.add_init_script(
        "if (!localStorage['throughline.session']) localStorage['throughline.token'] = '\"tls_old\"'"
    )
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    becomes(lambda: service.posts("/session/refresh"), [{"refresh_token": "tls_old"}])
    becomes(lambda: page.evaluate("localStorage.getItem('throughline.token')"), None)


def test_the_e_mail_address_is_asked_for_proven_and_removed(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    page.get_by_role("button", name="Settings", exact=True).click()
    card = page.locator(".card.email")
    expect(card.get_by_role("status")).to_have_text("You have not given one.")
    card.get_by_label("E-mail address").fill("nobody")
    card.get_by_role("button", name="Send me a link").click()
    assert service.posts("/email") == []
    card.get_by_label("E-mail address").fill("ada@example.com")
    card.get_by_role("button", name="Send me a link").click()
    expect(card.get_by_role("status")).to_contain_text("We have sent a link to ada@example.com")
    becomes(lambda: service.posts("/email"), [{"address": "ada@example.com", "language": "en"}])

    service.mail_limited = True
    card.get_by_label("E-mail address").fill("ada@example.com")
    card.get_by_role("button", name="Send me a link").click()
    expect(card.get_by_role("status")).to_contain_text("Open the newest mail that you have from us in this browser")

    page.goto(f"{page.url}#email=tle_good")  # in the page that is open: the browser does not load it anew
    expect(page.locator(".toast")).to_contain_text("Confirmed: ada@example.com")
    becomes(lambda: page.evaluate("location.hash"), "")
    becomes(lambda: service.posts("/email/verify"), [{"token": "tle_good"}])

    page.get_by_role("button", name="Settings", exact=True).click()
    expect(card.get_by_role("status")).to_have_text("Confirmed: ada@example.com")
    card.get_by_role("button", name="Remove my address").click()
    expect(card.get_by_role("status")).to_have_text("You have not given one.")


def test_a_link_that_does_not_count_here_says_what_to_do(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("403")
    service.serve(menus.support_ok())
    page = phone.open("/#email=tle_other")
    expect(page.locator(".toast")).to_contain_text("This link does not count here.")


def test_other_phones_are_signed_out_from_the_list_and_this_one_forgets_everything(
    phone: Phone, service: FakeService
) -> None:
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    page.get_by_role("button", name="Settings", exact=True).click()
    expect(page.locator(".phones li")).to_have_count(3)
    page.get_by_role("button", name="Sign out: Another phone").click()
    expect(page.locator(".phones li")).to_have_count(2)
    assert service.deleted == {"/sessions/s-2"}
    expect(page.locator(".phones li").last).to_contain_text("A browser that remembers you")
    page.get_by_role("button", name="Sign out all others").click()
    expect(page.locator(".phones li")).to_have_count(1)
    becomes(lambda: len(service.posts("/sessions/end-others")), 1)
    page.get_by_role("button", name="Sign out this phone").click()
    page.get_by_role("button", name="Sign out only").click()
    expect(page.get_by_role("heading", name="You are signed out.")).to_be_visible()
    becomes(lambda: everything(page), NOTHING)


def test_whoever_signs_out_may_erase_as_well_in_one_tap(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    page.get_by_role("button", name="Settings", exact=True).click()
    page.get_by_role("button", name="Sign out this phone").click()
    page.get_by_role("button", name="Erase as well").click()
    expect(page.get_by_role("heading", name="You have left.")).to_be_visible()
    becomes(lambda: len(service.posts("/opt-out")), 1)
    assert service.posts("/session/end") == []
    becomes(lambda: everything(page), NOTHING)


def test_a_one_time_link_that_is_opened_in_the_open_page_is_looked_at_and_leaves_the_address(
    phone: Phone, service: FakeService
) -> None:
    phone.allowed.append("404")
    service.serve(menus.support_ok())
    page = phone.open("/")
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    for code in ("tli_first", "tli_second"):
        page.goto(f"{page.url}#link={code}")
        expect(page).to_have_url(re.compile(r"^[^#]*$"))
        expect(page.locator(".toast span")).not_to_be_empty()
        page.evaluate("document.querySelector('.toast').remove()")
    becomes(lambda: service.posts("/invitations/look"), [{"code": "tli_first"}, {"code": "tli_second"}])
