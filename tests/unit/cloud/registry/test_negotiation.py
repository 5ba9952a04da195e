import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.registry.negotiation import (
    Weighted,
    is_person,
    language_for,
    language_rank,
    media_weight,
    wants_html,
    wants_linkset,
    weighted,
)

PHONE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "user-agent": "Mozilla/5.0 (iPhone) Safari/604.1"}


def test_a_header_is_read_with_its_weights_and_nonsense_weighs_nothing() -> None:
    assert weighted("de-AT, en;q=0.7, fr;q=0, it;q=2, es;q=x,;q=1, *;Q=0.5") == (
        Weighted("de-at", 1.0),
        Weighted("en", 0.7),
        Weighted("fr", 0.0),
        Weighted("it", 0.0),
        Weighted("es", 0.0),
        Weighted("*", 0.5),
    )


@given(st.text(max_size=3_000))
def test_any_header_is_read_without_an_error(header: str) -> None:
    assert all(0 <= one.weight <= 1 for one in weighted(header))


@pytest.mark.parametrize(
    ("wanted", "tags", "rank"),
    [
        ("de", ("de",), (1.0, 3)),
        ("de", ("de-AT",), (1.0, 2)),
        ("de-AT", ("de",), (1.0, 1)),
        ("de-AT, de;q=0.5", ("de",), (1.0, 1)),
        ("en, de;q=0.5", ("de", "fr"), (0.5, 3)),
        ("en, *;q=0.1", ("de",), (0.1, 0)),
        ("de;q=0, *", ("de",), (0.0, 0)),
        ("de;q=0, *", ("de-AT",), (0.0, 0)),
        ("en", ("de",), (0.0, 0)),
        ("den", ("de",), (0.0, 0)),
        ("en", (), (0.0, 0)),
        ("", ("de",), (0.0, 0)),
    ],
)
def test_a_language_is_as_welcome_as_the_closest_tag_says(
    wanted: str, tags: tuple[str, ...], rank: tuple[float, int]
) -> None:
    assert language_rank(weighted(wanted), tags) == rank


@pytest.mark.parametrize(
    ("accept", "weight"),
    [
        ("", 1.0),
        ("*/*;q=0.3", 0.3),
        ("text/*;q=0.4, */*", 0.4),
        ("text/html;q=0.9, text/*;q=0.4", 0.9),
        ("image/png", 0.0),
        ("text/html;q=0, */*", 0.0),
    ],
)
def test_a_media_type_is_as_welcome_as_the_most_exact_range_says(accept: str, weight: float) -> None:
    assert media_weight(weighted(accept), "text/html") == weight


def test_the_language_of_a_page_is_the_one_liked_best_or_else_the_first() -> None:
    assert language_for("de-CH, en;q=0.8", ("en", "de")) == "de"
    assert language_for("fr", ("en", "de")) == "en"
    assert language_for("", ("en", "de")) == "en"


@pytest.mark.parametrize(
    ("accept", "linkset"),
    [
        ("application/linkset+json", True),
        ("text/html;q=0.5, application/linkset+json", True),
        ("text/html, application/linkset+json;q=0.5", False),
        ("application/linkset+json;q=0", False),
        ("application/json", False),
        ("*/*", False),
    ],
)
def test_a_linkset_is_asked_for_by_its_own_media_type(accept: str, linkset: bool) -> None:
    assert wants_linkset(weighted(accept)) == linkset


def test_html_is_asked_for_by_its_name_alone() -> None:
    assert wants_html(weighted("text/html"))
    assert wants_html(weighted("application/xhtml+xml;q=0.1"))
    assert not wants_html(weighted("*/*"))
    assert not wants_html(weighted("text/html;q=0"))


def test_somebody_who_opens_the_address_in_a_browser_is_a_person() -> None:
    assert is_person("GET", PHONE)
    assert is_person("GET", {**PHONE, "sec-fetch-dest": "document", "sec-fetch-mode": "navigate"})


@pytest.mark.parametrize(
    "more",
    [
        {"accept": "*/*"},
        {"accept": "image/avif,image/webp,*/*"},
        {"sec-fetch-dest": "iframe"},
        {"sec-fetch-dest": "image"},
        {"sec-fetch-mode": "no-cors"},
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"x-purpose": "preview"},
        {"x-moz": "prefetch"},
        {"user-agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
        {"user-agent": "facebookexternalhit/1.1"},
        {"user-agent": "WhatsApp/2.23.20.0 A"},
        {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"user-agent": "Mozilla/5.0 SkypeUriPreview Preview/0.5"},
        {"user-agent": "curl/8.5.0"},
        {"user-agent": "python-requests/2.32"},
    ],
)
def test_a_preview_a_part_of_a_page_and_a_robot_are_no_person(more: dict[str, str]) -> None:
    assert not is_person("GET", {**PHONE, **more})


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_only_a_get_is_somebodys(method: str) -> None:
    assert not is_person(method, PHONE)


def test_the_phones_of_a_maker_whose_name_ends_in_bot_belong_to_people() -> None:
    assert is_person("GET", {**PHONE, "user-agent": "Mozilla/5.0 (Linux; Android 9; CUBOT) Chrome/90 Mobile"})
