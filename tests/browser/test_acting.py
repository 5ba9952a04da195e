"""Items that act: a command's progress, key and proof of place; a survey's one tap; a checklist that ticks itself."""

from collections import Counter

import pytest
from playwright.sync_api import Page, Route, expect

from mobile_menu.rules.menu import Progress
from tests.browser import menus, view_menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.soon import becomes


def keys_of(service: FakeService, path: str) -> list[str]:
    return [key for called, _, key in service.calls if called == path]


def test_a_command_shows_how_far_it_is_and_what_came_of_it(phone: Phone, service: FakeService) -> None:
    service.serve(view_menus.commands(view_menus.command("sample", "Print a sample page")))
    page = phone.open()
    card = page.locator("[data-key=sample]")
    expect(card.get_by_role("button", name="Print a sample page").first).to_be_enabled()
    expect(card.locator(".progress-box")).to_have_count(0)
    steps = [
        (Progress(state="queued", text="On its way to the printer"), None),
        (Progress(state="running", percent=40, text="It is printing: 40 %"), "40"),
        (Progress(state="running", percent=90, text="It is printing: 90 %"), "90"),
    ]
    for number, (progress, percent) in enumerate(steps):
        item = view_menus.command("sample", "Print a sample page", progress)
        service.push(view_menus.commands(item, etag=f"step-{number}"))
        expect(card.locator(".progress-text")).to_have_text(progress.text)
        bar = card.get_by_role("progressbar")
        if percent is None:
            expect(bar).not_to_have_attribute("aria-valuenow", "40")
        else:
            expect(bar).to_have_attribute("aria-valuenow", percent)
        expect(card.locator(".main-part")).to_have_attribute("aria-disabled", "true")
    expect(page.locator("#announce")).to_contain_text("It is printing")

    done = view_menus.command(
        "sample", "Print a sample page", Progress(state="done", text="Your sample is in the tray")
    )
    service.push(view_menus.commands(done, etag="done"))
    expect(card.locator(".progress-text")).to_have_text("Your sample is in the tray")
    expect(card.get_by_role("progressbar")).to_have_count(0)
    expect(page.locator("#announce")).to_contain_text("Your sample is in the tray")


def test_a_command_under_way_is_not_asked_for_again_by_a_second_tap(phone: Phone, service: FakeService) -> None:
    under_way = view_menus.command("sample", "Print a sample page", Progress(state="running", percent=10))
    service.serve(view_menus.commands(under_way))
    page = phone.open()
    page.locator("[data-key=sample] .main-part").click(force=True)  # it says that it is disabled, and can be tapped
    page.locator("[data-key=sample] .main-part").focus()
    page.keyboard.press("Enter")
    again = view_menus.command("sample", "Print a sample page", Progress(state="failed", text="The cover is open"))
    service.push(view_menus.commands(again, etag="failed"))
    expect(page.locator(".progress-hint")).to_contain_text("Tap to try again")
    assert service.posts("/items/sample") == []

    page.locator("[data-key=sample] .main-part").click()
    expect(page.locator(".toast")).to_be_visible()
    becomes(lambda: len(service.posts("/items/sample")), 1)


def test_a_wish_that_got_no_answer_keeps_its_key_over_a_reload_until_it_has_one(
    phone: Phone, service: FakeService
) -> None:
    phone.allowed += ["ERR_FAILED", "Failed to load resource"]
    service.serve(view_menus.commands(view_menus.command("sample", "Print a sample page")))
    page = phone.open()
    sent: list[str] = []

    def lose(route: Route) -> None:
        sent.append(route.request.headers["idempotency-key"])
        route.abort()

    page.route("**/menu/v1/items/**", lose)
    page.locator("[data-key=sample] .main-part").click()
    expect(page.get_by_role("alert")).to_have_text("That did not get through. Please try again.")
    page.unroute("**/menu/v1/items/**")
    page.reload()
    page.locator("[data-key=sample] .main-part").click()
    expect(page.locator(".toast.ok")).to_have_text("Noted. Thank you.")
    expect(page.locator("[data-key=sample] .main-part")).not_to_have_attribute("aria-busy", "true")
    with page.expect_response("**/menu/v1/items/sample"):
        page.locator("[data-key=sample] .main-part").click()

    arrived = keys_of(service, "/items/sample")
    assert set(sent) == {arrived[0]}
    assert arrived[0] != arrived[1]


@pytest.mark.parametrize("code", ["proof_needed", "proof_used"])
def test_a_command_that_needs_proof_goes_on_by_itself_once_the_phone_is_there(
    phone: Phone, service: FakeService, code: str
) -> None:
    phone.allowed += ["403", "409"]
    service.serve(view_menus.commands(view_menus.command("sample", "Print a sample page")))
    service.outcomes["sample"] = {"outcome": "command_queued", "command_id": "k-1"}
    service.refuse("/items/sample", 403 if code == "proof_needed" else 409, code)
    page = phone.open()
    page.locator("[data-key=sample] .main-part").click()
    sheet = page.get_by_role("dialog", name="Stand next to it")
    expect(sheet).to_contain_text("“Print a sample page” acts on the product itself")

    service.refuse("/items/sample", 403, "proof_needed")
    sheet.get_by_role("button", name="I am next to it").click()
    expect(sheet.get_by_role("status")).to_contain_text("does not hear it yet")
    service.push(view_menus.commands(view_menus.command("sample", "Print a sample page"), etag="beside"))

    expect(page.locator(".toast")).to_have_text("On its way to your product.")
    expect(sheet).to_have_count(0)
    becomes(lambda: len(service.posts("/items/sample")), 3)


def answered(page: Page, service: FakeService, item: str) -> None:
    expect(page.locator(f"[data-key={item}] .survey-thanks")).to_have_text("Thank you. We have your answer.")
    service.push(menus.support_ok())
    expect(page.locator(f"[data-key={item}]")).to_have_count(0)


def test_one_tap_answers_a_survey_and_it_is_gone(phone: Phone, service: FakeService) -> None:
    service.serve(view_menus.surveys())
    page = phone.open()
    page.get_by_role("radio", name="Content", exact=True).click()

    answered(page, service, "csat")
    becomes(lambda: service.posts("/items/csat"), [{"journey": menus.JOURNEY, "choice": "4"}])


def test_the_keyboard_walks_along_a_scale_and_answers_only_when_it_says_so(phone: Phone, service: FakeService) -> None:
    service.serve(view_menus.surveys())
    page = phone.open()
    scale = page.get_by_role("radiogroup", name="How likely are you to recommend it?")
    expect(scale.get_by_role("radio")).to_have_count(11)
    scale.get_by_role("radio", name="0, not at all").focus()
    page.keyboard.press("End")
    expect(scale.get_by_role("radio", name="10, certainly")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(scale.get_by_role("radio", name="9")).to_be_focused()
    assert service.posts("/items/nps") == []
    page.keyboard.press("Space")

    answered(page, service, "nps")
    becomes(lambda: service.posts("/items/nps"), [{"journey": menus.JOURNEY, "choice": "9"}])


def test_a_survey_whose_answer_did_not_get_through_can_be_answered_again(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("503")
    service.serve(view_menus.surveys(view_menus.CSAT))
    service.refuse("/items/csat", 503, "busy", "The database does not answer.")
    page = phone.open()
    page.get_by_role("radio", name="So-so").click()
    expect(page.get_by_role("alert")).to_have_text("The database does not answer.")
    expect(page.get_by_role("radio", name="So-so")).to_have_attribute("aria-checked", "false")
    page.get_by_role("radio", name="So-so").click()

    expect(page.locator(".survey-thanks")).to_be_visible()
    becomes(lambda: [body["choice"] for body in service.posts("/items/csat")], ["3", "3"])


def test_a_ring_fills_as_steps_tick_and_the_last_one_is_a_moment(phone: Phone, service: FakeService) -> None:
    service.serve(view_menus.checklist(1))
    page = phone.open()
    ring = page.locator(".section.first .ring-done")
    expect(page.locator(".tally").first).to_have_text("1 of 4 done")
    expect(ring).to_have_attribute("style", "stroke-dasharray: 25, 100;")
    expect(page.locator(".lead .title")).to_have_text("Switch it on")
    service.push(view_menus.checklist(2))
    expect(ring).to_have_attribute("style", "stroke-dasharray: 50, 100;")
    expect(page.locator(".lead .title")).to_have_text("Load paper")
    expect(page.locator(".finish")).to_have_count(0)

    service.push(view_menus.all_set())
    expect(page.locator(".finish h2")).to_have_text("All set. Well done!")
    page.locator(".finish").get_by_role("button", name="Close").click()
    expect(page.locator(".finish")).to_have_count(0)


def test_there_is_no_moment_when_a_menu_is_opened_that_was_set_up_long_ago(phone: Phone, service: FakeService) -> None:
    service.serve(view_menus.all_set())
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    expect(page.locator(".finish")).to_have_count(0)


@pytest.mark.parametrize(("motion", "ticks"), [("no-preference", 1), ("reduce", 0)])
def test_a_step_that_ticks_is_drawn_anew_but_not_for_who_wants_calm(
    phone: Phone, service: FakeService, motion: str, ticks: int
) -> None:
    phone.page.emulate_media(reduced_motion="reduce" if motion == "reduce" else "no-preference")
    service.serve(view_menus.checklist(1))
    page = phone.open()
    expect(page.locator(".tally").first).to_have_text("1 of 4 done")
    page.evaluate("""() => {
        window.ticked = new Set();
        new MutationObserver(all => all.forEach(one => {
            if (one.target.classList.contains('just-ticked')) window.ticked.add(one.target.dataset.key);
        })).observe(document.body, {subtree: true, attributeFilter: ['class']});
    }""")
    service.push(view_menus.checklist(2))
    expect(page.locator(".tally").first).to_have_text("2 of 4 done")
    page.wait_for_function("ticks => window.ticked.size === ticks", arg=ticks)


@pytest.mark.parametrize("options", [{"viewport": {"width": width, "height": 844}} for width in (390, 320)])
def test_a_scale_of_seven_leaves_no_choice_alone_on_a_row(phone: Phone, service: FakeService) -> None:
    service.serve(view_menus.surveys(view_menus.CES))
    page = phone.open()
    choices = page.get_by_role("radiogroup", name="How easy was it?").get_by_role("radio")
    expect(choices).to_have_count(7)
    tops = "all => all.map((one) => Math.round(one.getBoundingClientRect().top))"
    becomes(lambda: min(Counter(choices.evaluate_all(tops)).values()) > 1, True)
