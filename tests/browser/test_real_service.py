"""The page on the real phone service, with a record in memory: what the two say to each other fits."""

from playwright.sync_api import Browser, expect

from tests.browser.kept import NOTHING, everything
from tests.browser.soon import becomes
from tests.integration.mobile_menu.conftest import Served, heartbeat_s, record, served
from tests.system import until
from tests.unit.mobile_menu.fake_record import FakeRecord

__all__ = ["heartbeat_s", "record", "served"]


def test_the_page_follows_the_device_talks_to_the_expert_and_leaves(browser: Browser, served: Served) -> None:
    known: FakeRecord = served.record
    known.add("j1", "fresh", "p-anna")
    context = browser.new_context(locale="en-GB", viewport={"width": 390, "height": 844})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None
    )
    page.goto(f"{served.url}/app?journey=j1")
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    active = "navigator.serviceWorker.getRegistrations().then(all => all.some(one => one.active))"
    becomes(lambda: page.evaluate(active), True)  # Playwright's own wait takes any promise for a yes.
    (visit,) = context.cookies()
    assert (visit["name"], visit["httpOnly"], visit["sameSite"]) == ("tl_visit", True, "Lax")
    becomes(lambda: page.evaluate("document.cookie"), "")
    before = page.locator(".menu").inner_text()

    known.device_says("j1", "2.0.1")
    served.hub.changed(["j1"])
    expect(page.locator(".menu")).not_to_have_text(before, use_inner_text=True)

    page.locator(".top .help").click()
    page.get_by_role("textbox").fill("Hello?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".message.customer .words")).to_have_text("Hello?")
    expect(page.locator(".sent-state")).to_have_text("Arrived")
    known.expert_says("j1", "Good morning!", served.clock())
    served.hub.case_changed(["j1"])
    expect(page.locator(".message.expert .words")).to_have_text("Good morning!")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)

    page.locator(".top .round").last.click()
    page.get_by_role("button", name="Leave and wipe").click()
    page.get_by_role("button", name="Yes, wipe everything").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have left.")
    expect(page.locator(".receipt")).to_contain_text("r-p-anna")
    becomes(lambda: everything(page), NOTHING)
    until(lambda: not context.cookies(), "no cookie to be left")
    context.close()
    assert complaints == []
