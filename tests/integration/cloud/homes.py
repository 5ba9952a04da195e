"""Homes for tests of ownership: an owner, household, guests and a unit, made through the real services."""

from typing import NamedTuple

from broker.contract.messages import Json
from cloud.db import Transaction
from cloud.ownership import returns
from cloud.people import PeopleOfUnits
from cloud.registry.service import Registered, find_unit
from cloud.scans import note_scan
from mobile_menu.ownership_ports import Accepted, OneTimeLink, TransferState
from mobile_menu.rules.situation import Situation
from tests.integration.cloud.world import BASE, Phone, World


class Home(NamedTuple):
    """A unit in use, and who is with it."""

    unit: Registered
    owner: Phone
    household: Phone
    guest: Phone
    onlooker: Phone


class Homes:
    """What people do with their units, over a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people = PeopleOfUnits(world.db, world.keys, BASE)

    def home(self) -> Home:
        """Everybody is in; the unit works."""
        world, unit = self.world, self.world.unit()
        owner, household, guest, onlooker = (world.phone() for _ in range(4))
        world.claim(owner, unit)
        world.set_up(unit)
        self.join(owner, household, unit, "household")
        self.join(owner, guest, unit, "guest")
        self.scan(onlooker, unit)
        return Home(unit, owner, household, guest, onlooker)

    def scan(self, phone: Phone, unit: Registered) -> str:
        """Follows the label; the journey's id."""

        def follow(tx: Transaction) -> str:
            found = find_unit(tx, unit.gtin, unit.serial)
            assert found is not None
            return note_scan(tx, found, phone.person_id).id

        return self.world.run(follow)

    def invite(self, owner: Phone, unit: Registered, role: str = "household") -> OneTimeLink:
        return self.people.invite(owner.caller, unit.id, role, None, None)  # type: ignore[arg-type]  # one of the two

    def accept(self, phone: Phone, link: OneTimeLink | str, key: str | None = None, source: str = "") -> Accepted:
        return self.people.accept(phone.caller, link if isinstance(link, str) else code_of(link), source, key)

    def join(self, owner: Phone, phone: Phone, unit: Registered, role: str) -> Accepted:
        return self.accept(phone, self.invite(owner, unit, role))

    def offer(self, owner: Phone, unit: Registered) -> OneTimeLink:
        return self.people.start_transfer(owner.caller, unit.id, None)

    def hand_over(self, owner: Phone, receiver: Phone, unit: Registered) -> TransferState:
        """The whole of it, both sides willing."""
        link = self.offer(owner, unit)
        self.accept(receiver, link)
        return self.people.confirm_transfer(owner.caller, link.id, None)

    def take_back(self, unit: Registered) -> returns.TakenBack:
        return self.world.run(lambda tx: returns.take_back(tx, self.world.keys, unit.id))

    def owner_of(self, unit: Registered) -> str | None:
        return self.world.rows("product", id=unit.id)[0].owner_person_id  # type: ignore[no-any-return]  # a row's column

    def said_to(self, unit: Registered, kind: str) -> Json:
        """What waits to go to the device under a slot."""
        (row,) = self.world.rows("outbox", slot=f"{kind}:{unit.id}")
        return row


def code_of(link: OneTimeLink) -> str:
    return link.url.rpartition("#link=")[2]


def commands(world: World, unit_id: str) -> list[tuple[str, str]]:
    """What the unit has been told to do: each one's name, and how far it has come."""
    return [(row.name, row.status) for row in world.rows("command", product_id=unit_id)]


def view(world: World, phone: Phone) -> Situation:
    """What the phone's newest journey with a unit shows."""
    return world.menus.situation(phone.caller, world.journey(phone).id)
