"""The whole story in a real browser: from the advert to the day they leave, on a phone, on the system as it is started.

The chapters follow one another in one browser. Each can be asked for by itself: it plays those before it first.
"""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.kept import NOTHING, everything
from tests.browser.soon import becomes
from tests.browser.story import AT_THE_SHELF, Story, told
from tests.system import GTIN, until

ACTIVE = "navigator.serviceWorker.getRegistrations().then(all => all.some(one => one.active?.state === 'activated'))"
WORKERS = "navigator.serviceWorker.getRegistrations().then(all => all.length)"
KEPT_PICTURES = "caches.open('throughline-pictures').then(one => one.keys()).then(all => all.length)"
LIGHT, DARK = "rgb(246, 244, 239)", "rgb(15, 20, 23)"


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with told(tmp_path_factory.mktemp("story")) as begun:
        yield begun


def a_poster_arouses_interest(story: Story) -> None:
    """The model's own code, read by the phone's camera app, opens the menu without any form or account."""
    story.page.goto(f"{story.system.url}/01/{GTIN}")
    expect(story.page).to_have_url(re.compile(r"/app/\?journey="))
    story.is_in("interested")
    expect(story.page.locator(".menu-title")).to_have_text("Meet the LabelPro 100")
    story.leads("what-it-can-do")
    story.is_live()


def an_advert_is_tapped_and_engages(story: Story) -> None:
    page = story.page
    page.set_content(f'<a href="{story.system.url}/c/{story.campaign}">A printer that says what it needs</a>')
    page.get_by_role("link").tap()
    expect(page).to_have_url(re.compile(r"/app/\?journey="))
    story.is_in("engaged")
    story.leads("get-coupon")
    expect(story.item("order-now")).to_be_visible()


def in_the_shop_a_phone_that_tells_nothing_still_works_and_one_that_does_gets_the_coupon_led(story: Story) -> None:
    page = story.page
    page.locator(".settings-button").tap()
    story.tap("Use where I am now")
    expect(page.get_by_role("heading", name="May we know where you are?")).to_be_visible()
    story.tap("Go on")
    expect(page.get_by_text("Your phone does not tell us.")).to_be_visible()
    story.context.grant_permissions(["geolocation"], origin=story.system.url)
    story.context.set_geolocation(AT_THE_SHELF)
    story.tap("Use where I am now")
    expect(page.get_by_text("You are in a partner shop.")).to_be_visible()
    story.close_sheet()
    expect(page.locator(".menu-title")).to_have_text("Welcome to Corner Shop")
    story.leads("get-coupon")
    story.tap_item("get-coupon")
    code = page.locator("dialog .stub .code")
    expect(code).to_have_text(re.compile(r"^[0-9A-Z]{5}-[0-9A-Z]{5}$"))
    expect(page.locator("dialog .qr")).to_have_js_property("complete", value=True)
    expect(page.locator("dialog .qr")).not_to_have_js_property("naturalWidth", 0)
    taken = {"code": code.inner_text(), "shop_id": story.store}
    story.close_sheet()
    story.leads("coupon")
    story.outside.do(story.operator.json("POST", "/api/v1/coupons/redeem", taken))
    expect(story.item("coupon")).to_have_count(0)
    expect(story.item("get-coupon")).to_have_count(0)


def the_parcel_moves_on_its_line_while_it_is_looked_at_and_arrives(story: Story) -> None:
    page, outside = story.page, story.outside
    order = outside.do(story.shop.sell(GTIN, journey=journey_of(page)))
    story.is_in("delivery")
    tracking = f"T{order.order_id}"
    sent = {"serial": story.unit.serial, "tracking_code": tracking, "carrier": "SimParcel"}
    outside.do(story.shop.change(order, "fulfilled", **sent))
    parcel = outside.do(story.carrier.accept(tracking, promised_in=timedelta(days=2)))
    parcel = outside.do(story.carrier.move(parcel, "in_transit"))
    story.leads("where-is-it")
    story.system.travel(hours=20)  # they have long left the shop
    story.tap_item("where-is-it")
    now = page.locator("dialog .scan[aria-current=step] .scan-status")
    expect(now).to_have_text("On its way")
    expect(page.locator(".parcel-day")).to_contain_text("Expected on")
    parcel = outside.do(story.carrier.move(parcel, "out_for_delivery"))
    expect(now).to_have_text("Out for delivery")
    outside.do(story.carrier.move(parcel, "delivered"))
    expect(now).to_have_text("Delivered")
    expect(page.locator(".parcel-day")).to_contain_text("It arrived on")
    story.close_sheet()
    story.is_in("install")


def the_label_is_scanned_and_the_code_from_the_box_makes_the_printer_theirs(story: Story) -> None:
    """The camera is refused at first, which leaves a picture and the form; then the label is held before it."""
    page = story.page
    page.locator(".switch").tap()
    story.tap("Add a product")
    story.tap("Scan the QR code")
    expect(page.get_by_role("heading", name="May we use the camera?")).to_be_visible()
    story.tap("Go on")
    expect(page.get_by_text("The camera is not allowed.")).to_be_visible()
    story.tap("Enter by hand")
    expect(page.get_by_label("Serial number")).to_be_visible()
    story.context.grant_permissions(["camera"], origin=story.system.url)
    story.tap("Scan the QR code")
    expect(story.item("make-it-yours")).to_be_visible(timeout=60_000)
    story.is_in("install")
    story.tap_item("make-it-yours")
    page.get_by_label("Code from the box").fill(story.unit.claim_code)
    story.tap("Connect my product")
    expect(page.locator(".toast")).to_have_text("It is yours. Welcome.")
    expect(story.item("make-it-yours")).to_have_count(0)
    story.leads("step-unpack")


def the_checklist_ticks_itself_and_ends_with_a_moment(story: Story) -> None:
    page, printer, outside = story.page, story.printer, story.outside
    story.tap_item("step-unpack")
    for _ in range(3):
        story.tap("Next")
    story.tap("Done")
    expect(story.item("step-unpack").locator(".note")).to_have_text("Done: you ticked it.")
    outside.do(printer.power_on())
    for step, work in (
        ("power_on", None),
        ("install_supplies", printer.install_supplies),
        ("load_paper", printer.load_paper),
    ):
        if work is not None:
            outside.do(work())
        expect(story.item(f"step-{step}")).to_have_class(re.compile(r"\bdone\b"))
        expect(story.item(f"step-{step}").locator(".note")).to_have_text("Done: the printer saw it.")
    outside.do(printer.print_test_page())
    expect(page.locator(".finish h2")).to_have_text("All set. Well done!")
    story.is_in("support")
    expect(page.locator(".status")).to_have_attribute("data-level", "ok")


def a_jam_brings_its_fix_in_pictures_which_goes_once_it_is_mended(story: Story) -> None:
    page = story.page
    story.outside.do(story.printer.jam())
    expect(page.locator(".status-text")).to_have_text("Paper jam")
    story.leads("clear-jam")
    expect(story.item("share")).to_have_count(0)
    story.tap_item("clear-jam")
    figure, count = page.locator("dialog .figure img"), page.locator("dialog .count")
    for number in range(1, 8):
        expect(count).to_have_text(f"Step {number} of 7")
        expect(figure).to_have_js_property("complete", value=True)
        expect(figure).not_to_have_js_property("naturalWidth", 0)
        story.tap("Next" if number < 7 else "Done")
    expect(page.get_by_role("heading", name="Did that help?")).to_be_visible()
    story.tap("Yes, it works")
    expect(page.locator(".toast")).to_have_text("Good to hear. Thank you.")
    story.outside.do(story.printer.repair())
    expect(page.locator(".status")).to_have_attribute("data-level", "ok")
    expect(story.item("clear-jam")).to_have_count(0)


def supplies_that_run_low_are_told_in_time(story: Story) -> None:
    story.outside.do(story.printer.run_down(8))
    expect(story.page.locator(".status")).to_have_attribute("data-level", "attention")
    expect(story.page.locator(".status-text")).to_have_text("Toner running low")
    story.leads("reorder-soon")
    expect(story.item("change-toner")).to_be_visible()
    story.outside.do(story.printer.run_down(80))
    expect(story.page.locator(".status")).to_have_attribute("data-level", "ok")


def the_expert_sees_the_case_and_answers_live(story: Story) -> None:
    page, outside, operator = story.page, story.outside, story.operator
    page.locator(".top .help").tap()
    page.get_by_role("textbox").fill("The edges are pale.")
    story.tap("Send")
    expect(page.locator(".message.customer .words")).to_have_text("The edges are pale.")
    expect(page.locator(".sent-state")).to_have_text("Arrived")
    (case,) = outside.do(operator.json("GET", "/api/v1/cases"))["items"]
    seen = outside.do(operator.json("GET", f"/api/v1/cases/{case['id']}"))
    assert (seen["attached"]["stage"], seen["messages"][0]["text"]) == ("support", "The edges are pale.")
    outside.do(operator.json("POST", f"/api/v1/cases/{case['id']}/messages", {"text": "Please clean the head."}))
    expect(page.locator(".message.expert .words")).to_have_text("Please clean the head.")
    story.close_sheet()
    outside.do(operator.json("POST", f"/api/v1/cases/{case['id']}/messages", {"text": "Twice, if need be."}))
    expect(page.locator(".toast")).to_have_text("An expert has answered.")
    story.leads("expert")
    outside.do(operator.json("POST", f"/api/v1/cases/{case['id']}/close"))


def everything_speaks_another_language_at_a_tap_and_is_dark_when_the_phone_is(story: Story) -> None:
    page = story.page
    speaks(story, "Deutsch", "Einstellungen")
    expect(page.locator(".menu-title")).to_have_text("Ihr LabelPro 100")
    expect(page.locator(".line [aria-current=step]")).to_have_text("Im Einsatz")
    speaks(story, "العربية", "الإعدادات")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator(".menu")).to_have_attribute("lang", "ar")
    expect(page.locator(".menu")).to_have_attribute("dir", "rtl")
    page.emulate_media(color_scheme="dark")
    expect(page.locator("body")).to_have_css("background-color", DARK)
    page.emulate_media(color_scheme="light")
    expect(page.locator("body")).to_have_css("background-color", LIGHT)
    speaks(story, "English", "Settings")
    expect(page.locator("html")).to_have_attribute("dir", "ltr")
    expect(page.locator(".line [aria-current=step]")).to_have_text("In use")


def speaks(story: Story, language: str, settings: str) -> None:
    """Chooses the language in the settings, which come back in it, called so; and closes them."""
    story.page.locator(".settings-button").tap()
    story.page.get_by_text(language, exact=True).tap()
    expect(story.page.locator("dialog h2")).to_have_text(settings)
    expect(story.page.get_by_role("radio", name=language, exact=True)).to_be_focused()
    story.close_sheet()


def without_a_connection_the_page_its_menu_and_the_guides_are_there(story: Story) -> None:
    page = story.page
    story.outside.do(story.printer.jam())
    story.leads("clear-jam")
    becomes(lambda: page.evaluate(ACTIVE), True)
    becomes(lambda: page.evaluate(KEPT_PICTURES) >= 7, True)
    story.context.set_offline(True)
    page.reload()
    expect(page.locator("#banner")).to_contain_text("You are offline. This is the menu as of")
    expect(page.locator(".status-text")).to_have_text("Paper jam")
    story.tap_item("clear-jam")
    expect(page.locator("dialog .figure img")).to_have_js_property("complete", value=True)
    expect(page.locator("dialog .figure img")).not_to_have_js_property("naturalWidth", 0)
    story.close_sheet()
    story.context.set_offline(False)
    story.is_live()
    story.outside.do(story.printer.repair())
    expect(page.locator(".status")).to_have_attribute("data-level", "ok")


def whoever_leaves_is_gone_from_the_phone_and_from_the_service_and_the_printer_prints_on(story: Story) -> None:
    page, outside = story.page, story.outside
    page.locator(".settings-button").tap()
    story.tap("Leave and wipe")
    story.tap("Yes, wipe everything")
    expect(page.get_by_role("heading", level=1)).to_have_text("You have left.")
    expect(page.locator(".receipt")).to_contain_text("signature")
    becomes(lambda: everything(page), NOTHING)
    becomes(lambda: page.evaluate(WORKERS), 0)
    until(lambda: not story.context.cookies(), "no cookie to be left")
    of_unit = f"/api/v1/products/{story.unit.id}/journeys"
    assert outside.do(story.operator.json("GET", of_unit))["items"] == []
    outside.do(story.printer.print_pages(1))
    outside.do(story.printer.all_stored(30))
    page.reload()
    expect(page.locator(".start h1")).to_have_text("Hello. Which product is it?")


def journey_of(page: Page) -> str:
    """The one that the address names."""
    found = re.search(r"[?&]journey=([^&]+)", page.url)
    assert found
    return found[1]


CHAPTERS = (
    a_poster_arouses_interest,
    an_advert_is_tapped_and_engages,
    in_the_shop_a_phone_that_tells_nothing_still_works_and_one_that_does_gets_the_coupon_led,
    the_parcel_moves_on_its_line_while_it_is_looked_at_and_arrives,
    the_label_is_scanned_and_the_code_from_the_box_makes_the_printer_theirs,
    the_checklist_ticks_itself_and_ends_with_a_moment,
    a_jam_brings_its_fix_in_pictures_which_goes_once_it_is_mended,
    supplies_that_run_low_are_told_in_time,
    the_expert_sees_the_case_and_answers_live,
    everything_speaks_another_language_at_a_tap_and_is_dark_when_the_phone_is,
    without_a_connection_the_page_its_menu_and_the_guides_are_there,
    whoever_leaves_is_gone_from_the_phone_and_from_the_service_and_the_printer_prints_on,
)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda one: str(one.__name__))
def test_in_the_story(story: Story, chapter: Callable[[Story], None]) -> None:
    story.play(CHAPTERS, chapter)
