from cloud.registry.linkset import linked_data
from cloud.registry.linktypes import Vocabularies
from cloud.registry.resolving import Entry, Link
from cloud.resolver_pages import LANGUAGES, busy_page, links_page, refusal_page, unknown_page

WAYS = {"en": "ltr", "de": "ltr", "ar": "rtl"}
EVIL = "</script><script>alert(1)</script>\"'&"


def test_what_an_operator_writes_ends_no_element_of_the_page() -> None:
    entry = Entry("https://id.example/01/1", EVIL, (Link("gs1:pip", "https://x.example/?a=1&b='", EVIL, ("en",)),))
    page = links_page("en", EVIL, (entry,), linked_data((entry,), Vocabularies()))
    assert page.html.count("<script") == page.html.count("</script>") == 1
    assert "alert(1)</h1>" not in page.html
    assert 'href="https://x.example/?a=1&amp;b=&#x27;"' in page.html


def test_every_page_is_there_in_every_language() -> None:
    for language in LANGUAGES:
        for page in (unknown_page(language, ()), refusal_page(language, 400), busy_page(language, 7)):
            assert page.html.startswith(f'<!doctype html><html lang="{language}" dir="{WAYS[language]}">')
    pages = {refusal_page(language, status).html for language in LANGUAGES for status in (400, 404)}
    assert len(pages) == 6
    assert all(" 7 " in busy_page(language, 7).html for language in LANGUAGES)
