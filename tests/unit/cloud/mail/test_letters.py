"""Mails as values: languages that say the same, and no way into a header."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest

from cloud.mail.letters import LANGUAGES, PARTS, WORDS, Letter, message

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LINK = "https://id.example/app/#email=tle_x"


IF_NOT = {"en": "If it was not you", "de": "Wenn Sie das nicht waren", "ar": "وإن لم يكن منك"}


def letter(**other: Any) -> Letter:
    return Letter(**{"kind": "verify", "to": "ada@example.com", "language": "en", "link": LINK, "minutes": 30, **other})


def read(made: Any) -> Any:
    return message_from_bytes(bytes(made), policy=policy.default)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_mail_says_where_to_go_how_long_and_what_if_it_was_not_you(language: str) -> None:
    got = read(message(letter(language=language), "Acme <noreply@example.com>", "m1", NOON))
    plain, html = (got.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert LINK in plain.splitlines()
    assert f'href="{LINK}"' in html
    for text in (plain, html):
        assert "30" in text
        assert "{" not in text
    assert got["Message-ID"] == "<m1@example.com>"
    assert got["Subject"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_of_another_phone_says_what_to_do_if_it_was_not_you_and_where(language: str) -> None:
    told = letter(kind="joined", language=language, link="https://id.example/app/", minutes=0)
    got = read(message(told, "Acme <noreply@example.com>", "m1", NOON))
    plain, html = (got.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "https://id.example/app/" in plain.splitlines()
    assert 'href="https://id.example/app/"' in html
    for text in (plain, html):
        assert IF_NOT[language] in text
        assert "{" not in text
    assert plain.index(IF_NOT[language]) < plain.index("https://")


@pytest.mark.parametrize("kind", PARTS)
def test_every_kind_has_all_its_words_and_no_others(kind: str) -> None:
    known = set(re.findall(r"(?m)^([a-z-]+) =", (WORDS / "letters.en.ftl").read_text()))
    before, after = PARTS[kind]
    own = {one.removeprefix(f"{kind}-") for one in known if one.startswith(f"{kind}-")}
    assert own == {"subject", "go", *before, *after}
    assert {one.partition("-")[0] for one in known} == set(PARTS)


def test_all_languages_have_the_same_words() -> None:
    names = [set(re.findall(r"(?m)^([a-z-]+) =", (WORDS / f"letters.{one}.ftl").read_text())) for one in LANGUAGES]
    assert all(each == names[0] for each in names)


@pytest.mark.parametrize(("language", "way"), [("en", "ltr"), ("de", "ltr"), ("ar", "rtl"), ("fr", "ltr")])
def test_a_page_runs_the_way_that_its_language_is_written(language: str, way: str) -> None:
    got = read(message(letter(language=language), "noreply@example.com", "m1", NOON))
    known = language if language in LANGUAGES else "en"
    assert f'<body lang="{known}" dir="{way}">' in got.get_body(("html",)).get_content()
    assert got["Content-Language"] == known


@pytest.mark.parametrize(
    ("minutes", "said"), [(1, "دقيقة واحدة"), (2, "دقيقتان"), (5, "5 دقائق"), (30, "30 دقيقة"), (100, "100 دقيقة")]
)
def test_minutes_are_counted_as_arabic_does(minutes: int, said: str) -> None:
    got = read(message(letter(language="ar", minutes=minutes), "noreply@example.com", "m1", NOON))
    assert f"مدة صلاحيته {said}." in got.get_body(("plain",)).get_content()


def test_no_mail_in_arabic_tells_a_man_what_to_do() -> None:
    words = (WORDS / "letters.ar.ftl").read_text()
    assert not re.findall(r"(?<!\S)(?:افتح|اضغط|امسح|أكّد|غيّر|انتظر|أدخل|اختر|سجّل)(?!\S)", words.replace("أكّد هاتف", ""))


def test_a_language_that_we_do_not_have_is_english() -> None:
    assert "Hello" in str(read(message(letter(language="fr"), "noreply@example.com", "m1", NOON)).get_body(("plain",)))


@pytest.mark.parametrize("to", ["a@b.de\r\nBcc: x@y.de", "a@b.de\nX: y", "a b@c.de", "a@b.de, c@d.de"])
def test_a_receiver_cannot_bring_another_header_or_receiver(to: str) -> None:
    with pytest.raises(Exception, match=r"."):
        message(letter(to=to), "noreply@example.com", "m1", NOON)


def test_what_stands_in_the_link_cannot_leave_its_place_in_the_page() -> None:
    made = read(
        message(letter(link='https://x.example/"><script>alert(1)</script>'), "noreply@example.com", "m1", NOON)
    )
    assert "<script>" not in made.get_body(("html",)).get_content()
