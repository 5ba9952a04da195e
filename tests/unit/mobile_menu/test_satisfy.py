"""Whether any situation can be as a condition asks is decided: an example is one, and without one there is none."""

import pytest
from hypothesis import assume, given, settings

from mobile_menu.content_loader import load_content
from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.conditions import judged
from mobile_menu.rules.content import ItemSpec
from mobile_menu.rules.menu import Kind
from mobile_menu.rules.satisfy import TooEntangledError, formula, solutions
from mobile_menu.rules.situation import Situation
from mobile_menu.rules.syntax import parse
from mobile_menu.rules.tree import Condition, both, negation
from mobile_menu.rules.witness import showing, situation_of, witness
from tests.unit.mobile_menu.situations import situations
from tests.unit.mobile_menu.test_conditions import condition
from tests.unit.mobile_menu.trees import conditions

POSSIBLE = [
    "",
    'stage == "support" || stage == "install"',
    "device.days_left > 3 && device.days_left < 3.5",
    "device.days_left >= 3 && device.days_left <= 3",
    "device.days_left != 3 && device.days_left >= 3",
    "!(device.days_left < 3) && !(device.days_left >= 3)",
    'device.usage["jobs"] > 7 && !("pages_total" in device.usage)',
    "device.lowest_supply_percent > 99",
    "has(device.supplies) && !has(device.lowest_supply_percent)",
    'device.reason_told && !("media-jam" in device.reasons)',
    '"media-jam" in device.reasons && "cover-open" in device.reasons && !("none" in device.reasons)',
    '"none" in device.reasons && !device.reason_told',
    'next_step == "unpack" && has(steps)',
    'next_step != "unpack" && has(steps)',
    "has(steps) && next_step != 'unpack' && next_step != 'unpack-2'",
    "relation.coupon_used && !relation.coupon_valid",
    "relation.unread && in_distress",
    'in_distress && !has(relation.case) && stage == "delivery" && parcel.state == "moving"',
    'parcel.promised_at > timestamp("2026-12-24T18:00:00Z") && parcel.promised_at < timestamp("2026-12-24T18:00:02Z")',
    '"shop_page" in links && place.zone == "shop"',
    '"claim" in links && !("shop" in links)',
    'model_name != "Witness" && model_name != "Witness-2"',
    'closed_reason != "returned" && stage == "closed"',
    " && ".join(f'(device.usage["a{n}"] > {n} || stage == "closed" || "r{n}" in device.reasons)' for n in range(20)),
]
IMPOSSIBLE = [
    'stage == "support" && stage == "install"',
    'stage == "support" && !(stage in ["support", "closed"])',
    "device.days_left < 3 && device.days_left > 5",
    "device.days_left < 3 && device.days_left >= 3",
    "device.days_left < 3 && !has(device.days_left)",
    "device.days_left < 0",
    "device.days_left == 3 && device.days_left != 3",
    "device.lowest_supply_percent > 100",
    "device.lowest_supply_percent > 50 && device.lowest_supply_percent < 51",
    "device.lowest_supply_percent > 50 && !has(device.supplies)",
    'device.usage["jobs"] > 7 && !("jobs" in device.usage)',
    '"media-jam" in device.reasons && !device.reason_told',
    'next_step == "unpack" && !has(steps)',
    "relation.coupon_used && relation.coupon_valid",
    "relation.unread && !has(relation.case)",
    "has(relation.case) && !in_distress",
    'stage == "support" && device.level == "error" && !in_distress',
    '"shop_page" in links && !has(place.shop)',
    '"claim" in links && device.demo_unit',
    'device.since > timestamp("2026-12-24T18:00:00Z") && device.since < timestamp("2026-12-24T18:00:00Z")',
    " && ".join(f'(device.usage["a{n}"] > {n} || stage == "closed")' for n in range(20)) + ' && stage == "support"'
    ' && !("a7" in device.usage)',
    '!(stage in ["interested", "engaged", "delivery", "install", "support", "closed"])',
]


@pytest.mark.parametrize("text", POSSIBLE)
def test_an_example_is_found_of_what_is_possible(text: str) -> None:
    example = witness(condition(text))
    assert example is not None
    assert judged(condition(text), example)


@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_what_contradicts_itself_has_no_example(text: str) -> None:
    assert witness(condition(text)) is None


@settings(max_examples=200, deadline=None)
@given(conditions)
def test_every_example_is_one(drawn: Condition) -> None:
    example = witness(drawn)
    assert example is None or judged(drawn, example)


@settings(max_examples=200, deadline=None)
@given(conditions, situations)
def test_what_holds_anywhere_has_an_example(drawn: Condition, situation: Situation) -> None:
    left = situation.device.days_left
    assume(left is None or left >= 0)
    assert witness(drawn if judged(drawn, situation) else negation(drawn)) is not None


def test_a_search_without_end_is_given_up() -> None:
    """Twelve pigeons, eleven holes, and no two in one: no contradiction is nearer than the end of the search."""
    names = [f"r{n}" for n in range(12)]
    pigeons = [
        parse("sets.intersects(relation.consent, [" + ", ".join(f'"{name}-{hole}"' for hole in range(11)) + "])")
        for name in names
    ]
    apart = [
        parse(f'!("{one}-{hole}" in relation.consent && "{other}-{hole}" in relation.consent)')
        for hole in range(11)
        for one in names
        for other in names
        if one < other
    ]
    with pytest.raises(TooEntangledError):
        next(solutions(formula(both(*pigeons, *apart))), None)  # type: ignore[arg-type]  # all of them are right


def test_a_situation_without_demands_is_an_owners_in_support_with_a_unit_that_works() -> None:
    plain = situation_of({})
    assert (plain.stage, plain.role, plain.device.level) == ("support", "owner", "ok")


@pytest.mark.parametrize("drawn", load_content("printer").ready.values(), ids=lambda item: item.spec.id)
def test_what_withholds_an_item_is_among_what_must_hold_for_it(drawn: object) -> None:
    content = load_content("printer")
    item = content.ready[drawn.spec.id]  # type: ignore[attr-defined]  # it is one
    example = witness(showing(item.spec, item.when))
    assert example is not None
    shown = {each.id for section in compose_menu(example, content).menu.sections for each in section.items}
    assert any(one == item.spec.id or (item.spec.each and one.startswith(f"{item.spec.id}-")) for one in shown)


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (ItemSpec(id="x", section="s", kind=Kind.COUPON), "in_distress"),
        (ItemSpec(id="x", section="s", kind=Kind.LINK, offering=True), "has(relation.case)"),
        (ItemSpec(id="x", section="s", kind=Kind.COUPON, shows_coupon=True), "relation.coupon_used"),
        (ItemSpec(id="x", section="s", kind=Kind.LINK, link="shop"), '!("shop" in links)'),
        (ItemSpec(id="x", section="s", kind=Kind.GUIDE, each="step"), "!has(steps)"),
        (ItemSpec(id="x", section="s", kind=Kind.TRACK, each="supply"), "!has(device.supplies)"),
        (ItemSpec(id="x", section="s", kind=Kind.GUIDE, each="unnamed_reason"), "!device.reason_told"),
    ],
)
def test_an_item_whose_condition_is_what_withholds_it_never_shows(spec: ItemSpec, text: str) -> None:
    assert witness(showing(spec, condition(text))) is None
    assert witness(condition(text)) is not None
