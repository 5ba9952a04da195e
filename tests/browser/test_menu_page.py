"""The menu on the phone: what is shown, what changes live, what opens over it."""

import re

import msgspec
from playwright.sync_api import Page, expect

from broker.contract.stages import Stage
from mobile_menu.rules.menu import Item, Kind, Section, StatusLine
from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.kept import session
from tests.browser.soon import becomes
from tests.system import until


def leads(page: Page, title: str) -> None:
    expect(page.locator(".item.lead .title")).to_have_text(title)


def test_the_first_thing_to_do_stands_out_when_the_printer_has_a_jam(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_jam())
    page = phone.open(f"?journey={menus.JOURNEY}")

    expect(page.locator(".status")).to_have_attribute("data-level", "error")
    expect(page.locator(".status-text")).to_have_text("Paper jam")
    expect(page.locator(".status-since")).to_contain_text("14:32")
    leads(page, "Clear the paper jam")
    expect(page.locator(".line [aria-current=step]")).to_have_text("In use")
    expect(page).to_have_title(re.compile("Paper jam"))


def test_the_menu_changes_without_a_reload_when_the_printer_does(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".status-text")).to_have_text("Ready to print")
    page.evaluate("window.sameDocument = true")

    service.push(menus.support_jam())

    expect(page.locator(".status-text")).to_have_text("Paper jam")
    leads(page, "Clear the paper jam")
    expect(page.locator("#announce")).to_contain_text("Clear the paper jam")
    assert page.evaluate("window.sameDocument")  # at rest: the new menu is there, in this document or another


def test_the_focus_stays_on_its_item_when_the_menu_around_it_changes(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = phone.open()
    expert = page.locator("[data-key=expert] .main-part")
    expert.focus()
    element = expert.element_handle()

    service.push(menus.support_jam())
    expect(page.locator(".status-text")).to_have_text("Paper jam")

    becomes(
        lambda: page.evaluate("element => element === document.activeElement && element.isConnected", element), True
    )


def test_a_guide_goes_step_by_step_by_keyboard_alone(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_jam())
    page = phone.open()
    page.locator(".lead .main-part").focus()

    page.keyboard.press("Enter")
    expect(page.locator("dialog .count")).to_have_text("Step 1 of 3")
    page.keyboard.press("ArrowRight")
    expect(page.locator("dialog .count")).to_have_text("Step 2 of 3")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("dialog .count")).to_have_text("Step 1 of 3")
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .step-text")).to_contain_text("until it clicks")
    expect(page.get_by_role("button", name="Done")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Did that help?")).to_be_focused()
    page.get_by_role("button", name="Yes, it works").focus()
    page.keyboard.press("Enter")

    expect(page.locator(".toast")).to_have_text("Good to hear. Thank you.")
    expect(page.locator("dialog")).to_have_count(0)
    becomes(lambda: service.posts("/items/clear-jam"), [{"journey": menus.JOURNEY, "choice": "helped"}])
    expect(page.locator(".lead .main-part")).to_be_focused()


def test_an_open_guide_says_that_it_is_done_when_the_jam_is_cleared(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_jam())
    page = phone.open()
    page.locator(".lead .main-part").click()
    page.keyboard.press("ArrowRight")

    service.push(menus.support_ok())

    expect(page.locator("dialog .solved")).to_contain_text("Ready to print")
    expect(page.locator("dialog .count")).to_have_text("Step 2 of 3")


def test_a_command_asks_first_and_is_sent_once_when_the_customer_agrees(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_jam())
    service.outcomes["restart"] = {"outcome": "command_queued", "command_id": "k-1"}
    page = phone.open()
    page.locator("[data-key=restart] .main-part").click()
    expect(page.locator("dialog")).to_contain_text("What it is printing will be lost")
    page.get_by_role("button", name="Cancel").click()
    assert service.posts("/items/restart") == []

    page.locator("[data-key=restart] .main-part").click()
    page.get_by_role("button", name="Yes, go ahead").click()

    expect(page.locator(".toast")).to_have_text("On its way to your product.")
    becomes(lambda: len(service.posts("/items/restart")), 1)
    assert all(len(key) >= 16 for *_, key in service.calls)


def test_a_refused_item_is_explained_when_the_phone_is_not_beside_it(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("403")
    service.serve(menus.support_jam())
    service.refuse("/items/restart", 403, "proof_needed")
    page = phone.open()
    page.locator("[data-key=restart] .main-part").click()
    page.get_by_role("button", name="Yes, go ahead").click()

    expect(page.get_by_role("dialog", name="Stand next to it")).to_contain_text("Restart it from here")


def test_a_coupon_shows_its_code_and_a_qr_code_large_enough_for_the_till(phone: Phone, service: FakeService) -> None:
    service.serve(menus.shop_coupon())
    page = phone.open()
    page.locator(".lead .main-part").click()

    expect(page.locator("dialog .code")).to_have_text("THRU-7K4M-50")
    box = page.get_by_role("img", name="QR code: THRU-7K4M-50").bounding_box()
    assert box is not None
    assert box["width"] >= 200
    until(lambda: page.evaluate("document.querySelector('.qr').naturalWidth") > 0, "the picture")


def test_a_coupon_opens_by_itself_when_choosing_the_item_issues_it(phone: Phone, service: FakeService) -> None:
    bare = msgspec.structs.replace(menus.shop_coupon().sections[0].items[0], code="", qr="")
    offer = msgspec.structs.replace(menus.shop_coupon().sections[0], items=(bare,))
    service.serve(msgspec.structs.replace(menus.shop_coupon(), sections=(offer, menus.HELP), etag="before"))
    service.outcomes["coupon"] = {"outcome": "coupon_issued"}
    service.on_choose = lambda _: service.menus.update({menus.JOURNEY: menus.shop_coupon()})
    page = phone.open()
    page.locator(".lead .main-part").click()

    expect(page.locator("dialog .code")).to_have_text("THRU-7K4M-50")


def test_a_done_step_tells_who_saw_it_and_the_next_one_leads(phone: Phone, service: FakeService) -> None:
    service.serve(menus.install_checklist())
    page = phone.open()

    expect(page.locator("[data-key=power] .note")).to_have_text("Done · seen by the product itself")
    expect(page.locator("[data-key=unbox] .note")).to_have_text("Done · ticked by you")
    expect(page.locator(".tally").first).to_have_text("2 of 4 done")
    leads(page, "Load paper")
    expect(page.locator("[data-key=power] button.main-part")).to_have_count(0)


def test_why_an_item_is_there_is_said_in_plain_words(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = phone.open()
    page.get_by_role("button", name="Why do I see this? Black toner lasts about 9 days").click()

    reasons = ["Your product is in use", "We can tell how long its supplies will last", "Nothing is wrong"]
    expect(page.locator("dialog .reasons li")).to_have_text(reasons)


def test_a_link_that_would_run_script_is_no_link(phone: Phone, service: FakeService) -> None:
    evil = Item(id="evil", kind=Kind.LINK, title="<img src=x>", action=menus.link("javascript:alert(1)"))
    section = Section(id="more", title="More", items=(evil,))
    service.serve(menus.menu(Stage.SUPPORT, menus.support_ok().status, section))
    page = phone.open()

    expect(page.locator("[data-key=evil] .title")).to_have_text("<img src=x>")
    expect(page.locator("[data-key=evil] a")).to_have_count(0)


def test_a_machine_works_and_a_parcel_is_on_its_way(phone: Phone, service: FakeService) -> None:
    busy = StatusLine(text="Printing", level="busy")
    service.serve(msgspec.structs.replace(menus.support_ok(), status=busy))
    page = phone.open()
    expect(page.locator(".status-level")).to_have_text("Working")
    moving = StatusLine(text="On its way", level="busy")
    service.push(msgspec.structs.replace(menus.delivery_late(), status=moving))
    expect(page.locator(".status-text")).to_have_text("On its way")
    expect(page.locator(".status-level")).to_be_hidden()


def test_another_product_is_one_tap_away_when_there_are_several(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok(), model_name="LaserJet Pro")
    coffee = msgspec.structs.replace(menus.install_checklist(), journey="j-coffee", title="Your Espresso One")
    service.serve(coffee, model_name="Espresso One", profile="coffee")
    page = phone.open("?journey=j-coffee")
    expect(page.locator(".menu-title")).to_have_text("Your Espresso One")

    page.get_by_role("button", name="Espresso One. Your products").click()
    page.locator("dialog .journey", has_text="LaserJet Pro").click()

    expect(page.locator(".menu-title")).to_have_text("Your LaserJet Pro")
    expect(page).to_have_url(re.compile(r"\?journey=j-printer$"))


def test_the_shell_speaks_german_when_the_menu_does(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_jam_german())
    page = phone.open()

    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator(".line [aria-current=step]")).to_have_text("Im Einsatz")
    expect(page.locator(".status-since")).to_contain_text("Seit 20. Nov")
    page.locator(".lead .main-part").click()
    expect(page.locator("dialog .count")).to_have_text("Schritt 1 von 3")
    expect(page.get_by_role("button", name="Weiter")).to_be_visible()


def test_a_new_session_is_asked_for_when_the_old_one_is_refused(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("401")
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".status-text")).to_be_visible()
    service.tokens.clear()
    page.reload()

    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    until(lambda: session(page)["token"] in service.tokens, "a token that counts to be kept")


def test_the_service_s_own_words_are_shown_when_the_shell_has_none(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("409")
    service.serve(menus.support_jam())
    service.refuse("/items/restart", 409, "printing", "It is printing.")
    page = phone.open()
    page.locator("[data-key=restart] .main-part").click()
    page.get_by_role("button", name="Yes, go ahead").click()

    expect(page.get_by_role("alert")).to_have_text("It is printing.")


def test_the_name_of_a_product_stands_on_one_line_of_the_top_bar(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok(), model_name="LabelPro 100")
    page = phone.open()
    name = page.locator(".switch-name")
    expect(name).to_have_text("LabelPro 100")
    lines = "one => Math.round(one.clientHeight / parseFloat(getComputedStyle(one).lineHeight))"
    becomes(lambda: name.evaluate(lines), 1)
