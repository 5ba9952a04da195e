"""The views over the menu on the real service: what the record says is what they show, and what they say is kept."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect

from cloud.http_app import make_app
from cloud.lifecycle import service as lifecycle
from cloud.record.events import ParcelStatus
from cloud.registry import service as registry
from cloud.settings import load_settings
from tests.browser.conftest import PHONE
from tests.http_service import serving
from tests.integration.cloud.conftest import sqlite_world
from tests.integration.cloud.world import GTIN, JAMMED, READY, Device, World

__all__ = ["sqlite_world"]


@dataclass
class Home:
    """The service as a demo runs it, one phone, and what its console complained about."""

    world: World
    url: str
    page: Page
    complaints: list[str] = field(default_factory=list)

    def journey(self) -> str:
        """The one that the phone has."""
        return str(self.world.rows("journey")[-1].id)

    def own(self) -> registry.Registered:
        """The phone's person makes a unit theirs, by its code."""
        unit = self.world.unit()
        self.page.goto(f"{self.url}/app/?gtin={unit.gtin}&serial={unit.serial}")
        self.page.locator("input[name=code]").fill(unit.claim_code)
        self.page.locator("form button[type=submit]").click()
        expect(self.page.locator(".pulse")).to_have_attribute("data-fresh", "up")
        return unit

    def visit(self) -> str:
        """The phone's person gets to know the model; the journey."""
        self.page.goto(f"{self.url}/app/")
        expect(self.page.locator(".start h1")).to_be_visible()
        person = self.world.rows("person")[-1].id
        self.world.run(lambda tx: lifecycle.journey_with(tx, person, GTIN, None, "phone"))
        self.page.reload()
        expect(self.page.locator(".pulse")).to_have_attribute("data-fresh", "up")
        return self.journey()


@contextlib.contextmanager
def living(browser: Browser, world: World, *, demo: bool) -> Iterator[Home]:
    expect.set_options(timeout=20_000)
    app = make_app(load_settings(simulated_beacons=demo), world.db, world.keys)
    context = browser.new_context(viewport=PHONE, locale="en-GB", timezone_id="UTC")  # type: ignore[arg-type]  # a TypedDict in disguise
    try:
        with serving(app) as served:
            home = Home(world, served.url, context.new_page())
            home.page.on("pageerror", lambda error: home.complaints.append(str(error)))
            try:
                yield home
            finally:
                context.close()
                app.state.hub.close()
    finally:
        context.close()
    assert home.complaints == []


@pytest.fixture
def home(browser: Browser, sqlite_world: World) -> Iterator[Home]:
    with living(browser, sqlite_world, demo=False) as made:
        yield made


@pytest.fixture
def demo(browser: Browser, sqlite_world: World) -> Iterator[Home]:
    with living(browser, sqlite_world, demo=True) as made:
        yield made


def test_the_carriers_scans_are_on_the_line_as_they_come(home: Home) -> None:
    journey, world, page = home.visit(), home.world, home.page
    world.order(journey=journey, tracking_code="T-1")
    world.parcel(detail="Arrived at the depot", place="Lyon, FR", promised_at=world.clock().replace(hour=23))
    page.locator("[data-kind=track] .main-part").click()
    expect(page.locator(".scan[aria-current=step] .scan-detail")).to_have_text("Arrived at the depot")
    expect(page.locator(".scan[aria-current=step] .scan-where")).to_contain_text("Lyon, FR")
    expect(page.locator(".parcel-day")).to_contain_text("Expected on")

    world.clock.advance(minutes=5)
    world.parcel(status=ParcelStatus.OUT_FOR_DELIVERY, detail="With the driver")
    expect(page.locator(".scan[aria-current=step] .scan-status")).to_have_text("Out for delivery")


def test_the_checklist_ticks_as_the_printer_sees_it_and_ends_with_a_moment(home: Home) -> None:
    unit, page = home.own(), home.page
    expect(page.locator(".section.first .ring")).to_be_visible()
    device = Device(home.world, unit.id)
    home.world.take(device.birth())
    expect(page.locator(".item.done").first).to_contain_text("the printer saw it")
    home.world.take(device.status(READY))
    home.world.take(device.event("page_printed"))

    expect(page.locator(".finish h2")).to_have_text("All set. Well done!")


def test_a_guide_that_did_not_help_is_in_the_record_and_the_expert_gets_the_words(home: Home) -> None:
    unit, page = home.own(), home.page
    home.world.set_up(unit)
    home.world.take(Device(home.world, unit.id, boot=2).birth())
    device = Device(home.world, unit.id, boot=3)
    home.world.take(device.birth())
    home.world.take(device.status(JAMMED))
    expect(page.locator(".status")).to_have_attribute("data-level", "error")
    page.locator(".item[data-kind=guide] .main-part").first.click()
    expect(page.locator("dialog .figure img")).to_have_js_property("complete", value=True)
    done = page.locator("dialog .sheet-foot .button").last
    question = page.get_by_role("heading", name="Did that help?")
    for _ in range(12):
        if question.is_visible():
            break
        done.click()
    expect(question).to_be_focused()
    with page.expect_response("**/menu/v1/items/**") as answered:
        page.get_by_role("button", name="Not really").click()
    assert answered.value.status == 200
    page.get_by_role("button", name="Ask an expert").last.click()
    page.get_by_role("button", name="Send").click()

    expect(page.locator(".sent-state")).to_have_text("Arrived")
    (chosen,) = home.world.rows("journal", type="item.chosen")
    assert chosen.data["answer"] == "not_helped"
    assert len(home.world.rows("support_case")) == 1


def test_a_command_goes_from_its_way_to_its_end_on_its_card(home: Home) -> None:
    unit, page = home.own(), home.page
    home.world.set_up(unit)
    device = Device(home.world, unit.id, boot=2)
    home.world.take(device.birth())
    home.world.take(device.status(READY))
    expect(page.locator(".status")).to_have_attribute("data-level", "ok")
    card = page.locator("[data-key=test-page]")
    card.locator(".main-part").click()
    expect(card.get_by_role("progressbar")).to_be_visible()
    expect(card.locator(".progress-text")).not_to_have_text("")
    (command,) = home.world.rows("command")
    home.world.take(device.result(command.id, "accepted", data={"percent": 40}))
    expect(card.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "40")
    home.world.take(device.result(command.id, "done"))

    expect(card.locator(".progress-box")).to_have_attribute("data-state", "done")
    expect(card.get_by_role("progressbar")).to_have_count(0)


def test_who_says_in_the_demo_that_they_stand_beside_it_is_believed_and_proven(demo: Home) -> None:
    unit, page = demo.own(), demo.page
    demo.world.set_up(unit)
    control = page.get_by_role("region", name="Simulation")
    control.get_by_role("radio", name="At arm's length").click()
    expect(control.get_by_role("status")).to_have_text(
        "The service takes you to be: right beside it. And it has proof."
    )


def test_there_is_no_such_control_on_a_service_that_is_no_demo(home: Home) -> None:
    unit, page = home.own(), home.page
    home.world.set_up(unit)
    expect(page.locator(".line [aria-current=step]")).to_have_text("In use")
    expect(page.locator(".simulation")).to_have_count(0)
