"""The demo's control "where am I?": there in a demo, nowhere else, and true to the simulator's radio."""

import math

from playwright.sync_api import expect

from device_sim.radio import mean_rssi_dbm
from tests.browser import menus, view_menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService


def test_there_is_no_control_and_no_question_for_it_outside_of_a_demo(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    asked: list[str] = []
    phone.page.on("request", lambda request: asked.append(request.url))
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    service.push(menus.support_jam())
    expect(page.locator(".status-text")).to_have_text("Paper jam")

    expect(page.locator(".simulation")).to_have_count(0)
    assert [url for url in asked if "simul" in url and "/js/" not in url] == []


def test_a_spot_is_reported_until_another_one_is_chosen(phone: Phone, service: FakeService) -> None:
    service.simulates = True
    service.serve(menus.support_ok())
    page = phone.open()
    control = page.get_by_role("region", name="Simulation")
    expect(control.get_by_role("radio")).to_have_text(["At arm's length", "In the same room", "Away"])
    control.get_by_role("radio", name="At arm's length").click()
    expect(control.get_by_role("status")).to_have_text(
        "The service takes you to be: right beside it. And it has proof."
    )
    expect(control.get_by_role("radio", name="At arm's length")).to_have_attribute("aria-checked", "true")
    with page.expect_request("**/menu/v1/context"):
        pass  # it is said again without a tap
    control.get_by_role("radio", name="Away").click()
    expect(control.get_by_role("status")).to_have_text("The service takes you to be: away from it.")

    reports = service.posts("/context")
    assert all(report["journey"] == menus.JOURNEY for report in reports)
    assert {one["kind"] for one in reports[0]["sightings"]} == {"eddystone-uid"}
    assert {one["kind"] for one in reports[-1]["sightings"]} == {"ibeacon"}


def test_the_keyboard_walks_along_the_spots(phone: Phone, service: FakeService) -> None:
    service.simulates = True
    service.serve(menus.support_ok())
    page = phone.open()
    page.get_by_role("radio", name="Away").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="At arm's length")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="At arm's length")).to_have_attribute("aria-checked", "true")


def test_the_control_speaks_the_language_that_is_chosen_and_the_phone_stays_where_it_was(
    phone: Phone, service: FakeService
) -> None:
    service.simulates = True
    service.serve(menus.support_ok())
    page = phone.open()
    page.get_by_role("radio", name="Away").click()
    page.get_by_role("button", name="Settings", exact=True).click()
    page.get_by_text("العربية").click()

    control = page.locator(".simulation")
    expect(control).to_have_attribute("dir", "rtl")
    expect(control).to_have_attribute("lang", "ar")
    expect(control).not_to_contain_text("Where am I?")
    expect(control.locator("[value=away]")).to_have_attribute("aria-checked", "true")


def test_another_product_has_a_control_of_its_own(phone: Phone, service: FakeService) -> None:
    service.simulates = True
    service.serve(menus.support_ok())
    page = phone.open()
    expect(page.locator(".simulation")).to_have_count(1)
    service.push(menus.support_jam())
    expect(page.locator(".status-text")).to_have_text("Paper jam")
    expect(page.locator(".simulation")).to_have_count(1)


def test_the_pages_radio_is_the_simulators(phone: Phone) -> None:
    page = phone.open()
    distances = [0.05, 0.1, 0.4, 1.0, 3.5, 12.0, 80.0]
    found = page.evaluate(
        "all => import('/app/js/radio.js').then(m => all.map(d => m.meanRssi(d, -59, 2.3)))", distances
    )
    for distance, mean in zip(distances, found, strict=True):
        assert math.isclose(mean, mean_rssi_dbm(distance, -59, 2.3), abs_tol=1e-9)


def test_the_noise_of_the_pages_radio_is_as_wide_as_the_model_says_and_what_is_too_weak_is_lost(phone: Phone) -> None:
    page = phone.open()
    draw = """async ([model, spots]) => {
        const { sightingsAt } = await import('/app/js/radio.js');
        let seed = 7; // a generator of our own: the same numbers each time
        const random = () => { seed = (seed * 16807) % 2147483647; return seed / 2147483647; };
        return spots.map(spot => sightingsAt(spot, {...model, readings: 4000}, random).map(one => one.rssi_dbm));
    }"""
    spot = view_menus.SIMULATION["spots"][1]
    far = {"name": "far", "frames": [{**spot["frames"][0], "distance_m": 60.0}]}
    near, lost = page.evaluate(draw, [view_menus.SIMULATION, [spot, far]])
    mean = sum(near) / len(near)
    deviation = math.sqrt(sum((one - mean) ** 2 for one in near) / len(near))
    assert abs(mean - mean_rssi_dbm(3.5, -59, 2.3)) < 0.3
    assert abs(deviation - 3.0) < 0.3
    assert len(near) == 4000
    assert 0 < len(lost) < 2800
    assert min(lost) >= -100
