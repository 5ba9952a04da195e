"""A profile is data, strictly read; and another product is another profile, with no other code."""

from datetime import UTC, datetime, timedelta

import pytest

from broker.contract.messages import Json
from broker.contract.stages import Stage
from cloud.lifecycle.facts import NOTHING
from cloud.lifecycle.rules import merge, stage_of
from cloud.record.events import Event
from cloud.registry.profiles import (
    ProfileInvalidError,
    ProfileUnknownError,
    load_profile,
    parse_profile,
    profile_names,
)
from cloud.twin.health import health
from mobile_menu.rules.situation import Level

COFFEE = """
name = "coffee"
[states]
ready = "ok"
brewing = "busy"
[thresholds]
parcel_late_grace_h = 0
install_stuck_h = 24
fault_unattended_min = 5
silent_h = 72
[[steps]]
id = "fill_water"
witness = "device"
witnessed_by = [{ status = { reasons_without = ["tank-empty"] } }]
[[steps]]
id = "first_cup"
witness = "device"
witnessed_by = [{ event = "cup_brewed" }, { status = { state_in = ["brewing"] } }]
[reasons]
bare_default = "warning"
[reasons.bare]
tank-empty = "error"
"""


def test_every_shipped_profile_can_be_read() -> None:
    assert "printer" in profile_names()
    assert [load_profile(name).name for name in profile_names()] == list(profile_names())


def test_the_printers_thresholds_are_those_of_the_lifecycle() -> None:
    thresholds = load_profile("printer").thresholds
    assert thresholds.install_stuck == timedelta(hours=48)
    assert thresholds.fault_unattended == timedelta(minutes=30)
    assert thresholds.silent == timedelta(hours=24)


@pytest.mark.parametrize("name", ["toaster", "", "..", "../printer", "printer/machine", "Printer"])
def test_a_profile_that_does_not_exist_is_refused_and_no_path_leads_out(name: str) -> None:
    with pytest.raises(ProfileUnknownError):
        load_profile(name)


@pytest.mark.parametrize(
    ("change", "into"),
    [
        ("install_stuck_h = 24", "install_stuck_h = 24\ninstall_stuk_h = 3"),
        ("install_stuck_h = 24", "install_stuck_h = 0"),
        ("install_stuck_h = 24", ""),
        ('ready = "ok"', 'ready = "splendid"'),
        ('ready = "ok"', 'ready = "offline"'),
        ('id = "first_cup"', 'id = "fill_water"'),
        ('id = "first_cup"', 'id = "First Cup"'),
        ('witnessed_by = [{ event = "cup_brewed" }, { status = { state_in = ["brewing"] } }]', ""),
        ('{ event = "cup_brewed" }', '{ event = "cup_brewed", birth = true }'),
        ('{ event = "cup_brewed" }', "{}"),
        ('{ state_in = ["brewing"] }', "{ supplies_above_percent = 3 }"),
        ('witness = "device"', 'witness = "device"\nrequired = false'),
        ('bare_default = "warning"', 'bare_default = "fatal"'),
        ("[thresholds]", "[thresholds"),
    ],
)
def test_a_profile_with_a_mistake_is_refused(change: str, into: str) -> None:
    assert change in COFFEE
    with pytest.raises(ProfileInvalidError):
        parse_profile(COFFEE.replace(change, into))


def test_a_coffee_machine_goes_its_way_by_its_own_profile() -> None:
    coffee = parse_profile(COFFEE)
    facts = NOTHING
    said: list[tuple[str, dict[str, Json]]] = [
        ("device.birth", {}),
        ("device.status", {"reported": {"state": "ready", "reasons": ["tank-empty"]}}),
        ("device.status", {"reported": {"state": "ready", "reasons": []}}),
        ("device.event", {"name": "cup_brewed"}),
    ]
    stages = []
    for seq, (kind, data) in enumerate(said, start=1):
        key = {"boot": 1, "seq": seq, "epoch": 0}
        event = Event(
            id=str(seq), type=kind, at=datetime(2026, 1, 1, tzinfo=UTC), source="device", data={**data, **key}
        )
        facts = merge(facts, event, coffee)
        stages.append(stage_of(facts, coffee).stage)
    assert stages == [Stage.INSTALL, Stage.INSTALL, Stage.INSTALL, Stage.SUPPORT]
    assert health({"state": "brewing", "reasons": []}, online=True, profile=coffee).level is Level.BUSY
    assert health({"state": "ready", "reasons": ["descale"]}, online=True, profile=coffee).level is Level.ATTENTION
    assert health({"state": "ready", "reasons": ["tank-empty"]}, online=True, profile=coffee).level is Level.ERROR
