"""The content of every profile does what its own tests say, and content that cannot be shown is refused."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from broker.contract.stages import Role, Stage
from mobile_menu.content_loader import load_content, profiles
from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.content import ContentTest
from mobile_menu.rules.content_tests import failures, failures_of
from mobile_menu.rules.menu import Kind
from mobile_menu.rules.situation import Device, Level, Place, Situation, Zone
from mobile_menu.rules.tree import asked_for, atoms
from mobile_menu.rules.witness import showing, situation_of, witness

UNFED = {"relation.consent"}
PRINTER = Path("mobile_menu/content/printer")


EVERY_TEST = [(profile, test) for profile in profiles() for test in load_content(profile).tests]


@pytest.mark.parametrize(("profile", "test"), EVERY_TEST, ids=[test.name for _, test in EVERY_TEST])
def test_a_situation_shows_what_its_content_test_says(profile: str, test: ContentTest) -> None:
    assert list(failures_of(test, load_content(profile))) == []


@pytest.mark.parametrize("profile", profiles())
def test_every_text_can_be_written_in_every_language(profile: str) -> None:
    assert failures(load_content(profile)) == ()


def test_what_a_device_told_before_is_no_fault_of_the_content() -> None:
    content = load_content("printer")
    device = Device(level=Level.OK, usage={"pages_total": float("inf")})
    situation = Situation(journey_id="j", stage=Stage.SUPPORT, profile="printer", role=Role.OWNER, device=device)
    compose_menu(situation, content)
    assert [text.wrong for text in content.texts["en"].by_id.values() if text.wrong]
    assert failures(content) == ()


def test_a_content_test_that_is_not_met_says_what_is_otherwise() -> None:
    content = load_content("printer")
    wrong = ContentTest(
        name="all wrong",
        situation=Situation(journey_id="j", stage=Stage.CLOSED, profile="printer"),
        leads="coupon",
        shows=("share",),
        hides=("expert",),
        exactly=("expert",),
        title="Hello",
        status="Hello",
    )
    assert failures(msgspec.structs.replace(content, tests=(wrong,))) == (
        "all wrong: expert leads, not coupon",
        "all wrong: share does not show",
        "all wrong: expert shows",
        "all wrong: shows expert, export, opt-out",
        "all wrong: the title is 'Thank you'",
        "all wrong: the status is 'There is nothing left to do here'",
    )


def test_a_content_test_that_hides_what_there_is_not_says_so_and_may_hide_one_of_several() -> None:
    nobody = Situation(journey_id="j", stage=Stage.CLOSED, profile="printer")
    test = ContentTest(name="hides", situation=nobody, hides=("step-unpack", "cuopon"))
    assert list(failures_of(test, load_content("printer"))) == ["there is no item cuopon to hide"]


def test_every_item_that_content_tests_name_to_be_hidden_is_an_item_of_the_content() -> None:
    for profile, test in EVERY_TEST:
        content = load_content(profile)
        known = {spec.id for spec in content.items}
        repeated = tuple(f"{spec.id}-" for spec in content.items if spec.each)
        named = {*test.hides, *test.shows, *test.exactly, *filter(None, [test.leads])}
        assert {name for name in named if not name.startswith(repeated)} <= known, test.name


def test_every_rfc_8011_reason_that_a_customer_can_do_something_about_has_its_guide() -> None:
    content = load_content("printer")
    ours = {name.removeprefix("reason-") for name in content.texts["en"].by_id if name.startswith("reason-")}
    assert len(ours) == 34
    guides = {
        reason
        for item in content.ready.values()
        if item.spec.kind is Kind.GUIDE
        for reason in asked_for(item.when, "device.reasons")
    }
    assert ours - guides == {"none"}
    assert ours <= content.reason_labels.keys()


def test_every_guide_for_a_fault_has_three_to_seven_steps_in_every_language() -> None:
    content = load_content("printer")
    for spec in content.items:
        if spec.section == "fix" and spec.kind is Kind.GUIDE and spec.id != "what-is-wrong":
            for texts in content.texts.values():
                assert 3 <= len(texts.steps(f"item-{spec.id}", lambda _: "unknown")) <= 7, spec.id


def test_every_rfc_8011_reason_has_a_content_test_in_which_its_own_guide_leads() -> None:
    content = load_content("printer")
    about = {name: asked_for(item.when, "device.reasons") for name, item in content.ready.items()}
    guided = {reason for spec in content.items if spec.section == "fix" for reason in about[spec.id]}
    ours = {name.removeprefix("reason-") for name in content.texts["en"].by_id if name.startswith("reason-")} - {"none"}
    tested = {
        test.situation.device.reasons[0]
        for test in content.tests
        if len(test.situation.device.reasons) == 1
        and test.situation.place.zone is Zone.HERE
        and test.situation.device.reasons[0] in about.get(test.leads or "", ())
    }
    assert guided >= ours
    assert ours - tested == set()


RFC_8011 = sorted(
    name.removeprefix("reason-") for name in load_content("printer").texts["en"].by_id if name.startswith("reason-")
)
OWN_FIX = {
    test.situation.device.reasons[0]: test.leads
    for test in load_content("printer").tests
    if test.name.startswith("beside it, ")
}


def first_of(reason: str, level: Level, zone: Zone) -> tuple[str, set[str]]:
    """The first item, and all of the section of fixes, of an owner's menu in this trouble."""
    situation = Situation(
        journey_id="j",
        stage=Stage.SUPPORT,
        profile="printer",
        role=Role.OWNER,
        place=Place(zone=zone),
        device=Device(level=level, reasons=(reason,)),
    )
    sections = compose_menu(situation, load_content("printer")).menu.sections
    return sections[0].items[0].id, {item.id for section in sections if section.id == "fix" for item in section.items}


@pytest.mark.parametrize("level", [Level.ERROR, Level.ATTENTION])
@pytest.mark.parametrize("reason", [reason for reason in RFC_8011 if reason != "none"])
def test_a_reason_leads_with_its_own_fix_beside_the_printer_and_with_none_of_them_away(
    reason: str, level: Level
) -> None:
    for zone in (Zone.HERE, Zone.NEAR, Zone.UNKNOWN):
        assert first_of(reason, level, zone)[0] == OWN_FIX[reason]
    away, fixes = first_of(reason, level, Zone.AWAY)
    assert not fixes & set(OWN_FIX.values())
    if level is Level.ERROR:
        assert away == "what-is-wrong"


def test_most_steps_of_a_guide_for_a_fault_have_a_picture() -> None:
    for spec in load_content("printer").items:
        if spec.section == "fix" and spec.kind is Kind.GUIDE and spec.id != "what-is-wrong":
            assert sum(map(bool, spec.pictures)) >= 0.5 * len(spec.pictures) > 0, spec.id


def test_all_pictures_of_a_profile_are_one_family_with_the_same_style() -> None:
    for profile in profiles():
        assert len({picture.style_hash for picture in load_content(profile).pictures.values()}) <= 1, profile


def test_every_step_of_the_machines_checklist_says_how_in_every_language() -> None:
    machine = tomllib.loads((PRINTER / "machine" / "profile.toml").read_text(encoding="utf-8"))
    for step in machine["steps"]:
        for texts in load_content("printer").texts.values():
            assert texts.steps(f"step-{step['id']}", lambda _: "unknown"), step["id"]


def test_every_item_has_a_situation_that_shows_it_in_the_menu() -> None:
    for profile in profiles():
        content = load_content(profile)
        for item in content.ready.values():
            situation = witness(showing(item.spec, item.when))
            assert situation is not None
            menu = compose_menu(situation, content).menu
            shown = {each.id for section in menu.sections for each in section.items}
            assert any(one == item.spec.id or (item.spec.each and one.startswith(item.spec.id)) for one in shown)


@pytest.mark.parametrize("profile", profiles())
def test_no_text_promises_a_phone_call_or_a_message_that_nobody_sends(profile: str) -> None:
    promises = re.compile(
        r"call(s| me| you)\b|on the phone\b|tell you when|on their phone|money back"
        r"|نتصل بك|يتصل بك|سنخبرك|عبر الهاتف|استرداد"
        r"|\brufen sie|\bruft\b|anzurufen|am telefon|melden uns|ihr geld|auf dem telefon",
        re.IGNORECASE,
    )
    for path in Path("mobile_menu/content", profile).glob("*.ftl"):
        assert promises.findall(path.read_text(encoding="utf-8")) == [], path.name


def test_items_that_the_cloud_feeds_nothing_to_are_listed_as_such() -> None:
    told = Path("docs/concepts/menu.md").read_text(encoding="utf-8").split("### Not fed yet")[1].split("##")[0]
    rows = [line.split("|")[3] for line in told.splitlines() if line.startswith("|")]
    listed = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}
    unfed = {
        item.spec.id
        for item in load_content("printer").ready.values()
        if UNFED & {atom.name for atom in atoms(item.when)}
    }
    assert listed == unfed


def test_a_situation_without_choices_is_one_of_support() -> None:
    assert situation_of({}).stage == "support"
