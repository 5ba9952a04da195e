"""Journeys: read, opened and linked by use cases. Only the engine (`engine.py`) moves them."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from broker.contract.ids import new_id
from broker.contract.messages import Json
from broker.contract.stages import Role, Stage
from cloud.db import Transaction
from cloud.errors import NotFoundError
from cloud.lifecycle.distress import distress
from cloud.lifecycle.rows import Journey, alias_table, journey_table, load, move_table, profile_names
from cloud.lifecycle.stalls import Machine, stalls
from cloud.record import service as record
from cloud.record.events import CloseReason, Event, EventType
from cloud.registry.profiles import Profile, load_profile
from cloud.twin import service as twin
from cloud.twin.rules import Twin
from mobile_menu.rules.situation import Level

__all__ = [
    "Journey",
    "all_ids",
    "causes_of_distress",
    "close",
    "current_id",
    "earlier_ids",
    "journey_table",
    "journey_with",
    "link",
    "machines",
    "moves_of",
    "of_person",
    "of_product",
    "onlookers",
    "open_journey",
    "open_with",
    "part",
    "read",
    "touch",
]

# --- reading ---


def read(tx: Transaction, journey_id: str) -> Journey:
    """Raises NotFoundError."""
    found = load(tx, journey_table.c.id == journey_id)
    if not found:
        msg = "no such journey"
        raise NotFoundError(msg)
    return found[0]


def current_id(tx: Transaction, journey_id: str) -> str:
    """The id under which a journey goes on, when it was joined to another; its own, when it was not."""
    found = tx.session.execute(sa.select(alias_table.c.journey_id).where(alias_table.c.id == journey_id)).scalar()
    return journey_id if found is None else str(found)


def earlier_ids(tx: Transaction, journey_ids: Collection[str]) -> list[str]:
    """The ids of journeys that go on in these. The journal names what happened in them by those."""
    joined = sa.select(alias_table.c.id).where(alias_table.c.journey_id.in_(journey_ids))
    return list(tx.session.execute(joined).scalars())


def all_ids(tx: Transaction, journey_id: str) -> list[str]:
    """Every id under which the journal names what happened in this journey, the current one first."""
    return [journey_id, *earlier_ids(tx, [journey_id])]


def of_person(tx: Transaction, person_id: str) -> list[Journey]:
    """A person's journeys, the one that changed last first."""
    return sorted(
        load(tx, journey_table.c.person_id == person_id), key=lambda one: (one.changed_at, one.id), reverse=True
    )


def of_product(tx: Transaction, product_id: str, *, after: str | None = None, limit: int) -> list[Journey]:
    """Journeys with this unit, oldest first."""
    here = journey_table.c.product_id == product_id
    return load(tx, sa.and_(here, journey_table.c.id > after) if after else here, limit=limit)


def open_with(tx: Transaction, product_id: str) -> list[Journey]:
    """Every open journey with this unit, oldest first."""
    return load(tx, sa.and_(journey_table.c.product_id == product_id, journey_table.c.stage != Stage.CLOSED.value))


def onlookers(tx: Transaction, product_id: str) -> int:
    """How many open journeys with this unit are not an owner's."""
    query = sa.select(sa.func.count()).where(
        journey_table.c.product_id == product_id,
        journey_table.c.role != Role.OWNER.value,
        journey_table.c.stage != Stage.CLOSED.value,
    )
    return int(tx.session.execute(query).scalar_one())


def moves_of(tx: Transaction, journey_id: str) -> list[Any]:
    """How the journey went, oldest first, with the evidence."""
    return list(
        tx.session.execute(
            sa.select(move_table).where(move_table.c.journey_id == journey_id).order_by(move_table.c.id)
        ).all()
    )


def causes_of_distress(
    tx: Transaction,
    journey: Journey,
    known: dict[str, Machine] | None = None,
    profile: Profile | None = None,
) -> tuple[str, ...]:
    """Why this customer is left in peace now; empty when there is no cause. known: `machines`, when asked already;
    profile: the model's, when it was read already.
    """
    named = [journey.product_id] if journey.product_id else []
    machine = (machines(tx, named) if known is None else known).get(journey.product_id or "", Machine())
    profile = profile or load_profile(profile_names(tx, {journey.gtin})[journey.gtin])
    now_stalls = stalls(journey.facts, machine, profile, journey.stage_since, tx.now)
    return distress(journey.facts, machine, now_stalls, tx.now)


def machines(
    tx: Transaction,
    product_ids: list[str],
    twins: Mapping[str, Twin] | None = None,
    seen: Mapping[str, datetime] | None = None,
) -> dict[str, Machine]:
    """What the stalls need to know of each unit. twins, seen: theirs and when they were last heard, when read already;
    of other units too.
    """
    twins = twin.read_many(tx, product_ids) if twins is None else twins
    seen = twin.last_seen(tx, product_ids) if seen is None else seen
    return {
        product_id: Machine(
            level=Level(known.level),
            error_since=known.error_since,
            last_seen=seen.get(product_id),
        )
        for product_id in product_ids
        if (known := twins.get(product_id)) is not None
    }


# --- use cases ---


def open_journey(
    tx: Transaction, person_id: str, gtin: str, product_id: str | None, role: Role, source: str
) -> Journey:
    """Begins a journey, with a model or with a unit."""
    journey_id = new_id(tx.now)
    event = Event(
        id=f"journey:{journey_id}",
        type=EventType.JOURNEY_OPENED,
        at=tx.now,
        source=source,
        product_id=product_id,
        journey_id=journey_id,
        person_id=person_id,
        data={"gtin": gtin, "role": role.value},
    )
    record.append(tx, [event])
    return read(tx, journey_id)


def journey_with(
    tx: Transaction, person_id: str, gtin: str, product_id: str | None, source: str, role: Role = Role.VISITOR
) -> Journey:
    """The person's open journey with this unit; or, while none is named, with the model; a new one if there is none."""
    record.lock(tx, {person_id})  # two clicks at once are one journey
    own = [one for one in of_person(tx, person_id) if one.gtin == gtin and not one.closed]
    for one in own:
        if one.product_id == product_id or (product_id is None and one.product_id is not None):
            return one
    return open_journey(tx, person_id, gtin, product_id, role, source)


def link(tx: Transaction, journey_id: str, product_id: str, role: Role, source: str, because: str = "") -> Journey:
    """Ties a journey to a unit. The same link twice is one. because: an id of what brought it about, where the same
    role can come, go and come again. A proof of place was of another unit, and does not come along.
    """
    journey = read(tx, journey_id)
    if journey.product_id != product_id:
        here = journey_table.c.id == journey_id
        tx.session.execute(sa.update(journey_table).where(here).values(proven_until=None))
    event = Event(
        id=f"link:{journey_id}:{product_id}:{role.value}" + (f":{because}" if because else ""),
        type=EventType.JOURNEY_LINKED,
        at=tx.now,
        source=source,
        product_id=product_id,
        journey_id=journey_id,
        person_id=journey.person_id,
        data={"role": role.value},
    )
    record.append(tx, [event])
    return read(tx, journey_id)


def part(tx: Transaction, journeys: list[Journey], source: str) -> None:
    """These journeys go on with the model alone: of the unit they know nothing from now on, and hear nothing more."""
    _tell_each(tx, journeys, EventType.JOURNEY_PARTED, source, lambda one: f"parted:{one.id}:{one.version}")
    # Where the phone was, and what proved it, is no projection.
    nowhere = {"zone": None, "proven_until": None}
    tx.session.execute(
        sa.update(journey_table).where(journey_table.c.id.in_([one.id for one in journeys])).values(nowhere)
    )


def close(tx: Transaction, journeys: list[Journey], reason: CloseReason, source: str) -> None:
    """Ends these journeys, for good: nothing of the unit shows in them any more."""
    data: dict[str, Json] = {"reason": reason.value}
    _tell_each(tx, journeys, EventType.JOURNEY_CLOSED, source, lambda one: f"closed:{one.id}", data)


def _tell_each(
    tx: Transaction,
    journeys: list[Journey],
    kind: EventType,
    source: str,
    named: Callable[[Journey], str],
    data: dict[str, Json] | None = None,
) -> None:
    """The same event for each of these journeys, and for the unit that it is with. named: the event's id for one."""
    events = [
        Event(
            id=named(one),
            type=kind,
            at=tx.now,
            source=source,
            product_id=one.product_id,
            journey_id=one.id,
            person_id=one.person_id,
            data=data or {},
        )
        for one in journeys
    ]
    record.append(tx, events)


def touch(tx: Transaction, journey_id: str) -> None:
    """Something outside the facts changed that the menu shows."""
    tx.session.execute(
        sa.update(journey_table).where(journey_table.c.id == journey_id).values(version=journey_table.c.version + 1)
    )
    tx.changes.journeys.add(journey_id)
