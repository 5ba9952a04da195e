"""What changes while a menu is read for the first time is on that menu, or is announced to it."""

from typing import Any

import pytest

from broker.contract.messages import Changed
from cloud import situations
from cloud.announcing import Listeners
from cloud.menus import Menus
from mobile_menu.content_loader import load_content
from mobile_menu.live import LiveHub
from mobile_menu.service import MenuService
from tests.integration.cloud.world import BASE, JAMMED, Device, World


def test_a_change_between_the_first_read_of_a_unit_and_its_note_is_on_the_menu(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit, phone = world.unit(), world.phone()
    world.claim(phone, unit)
    world.set_up(unit)
    menus = Menus(world.db, world.keys, BASE)
    service = MenuService(menus, load_content, world.clock)
    listeners = Listeners(menus, LiveHub(service.changed))
    read, reads = situations.situation_in, 0

    def and_then_it_jams(*given: Any) -> Any:
        nonlocal reads
        found, reads = read(*given), reads + 1
        if reads == 1:
            device = Device(world, unit.id, boot=2)
            world.take(device.birth(), device.status(JAMMED))
            listeners(Changed(product_id=unit.id, projections=("twin",)))
        return found

    monkeypatch.setattr(situations, "situation_in", and_then_it_jams)
    journey_id = world.journey(phone).id
    service.menu(phone.caller, journey_id)
    assert b"jam" in service.menu(phone.caller, journey_id).body
    assert reads == 2
