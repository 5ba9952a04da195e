"""Why an item is not in a menu is told, all of it, with what is there instead; of an item that is there, nothing."""

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from broker.contract.stages import Role, Stage
from mobile_menu.content_loader import load_content
from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.content import ItemSpec, ReadyItem
from mobile_menu.rules.explain import Missing, why_not
from mobile_menu.rules.menu import Kind
from mobile_menu.rules.situation import Case, Device, Level, Place, Relation, Situation, Zone
from tests.unit.mobile_menu.situations import situations
from tests.unit.mobile_menu.test_conditions import JAM, condition

CONTENT = load_content("printer")
OK = Situation(journey_id="j", stage=Stage.SUPPORT, profile="printer", device=Device(level=Level.OK), role=Role.GUEST)


def of(item: str, situation: Situation) -> tuple[Missing, ...]:
    return why_not(CONTENT.ready[item], situation, CONTENT)


def made(text: str, **parts: object) -> ReadyItem:
    spec = replace(ItemSpec(id="x", section="s", kind=Kind.GUIDE, when=text), **parts)
    return ReadyItem(spec=spec, when=condition(text))


@settings(max_examples=60, deadline=None)
@given(situations)
def test_exactly_what_is_not_in_the_menu_has_a_reason(drawn: Situation) -> None:
    menu = compose_menu(drawn, CONTENT).menu
    shown = [item.id for section in menu.sections for item in section.items]
    for name, item in CONTENT.ready.items():
        there = any(one == name or (item.spec.each and one.startswith(f"{name}-")) for one in shown)
        assert there == (of(name, drawn) == ()), name


def test_every_part_that_fails_is_told_with_what_is_there_instead() -> None:
    assert of("clear-jam", replace(OK, stage=Stage.DELIVERY, place=Place(zone=Zone.AWAY))) == (
        Missing('stage in ["install", "support"]', "stage=delivery"),
        Missing('device.level in ["error", "attention"]', "device.level=ok"),
        Missing('place.zone in ["here", "near", "unknown"]', "place.zone=away"),
        Missing('"media-jam" in device.reasons', "device.reasons=[]"),
    )


def test_what_withholds_an_item_is_told_beside_its_condition() -> None:
    trouble = replace(OK, relation=Relation(case=Case(id="c1")))
    assert of("share", trouble) == (
        Missing("withheld", "in_distress=true"),
        Missing("withheld", "link referral leads nowhere"),
    )
    assert of("supply", OK) == (Missing("each", "no supplies"),)
    assert of("step", replace(OK, stage=Stage.INSTALL)) == (Missing("each", "no steps"),)
    jam = replace(OK, device=Device(level=Level.ERROR, reasons=("media-jam",)))
    assert of("fix", jam) == (Missing("each", "no reason without an item of its own"),)
    coupon = made("", kind=Kind.COUPON, shows_coupon=True)
    assert why_not(coupon, OK, CONTENT) == (Missing("withheld", "no coupon"),)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("device.days_left < 3", Missing("device.days_left < 3", "device.days_left=6.9")),
        ('device.usage["jobs"] >= 3', Missing('device.usage["jobs"] >= 3', 'device.usage["jobs"]=unknown')),
        ('"jobs" in device.usage', Missing('"jobs" in device.usage', "device.usage=[pages_total]")),
        ("!has(device.days_left)", Missing("!has(device.days_left)", "has(device.days_left)=true")),
        ("has(relation.case)", Missing("has(relation.case)", "has(relation.case)=false")),
        ("relation.unread", Missing("relation.unread", "relation.unread=false")),
        ('closed_reason == "returned"', Missing('closed_reason == "returned"', "closed_reason=none")),
        (
            'device.since > timestamp("2026-12-24T18:00:00Z")',
            Missing('device.since > timestamp("2026-12-24T18:00:00Z")', "device.since=2026-11-20T08:00:00Z"),
        ),
        (
            'stage == "closed" || stage == "install" || place.zone == "shop"',
            Missing(
                'stage == "closed" || stage == "install" || place.zone == "shop"', "stage=support, place.zone=near"
            ),
        ),
        (
            '!(stage == "support" && place.proven)',
            Missing('!(stage == "support" && place.proven)', "stage=support, place.proven=true"),
        ),
    ],
)
def test_a_part_is_told_as_content_writes_it(text: str, missing: Missing) -> None:
    assert why_not(made(text), JAM, CONTENT) == (missing,)
