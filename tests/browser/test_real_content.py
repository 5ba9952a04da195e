"""The real content of the products on the real page: every situation that the content is tested with."""

import msgspec
import pytest
from playwright.sync_api import expect

from mobile_menu.content_loader import load_content, profiles
from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.menu import Menu
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.soon import becomes

JOURNEY = "j-1"


def menus_of(profile: str, language: str) -> list[Menu]:
    """The menus of all situations that the profile's own tests name, in this language, as of one journey."""
    content = load_content(profile)
    situations = [
        msgspec.structs.replace(test.situation, journey_id=JOURNEY, language=language) for test in content.tests
    ]
    return [compose_menu(situation, content).menu for situation in situations]


@pytest.mark.parametrize("language", ["en", "de", "ar"])
@pytest.mark.parametrize("profile", profiles())
def test_one_menu_turns_into_the_next_until_all_were_shown(
    phone: Phone, service: FakeService, profile: str, language: str
) -> None:
    menus = menus_of(profile, language)
    service.serve(menus[0])
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")

    for menu in menus:
        service.push(menu)
        items = [item.title for section in menu.sections for item in section.items]
        expect(page.locator(".menu-title")).to_have_text(menu.title)
        expect(page.locator(".items .title")).to_have_text(items)
        becomes(lambda: page.evaluate("document.documentElement.scrollWidth <= innerWidth"), True)
        expect(page.locator(".top .help")).to_be_visible()


@pytest.mark.parametrize("profile", profiles())
def test_every_icon_of_the_content_is_drawn(phone: Phone, profile: str) -> None:
    names = sorted({item.icon for item in load_content(profile).items if item.icon})
    page = phone.open()
    unknown = page.evaluate(
        """names => import('/app/js/icons.js')
            .then(m => names.filter(name => m.icon(name, 'dot').dataset.icon === 'dot'))""",
        names,
    )

    assert unknown == []


@pytest.mark.parametrize("profile", profiles())
def test_every_condition_of_the_content_is_said_in_words(phone: Phone, profile: str) -> None:
    items = [item for menu in menus_of(profile, "en") for section in menu.sections for item in section.items]
    conditions = sorted({condition for item in items for condition in item.because})
    page = phone.open()
    # The words of the language come after the page.
    becomes(lambda: page.evaluate("import('/app/js/words.js').then(m => Boolean(m.sentences().other))"), True)
    said = page.evaluate("all => import('/app/js/because.js').then(m => all.map(m.plain))", conditions)

    assert len(said) > 10
    assert [text for text in said if "=" in text or "_" in text or "|" in text] == []
