"""Where is my printer: the parcel's way on the phone."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import menus, view_menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.soon import becomes

KEPT = "localStorage.getItem('throughline.parcel.j-printer')"


def opened(phone: Phone, service: FakeService, **changes: Any) -> Page:
    service.serve(menus.delivery_late())
    service.parcels[menus.JOURNEY] = {**view_menus.STORY, **changes}
    page = phone.open()
    page.locator("[data-key=track] .main-part").click()
    expect(page.get_by_role("dialog", name="Where is my printer?")).to_be_visible()
    return page


def test_every_scan_is_on_the_line_with_the_present_one_marked_and_the_day_to_come(
    phone: Phone, service: FakeService
) -> None:
    page = opened(phone, service)

    expect(page.locator(".parcel-state")).to_have_text("On its way")
    expect(page.locator(".parcel-day")).to_have_text("Expected on Tuesday 24 November")
    expect(page.locator(".scan-status")).to_have_text(["With you", "On its way", "On its way", "Label made"])
    expect(page.locator(".scan[aria-current=step] .scan-where")).to_have_text("Fri 20 Nov, 13:40Lyon, FR")
    expect(page.locator(".scan[aria-current=step]")).to_have_count(1)


@pytest.mark.parametrize(
    ("changes", "state", "day"),
    [
        ({"state": "late"}, "Later than promised", "It was promised for Tuesday 24 November"),
        (
            {"first_promised_at": "2026-11-23T17:00:00Z"},
            "On its way",
            "Expected on Tuesday 24 November; first promised for Monday 23 November",
        ),
        ({"state": "failed", "status": "failed"}, "It could not be delivered", ""),
        ({"state": "delivered", "status": "delivered"}, "Delivered", "It arrived on Fri 20 Nov, 13:40"),
        ({"promised_at": None}, "On its way", ""),
        ({"state": "none", "scans": [], "status": None, "current_at": None, "promised_at": None}, "No parcel yet", ""),
    ],
)
def test_the_state_and_the_day_are_said_in_words(
    phone: Phone, service: FakeService, changes: dict[str, Any], state: str, day: str
) -> None:
    page = opened(phone, service, **changes)
    expect(page.locator(".parcel-state")).to_have_text(state)
    expect(page.locator(".parcel-day")).to_have_text(day)


def test_the_carriers_page_opens_beside_and_only_by_https(phone: Phone, service: FakeService) -> None:
    page = opened(phone, service)
    link = page.get_by_role("link", name="The carrier's page")
    expect(link).to_have_attribute("href", view_menus.STORY["tracking_url"])
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    service.parcels[menus.JOURNEY] = {**view_menus.STORY, "tracking_url": "javascript:alert(1)"}
    page.locator("[data-key=track] .main-part").click()
    expect(page.locator(".parcel-state")).to_have_text("On its way")
    expect(link).to_have_count(0)


def test_a_new_scan_comes_while_the_view_is_open(phone: Phone, service: FakeService) -> None:
    page = opened(phone, service)
    expect(page.locator(".scan")).to_have_count(4)
    out = {"status": "out_for_delivery", "at": "2026-11-24T07:15:00Z", "detail": "With the driver", "place": ""}
    changes = {"state": "out_for_delivery", "status": out["status"], "current_at": out["at"]}
    scans = [out, *view_menus.STORY["scans"]]
    service.parcels[menus.JOURNEY] = {**view_menus.STORY, **changes, "scans": scans}
    service.push(menus.delivery_late())

    expect(page.locator(".scan[aria-current=step] .scan-status")).to_have_text("Out for delivery")
    expect(page.locator("#announce")).to_contain_text("Out for delivery")


def test_the_story_that_was_seen_last_is_there_without_a_connection_and_says_of_when_it_is(
    phone: Phone, service: FakeService
) -> None:
    phone.allowed += ["ERR_INTERNET_DISCONNECTED", "Failed to load resource"]
    page = opened(phone, service)
    expect(page.locator(".scan")).to_have_count(4)
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    phone.context.set_offline(offline=True)
    page.locator("[data-key=track] .main-part").click()

    expect(page.locator(".scan")).to_have_count(4)
    expect(page.locator(".parcel-note")).to_contain_text("You are not connected. This is as of")


def test_what_is_kept_of_the_parcel_goes_with_the_journey(phone: Phone, service: FakeService) -> None:
    page = opened(phone, service)
    expect(page.locator(".scan")).to_have_count(4)
    becomes(lambda: json.loads(page.evaluate(KEPT) or "{}").get("story", {}).get("tracking_code"), "EZ1000000001")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    service.send("gone", {"code": "journey_unknown"})
    expect(page.get_by_role("heading", level=1)).to_have_text("This journey has ended.")
    becomes(lambda: page.evaluate(KEPT), None)
