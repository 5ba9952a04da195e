"""The conversation with an expert: what is written is never lost, sent once, and what is new is marked."""

import json

from playwright.sync_api import Page, Response, Route, expect

from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.soon import becomes
from tests.system import until

OFFLINE = ["ERR_INTERNET_DISCONNECTED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "Failed to load resource"]
LATER = "2026-11-20T12:30:00+00:00"
LOOK = "**/menu/v1/cases?**"
UNSENT = ".message:is([data-state=waiting], [data-state=sending], [data-state=failed])"
TEN_FRAMES = """async () => {
    for (let i = 0; i < 10; i++) await new Promise((drawn) => { requestAnimationFrame(drawn); });
}"""


def opened(phone: Phone, service: FakeService) -> Page:
    service.serve(menus.support_jam())
    page = phone.open()
    with page.expect_response(LOOK):  # asked for later, it would have told what a test means to tell by the live line
        page.get_by_role("button", name="Ask an expert", exact=True).click()
    expect(page.get_by_role("textbox", name="Your message")).to_be_focused()
    return page


def send(page: Page, text: str) -> None:
    page.get_by_role("textbox").fill(text)
    page.get_by_role("button", name="Send").click()


def said(service: FakeService) -> list[str]:
    """Every message that the service has."""
    return [message["text"] for thread in service.threads for message in thread["messages"]]


def taken(page: Page, response: Response) -> None:
    """The page has had the time to take this answer in: what it does wrong then is on it."""
    response.finished()
    page.evaluate(TEN_FRAMES)


def test_a_text_that_is_not_sent_is_still_there_after_the_sheet_and_the_page_were_closed(
    phone: Phone, service: FakeService
) -> None:
    page = opened(phone, service)
    page.get_by_role("textbox").fill("It makes a noise, and th")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.reload()
    page.get_by_role("button", name="Ask an expert", exact=True).click()

    expect(page.get_by_role("textbox")).to_have_value("It makes a noise, and th")
    send(page, "It makes a noise.")
    expect(page.locator(".sent-state")).to_have_text("Arrived")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    page.get_by_role("button", name="Ask an expert", exact=True).click()
    expect(page.get_by_role("textbox")).to_have_value("")


def test_what_is_written_offline_waits_and_goes_out_in_its_order_each_once(phone: Phone, service: FakeService) -> None:
    phone.allowed += OFFLINE
    page = opened(phone, service)
    phone.context.set_offline(offline=True)
    expect(page.locator(".case-state")).to_contain_text("kept on this phone")
    for text in ("First.", "Second.", "Third."):
        send(page, text)
    expect(page.locator(".sent-state")).to_have_text(["Waits to be sent"] * 3)
    assert service.posts("/cases") == []

    phone.context.set_offline(offline=False)

    expect(page.locator(".sent-state")).to_have_text(["Arrived"] * 3)
    expect(page.locator(".message .words")).to_have_text(["First.", "Second.", "Third."])
    assert [message["text"] for message in service.threads[0]["messages"]] == ["First.", "Second.", "Third."]


def test_what_waited_is_sent_when_the_conversation_is_opened_again(phone: Phone, service: FakeService) -> None:
    phone.allowed += OFFLINE
    page = opened(phone, service)
    phone.context.set_offline(offline=True)
    send(page, "Hello?")
    expect(page.locator(".sent-state")).to_have_text("Waits to be sent")
    page.keyboard.press("Escape")
    phone.context.set_offline(offline=False)
    page.reload()
    page.get_by_role("button", name="Ask an expert", exact=True).click()

    expect(page.locator(".sent-state")).to_have_text("Arrived")
    expect(page.locator(".message .words")).to_have_text("Hello?")


def test_what_was_written_offline_leaves_when_the_phone_is_back_though_the_conversation_is_closed(
    phone: Phone, service: FakeService
) -> None:
    phone.allowed += OFFLINE
    page = opened(phone, service)
    phone.context.set_offline(offline=True)
    for text in ("First.", "Second."):
        send(page, text)
    expect(page.locator(".sent-state")).to_have_text(["Waits to be sent"] * 2)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#banner")).to_contain_text("2 messages wait to be sent.")

    phone.context.set_offline(offline=False)

    expect(page.locator(".toast")).to_have_text("Your message has been sent.")
    expect(page.locator("#banner")).to_be_hidden()
    assert [message["text"] for message in service.threads[0]["messages"]] == ["First.", "Second."]


def test_what_two_tabs_wrote_without_a_connection_is_all_sent_and_each_once(phone: Phone, service: FakeService) -> None:
    phone.allowed += OFFLINE
    one, other = opened(phone, service), phone.tab()
    other.goto(f"{phone.url}/app/")
    with other.expect_response(LOOK):
        other.get_by_role("button", name="Ask an expert", exact=True).click()
    phone.context.set_offline(offline=True)
    for page, text in ((one, "From one."), (other, "From the other."), (one, "And one more.")):
        send(page, text)
        expect(page.locator(".message .words").last).to_have_text(text)
    for page in (one, other):  # each shows what waits on this phone, whoever wrote it
        expect(page.locator(".sent-state")).to_have_text(["Waits to be sent"] * 3)

    phone.context.set_offline(offline=False)

    becomes(lambda: said(service), ["From one.", "From the other.", "And one more."])
    for page in (one, other):
        expect(page.locator(UNSENT)).to_have_count(0)
    assert said(service) == ["From one.", "From the other.", "And one more."]


def test_an_answer_that_came_while_one_was_away_stands_under_a_mark(phone: Phone, service: FakeService) -> None:
    page = opened(phone, service)
    send(page, "Hello?")
    expect(page.locator(".sent-state")).to_have_text("Arrived")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)  # until the page has heard of its end, an answer is shown in it
    service.answer("Good morning!")
    service.threads[0]["messages"][-1]["at"] = LATER
    page.get_by_role("button", name="Ask an expert (a new answer)").click()

    expect(page.locator(".message.expert .new-mark")).to_have_text("New")
    expect(page.locator(".message.customer .new-mark")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    page.get_by_role("button", name="Ask an expert", exact=True).click()
    expect(page.locator(".message.expert .words")).to_have_text("Good morning!")
    expect(page.locator(".message.expert .new-mark")).to_be_hidden()


def test_an_answer_that_is_seen_as_it_comes_is_told_to_the_service_as_read(phone: Phone, service: FakeService) -> None:
    page = opened(phone, service)
    send(page, "Hello?")
    expect(page.locator(".sent-state")).to_have_text("Arrived")
    with page.expect_request(LOOK):
        service.answer("Good morning!")
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "polite")
    expect(page.locator(".message.expert .words")).to_have_text("Good morning!")


def test_an_answer_that_overtakes_the_first_look_stays_and_is_told_as_read(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_jam())
    page = phone.open()
    held: list[Route] = []
    page.route(LOOK, lambda route: held.append(route), times=1)  # noqa: PLW0108 - Playwright takes no built-in method
    page.get_by_role("button", name="Ask an expert", exact=True).click()
    page.get_by_role("textbox").fill("Hello?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".sent-state")).to_have_text("Arrived")
    before_it = json.dumps({"items": service.threads})
    with page.expect_response(LOOK) as second:
        service.answer("Good morning!")
    taken(page, second.value)
    expect(page.locator(".message.expert .words")).to_have_text("Good morning!")

    with page.expect_response(LOOK) as first:
        held[0].fulfill(body=before_it, content_type="application/json")
    taken(page, first.value)
    expect(page.locator(".message .words")).to_have_text(["Hello?", "Good morning!"])


def test_a_conversation_that_opens_as_another_one_closes_hears_the_answer(phone: Phone, service: FakeService) -> None:
    page = opened(phone, service)
    send(page, "Hello?")
    expect(page.locator(".sent-state")).to_have_text("Arrived")
    with page.expect_response(LOOK):
        page.evaluate("document.querySelector('dialog').close(); document.querySelector('.help').click();")
    expect(page.locator("dialog")).to_have_count(1)
    expect(page.locator(".message .words")).to_have_text("Hello?")

    service.answer("Good morning!")
    expect(page.locator(".message.expert .words")).to_have_text("Good morning!")


def test_a_message_that_was_refused_can_be_sent_again_and_nothing_after_it_goes_first(
    phone: Phone, service: FakeService
) -> None:
    phone.allowed.append("503")
    page = opened(phone, service)
    send(page, "First.")
    expect(page.locator(".sent-state")).to_have_text("Arrived")
    service.refuse("/cases/c-1/messages", 503, "busy", "The database does not answer.")
    send(page, "Second.")
    expect(page.locator(".sent-state")).to_have_text(["Arrived", "Not sent"])
    send(page, "Third.")

    expect(page.locator(".sent-state")).to_have_text(["Arrived"] * 3)
    keys = [key for path, body, key in service.calls if path == "/cases/c-1/messages" and body["text"] == "Second."]
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert [message["text"] for message in service.threads[0]["messages"]] == ["First.", "Second.", "Third."]


def test_a_message_to_a_case_that_was_closed_meanwhile_begins_another_one_and_holds_up_nothing(
    phone: Phone, service: FakeService
) -> None:
    phone.allowed.append("409")
    page = opened(phone, service)
    send(page, "First.")
    expect(page.locator(".sent-state")).to_have_text("Arrived")
    service.refuse("/cases/c-1/messages", 409, "conflict", "this case is closed")
    service.threads[0]["status"] = "closed"
    send(page, "Second.")
    expect(page.locator(".sent-state")).to_have_text(["Arrived"] * 2)
    send(page, "Third.")

    expect(page.locator(".sent-state")).to_have_text(["Arrived"] * 3)
    becomes(lambda: [body["text"] for body in service.posts("/cases")], ["First.", "Second.", "Third."])


def test_nothing_of_a_conversation_stays_on_a_phone_that_left(phone: Phone, service: FakeService) -> None:
    page = opened(phone, service)
    page.get_by_role("textbox").fill("A secret")
    page.evaluate("localStorage.getItem('throughline.draft.j-printer')")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    service.send("gone", {"code": "journey_unknown"})
    expect(page.get_by_role("heading", level=1)).to_have_text("This journey has ended.")
    until(lambda: "secret" not in page.evaluate("JSON.stringify(localStorage)"), "nothing to be left of it")
