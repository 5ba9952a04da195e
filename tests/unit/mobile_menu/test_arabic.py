"""Content in Arabic: six plural forms, what is quoted keeps its own direction, nothing is left in another language."""

import re
from collections.abc import Iterator

import pytest

from broker.contract.stages import Role, Stage
from mobile_menu.content_loader import load_content, profiles
from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.facts import number_as_written
from mobile_menu.rules.menu import Item, Menu
from mobile_menu.rules.situation import Case, CommandState, Coupon, Device, Level, Relation, Situation, SupplyLevel
from mobile_menu.rules.texts import Texts, is_from_the_right

KEPT = {"Bluetooth", "G", "OK", "PDF", "QR", "WPS", "Wi-Fi"}
"""Words that Arabic writes in Latin letters as well: names, and what stands on a button. The G is that of 5G."""
FORMS = {0: "zero", 1: "one", 2: "two", 3: "few", 10: "few", 11: "many", 99: "many", 100: "other", 102: "other"}


def menu_of(profile: str = "printer", **fields: object) -> Menu:
    given: dict[str, object] = {"stage": Stage.SUPPORT, "role": Role.OWNER, "language": "ar", **fields}
    return compose_menu(Situation(journey_id="j", profile=profile, **given), load_content(profile)).menu  # type: ignore[arg-type]  # the fields are a situation's


def items_of(menu: Menu) -> Iterator[Item]:
    return (item for section in menu.sections for item in section.items)


def item_of(menu: Menu, name: str) -> Item:
    return next(item for item in items_of(menu) if item.id == name)


@pytest.mark.parametrize("profile", profiles())
def test_nothing_is_left_in_latin_letters_but_names_and_what_stands_on_buttons(profile: str) -> None:
    for name, text in load_content(profile).texts["ar"].by_id.items():
        words = set(re.findall(r"[A-Za-z](?:[A-Za-z-]*[A-Za-z])?", text.plain or ""))
        assert words <= KEPT, name


@pytest.mark.parametrize("profile", profiles())
def test_every_text_with_letters_has_arabic_ones(profile: str) -> None:
    texts = load_content(profile).texts
    for name, text in texts["en"].by_id.items():
        if text.plain and re.search("[A-Za-z]", text.plain):
            assert re.search("[\u0621-\u064a]", texts["ar"].by_id[name].plain or ""), name


@pytest.mark.parametrize("profile", profiles())
@pytest.mark.parametrize("message", ["status-ok", "item-reorder-soon.detail", "item-supply.detail"])
def test_days_are_counted_in_the_six_forms_of_the_language(profile: str, message: str) -> None:
    text = load_content(profile).texts["ar"].by_id[message]
    said: dict[str, set[str]] = {}
    for count, form in FORMS.items():
        facts = {"days_left": count, "supply_days": count, "reason": "R"}
        said.setdefault(form, set()).add(re.sub(r"[\u2068\u2069\d]", "", text.format(facts.__getitem__)))
    assert {form: len(each) for form, each in said.items()} == dict.fromkeys(FORMS.values(), 1)
    assert len(set().union(*said.values())) == 6


@pytest.mark.parametrize(
    ("profile", "figure", "said"),
    [
        ("printer", {"pages_total": 0.0}, "لا صفحة بعد"),
        ("printer", {"pages_total": 1.0}, "صفحة واحدة حتى الآن"),
        ("printer", {"pages_total": 2.0}, "صفحتان حتى الآن"),
        ("printer", {"pages_total": 1203.0}, "\u20681,203\u2069 صفحات حتى الآن"),
        ("printer", {"pages_total": 100.0}, "\u2068100\u2069 صفحة حتى الآن"),
        ("coffee", {"cups_total": 5.0}, "\u20685\u2069 فناجين حتى الآن"),
        ("coffee", {"cups_total": 412.0}, "\u2068412\u2069 فنجانًا حتى الآن"),
    ],
)
def test_usage_is_counted_in_the_forms_of_the_language(profile: str, figure: dict[str, float], said: str) -> None:
    menu = menu_of(profile, device=Device(level=Level.OK, usage=figure))
    assert item_of(menu, "usage").detail == said


@pytest.mark.parametrize(
    ("unread", "badge"),
    [(0, None), (1, "رد جديد"), (2, "ردّان جديدان"), (3, "\u20683\u2069 ردود جديدة"), (11, "\u206811\u2069 ردًا جديدًا")],
)
def test_new_answers_are_counted_in_the_forms_of_the_language(unread: int, badge: str | None) -> None:
    menu = menu_of(relation=Relation(case=Case(id="c", unread=unread)))
    assert item_of(menu, "expert").badge == badge


def test_what_is_quoted_in_a_sentence_stands_between_isolates_and_alone_it_does_not() -> None:
    menu = menu_of(model_name="Acme One (2nd)", device=Device(level=Level.ERROR, reasons=("media-jam",)))
    assert menu.title == "\u2068Acme One (2nd)\u2069 بحاجة إليك"
    assert menu.status.text == "انحشر الورق"


def test_other_languages_quote_without_isolates() -> None:
    for language in ("en", "de"):
        menu = menu_of(language=language, model_name="Acme One", device=Device(level=Level.OK, days_left=9))
        assert "Acme One" in menu.title
        assert not re.search("[\u2066-\u2069]", menu.title + menu.status.text)


@pytest.mark.parametrize(
    ("language", "right"), [("ar", True), ("ar-EG", True), ("he", True), ("de", False), ("xx", False)]
)
def test_it_is_known_which_languages_are_written_from_the_right(language: str, right: bool) -> None:
    assert is_from_the_right(language) is right
    assert (Texts(language, {"a.ftl": "a = x { $b } y"}).format("a", lambda _: "Q") == "x \u2068Q\u2069 y") is right


def test_figures_money_and_percentages_are_written_as_cldr_does_for_the_language() -> None:
    coupon = Coupon(code="TL50-A", amount=5000, currency="USD")
    menu = menu_of(stage=Stage.ENGAGED, relation=Relation(coupon=coupon))
    assert item_of(menu, "coupon").title == "قسيمتك بقيمة \u2068\u200f50\u00a0US$\u2069"
    supply = SupplyLevel(name="black", level_percent=40)
    assert item_of(menu_of(device=Device(level=Level.OK, supplies=(supply,))), "supply-black").badge == "40%"
    assert number_as_written("1203", "ar") == "1,203"


def test_a_command_says_how_far_it_is_without_a_sign_that_could_change_sides() -> None:
    command = CommandState(name="clean_head", state="running", percent=40)
    item = item_of(menu_of(device=Device(level=Level.BUSY, commands=(command,))), "clean-head")
    assert item.progress is not None
    assert item.progress.text == "الطابعة تعمل عليه: أُنجز \u206840\u2069 في المئة"


@pytest.mark.parametrize("profile", profiles())
def test_no_keyword_of_a_machine_is_shown_as_it_is(profile: str) -> None:
    content = load_content(profile)
    for keyword in content.reason_labels:
        menu = menu_of(profile, device=Device(level=Level.ERROR, reasons=(keyword,)))
        shown = [menu.title, menu.status.text, *(f"{one.title} {one.detail}" for one in items_of(menu))]
        assert not any(keyword in text for text in shown), keyword
