"""Conditions hold or do not, and say what held; languages and plurals are found as the standards say."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given, settings

from broker.contract.stages import Stage
from mobile_menu.content_loader import load_content
from mobile_menu.rules.conditions import Condition, describe, holds, link_target
from mobile_menu.rules.situation import Device, Level, Place, Relation, Situation, Step, Zone
from mobile_menu.rules.texts import negotiate
from tests.unit.mobile_menu.situations import situations

JAM = Situation(
    journey_id="j",
    stage=Stage.SUPPORT,
    profile="printer",
    device=Device(level=Level.ERROR, reasons=("media-jam", "cover-open")),
    place=Place(zone=Zone.NEAR, proven=True),
    relation=Relation(stalls=("fault_unattended",)),
    steps=(
        Step(id="unpack", required=True, witness="customer", done=True),
        Step(id="x", required=True, witness="device"),
    ),
)


def condition(text: str) -> Condition:
    return msgspec.toml.decode(text, type=Condition)


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("", ()),
        ('stage = ["support"]', ("stage=support",)),
        ('stage = ["install", "support"]\nzone = ["near"]', ("stage=support", "proximity=near")),
        ('reason = ["cover-open", "media-jam"]', ("reason=media-jam", "reason=cover-open")),
        ('stage = ["install"]\nzone = ["near"]', None),
        ('reason = ["media-empty"]', None),
        ("proven = true", ("proven=true",)),
        ("has_case = false", ("has_case=false",)),
        ("proven = false", None),
        ('stall = ["fault_unattended", "silent"]', ("stall=fault_unattended",)),
        ('next_step = ["x"]', ("next_step=x",)),
        ('next_step = ["unpack"]', None),
        ("in_distress = true", ("in_distress=true",)),
        ('any = [{ level = ["ok"] }, { level = ["error"] }]', ("level=error",)),
        ('any = [{ level = ["ok"] }, { level = ["busy"] }]', None),
        ('not = { level = ["ok", "busy"] }', ("not(level=ok|busy)",)),
        ('not = { level = ["error"] }', None),
        ('link = ["shop"]', None),
    ],
)
def test_a_condition_says_what_held(text: str, because: tuple[str, ...] | None) -> None:
    assert holds(condition(text), JAM) == because


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


@pytest.mark.parametrize(
    "changed",
    [{"product_id": ""}, {"serial": ""}, {"gtin": ""}, {"device": Device(demo_unit=True)}],
    ids=["no unit", "no serial", "no gtin", "a demo unit"],
)
def test_without_a_unit_that_can_be_claimed_no_link_leads_to_the_form(changed: dict[str, Any]) -> None:
    situation = msgspec.structs.replace(UNIT, **changed)
    assert link_target(situation, "claim") == ""
    assert holds(condition('link = ["claim"]'), situation) is None


@settings(deadline=None)
@given(situations)
def test_every_condition_of_the_content_is_decided_in_every_situation(drawn: Situation) -> None:
    for spec in load_content("printer").items:
        outcome = holds(spec.when, drawn)
        assert (holds(Condition(not_=spec.when), drawn) is None) == (outcome is not None)
        assert (holds(Condition(any_=(spec.when,)), drawn)) == outcome


def test_a_condition_can_be_read_by_people() -> None:
    text = """
        stage = ["support"]
        proven = true
        any = [{ zone = ["here"] }, { level = ["ok", "busy"] }]
        not = { demo_unit = true }
    """
    assert describe(condition(text)) == (
        "stage=support & proven=true & (proximity=here or level=ok|busy) & not(demo_unit=true)"
    )
    assert describe(Condition()) == "always"


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
