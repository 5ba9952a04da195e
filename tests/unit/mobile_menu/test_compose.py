"""A menu is total, says why, keeps its promises in distress, and is the same for the same situation."""

import base64
import io
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
import zxingcpp
from hypothesis import given, settings
from PIL import Image, ImageDraw

from broker.contract.stages import Role, Stage
from mobile_menu.content_loader import load_content
from mobile_menu.rules.compose import ITEM_HREF, compose_menu
from mobile_menu.rules.derived import in_distress
from mobile_menu.rules.menu import OFFERING_KINDS, Choice, Composed, Item, Order, Progress
from mobile_menu.rules.situation import (
    Case,
    CommandState,
    Coupon,
    Device,
    Level,
    Links,
    Parcel,
    ParcelState,
    Place,
    Relation,
    Shop,
    Situation,
    Step,
    SupplyLevel,
    Zone,
)
from tests.unit.mobile_menu.situations import situations

CONTENT = load_content("printer")


def situation(stage: Stage, **parts: object) -> Situation:
    plain = Situation(journey_id="j1", stage=stage, profile="printer", model_name="Acme One")
    return msgspec.structs.replace(plain, **parts)


def items_of(composed: Composed) -> list[Item]:
    return [item for section in composed.menu.sections for item in section.items]


def item_of(composed: Composed, item_id: str) -> Item:
    return next(item for item in items_of(composed) if item.id == item_id)


@settings(max_examples=300, deadline=None)
@given(situations)
def test_every_situation_has_a_menu_with_an_expert_and_the_way_out(drawn: Situation) -> None:
    composed = compose_menu(drawn, CONTENT)
    calls = {item.id: item.action.href for item in items_of(composed) if item.action}
    assert calls["expert"] == "/menu/v1/cases"
    assert calls["export"] == "/menu/v1/export"
    assert calls["opt-out"] == "/menu/v1/opt-out"
    leaving = item_of(composed, "opt-out").action
    assert leaving is not None
    assert leaving.confirm == CONTENT.texts[composed.menu.language].by_id["item-opt-out.confirm"].plain
    assert composed.menu.title
    assert composed.menu.status.text


@settings(max_examples=300, deadline=None)
@given(situations)
def test_items_have_ids_of_their_own_and_each_posted_one_has_its_order(drawn: Situation) -> None:
    composed = compose_menu(drawn, CONTENT)
    ids = [item.id for item in items_of(composed)]
    assert len(ids) == len(set(ids))
    posted = {item.id for item in items_of(composed) if item.action and item.action.href.startswith(ITEM_HREF)}
    assert posted == composed.orders.keys()
    for item in items_of(composed):
        assert item.title
        assert item.because
        assert re.fullmatch(r"[a-z0-9_.-]+", item.id)
        assert item.action is None or item.action.href
        assert "???" not in msgspec.json.encode(item).decode()


@settings(max_examples=300, deadline=None)
@given(situations)
def test_in_distress_nothing_is_offered_that_the_fix_does_not_need(drawn: Situation) -> None:
    if not in_distress(drawn):
        return
    offered = {item.id for item in items_of(compose_menu(drawn, CONTENT)) if item.kind in OFFERING_KINDS}
    assert offered <= {"reorder-now"}


@settings(max_examples=100, deadline=None)
@given(situations)
def test_the_same_situation_has_the_same_menu_and_etag(drawn: Situation) -> None:
    again = msgspec.json.decode(msgspec.json.encode(drawn), type=Situation)
    assert compose_menu(drawn, CONTENT) == compose_menu(again, CONTENT)


@settings(max_examples=100, deadline=None)
@given(situations, situations)
def test_menus_have_equal_etags_exactly_when_the_phone_shows_the_same(one: Situation, other: Situation) -> None:
    first, second = compose_menu(one, CONTENT).menu, compose_menu(other, CONTENT).menu
    shown = [msgspec.structs.replace(menu, etag="") for menu in (first, second)]
    assert (first.etag == second.etag) == (shown[0] == shown[1])


@pytest.mark.parametrize("zone", [timezone(timedelta(hours=9)), timezone(timedelta(hours=-11)), None])
def test_a_day_is_written_alike_whoever_asked_before_in_which_zone(zone: timezone | None) -> None:
    """A preview may give any zone, and what it was shown must not become what a customer reads."""
    promised = datetime(2031, 12, 24, 20, tzinfo=UTC) if zone else datetime(2031, 12, 24, 20)  # noqa: DTZ001  content's tests may leave the zone out
    for one in (promised.astimezone(zone) if zone else promised, datetime(2031, 12, 24, 20, tzinfo=UTC)):
        moving = situation(Stage.DELIVERY, parcel=Parcel(state=ParcelState.MOVING, promised_at=one))
        composed = compose_menu(moving, CONTENT)
        assert composed.menu.status.text == "On its way, promised for December 24, 2031"
        assert item_of(composed, "where-is-it").detail == "Promised for Wednesday, December 24, 2031."


def test_the_situation_of_the_design_says_why_the_fix_is_there() -> None:
    jam = situation(
        Stage.SUPPORT,
        device=Device(level=Level.ERROR, reasons=("media-jam",)),
        place=Place(zone=Zone.HERE),
    )
    composed = compose_menu(jam, CONTENT)
    assert composed.menu.status.text == "Paper jam"
    assert composed.menu.status.level == "error"
    assert composed.menu.sections[0].id == "fix"
    assert composed.menu.sections[0].title == "Fix it now"
    lead = composed.menu.sections[0].items[0]
    assert lead.id == "clear-jam"
    assert set(lead.because) == {"stage=support", "level=error", "reason=media-jam", "proximity=here"}
    assert lead.action is not None
    assert lead.action.href == "/menu/v1/items/clear-jam"
    assert composed.orders["clear-jam"] == Order(do="note")


def test_a_german_phone_gets_german_with_german_numbers_dates_and_plurals() -> None:
    ok = situation(
        Stage.SUPPORT,
        language="de-CH, en;q=0.5",
        device=Device(
            level=Level.OK,
            days_left=1.2,
            usage={"pages_total": 1234.0},
            supplies=(SupplyLevel(name="black", color="black", level_percent=45, days_left=3.0),),
        ),
    )
    composed = compose_menu(ok, CONTENT)
    assert composed.menu.language == "de"
    assert composed.menu.status.text == "Alles in Ordnung. Das Verbrauchsmaterial reicht noch etwa einen Tag"
    assert item_of(composed, "usage").detail == "Bisher 1.234 Seiten"
    assert item_of(composed, "supply-black").badge == "45\N{NO-BREAK SPACE}%"
    assert item_of(composed, "supply-black").detail == "Reicht noch etwa 3 Tage"


def test_a_coupon_shows_its_code_and_a_qr_that_a_till_reads() -> None:
    shop = Shop(id="s1", name="Media Point", url="https://shop.example")
    coupon = Coupon(code="TL50-ABCD-EFGH", amount=4990, currency="EUR")
    composed = compose_menu(
        situation(Stage.ENGAGED, place=Place(zone=Zone.SHOP, shop=shop), relation=Relation(coupon=coupon)), CONTENT
    )
    item = item_of(composed, "coupon")
    assert item.title == "Your €49.90 coupon"
    assert item.code == "TL50-ABCD-EFGH"
    assert [found.text for found in zxingcpp.read_barcodes(picture_of(item.qr))] == ["TL50-ABCD-EFGH"]
    assert item.action is None
    assert "coupon" not in composed.orders


def picture_of(data_uri: str, scale: int = 6) -> Image.Image:
    """Paints the rectangles of the SVG path, as a browser would."""
    svg = base64.b64decode(data_uri.removeprefix("data:image/svg+xml;base64,")).decode()
    found = re.search(r'viewBox="0 0 (\d+) \1"', svg)
    assert found is not None
    size = int(found[1])
    image = Image.new("L", (size * scale, size * scale), 255)
    draw = ImageDraw.Draw(image)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", svg):
        left, top = int(x) * scale, int(y) * scale
        draw.rectangle((left, top, left + int(width) * scale - 1, top + scale - 1), fill=0)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return Image.open(buffer)


def test_without_a_coupon_the_item_orders_one_of_the_profiles_amount() -> None:
    composed = compose_menu(situation(Stage.ENGAGED), CONTENT)
    assert item_of(composed, "get-coupon").title == "Get your $50 coupon"
    assert composed.orders["get-coupon"] == Order(do="coupon", arguments={"amount": 5000, "currency": "USD"})


def test_printing_a_sample_asks_for_proof_of_being_there() -> None:
    demo = Device(level=Level.OK, demo_unit=True)
    composed = compose_menu(situation(Stage.ENGAGED, device=demo, place=Place(zone=Zone.NEAR)), CONTENT)
    expected = Order(do="command", arguments={"name": "print_sample"}, needs_proof=True)
    assert composed.orders["print-sample"] == expected


def test_the_checklist_leads_with_the_next_open_step_and_says_who_saw_the_done_ones() -> None:
    steps = (
        Step(id="unpack", required=True, witness="customer", done=True, done_by="customer"),
        Step(id="power_on", required=True, witness="device", done=True, done_by="device"),
        Step(id="place", required=False, witness="customer"),
        Step(id="load_paper", required=True, witness="device"),
    )
    composed = compose_menu(situation(Stage.INSTALL, steps=steps, place=Place(zone=Zone.HERE)), CONTENT)
    checklist = composed.menu.sections[0]
    assert checklist.id == "checklist"
    assert [item.id for item in checklist.items] == ["step-place", "step-load_paper", "step-unpack", "step-power_on"]
    upcoming, witnessed, ticked, seen = checklist.items
    assert (upcoming.title, upcoming.badge, upcoming.done) == ("Place", "Next", False)
    assert composed.orders["step-place"] == Order(do="step", arguments={"step": "place"})
    assert (witnessed.action, witnessed.steps) == (None, ())
    assert witnessed.detail.endswith("The printer ticks this by itself.")
    assert (ticked.detail, ticked.done, ticked.action) == ("Done: you ticked it.", True, None)
    assert seen.detail == "Done: the printer saw it."


def test_a_witnessed_step_shows_how_when_it_is_next_and_cannot_be_ticked() -> None:
    steps = (Step(id="load_paper", required=True, witness="device"),)
    composed = compose_menu(situation(Stage.INSTALL, steps=steps), CONTENT)
    item = item_of(composed, "step-load_paper")
    assert len(item.steps) == 4
    assert all(step.picture.startswith("/menu/v1/pictures/") for step in item.steps)
    assert item.action is None
    assert "step-load_paper" not in composed.orders


def test_an_item_whose_link_leads_nowhere_is_hidden() -> None:
    with_link = compose_menu(situation(Stage.INTERESTED, links=Links(compare="https://c.example")), CONTENT)
    action = item_of(with_link, "compare").action
    assert action is not None
    assert (action.method, action.href) == ("GET", "https://c.example")
    without = compose_menu(situation(Stage.INTERESTED), CONTENT)
    assert "compare" not in {item.id for item in items_of(without)}


def test_unread_answers_bring_the_expert_to_the_top_with_a_badge() -> None:
    waiting = Relation(case=Case(id="c1", unread=2))
    expert = items_of(compose_menu(situation(Stage.DELIVERY, relation=waiting), CONTENT))[0]
    assert (expert.id, expert.badge) == ("expert", "2 new answers")
    assert item_of(compose_menu(situation(Stage.DELIVERY), CONTENT), "expert").badge is None


def test_a_late_parcel_offers_the_three_choices_as_orders() -> None:
    late = situation(Stage.DELIVERY, parcel=Parcel(state=ParcelState.LATE))
    composed = compose_menu(late, CONTENT)
    chosen = {name: order.do for name, order in composed.orders.items()}
    assert chosen["wait"] == "wait"
    assert chosen["call-me-about-parcel"] == "call"
    assert chosen["cancel-order"] == "cancel_order"
    assert composed.menu.status.level == "attention"


@pytest.mark.parametrize(("language", "title"), [("en", "Black"), ("de", "Schwarz"), ("ar", "أسود")])
@pytest.mark.parametrize("color", ["", "Black"])
def test_a_supply_that_names_no_color_is_called_by_the_color_in_its_name(language: str, title: str, color: str) -> None:
    supply = SupplyLevel(name="black", color=color, level_percent=45)
    ok = situation(Stage.SUPPORT, language=language, device=Device(level=Level.OK, supplies=(supply,)))
    assert item_of(compose_menu(ok, CONTENT), "supply-black").title == title


def test_devices_with_odd_names_get_ids_that_can_stand_in_an_address() -> None:
    odd = Device(
        level=Level.OK,
        supplies=tuple(SupplyLevel(name=name, level_percent=50) for name in ("Ink/1", "ink 1", "ink-1", "ß")),
    )
    composed = compose_menu(situation(Stage.SUPPORT, device=odd, role=Role.OWNER), CONTENT)
    supplies = [item.id for item in items_of(composed) if item.id.startswith("supply")]
    assert supplies == ["supply-ink-1", "supply-ink-1.2", "supply-ink-1.3", "supply--"]


def running(**fields: Any) -> Composed:
    """The menu of somebody at home whose printer was told to clean its head. level: of the printer."""
    level = fields.pop("level", Level.BUSY)
    command = CommandState(**{"name": "clean_head", "state": "running", **fields})
    device = Device(level=level, commands=(command,))
    return compose_menu(situation(Stage.SUPPORT, role=Role.OWNER, device=device), CONTENT)


def test_an_item_shows_how_far_its_command_is_even_while_that_keeps_the_printer_busy() -> None:
    item = item_of(running(percent=40), "clean-head")
    assert item.progress == Progress(state="running", percent=40, text="The printer is at it: 40 %")
    assert "command=clean_head" in item.because
    idle = situation(Stage.SUPPORT, role=Role.OWNER, device=Device(level=Level.BUSY))
    assert "clean-head" not in {one.id for one in items_of(compose_menu(idle, CONTENT))}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"state": "queued"}, "On its way to the printer"),
        ({"state": "sent", "level": Level.OFFLINE, "lasts_min": 1}, "is back within one minute."),
        ({"state": "queued", "level": Level.OFFLINE}, "is back within 10 minutes."),
        ({"state": "accepted"}, "The printer has it"),
        ({"state": "running"}, "The printer is at it"),
        ({"state": "done"}, "Done"),
        ({"state": "failed", "expired": True}, "Not done: the printer did not answer in time"),
        ({"state": "failed", "detail": "media-jam-error, cover-open-error"}, "It did not work: Paper jam"),
        ({"state": "failed", "detail": "unknown command"}, "It did not work"),
    ],
)
def test_the_progress_says_in_words_what_became_of_it(fields: dict[str, Any], text: str) -> None:
    progress = item_of(running(**fields), "clean-head").progress
    assert progress is not None
    assert progress.text.endswith(text)


def test_an_item_may_have_words_of_its_own_for_what_is_done() -> None:
    command = CommandState(name="print_sample", state="done")
    demo = Device(level=Level.BUSY, demo_unit=True, commands=(command,))
    composed = compose_menu(situation(Stage.ENGAGED, device=demo, place=Place(zone=Zone.NEAR)), CONTENT)
    assert item_of(composed, "print-sample").progress == Progress(state="done", text="Your sample lies in the tray")


def test_the_progress_of_another_command_or_of_the_same_with_other_arguments_is_not_the_items() -> None:
    for fields in ({"name": "restart"}, {"arguments": {"deep": True}}):
        shown = {item.id: item.progress for item in items_of(running(level=Level.OK, **fields))}
        assert shown["clean-head"] is None


def test_a_survey_comes_with_its_choices_named_where_a_number_does_not_say_enough() -> None:
    due = Relation(surveys_due=("nps",))
    composed = compose_menu(situation(Stage.SUPPORT, relation=due, device=Device(level=Level.OK)), CONTENT)
    choices = item_of(composed, "survey-nps").choices
    assert [choice.value for choice in choices] == [str(score) for score in range(11)]
    assert (choices[0], choices[5]) == (Choice(value="0", label="0, not at all"), Choice(value="5", label="5"))
    assert composed.orders["survey-nps"] == Order(do="survey", arguments={"survey": "nps"})
