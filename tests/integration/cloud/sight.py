"""What tests of sight share: a beacon and the proof of having heard it, a jammed machine, and what a menu shows."""

from datetime import timedelta

import msgspec

from cloud.identity import service as identity
from cloud.registry.service import Registered
from mobile_menu.content_loader import load_content
from mobile_menu.ports import ZoneState
from mobile_menu.rules.situation import Zone
from mobile_menu.service import MenuService
from tests.integration.cloud.world import JAMMED, Device, Phone, World

PERIOD = timedelta(seconds=512)


def beacon_of(world: World, unit: Registered) -> bytes:
    """The key by which the unit's beacon makes its ids."""
    return bytes.fromhex(world.run(lambda tx: identity.issue_credential(tx, world.keys, unit.id)).beacon_key)


def prove(world: World, phone: Phone, journey_id: str, heard: frozenset[str]) -> None:
    """The phone reports what it has heard, with the unit at arm's length."""
    zone = ZoneState(zone=Zone.HERE, subject_id="", since=world.clock())
    world.menus.enter_zone(phone.caller, journey_id, zone, tuple(heard))


def service_of(world: World) -> MenuService:
    return MenuService(world.menus, load_content, world.clock)


def items(body: bytes) -> dict[str, list[str]]:
    """The items of a menu, and why each is there."""
    menu = msgspec.json.decode(body)
    return {item["id"]: item["because"] for section in menu["sections"] for item in section["items"]}


def leave_it_jammed(world: World, device: Device) -> None:
    """Long enough for every stall that there is."""
    world.take(device.status(JAMMED))
    for _ in range(6):
        world.clock.advance(hours=24 * 5)
        world.do_due()
