"""Messages while the page is closed: asked for by a tap, ended by another; and what the worker makes of one."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.soon import becomes

# A browser's push service is not for tests to call: these are its answers, kept where a reload keeps them.
BROWSER = """
const made = {
  toJSON: () => ({ endpoint: "https://push.example.com/x", keys: { p256dh: "P", auth: "A" } }),
  unsubscribe: async () => { localStorage.removeItem("fake.subscribed"); return true; },
};
PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
  if (!userVisibleOnly || applicationServerKey[0] !== 4) throw new Error("not as it is to be asked for");
  localStorage.setItem("fake.subscribed", "1");
  return made;
};
PushManager.prototype.getSubscription = async () => (localStorage.getItem("fake.subscribed") ? made : null);
"""


def settings(phone: Phone) -> Page:
    page = phone.open("/")
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    page.locator(".settings-button").click()
    return page


@pytest.fixture
def allowing(phone: Phone, service: FakeService) -> Phone:
    """A phone that lets the page send messages."""
    service.serve(menus.support_ok())
    phone.context.grant_permissions(["notifications"], origin=phone.url)
    phone.page.add_init_script(BROWSER)
    return phone


def test_a_tap_turns_messages_on_with_the_phones_time_zone_and_another_one_off(
    allowing: Phone, service: FakeService
) -> None:
    page = settings(allowing)
    page.get_by_role("button", name="Tell me", exact=True).click()
    expect(page.get_by_text("Done. This phone will be told.")).to_be_visible()
    browser = {"endpoint": "https://push.example.com/x", "p256dh": "P", "auth": "A", "time_zone": "UTC"}
    becomes(lambda: service.subscribed == browser, True)
    page.get_by_role("button", name="Do not tell me any more").click()
    expect(page.get_by_text("Done. This phone will not be told any more.")).to_be_visible()
    expect(page.get_by_role("button", name="Tell me", exact=True)).to_be_visible()
    becomes(lambda: service.subscribed, None)


def test_the_next_visit_tells_the_service_again(allowing: Phone, service: FakeService) -> None:
    page = settings(allowing)
    page.get_by_role("button", name="Tell me", exact=True).click()
    expect(page.get_by_text("Done. This phone will be told.")).to_be_visible()
    service.subscribed = None  # the session of the next visit is another one
    page.reload()
    becomes(lambda: service.subscribed is not None, True)


def test_a_phone_that_says_no_is_told_how_to_change_that(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = settings(phone)
    page.get_by_role("button", name="Tell me", exact=True).click()
    expect(page.get_by_text("A message names neither you nor your product.")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Your phone does not let us.")).to_be_visible()
    assert service.subscribed is None


def test_where_the_service_has_no_push_nothing_is_said_of_it(phone: Phone, service: FakeService) -> None:
    service.pushes = False
    service.serve(menus.support_ok())
    with phone.page.expect_response("**/menu/v1/push"):
        page = settings(phone)
    expect(page.get_by_role("heading", name="Messages")).to_have_count(0)


def test_the_worker_shows_a_message_in_its_words_and_nothing_that_is_none_of_ours(allowing: Phone) -> None:
    page = settings(allowing)
    page.wait_for_function("async () => Boolean((await navigator.serviceWorker.ready).active)")
    known: list[str] = []
    cdp = allowing.context.new_cdp_session(page)
    cdp.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: known.extend(one["registrationId"] for one in told["registrations"] if not one["isDeleted"]),
    )
    cdp.send("ServiceWorker.enable")
    becomes(lambda: page.evaluate("count => count > 0", len(known)), True)  # its word comes while the page is asked
    told = {"title": "Your parcel comes today", "body": "Out for delivery", "lang": "en", "dir": "ltr"}
    addresses = ("https://evil.example/app/", "/menu/v1/export", "/app/?journey=j")
    for data in ("no json", *(json.dumps({**told, "tag": url, "url": url}) for url in addresses)):
        cdp.send("ServiceWorker.deliverPushMessage", {"origin": allowing.url, "registrationId": known[0], "data": data})
    shown = """async () => {
        const found = await (await navigator.serviceWorker.ready).getNotifications();
        return found.map((one) => [one.title, one.body, one.data.url]);
    }"""
    becomes(lambda: page.evaluate(shown), [["Your parcel comes today", "Out for delivery", "/app/?journey=j"]])
