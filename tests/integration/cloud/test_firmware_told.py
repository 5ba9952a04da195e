"""What a device tells of its next firmware is in its owner's menu, and is no trouble."""

import pytest

from mobile_menu.rules.situation import Level
from tests.integration.cloud.choosing import Chooser
from tests.integration.cloud.running import owner_of_a_running_unit
from tests.integration.cloud.world import World


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("new-firmware-available", "available"),
        ("new-firmware-installation-in-progress-report", "installing"),
        ("new-firmware-installation-failure-warning", "failed"),
    ],
)
def test_news_of_firmware_shows_in_the_menu_while_the_device_tells_it(world: World, reason: str, state: str) -> None:
    owner, device = owner_of_a_running_unit(world)
    journey = world.journey(owner).id
    world.take(device.status({"state": "idle", "reasons": ["none"]}))
    assert "firmware" not in Chooser(world, owner).items()
    world.take(device.status({"reasons": [reason]}))
    found = world.menus.situation(owner.caller, journey)
    assert (found.device.firmware_state, found.relation.distress) == (state, ())
    assert found.device.level is not Level.ERROR
    assert f"firmware={state}" in Chooser(world, owner).items()["firmware"].because
    world.take(device.status({"reasons": ["none"]}), device.birth(firmware="2.0"))
    assert "firmware" not in Chooser(world, owner).items()
