"""The guides' pictures in a real browser: every one is drawn, by day and by night, in the page and opened by itself."""

import io

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from broker.contract.stages import Stage
from mobile_menu.content_loader import load_content, profiles
from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.situation import Device, Level, Place, Situation, Zone
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.integration.mobile_menu.conftest import Served, heartbeat_s, record, served

__all__ = ["heartbeat_s", "record", "served"]

PICTURES = {picture.href: picture for profile in profiles() for picture in load_content(profile).pictures.values()}
ONE = min(PICTURES)
GROUND = {"light": (0xE3, 0xF0, 0xEE), "dark": (0x18, 0x2A, 0x2E)}


def test_the_page_draws_every_picture(browser: Browser, served: Served) -> None:
    page = browser.new_page(service_workers="block")
    page.goto(f"{served.url}/app")
    drawn = page.evaluate(
        """async all => {
            const images = all.map(src => Object.assign(new Image(), { src }));
            const broken = await Promise.all(images.map(one => one.decode().then(() => "", () => one.src)));
            return broken.filter(Boolean);
        }""",
        list(PICTURES),
    )
    page.context.close()
    assert drawn == []
    assert len(PICTURES) > 100


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_real_guide_shows_a_picture_that_is_drawn_beside_each_of_its_steps(
    phone: Phone, service: FakeService, language: str
) -> None:
    jam = Situation(
        journey_id="j-1",
        stage=Stage.SUPPORT,
        profile="printer",
        language=language,
        place=Place(zone=Zone.HERE),
        device=Device(level=Level.ERROR, reasons=("media-jam",)),
    )
    menu = compose_menu(jam, load_content("printer")).menu
    steps = menu.sections[0].items[0].steps
    service.serve(menu)
    page = phone.open()
    page.locator(".lead .main-part").click()
    for step in steps:
        expect(page.locator("dialog .step-text")).to_have_text(step.text)
        expect(page.locator("dialog .figure img")).to_have_attribute("src", step.picture)
        expect(page.locator("dialog .figure img")).to_have_js_property("complete", value=True)
        expect(page.locator("dialog .figure img")).not_to_have_js_property("naturalWidth", 0)
        if step is not steps[-1]:
            page.keyboard.press("ArrowRight")
    assert len(steps) == 7


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_in_the_page_is_of_the_page_s_day_or_night(browser: Browser, served: Served, scheme: str) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light", java_script_enabled=False)
    page = context.new_page()  # without the app's own script, which would draw over it
    page.goto(f"{served.url}/app")
    page.evaluate(
        """async src => {
            const image = Object.assign(new Image(240, 180), { id: "shown", src });
            await image.decode();
            document.body.replaceChildren(image);
        }""",
        ONE,
    )
    shot = Image.open(io.BytesIO(page.locator("#shown").screenshot())).convert("RGB")
    context.close()
    assert shot.getpixel((120, 4)) == GROUND[scheme]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_opened_by_itself_a_picture_has_its_colours_and_its_policy(
    browser: Browser, served: Served, scheme: str
) -> None:
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(served.url + ONE)
    expect(page.locator("rect.ground")).to_have_css("fill", "rgb({}, {}, {})".format(*GROUND[scheme]))
    expect(page.locator("svg")).to_have_count(1)
    context.close()
    assert complaints == []
