"""Talking with an expert, naming a product, taking one's data, leaving."""

import json
import re
from pathlib import Path

from playwright.sync_api import Route, expect

from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.kept import NOTHING, everything
from tests.browser.soon import becomes
from tests.system import until


def test_an_expert_s_answer_appears_in_the_open_conversation(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_jam())
    page = phone.open()
    page.get_by_role("button", name="Ask an expert", exact=True).click()
    expect(page.get_by_role("textbox", name="Your message")).to_be_focused()
    page.keyboard.type("It tears each time.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message.customer .words")).to_have_text("It tears each time.")
    expect(page.locator(".sent-state")).to_have_text("Arrived")

    service.answer("Lift the green lever first.")

    expect(page.locator(".message.expert .words")).to_have_text("Lift the green lever first.")
    page.keyboard.type("That helped!")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".message")).to_have_count(3)
    becomes(lambda: service.posts("/cases"), [{"journey": menus.JOURNEY, "text": "It tears each time."}])
    becomes(lambda: service.posts("/cases/c-1/messages"), [{"text": "That helped!"}])


def test_an_answer_is_marked_as_new_when_the_conversation_is_closed(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_jam())
    page = phone.open()
    page.get_by_role("button", name="Talk to an expert").first.click()
    page.get_by_role("textbox").fill("Hello?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".message")).to_have_count(1)
    expect(page.locator(".sent-state")).to_have_text("Arrived")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)  # until the page has heard of its end, an answer is shown in it

    service.answer("Good morning!")

    page.get_by_role("button", name="Ask an expert (a new answer)").click()
    expect(page.locator(".message.expert .words")).to_have_text("Good morning!")


def test_a_message_is_not_lost_when_it_cannot_be_sent(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("503")
    service.serve(menus.support_jam())
    service.refuse("/cases", 503, "unavailable")
    page = phone.open()
    page.get_by_role("button", name="Ask an expert", exact=True).click()
    page.get_by_role("textbox").fill("It smokes.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".message.customer .words")).to_have_text("It smokes.")
    expect(page.locator(".message.customer .sent-state")).to_have_text("Not sent")

    page.get_by_role("button", name="Try again").click()

    expect(page.locator(".message.customer .sent-state")).to_have_text("Arrived")
    expect(page.locator(".message.customer .words")).to_have_text("It smokes.")
    keys = [key for path, _, key in service.calls if path == "/cases"]
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_a_phone_without_a_product_asks_for_it_and_opens_its_menu_when_claimed(
    phone: Phone, service: FakeService
) -> None:
    page = phone.open()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello. Which product is it?")
    page.get_by_role("button", name="Connect my product").click()
    expect(page.get_by_label("Product number")).to_be_focused()
    expect(page.get_by_label("Product number")).to_have_attribute("aria-invalid", "true")

    service.serve(menus.install_checklist())
    page.get_by_label("Product number").fill("(01) 0950 6000 134352")
    page.get_by_label("Serial number").fill("SN123")
    page.get_by_label("Code from the box").fill("K7M2-9QXD")
    page.keyboard.press("Enter")

    expect(page.locator(".menu-title")).to_have_text("Your LaserJet Pro")
    becomes(lambda: service.posts("/claims"), [{"gtin": "09506000134352", "serial": "SN123", "code": "K7M2-9QXD"}])


def test_only_the_code_is_asked_when_the_qr_code_has_named_the_unit(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("403")
    uri = "https://id.example/01/09506000134352/21/SN123"
    page = phone.open(f"?uri={uri}")
    service.refuse("/claims", 403, "claim_refused")
    expect(page.get_by_label("Serial number")).to_be_hidden()
    page.get_by_label("Code from the box").fill("wrong")
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_have_text("This code does not open it. Please check the code.")
    expect(page.get_by_label("Code from the box")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Code from the box")).to_be_focused()
    becomes(lambda: service.posts("/claims"), [{"uri": uri, "code": "wrong"}])


def test_who_typed_all_of_it_is_asked_to_check_all_of_it(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("403")
    page = phone.open()
    service.refuse("/claims", 403, "claim_refused")
    for label, text in (("Product number", "09506000134352"), ("Serial number", "SN123"), ("Code from the box", "x")):
        page.get_by_label(label).fill(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This code does not open that product. Please check both.")


def test_a_word_that_was_said_in_a_sheet_is_followed_to_the_page_but_never_said_again(
    phone: Phone, service: FakeService
) -> None:
    phone.allowed.append("503")
    service.serve(menus.of_nobody())
    page = phone.open()
    page.get_by_role("button", name="Make it yours").first.click()
    service.refuse("/claims", 503, "unavailable", "Not now.")
    page.get_by_label("Code from the box").fill("K7M2-9QXD")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .toast")).to_have_text("Not now.")
    page.keyboard.press("Escape")
    expect(page.locator("body > .toast")).to_have_text("Not now.")

    page.get_by_role("button", name="Make it yours").first.click()
    page.get_by_label("Code from the box").fill("K7M2-9QXD")
    page.keyboard.press("Enter")

    expect(page.locator(".toast")).to_have_text("It is yours. Welcome.")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".toast")).to_have_count(0)


def test_a_unit_of_nobody_is_made_the_customers_by_its_code_alone(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("403")
    service.serve(menus.of_nobody())
    service.refuse("/claims", 403, "claim_refused")
    page = phone.open()
    page.get_by_role("button", name="Make it yours", exact=False).first.click()
    form = page.get_by_role("dialog", name="Make it yours")
    expect(form).to_contain_text("SN/123")
    expect(form.get_by_label("Product number")).to_be_hidden()
    expect(form.get_by_label("Serial number")).to_be_hidden()
    form.get_by_label("Code from the box").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This code does not open it. Please check the code.")
    expect(form).to_be_visible()

    form.get_by_label("Code from the box").fill("K7M2-9QXD")
    service.serve(menus.support_ok())
    page.keyboard.press("Enter")

    expect(page.locator(".toast")).to_have_text("It is yours. Welcome.")
    expect(page.locator(".menu-title")).to_have_text(menus.support_ok().title)
    expect(page.get_by_role("dialog")).to_have_count(0)
    becomes(
        lambda: service.posts("/claims")[-1:], [{"gtin": "09506000134352", "serial": "SN/123", "code": "K7M2-9QXD"}]
    )
    expect(page).to_have_url(f"{phone.url}/app/?journey={menus.JOURNEY}")


def test_an_address_that_asks_for_the_claim_opens_the_form_over_the_menu(phone: Phone, service: FakeService) -> None:
    service.serve(menus.of_nobody())
    page = phone.open(f"/?journey={menus.JOURNEY}&claim=1&gtin=09506000134352&serial=SN%2F123")

    expect(page.get_by_role("dialog", name="Make it yours").get_by_label("Code from the box")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    service.push(menus.of_nobody())
    expect(page.locator(".items .title").first).to_have_text("Make it yours")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_an_address_that_asks_for_the_claim_of_what_is_owned_opens_the_menu_alone(
    phone: Phone, service: FakeService
) -> None:
    service.serve(menus.support_ok())
    page = phone.open(f"/?journey={menus.JOURNEY}&claim=1")
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_phone_that_has_no_journey_yet_is_asked_for_the_code_of_the_unit_in_its_address(
    phone: Phone, service: FakeService
) -> None:
    phone.allowed.append("404")  # the journey in the address is asked for before it is known whose it is
    page = phone.open("/?journey=j-of-somebody-else&claim=1&gtin=09506000134352&serial=SN123")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello. Which product is it?")
    expect(page.get_by_label("Serial number")).to_be_hidden()
    service.serve(menus.install_checklist())
    page.get_by_label("Code from the box").fill("K7M2-9QXD")
    page.keyboard.press("Enter")

    expect(page.locator(".menu-title")).to_have_text("Your LaserJet Pro")
    becomes(lambda: service.posts("/claims"), [{"gtin": "09506000134352", "serial": "SN123", "code": "K7M2-9QXD"}])


def test_everything_can_be_taken_along_as_a_file(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = phone.open()
    page.get_by_role("button", name=re.compile("^Settings$")).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my data").click()

    taken = json.loads(Path(download.value.path()).read_text())
    assert taken["person"]["journeys"][0]["id"] == menus.JOURNEY


def test_settings_that_are_opened_before_the_journey_arrives_stay_and_have_the_data_then(
    phone: Phone, service: FakeService
) -> None:
    service.serve(menus.support_ok())
    held: list[Route] = []
    phone.page.route("**/menu/v1/journeys*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no built-in method
    page = phone.open()
    page.get_by_role("button", name=re.compile("^Settings$")).click()
    expect(page.get_by_role("heading", name="Settings")).to_be_focused()
    becomes(lambda: page.evaluate("1") and len(held), 1)  # A look at the page lets the call be heard of.
    expect(page.locator(".pulse")).to_have_count(0)

    held[0].continue_()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    expect(page.get_by_role("heading", name="Settings")).to_be_focused()
    expect(page.get_by_role("dialog")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my data").click()
    assert json.loads(Path(download.value.path()).read_text())["person"]["journeys"][0]["id"] == menus.JOURNEY


def test_leaving_wipes_the_phone_and_shows_the_receipt(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.locator("[data-key=privacy] .main-part").click()
    page.get_by_role("button", name="Leave and wipe").click()
    page.get_by_role("button", name="No, stay").click()
    assert service.posts("/opt-out") == []

    page.get_by_role("button", name="Download my data").click()
    expect(page.locator(".toast")).to_have_text("Your file is ready.")
    page.get_by_role("button", name="Leave and wipe").click()
    page.get_by_role("button", name="Yes, wipe everything").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("You have left.")
    expect(page.locator(".receipt")).to_contain_text("MEUCIQ")
    expect(page.locator(".toast")).to_have_count(0)
    becomes(lambda: everything(page), NOTHING)
    becomes(lambda: page.evaluate("navigator.serviceWorker.getRegistrations().then(all => all.length)"), 0)
    until(lambda: "LaserJet" not in page.content(), "a page without the product")
    expect(page).not_to_have_url(re.compile("journey"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the receipt").click()
    assert json.loads(Path(download.value.path()).read_text())["receipt"] == "r-1"


def test_staying_is_possible_when_leaving_fails(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("503")
    service.serve(menus.support_ok())
    service.refuse("/opt-out", 503, "unavailable")
    page = phone.open()
    page.locator("[data-key=privacy] .main-part").click()
    page.get_by_role("button", name="Leave and wipe").click()
    page.get_by_role("button", name="Yes, wipe everything").click()

    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    service.push(menus.support_jam())
    expect(page.locator(".status-text")).to_have_text("Paper jam")
