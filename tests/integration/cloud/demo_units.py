"""Demo units in shops of several cities, for tests of proof of place."""

from typing import NamedTuple

from broker.contract.eid import ids_around
from cloud.commerce import partners
from cloud.db import Transaction
from cloud.registry.service import Registered
from mobile_menu.ports import ZoneState
from mobile_menu.rules.situation import Zone
from tests.integration.cloud.sight import beacon_of
from tests.integration.cloud.world import Phone, World

BERLIN, MUNICH, POTSDAM = (52.52, 13.405), (48.1372, 11.5755), (52.39, 13.065)
"""Berlin to Munich: 504 km; to Potsdam: 27 km."""


class DemoUnit(NamedTuple):
    """unit: with its label. beacon: the key of its ephemeral ids. shop_id: where it stands."""

    unit: Registered
    beacon: bytes
    shop_id: str


def demo_unit(world: World, at: tuple[float, float], radius_m: float = 100.0) -> DemoUnit:
    """A new shop there, with a unit that works."""
    unit = world.unit()
    world.set_up(unit)

    def placed(tx: Transaction) -> str:
        place = {"latitude": at[0], "longitude": at[1], "radius_m": radius_m}
        shop = partners.create_shop(tx, name="Shop", address="1 Main", url="https://s.example", **place)
        partners.place_in_shop(tx, unit.id, shop.id)
        return shop.id

    return DemoUnit(unit, beacon_of(world, unit), world.run(placed))


def stand_at(world: World, phone: Phone, journey_id: str, demo: DemoUnit, *, hears: bool = True) -> None:
    """The phone reports that it is at the unit; hears: with what its beacon sends now."""
    now = world.clock()
    zone = ZoneState(zone=Zone.HERE, subject_id=demo.unit.id, since=now, heard_at=now)
    heard = tuple(ids_around(demo.beacon, now)) if hears else ()
    world.menus.enter_zone(phone.caller, journey_id, zone, heard)


def is_proven(world: World, phone: Phone, journey_id: str) -> bool:
    """Whether the menu takes the phone to have proven where it is."""
    return world.menus.situation(phone.caller, journey_id).place.proven
