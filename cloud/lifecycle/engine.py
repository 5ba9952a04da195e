"""The engine: new events into the facts and stages of the journeys that they concern. A replay runs it again."""

from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
import sqlalchemy as sa

from broker.contract.stages import Role, Stage
from cloud.db import Transaction
from cloud.lifecycle.facts import Facts, decode_facts, encode_facts, join
from cloud.lifecycle.joining import joined
from cloud.lifecycle.parting import own_facts
from cloud.lifecycle.rows import (
    Journey,
    forget_joined,
    journey_table,
    load,
    move_table,
    profile_names,
    save,
    unit_table,
)
from cloud.lifecycle.rules import Move, merge, moves, stage_of
from cloud.record.bulk import among, put_many, rows_of
from cloud.record.events import Event, EventType
from cloud.registry.profiles import Profile, load_profile
from cloud.registry.service import profiles_of
from cloud.twin import service as twin


def project(tx: Transaction, events: list[Event]) -> None:
    """Projector: new events into the facts and stages of the journeys that they concern.

    One after the other, whatever they come in: two events at once end like the first and then the second, so that a
    replay, which knows no transactions, ends where it was live.
    """
    _open_new(tx, [event for event in events if event.type == EventType.JOURNEY_OPENED])
    units = _Units(tx, events)
    told = [(event, units.known(event.product_id)) for event in events if units.take(event)]
    units.save()
    _move(tx, told)


def _move(tx: Transaction, told: list[tuple[Event, Facts]]) -> None:
    """The journeys by these events. told: each with what was known of its unit then, the event itself included."""
    journeys = concerned(tx, [event for event, _ in told])
    if not journeys:
        return
    profiles = {
        gtin: load_profile(name) for gtin, name in profile_names(tx, {one.gtin for one in journeys.values()}).items()
    }
    changed: dict[str, Journey] = {}
    found: list[dict[str, Any]] = []
    ended: list[tuple[str, str]] = []
    for event, unit in told:
        other = _taken_out(event, journeys)
        if other is not None:
            changed.pop(other.id, None)
            ended.append((other.id, event.journey_id or ""))
        for journey_id in targets(event, journeys):
            before = journeys[journey_id]
            after, move = _advance(before, event, unit, profiles[before.gtin], tx.now, other)
            if after is not before:
                journeys[journey_id] = changed[journey_id] = after
            if move is not None:
                found.append(move)
    save(tx, list(changed.values()))
    if found:
        tx.session.execute(sa.insert(move_table), found)
    forget_joined(tx, ended)


def _taken_out(event: Event, journeys: dict[str, Journey]) -> Journey | None:
    """The journey that goes on in the one that the event names, and is no more; None for every other event."""
    if event.type != EventType.JOURNEY_JOINED or event.journey_id not in journeys:
        return None
    return journeys.pop(event.data.get("other", ""), None)


def _open_new(tx: Transaction, events: list[Event]) -> None:
    rows = []
    for event in events:
        if event.journey_id is None or event.person_id is None:
            continue  # erased since: only the count of it is left in the journal
        profile = load_profile(profile_names(tx, {event.data["gtin"]})[event.data["gtin"]])
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

    def take(self, event: Event) -> bool:
        """Whether it may be news to a journey. What a status tells the unit again, it tells nobody: a journey with the
        unit knows at least what the unit knows.
        """
        if event.product_id is None or not _is_of_the_unit(event):
            return True
        before = self.known(event.product_id)
        after = merge(before, event, self._profiles[event.product_id])
        if event.type == EventType.DEVICE_STATUS and (after is before or after == before):
            return False
        self._now[event.product_id] = after
        twin.stir(self._tx, event.product_id)
        return True

    def save(self) -> None:
        rows = [
            {"product_id": product_id, "facts": encode_facts(facts).decode()}
            for product_id, facts in sorted(self._now.items())
            if facts != self._before.get(product_id, Facts())
        ]
        put_many(self._tx, unit_table, rows, keys=["product_id"], replaced=["facts"])


def _is_of_the_unit(event: Event) -> bool:
    return event.source == "device" or (event.type == EventType.PRODUCT_TRANSFERRED and event.journey_id is None)


def _unit_facts(tx: Transaction, product_ids: list[str]) -> dict[str, Facts]:
    rows = rows_of(tx, unit_table, ("product_id", "facts"), "product_id", product_ids)
    return {product_id: _remembered_facts(facts) for product_id, facts in rows}


_remembered_facts = lru_cache(maxsize=4_096)(decode_facts)
"""A unit says much and adds to its facts rarely: what it said last is often there still."""


def concerned(tx: Transaction, events: list[Event]) -> dict[str, Journey]:
    named = {event.journey_id for event in events if event.journey_id}
    named |= {event.data["other"] for event in events if event.type == EventType.JOURNEY_JOINED and event.data}
    units = {event.product_id for event in events if event.product_id and not event.journey_id}
    found: list[Journey] = []
    if named:
        found += load(tx, among(tx, journey_table.c.id, sorted(named)), lock=True)
    if units:
        with_units = among(tx, journey_table.c.product_id, sorted(units))
        found += load(tx, sa.and_(with_units, journey_table.c.stage != Stage.CLOSED.value), lock=True)
    return {one.id: one for one in found}


def targets(event: Event, journeys: dict[str, Journey]) -> list[str]:
    """An event that names a journey is for that one; one that names a unit alone is for all open journeys with it: a
    closed one may be of somebody who has handed the unit on, and learns nothing of its next life.
    """
    if event.journey_id is not None:
        return [event.journey_id] if event.journey_id in journeys else []
    if event.product_id is None:
        return []
    return [one.id for one in journeys.values() if one.product_id == event.product_id and not one.closed]


def _advance(
    before: Journey, event: Event, unit: Facts, profile: Profile, now: datetime, other: Journey | None
) -> tuple[Journey, dict[str, Any] | None]:
    """The journey after an event, and the move that it made, if any. The same journey, when nothing changed.

    unit: what is known of the unit that the event names. other: the journey that goes on in this one from now on.
    """
    changed: dict[str, Any] = {}
    both = before if other is None else joined(before, other)
    facts = both.facts
    if event.type in {EventType.JOURNEY_OPENED, EventType.JOURNEY_LINKED}:
        changed["role"] = event.data["role"]
        if event.product_id is not None:
            changed["product_id"] = event.product_id
            facts = join(facts, unit)
    if event.type == EventType.JOURNEY_PARTED:
        changed |= {"product_id": None, "role": Role.VISITOR.value}
        facts = own_facts(facts)
    changed["stalls"] = _noted(both.stalls, event)
    changed["facts"] = facts = merge(facts, event, profile)
    move = moves(before.facts, facts, event, profile)
    if move is not None:
        changed |= {"stage": move.to_stage.value, "stage_since": now}
    after = msgspec.structs.replace(both, **changed)
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
