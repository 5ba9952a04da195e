"""Those who look at a unit that is somebody's without having been let in: the owner sees how many, and ends them.

Nobody is named, and nothing is kept of who they were: a count and two times are all that shows.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from broker.contract.eid import ids_around
from broker.contract.ids import new_id
from cloud.db import Transaction
from cloud.lifecycle import service as lifecycle
from cloud.ownership import members
from cloud.ownership.rules import Act, Standing
from cloud.ownership.tables import OnlookersEndedRow
from cloud.record import service as record
from cloud.record.events import Event, EventType
from cloud.registry.tables import ProductRow


class Onlookers(NamedTuple):
    """number: how many scanned the label and have not been ended; seeing: how many of them see its state now, by proof
    that they stand at it; since: when the first of them came; ended_at: when the owner last ended them all.
    """

    number: int
    seeing: int
    since: datetime | None
    ended_at: datetime | None


def look(tx: Transaction, unit: ProductRow) -> Onlookers:
    """Who looks on now."""
    ids = [one.id for one in _of_unit(tx, unit)]
    ended_at = ended(tx, unit.id)
    return Onlookers(len(ids), _seeing(tx, ids), _since(tx, unit.id, ids, ended_at), ended_at)


def end_all(tx: Transaction, product_id: str, by: str) -> int:
    """The owner ends everybody who looks on; how many those were. Their journeys go on with the model, until they scan
    again; and what the beacon has sent up to now proves nothing to them any more.

    Raises NotYoursError.
    """
    unit = members.unit_for(tx, product_id, by, Act.END_ONLOOKERS)
    record.lock(tx, {one.id for one in _of_unit(tx, unit)})
    theirs = _of_unit(tx, unit)
    row = tx.session.get(OnlookersEndedRow, unit.id)
    if row is None:
        tx.session.add(OnlookersEndedRow(product_id=unit.id, ended_at=tx.now, count=len(theirs)))
    else:
        row.ended_at, row.count = tx.now, len(theirs)
    tx.session.flush()
    lifecycle.part(tx, theirs, "phone")
    _note(tx, unit.id, len(theirs))
    members.tell_owner(tx, unit)
    return len(theirs)


def ended(tx: Transaction, product_id: str) -> datetime | None:
    """When the owner last ended them all."""
    row = tx.session.get(OnlookersEndedRow, product_id)
    return None if row is None else row.ended_at


def proving_ids(tx: Transaction, unit: ProductRow, beacon_key: bytes, person_id: str) -> frozenset[str]:
    """The ids of the unit's beacon that prove to be beside it now. For an onlooker none that could have been heard
    before they were last ended: so a new proof takes going there anew.
    """
    now = ids_around(beacon_key, tx.now)
    if members.standing_of(tx, unit, person_id) is not Standing.ONLOOKER:
        return now
    before = ended(tx, unit.id)
    return now if before is None else now - ids_around(beacon_key, before)


def _of_unit(tx: Transaction, unit: ProductRow) -> list[lifecycle.Journey]:
    if unit.owner_person_id is None:
        return []
    inside = {
        row.person_id for row in members.of_unit(tx, unit.id) if row.expires_at is None or row.expires_at > tx.now
    }
    inside.add(unit.owner_person_id)
    return [one for one in lifecycle.open_with(tx, unit.id) if one.person_id not in inside]


def _seeing(tx: Transaction, journeys: Sequence[str]) -> int:
    table = lifecycle.journey_table
    proven = sa.select(sa.func.count()).where(table.c.id.in_(journeys), table.c.proven_until > tx.now)
    return int(tx.session.execute(proven).scalar_one())


def _since(tx: Transaction, product_id: str, journeys: Sequence[str], ended_at: datetime | None) -> datetime | None:
    """By what brought them to this unit: a scan, most of all. What was before they were ended does not count."""
    journal = record.journal
    known_as = [*journeys, *lifecycle.earlier_ids(tx, journeys)]
    kinds = (EventType.PRODUCT_SCANNED.value, EventType.JOURNEY_OPENED.value, EventType.JOURNEY_LINKED.value)
    came = sa.select(sa.func.min(journal.c.at)).where(
        journal.c.journey_id.in_(known_as), journal.c.product_id == product_id, journal.c.type.in_(kinds)
    )
    if ended_at is not None:
        came = came.where(journal.c.at > ended_at)
    found: datetime | None = tx.session.execute(came).scalar_one()
    return found


def _note(tx: Transaction, product_id: str, count: int) -> None:
    event = Event(
        id=f"onlookers:{product_id}:{new_id(tx.now)}",
        type=EventType.ONLOOKERS_ENDED,
        at=tx.now,
        source="phone",
        channel="phone_app",
        product_id=product_id,
        data={"count": count},
    )
    record.append(tx, [event])
