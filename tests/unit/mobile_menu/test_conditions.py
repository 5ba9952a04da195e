"""Conditions hold or do not, and say what held; whatever the situation, asking one never fails."""

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given, settings

from broker.contract.stages import Stage
from mobile_menu.content_loader import load_content
from mobile_menu.rules.conditions import holds, judged
from mobile_menu.rules.derived import link_target
from mobile_menu.rules.names import NAMES
from mobile_menu.rules.situation import Device, Level, Parcel, Place, Relation, Situation, Step, SupplyLevel, Zone
from mobile_menu.rules.syntax import Problem, parse
from mobile_menu.rules.texts import negotiate
from mobile_menu.rules.tree import ALWAYS, Condition, described, either, negation
from tests.unit.mobile_menu.situations import situations
from tests.unit.mobile_menu.trees import conditions

JAM = Situation(
    journey_id="j",
    stage=Stage.SUPPORT,
    profile="printer",
    device=Device(
        level=Level.ERROR,
        reasons=("media-jam", "cover-open"),
        since=datetime(2026, 11, 20, 8, 0, tzinfo=UTC),
        days_left=6.9,
        usage={"pages_total": 1234.0},
        supplies=(SupplyLevel(name="black", level_percent=12), SupplyLevel(name="waste", level_percent=-2)),
    ),
    place=Place(zone=Zone.NEAR, proven=True),
    relation=Relation(stalls=("fault_unattended",)),
    steps=(
        Step(id="unpack", required=True, witness="customer", done=True),
        Step(id="x", required=True, witness="device"),
    ),
)


def condition(text: str) -> Condition:
    found = parse(text)
    assert not isinstance(found, Problem), found
    return found


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("", ()),
        ('stage == "support"', ("stage=support",)),
        ('stage in ["install", "support"] && place.zone == "near"', ("stage=support", "proximity=near")),
        (
            'sets.intersects(device.reasons, ["cover-open", "media-jam"])',
            ("reason=media-jam", "reason=cover-open"),
        ),
        ('"cover-open" in device.reasons', ("reason=cover-open",)),
        ('stage == "install" && place.zone == "near"', None),
        ('"media-empty" in device.reasons', None),
        ("place.proven", ("proven=true",)),
        ("!has(relation.case)", ("has_case=false",)),
        ("!place.proven", None),
        ('sets.intersects(relation.stalls, ["fault_unattended", "silent"])', ("stall=fault_unattended",)),
        ('next_step == "x"', ("next_step=x",)),
        ('next_step == "unpack"', None),
        ("in_distress", ("in_distress=true",)),
        ('device.level == "ok" || device.level == "error"', ("level=error",)),
        ('device.level == "ok" || device.level == "busy"', None),
        ('!(device.level in ["ok", "busy"])', ("not(level=ok|busy)",)),
        ('device.level != "error"', None),
        ('device.level != "ok"', ("not(level=ok)",)),
        ('"shop" in links', None),
        ('!("shop" in links)', ("not(link=shop)",)),
        ("device.days_left < 7", ("days_left=6 (< 7)",)),
        ("device.days_left > 6.5", ("days_left=6.9 (> 6.5)",)),
        ("device.days_left < 6.9", None),
        ("device.days_left >= 6.9", ("days_left=6.9 (>= 6.9)",)),
        ("device.days_left != 3", ("not(days_left==3)",)),
        ("has(device.days_left)", ("days_left=true",)),
        ("device.lowest_supply_percent <= 12", ("lowest_supply=12 (<= 12)",)),
        ('device.usage["pages_total"] > 1000', ("pages_total=1234 (> 1000)",)),
        ('device.usage["pages_total"] == 1234', ("pages_total=1234 (== 1234)",)),
        ('device.usage["jobs"] >= 0', None),
        ('!(device.usage["jobs"] >= 0)', ("not(jobs>=0)",)),
        ('"pages_total" in device.usage', ("usage=pages_total",)),
        (
            'device.since < timestamp("2026-11-20T10:00:00+01:00")',
            ("since=2026-11-20T08:00:00Z (< 2026-11-20T09:00:00Z)",),
        ),
        ('parcel.promised_at > timestamp("2026-11-20T10:00:00Z")', None),
        ('model_name == ""', ("model=",)),
    ],
)
def test_a_condition_says_what_held(text: str, because: tuple[str, ...] | None) -> None:
    assert holds(condition(text), JAM) == because


def test_a_compared_value_is_told_so_that_it_changes_seldom() -> None:
    """Not with each page that is printed and each hour that passes: a menu is sent anew when its words change."""
    soon = condition("device.days_left < 7")
    told = {
        holds(soon, msgspec.structs.replace(JAM, device=Device(days_left=left))) for left in (5.0, 5.01, 5.5, 5.999)
    }
    assert told == {("days_left=5 (< 7)",)}


UNIT = msgspec.structs.replace(JAM, gtin="09506000134352", serial="A/1 &", product_id="unit-1")


def test_the_claim_form_is_led_to_with_the_unit_and_the_journey_that_are_on_the_phone() -> None:
    address = urlsplit(link_target(UNIT, "claim"))
    assert address.path == "/app/"
    assert parse_qs(address.query) == {
        "journey": ["j"],
        "claim": ["1"],
        "gtin": ["09506000134352"],
        "serial": ["A/1 &"],
    }
    assert holds(condition('"claim" in links'), UNIT) == ("link=claim",)


@pytest.mark.parametrize(
    "changed",
    [{"product_id": ""}, {"serial": ""}, {"gtin": ""}, {"device": Device(demo_unit=True)}],
    ids=["no unit", "no serial", "no gtin", "a demo unit"],
)
def test_without_a_unit_that_can_be_claimed_no_link_leads_to_the_form(changed: dict[str, Any]) -> None:
    situation = msgspec.structs.replace(UNIT, **changed)
    assert link_target(situation, "claim") == ""
    assert holds(condition('"claim" in links'), situation) is None


@settings(deadline=None)
@given(situations)
def test_every_condition_of_the_content_is_decided_in_every_situation(drawn: Situation) -> None:
    for item in load_content("printer").ready.values():
        outcome = holds(item.when, drawn)
        assert (holds(negation(item.when), drawn) is None) == (outcome is not None)
        assert holds(either(item.when), drawn) == outcome


@settings(max_examples=300, deadline=None)
@given(conditions, situations)
def test_what_is_made_ready_says_what_a_plain_reading_says(drawn: Condition, situation: Situation) -> None:
    because = holds(drawn, situation)
    assert (because is not None) == judged(drawn, situation)
    assert because is None or all(because)


ELSEWHERE = object()
ODD = [math.inf, -math.inf, math.nan]
EDGES = [
    datetime.min,  # noqa: DTZ901  a time without a zone, which nothing keeps out of a situation's type
    datetime.max,  # noqa: DTZ901  the same
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
]


@pytest.mark.parametrize("figure", ODD)
def test_a_figure_that_is_no_number_is_not_known(figure: float) -> None:
    odd = msgspec.structs.replace(JAM, device=Device(days_left=figure, usage={"pages_total": figure}))
    for operator in ("==", "<", "<=", ">", ">="):
        assert holds(condition(f"device.days_left {operator} 3"), odd) is None
        assert holds(condition(f'device.usage["pages_total"] {operator} 3'), odd) is None


@pytest.mark.parametrize("at", EDGES)
@pytest.mark.parametrize("operator", ["==", "<", "<=", ">", ">=", "!="])
def test_any_time_can_be_compared(at: datetime, operator: str) -> None:
    odd = msgspec.structs.replace(JAM, parcel=Parcel(promised_at=at))
    asked = condition(f'parcel.promised_at {operator} timestamp("2026-12-24T18:00:00Z")')
    assert (holds(asked, odd) is not None) == judged(asked, odd)


def test_a_condition_can_be_read_by_people() -> None:
    text = """
        stage == "support" && place.proven && (place.zone == "here" || device.level in ["ok", "busy"])
        && !device.demo_unit && !(stage == "closed" && in_distress) && !(in_distress || has(steps))
    """
    assert described(condition(text)) == (
        "stage=support & proven=true & (proximity=here or level=ok|busy) & demo_unit=false"
        " & not(stage=closed & in_distress=true) & not(in_distress=true or has_steps=true)"
    )
    assert described(ALWAYS) == "always"


def test_reasons_call_no_two_names_the_same() -> None:
    told = [name.told_as for name in NAMES.values()]
    assert len(told) == len(set(told))


def test_a_name_is_read_from_where_it_stands_in_the_situation() -> None:
    """All but `links`, which are those of all its parts, and commands, which go by their names."""
    for name in NAMES.values():
        found: Any = JAM
        for part in name.path.split("."):
            found = getattr(found, part, ELSEWHERE)
        if found is not ELSEWHERE and name.path not in {"links", "device.commands"}:
            assert name.read(JAM) == found, name.path


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("DE-de", "de"),
        ("fr-FR, de;q=0.3, en;q=0.2", "de"),
        ("de;q=0, en", "en"),
        ("en;q=0.1,de;q=0.2", "de"),
        ("*", "en"),
        ("fr", "en"),
        ("", "en"),
        ("de;q=2", "en"),
        ("de;q=nan", "en"),
        ("de;q=x;;,,=", "en"),
        ("de;level=1", "en"),
    ],
)
def test_the_language_is_the_best_one_there_is(accepted: str, language: str) -> None:
    assert negotiate(accepted, ("en", "de")) == language
