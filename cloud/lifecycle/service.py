"""Journeys: opened and linked by use cases, moved by the engine alone, watched for stalls.

`project` is the engine: it takes new events into facts and derives the stage; a replay runs it again. `react` does what
happens only once, live: stalls are reported, timers set, devices told.
"""

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from broker.contract.codec import encode
from broker.contract.ids import new_id
from broker.contract.messages import StageNotice
from broker.contract.stages import Role, Stage
from broker.contract.topics import Down, down_topic
from cloud.db import Transaction, table_of
from cloud.errors import NotFoundError
from cloud.lifecycle.distress import distress
from cloud.lifecycle.facts import Facts, decode_facts, encode_facts, join
from cloud.lifecycle.rules import Move, merge, moves, stage_of
from cloud.lifecycle.stalls import Machine, Stalls, changes, stalls
from cloud.lifecycle.tables import JourneyRow, MoveRow, UnitFactsRow
from cloud.record import service as record
from cloud.record.events import Event, EventType
from cloud.registry.profiles import Profile, load_profile
from cloud.registry.service import model_table, profiles_of
from cloud.twin import service as twin
from mobile_menu.rules.situation import Level

journey_table = table_of(JourneyRow)
move_table = table_of(MoveRow)
unit_table = table_of(UnitFactsRow)
TIMER = "stall"


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """A journey as the engine holds it. stalls: [kind, key] of those that were reported and have not ended."""

    id: str
    person_id: str
    gtin: str
    product_id: str | None
    role: str
    facts: Facts
    stage: str
    stage_since: datetime
    stalls: tuple[tuple[str, str], ...]
    version: int
    opened_at: datetime
    changed_at: datetime

    @property
    def closed(self) -> bool:
        return self.stage == Stage.CLOSED


# --- reading ---


def read(tx: Transaction, journey_id: str) -> Journey:
    """Raises NotFoundError."""
    found = _load(tx, journey_table.c.id == journey_id)
    if not found:
        msg = "no such journey"
        raise NotFoundError(msg)
    return found[0]


def of_person(tx: Transaction, person_id: str) -> list[Journey]:
    """A person's journeys, the one that changed last first."""
    return sorted(
        _load(tx, journey_table.c.person_id == person_id), key=lambda one: (one.changed_at, one.id), reverse=True
    )


def of_product(tx: Transaction, product_id: str) -> list[Journey]:
    """Every journey with this unit, oldest first."""
    return _load(tx, journey_table.c.product_id == product_id)


def moves_of(tx: Transaction, journey_id: str) -> list[Any]:
    """How the journey went, oldest first, with the evidence."""
    return list(
        tx.session.execute(
            sa.select(move_table).where(move_table.c.journey_id == journey_id).order_by(move_table.c.id)
        ).all()
    )


def causes_of_distress(tx: Transaction, journey: Journey) -> tuple[str, ...]:
    """Why this customer is left in peace now; empty when there is no cause."""
    machine = machines(tx, [journey.product_id] if journey.product_id else []).get(journey.product_id or "", Machine())
    profile = load_profile(_profile_names(tx, {journey.gtin})[journey.gtin])
    now_stalls = stalls(journey.facts, machine, profile, journey.stage_since, tx.now)
    return distress(journey.facts, machine, now_stalls, tx.now)


def machines(tx: Transaction, product_ids: list[str]) -> dict[str, Machine]:
    """What the stalls need to know of each unit."""
    seen = twin.last_seen(tx, product_ids)
    return {
        product_id: Machine(
            level=Level(known.level),
            error_since=known.error_since,
            last_seen=tx.now if known.online else seen.get(product_id),
        )
        for product_id, known in twin.read_many(tx, product_ids).items()
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


def link(tx: Transaction, journey_id: str, product_id: str, role: Role, source: str) -> Journey:
    """Ties a journey to a unit. The same link twice is one."""
    journey = read(tx, journey_id)
    event = Event(
        id=f"link:{journey_id}:{product_id}:{role.value}",
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


def touch(tx: Transaction, journey_id: str) -> None:
    """Something outside the facts changed that the menu shows."""
    tx.session.execute(
        sa.update(journey_table).where(journey_table.c.id == journey_id).values(version=journey_table.c.version + 1)
    )
    tx.changes.journeys.add(journey_id)


# --- the engine ---


def project(tx: Transaction, events: list[Event]) -> None:
    """Projector: new events into the facts and stages of the journeys that they concern.

    One after the other, whatever they come in: two events at once end like the first and then the second, so that a
    replay, which knows no transactions, ends where it was live.
    """
    _open_new(tx, [event for event in events if event.type == EventType.JOURNEY_OPENED])
    units = _Units(tx, events)
    journeys = _concerned(tx, events)
    profiles = {
        gtin: load_profile(name) for gtin, name in _profile_names(tx, {one.gtin for one in journeys.values()}).items()
    }
    changed: dict[str, Journey] = {}
    found: list[dict[str, Any]] = []
    for event in events:
        units.take(event)
        for journey_id in _targets(event, journeys):
            before = journeys[journey_id]
            after, move = _advance(before, event, units.known(event.product_id), profiles[before.gtin], tx.now)
            if after is not before:
                journeys[journey_id] = changed[journey_id] = after
            if move is not None:
                found.append(move)
    units.save()
    _save(tx, list(changed.values()))
    if found:
        tx.session.execute(sa.insert(move_table), found)


def _open_new(tx: Transaction, events: list[Event]) -> None:
    rows = []
    for event in events:
        if event.journey_id is None or event.person_id is None:
            continue  # erased since: only the count of it is left in the journal
        profile = load_profile(_profile_names(tx, {event.data["gtin"]})[event.data["gtin"]])
        facts = Facts()
        rows.append(
            {
                "id": event.journey_id,
                "person_id": event.person_id,
                "gtin": event.data["gtin"],
                "product_id": None,
                "role": event.data["role"],
                "facts": encode_facts(facts).decode(),
                "stage": stage_of(facts, profile).stage.value,
                "stage_since": tx.now,
                "stalls": [],
                "version": 0,
                "opened_at": event.at,
                "changed_at": tx.now,
            }
        )
    if rows:
        tx.session.execute(sa.insert(journey_table), rows)


class _Units:
    """Facts of the units themselves, as events go by: a journey that is linked to a unit later begins with them."""

    def __init__(self, tx: Transaction, events: list[Event]) -> None:
        named = {event.product_id for event in events if event.product_id is not None}
        speaking = {event.product_id for event in events if event.product_id is not None and _is_of_the_unit(event)}
        self._tx = tx
        self._now = _unit_facts(tx, sorted(named)) if named else {}
        self._before = dict(self._now)
        self._profiles = profiles_of(tx, sorted(speaking)) if speaking else {}

    def known(self, product_id: str | None) -> Facts:
        return self._now.get(product_id or "", Facts())

    def take(self, event: Event) -> None:
        if event.product_id is not None and _is_of_the_unit(event):
            self._now[event.product_id] = merge(self.known(event.product_id), event, self._profiles[event.product_id])

    def save(self) -> None:
        rows = [
            {"product_id": product_id, "facts": encode_facts(facts).decode()}
            for product_id, facts in sorted(self._now.items())
            if facts != self._before.get(product_id, Facts())
        ]
        if rows:
            statement = record.insert(self._tx, unit_table)
            replaced = {"facts": statement.excluded.facts}
            self._tx.session.execute(
                statement.on_conflict_do_update(index_elements=["product_id"], set_=replaced), rows
            )


def _is_of_the_unit(event: Event) -> bool:
    return event.source == "device" or (event.type == EventType.PRODUCT_TRANSFERRED and event.journey_id is None)


def _unit_facts(tx: Transaction, product_ids: list[str]) -> dict[str, Facts]:
    rows = tx.session.execute(sa.select(unit_table).where(unit_table.c.product_id.in_(product_ids)))
    return {row.product_id: decode_facts(row.facts) for row in rows}


def _concerned(tx: Transaction, events: list[Event]) -> dict[str, Journey]:
    named = {event.journey_id for event in events if event.journey_id}
    units = {event.product_id for event in events if event.product_id and not event.journey_id}
    found: list[Journey] = []
    if named:
        found += _load(tx, journey_table.c.id.in_(sorted(named)), lock=True)
    if units:
        found += _load(tx, journey_table.c.product_id.in_(sorted(units)), lock=True)
    return {one.id: one for one in found}


def _targets(event: Event, journeys: dict[str, Journey]) -> list[str]:
    """An event that names a journey is for that one; one that names a unit alone is for all journeys with it."""
    if event.journey_id is not None:
        return [event.journey_id] if event.journey_id in journeys else []
    if event.product_id is None:
        return []
    return [one.id for one in journeys.values() if one.product_id == event.product_id]


def _advance(
    before: Journey, event: Event, unit: Facts, profile: Profile, now: datetime
) -> tuple[Journey, dict[str, Any] | None]:
    """The journey after an event, and the move that it made, if any. The same journey, when nothing changed.

    unit: what is known of the unit that the event names.
    """
    changed: dict[str, Any] = {}
    facts = before.facts
    if event.type in {EventType.JOURNEY_OPENED, EventType.JOURNEY_LINKED}:
        changed["role"] = event.data["role"]
        if event.product_id is not None:
            changed["product_id"] = event.product_id
            facts = join(facts, unit)
    changed["stalls"] = _noted(before.stalls, event)
    changed["facts"] = facts = merge(facts, event, profile)
    move = moves(before.facts, facts, event, profile)
    if move is not None:
        changed |= {"stage": move.to_stage.value, "stage_since": now}
    after = msgspec.structs.replace(before, **changed)
    if after == before:
        return before, None
    after = msgspec.structs.replace(after, version=before.version + 1, changed_at=now)
    return after, None if move is None else _move_values(before.id, move, now)


def _move_values(journey_id: str, move: Move, now: datetime) -> dict[str, Any]:
    return {
        "journey_id": journey_id,
        "from_stage": move.from_stage.value,
        "to_stage": move.to_stage.value,
        "line": move.line,
        "reason": move.reason,
        "event_id": move.event_id,
        "happened_at": move.happened_at,
        "known_at": now,
    }


def _noted(known: tuple[tuple[str, str], ...], event: Event) -> tuple[tuple[str, str], ...]:
    if event.type not in {EventType.JOURNEY_STALLED, EventType.JOURNEY_RESUMED}:
        return known
    one = (event.data["kind"], event.data["key"])
    rest = tuple(stall for stall in known if stall != one)
    return (*rest, one) if event.type == EventType.JOURNEY_STALLED else rest


def _load(tx: Transaction, where: Any, *, lock: bool = False) -> list[Journey]:
    query = sa.select(journey_table).where(where).order_by(journey_table.c.id)
    return [_from_row(row) for row in tx.session.execute(query.with_for_update() if lock else query)]


def _from_row(row: Any) -> Journey:
    return Journey(
        id=row.id,
        person_id=row.person_id,
        gtin=row.gtin,
        product_id=row.product_id,
        role=row.role,
        facts=decode_facts(row.facts),
        stage=row.stage,
        stage_since=row.stage_since,
        stalls=tuple((kind, key) for kind, key in row.stalls),
        version=row.version,
        opened_at=row.opened_at,
        changed_at=row.changed_at,
    )


def _save(tx: Transaction, journeys: list[Journey]) -> None:
    if not journeys:
        return
    rows = [
        {
            "of": one.id,
            "product_id": one.product_id,
            "role": one.role,
            "facts": encode_facts(one.facts).decode(),
            "stage": one.stage,
            "stage_since": one.stage_since,
            "stalls": [list(stall) for stall in one.stalls],
            "version": one.version,
            "changed_at": one.changed_at,
        }
        for one in journeys
    ]
    columns: dict[str, Any] = {name: sa.bindparam(name) for name in rows[0] if name != "of"}
    tx.session.connection().execute(
        sa.update(journey_table).where(journey_table.c.id == sa.bindparam("of")).values(columns), rows
    )
    tx.changes.journeys.update(one.id for one in journeys)


def _profile_names(tx: Transaction, gtins: set[str]) -> dict[str, str]:
    rows = tx.session.execute(
        sa.select(model_table.c.gtin, model_table.c.profile).where(model_table.c.gtin.in_(sorted(gtins)))
    )
    return dict(rows.all())


# --- what happens only live ---

WATCHED = frozenset({EventType.JOURNEY_STALLED, EventType.JOURNEY_RESUMED})


def react(tx: Transaction, events: list[Event]) -> None:
    """Reactor: reports stalls that begin or end, sets when to look again, and tells devices their stage."""
    relevant = [event for event in events if event.type not in WATCHED]
    journeys = _concerned(tx, relevant)
    concerned = {journey_id for event in relevant for journey_id in _targets(event, journeys)}
    review(tx, [journeys[journey_id] for journey_id in sorted(concerned)])
    _tell_stages(tx, relevant, journeys)


def look_again(tx: Transaction, journey_id: str) -> None:
    """The timer of a journey fell due."""
    found = _load(tx, journey_table.c.id == journey_id, lock=True)
    if found:
        review(tx, found)
    else:
        record.set_timers(tx, {(TIMER, journey_id): None})


def review(tx: Transaction, journeys: list[Journey]) -> None:
    """Compares the stalls that hold now with those that were reported, and sets the timer of each journey."""
    if not journeys:
        return
    profiles = {gtin: load_profile(name) for gtin, name in _profile_names(tx, {one.gtin for one in journeys}).items()}
    known = machines(tx, sorted({one.product_id for one in journeys if one.product_id}))
    events: list[Event] = []
    timers: dict[tuple[str, str], datetime | None] = {}
    for one in journeys:
        machine = known.get(one.product_id or "", Machine())
        now = stalls(one.facts, machine, profiles[one.gtin], one.stage_since, tx.now)
        timers[TIMER, one.id] = None if one.closed else now.next_due
        events += _stall_events(tx, one, Stalls() if one.closed else now)
    record.set_timers(tx, timers)
    record.append(tx, events)


def _stall_events(tx: Transaction, journey: Journey, found: Stalls) -> list[Event]:
    changed = changes(journey.stalls, found)
    begun = [(EventType.JOURNEY_STALLED, (stall.kind.value, stall.key)) for stall in changed.begun]
    ended = [(EventType.JOURNEY_RESUMED, stall) for stall in changed.ended]
    return [
        Event(
            id=f"{kind.value}:{journey.id}:{stall}:{key}:{journey.version}",
            type=kind,
            at=tx.now,
            source="cloud",
            product_id=journey.product_id,
            journey_id=journey.id,
            person_id=journey.person_id,
            data={"kind": stall, "key": key},
        )
        for kind, (stall, key) in begun + ended
    ]


def _tell_stages(tx: Transaction, events: list[Event], journeys: dict[str, Journey]) -> None:
    """The owner's stage to the display: when it may have moved, and to a device that just came (back)."""
    units = {event.product_id for event in events if event.product_id is not None and _may_move_the_display(event)}
    known = twin.read_many(tx, sorted({one.product_id for one in journeys.values() if one.product_id}))
    epochs = {product_id: unit.epoch for product_id, unit in known.items()}
    for one in journeys.values():
        if one.product_id is None or one.role != Role.OWNER or one.closed:
            continue
        if one.product_id in units or one.stage_since == tx.now:
            notice = StageNotice(stage=Stage(one.stage), epoch=max(epochs.get(one.product_id, 0), one.facts.epoch))
            twin.tell(tx, one.product_id, Down.STAGE, encode(notice))


def _may_move_the_display(event: Event) -> bool:
    if event.type == EventType.DEVICE_PRESENCE:
        return bool(event.data["status"] == "online")
    return event.type not in {EventType.DEVICE_STATUS, EventType.DEVICE_RESULT}


def forget_stage(tx: Transaction, product_id: str) -> None:
    """Takes the retained stage away from the broker: the unit is nobody's now. An empty payload clears it."""
    record.send(tx, down_topic(product_id, Down.STAGE), b"", slot=f"{Down.STAGE.value}:{product_id}", retain=True)
