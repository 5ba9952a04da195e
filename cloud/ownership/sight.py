"""A journey as its person may see it at this moment: the one door through which a unit's state reaches a phone.

Whoever shows somebody a journey takes it from here: the menu, the list of journeys, what an expert gets attached, and
what one takes along. What may be seen the rules decide, by the registry and by who was let in, never by the journey.
"""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from broker.contract.stages import Role
from cloud.db import Transaction
from cloud.lifecycle import service as lifecycle
from cloud.lifecycle.parting import apart
from cloud.ownership import members
from cloud.ownership.rules import Sight, Standing, sight
from cloud.registry.profiles import load_profile
from cloud.registry.service import read_model
from cloud.registry.tables import ProductRow


class Seen(NamedTuple):
    """journey: as its person may see it; with sight of the model alone it has no unit. unit: whose label they have
    scanned, whatever they see of it. until: when the proof ends by which they see it; None: nothing ends by itself.
    """

    journey: lifecycle.Journey
    sight: Sight
    unit: ProductRow | None = None
    until: datetime | None = None


def seen(tx: Transaction, journey: lifecycle.Journey) -> Seen:
    """What this journey's person sees of it now."""
    if journey.closed:
        return _looked_back(tx, journey)
    unit = None if journey.product_id is None else tx.session.get(ProductRow, journey.product_id)
    if unit is None:
        return Seen(journey, Sight.ALL)
    standing = members.standing_of(tx, unit, journey.person_id)
    until = _proven_until(tx, journey.id) if standing is Standing.ONLOOKER else None
    found = sight(standing, owned=unit.owner_person_id is not None, proven=until is not None)
    if found is Sight.MODEL:
        return Seen(_apart(tx, journey), found, unit)
    return Seen(journey, found, unit, until if found is Sight.BESIDE else None)


def _looked_back(tx: Transaction, journey: lifecycle.Journey) -> Seen:
    """What is over: those who lived with the unit have seen how it was. A scan left nothing to see."""
    if journey.role in {Role.OWNER, Role.HOUSEHOLD}:
        return Seen(journey, Sight.ALL)
    return Seen(_apart(tx, journey), Sight.MODEL)


def _apart(tx: Transaction, journey: lifecycle.Journey) -> lifecycle.Journey:
    return apart(journey, load_profile(read_model(tx, journey.gtin).profile), tx.now)


def _proven_until(tx: Transaction, journey_id: str) -> datetime | None:
    """The end of the proof of place that counts now."""
    table = lifecycle.journey_table
    counts = sa.select(table.c.proven_until).where(table.c.id == journey_id, table.c.proven_until > tx.now)
    found: datetime | None = tx.session.execute(counts).scalar()
    return found
