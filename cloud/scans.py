"""A scan as a touchpoint: somebody has opened the address on a label, and the journey that it belongs to.

How the address is read and what else it answers, `resolver.py` says.
"""

import sqlalchemy as sa

from broker.contract.ids import new_id
from broker.contract.stages import Role
from cloud.db import Transaction
from cloud.errors import NotFoundError
from cloud.identity.visits import visitor
from cloud.lifecycle import service as lifecycle
from cloud.record import service as record
from cloud.record.events import Event, EventType
from cloud.registry.links import RETIRED
from cloud.registry.tables import ProductRow
from cloud.secrets import Keys

ONLOOKERS_MAX = 50
"""How many visitors and guests are with one unit at most."""


def scan(tx: Transaction, keys: Keys, gtin: str, product_id: str | None, visit: str | None) -> tuple[str, str | None]:
    """(journey, fresh cookie) of who has opened the address of a unit, or, without one, of its model.

    visit: the browser's cookie. Raises NotFoundError when the unit has been retired meanwhile.
    """
    unit = None if product_id is None else tx.session.get(ProductRow, product_id)
    if product_id is not None and (unit is None or unit.state == RETIRED):
        raise NotFoundError
    person_id, fresh = visitor(tx, keys, visit)
    journey = note_view(tx, gtin, person_id) if unit is None else note_scan(tx, unit, person_id)
    return journey.id, fresh


def note_scan(tx: Transaction, unit: ProductRow, person_id: str) -> lifecycle.Journey:
    """A touchpoint of the person's journey with this unit; with its model, when it is a demo unit in a shop.

    Who scans a unit that has an owner is a guest; who scans one that has none is a visitor, until they claim it. Only
    `ONLOOKERS_MAX` of them are with the unit: a label is public, and each message of the unit moves all who are. Who
    comes when it has so many gets a journey with the model, which a claim turns into one with the unit all the same.
    """
    product_id = None if unit.shop_id is not None else unit.id
    record.lock(tx, {unit.id, person_id})  # of scans at once each counts the others
    role = Role.GUEST if unit.owner_person_id not in {None, person_id} else Role.VISITOR
    journey = _known(tx, unit, person_id, product_id)
    if journey is None:
        if product_id is not None and lifecycle.onlookers(tx, product_id) >= ONLOOKERS_MAX:
            product_id = None
        back = None if product_id is None else _ended(tx, unit, person_id)
        if back is not None:
            journey = lifecycle.link(tx, back, unit.id, role, "phone", because=new_id(tx.now))
        else:
            journey = lifecycle.journey_with(tx, person_id, unit.gtin, product_id, "phone", role)
    _note(tx, journey, "store" if unit.shop_id is not None else "phone_app")
    return journey


def _ended(tx: Transaction, unit: ProductRow, person_id: str) -> str | None:
    """The person's journey that was with this unit until the owner ended those who looked on: it is with it again."""
    own = [one.id for one in lifecycle.of_person(tx, person_id) if one.product_id is None and not one.closed]
    journal = record.journal
    parted = sa.select(journal.c.journey_id).where(
        journal.c.journey_id.in_(own + lifecycle.earlier_ids(tx, own)),
        journal.c.product_id == unit.id,
        journal.c.type == EventType.JOURNEY_PARTED.value,
    )
    found: str | None = tx.session.execute(parted.order_by(journal.c.seq.desc()).limit(1)).scalar()
    return None if found is None else lifecycle.current_id(tx, found)


def note_view(tx: Transaction, gtin: str, person_id: str) -> lifecycle.Journey:
    """A touchpoint of the person's journey with a model, when its address was opened and no unit named."""
    journey = lifecycle.journey_with(tx, person_id, gtin, None, "phone")
    _note(tx, journey, "phone_app")
    return journey


def _note(tx: Transaction, journey: lifecycle.Journey, channel: str) -> None:
    event = Event(
        id=f"scan:{new_id(tx.now)}",
        type=EventType.PRODUCT_SCANNED,
        at=tx.now,
        source="phone",
        channel=channel,
        product_id=journey.product_id,
        journey_id=journey.id,
        person_id=journey.person_id,
    )
    record.append(tx, [event])


def _known(tx: Transaction, unit: ProductRow, person_id: str, product_id: str | None) -> lifecycle.Journey | None:
    """The person's journey with this very unit; or with its model and an order, when no unit is named yet: it has
    come, and this is it.
    """
    own = [one for one in lifecycle.of_person(tx, person_id) if one.gtin == unit.gtin and not one.closed]
    for one in own:
        if one.product_id == unit.id:
            return one
    waiting = [one for one in own if one.product_id is None and one.facts.orders]
    if product_id is not None and unit.owner_person_id is None and waiting:
        return lifecycle.link(tx, waiting[0].id, unit.id, Role.VISITOR, "phone")
    return None
