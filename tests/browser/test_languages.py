"""The page's own words: complete in every language, in the forms that the language has, and written the way it is."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from mobile_menu.web_shell import LANGUAGES
from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService

BLANK = re.compile(r"\{\w+\}")
NO_NUMBER = {"zero", "one", "two"}
"""Forms that may say their number in a word."""


def dictionary(page: Page, language: str, part: str) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(f"import('/app/js/words/{language}.js').then(words => words.{part})")
    return found


def forms_of(page: Page, language: str) -> set[str]:
    script = "language => new Intl.PluralRules(language).resolvedOptions().pluralCategories"
    return set(page.evaluate(script, language))


@pytest.mark.parametrize("part", ["words", "sentences"])
@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_has_words_for_the_same_things(phone: Phone, language: str, part: str) -> None:
    page = phone.open()
    first, other = (dictionary(page, name, part) for name in (LANGUAGES[0], language))

    assert other.keys() == first.keys()
    for key, text in first.items():
        assert isinstance(text, dict) == isinstance(other[key], dict), key
        if isinstance(text, str):
            assert set(BLANK.findall(text)) == set(BLANK.findall(other[key])), key
            assert bool(text) == bool(other[key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_count_is_said_in_all_forms_that_the_language_has(phone: Phone, language: str) -> None:
    page = phone.open()
    counted = {key: text for key, text in dictionary(page, language, "words").items() if isinstance(text, dict)}

    assert counted
    for key, forms in counted.items():
        assert forms.keys() == forms_of(page, language), key
        assert all("{count}" in text for form, text in forms.items() if form not in NO_NUMBER), key


def test_the_page_and_the_service_agree_on_which_languages_there_are(phone: Phone) -> None:
    page = phone.open()
    names = page.evaluate("import('/app/js/words.js').then(words => Object.keys(words.LANGUAGES))")
    assert tuple(names) == LANGUAGES


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [
        ("en", 1, "1 other has scanned the label"),
        ("en", 1200, "1,200 others have scanned the label"),
        ("de", 1200, "1.200 Personen haben das Etikett gescannt"),
        ("ar", 2, "مسح الملصق شخصان غيرك"),
    ],
)
def test_a_count_is_said_as_the_language_says_it(phone: Phone, language: str, count: int, said: str) -> None:
    page = phone.open()
    script = """async ([language, count]) => {
        const words = await import('/app/js/words.js');
        await words.speak(language);
        return words.t('onlookers.count', {count});
    }"""
    assert page.evaluate(script, [language, count]) == said  # at rest: it waits for the words itself


ARABIC = {"locale": "ar-EG"}


@pytest.mark.parametrize("options", [ARABIC])
def test_the_page_is_written_from_the_right_and_a_menu_that_is_not_from_the_left(
    phone: Phone, service: FakeService
) -> None:
    service.serve(menus.support_jam())
    page = phone.open()

    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("html")).to_have_attribute("lang", "ar")
    expect(page.locator(".line [aria-current=step]")).to_have_text("استخدام")
    expect(page.locator(".menu")).to_have_attribute("dir", "ltr")
    expect(page.locator(".status-text")).to_have_text("Paper jam")


@pytest.mark.parametrize("options", [ARABIC])
def test_only_the_words_of_the_page_s_own_language_are_loaded(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_jam())
    asked: list[str] = []
    phone.page.on("request", lambda request: asked.append(request.url))
    page = phone.open()
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    words = {url.rpartition("/")[2] for url in asked if "/js/words/" in url}
    assert words == {"ar.js"}
