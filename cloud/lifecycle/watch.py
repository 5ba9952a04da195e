"""What happens only live, and no replay repeats: stalls are reported, timers set, devices told their stage."""

from datetime import datetime, timedelta

from broker.contract.codec import encode
from broker.contract.messages import StageNotice
from broker.contract.stages import Role, Stage
from broker.contract.topics import Down, down_topic
from cloud.db import Transaction
from cloud.lifecycle.engine import concerned, targets
from cloud.lifecycle.rows import Journey, journey_table, load, profile_names
from cloud.lifecycle.service import machines
from cloud.lifecycle.stalls import Machine, StallKind, Stalls, changes, stalls
from cloud.record import service as record
from cloud.record.events import Event, EventType
from cloud.registry.profiles import load_profile
from cloud.twin import service as twin

TIMER = "stall"
SILENT_AGAIN = timedelta(hours=1)
"""How often a silent machine is looked at: telemetry ends its silence, and is no event that would say so."""
WATCHED = frozenset({EventType.JOURNEY_STALLED, EventType.JOURNEY_RESUMED})


def react(tx: Transaction, events: list[Event]) -> None:
    """Reactor: reports stalls that begin or end, sets when to look again, and tells devices their stage.

    A status that leaves unit and machine as they were begins no stall and ends none; those that time brings have their
    timers.
    """
    relevant = [event for event in events if event.type not in WATCHED and not _is_calm(tx, event)]
    journeys = concerned(tx, relevant)
    moved = {journey_id for event in relevant for journey_id in targets(event, journeys)}
    review(tx, [journeys[journey_id] for journey_id in sorted(moved)])
    _tell_stages(tx, relevant, journeys)


def _is_calm(tx: Transaction, event: Event) -> bool:
    return event.type == EventType.DEVICE_STATUS and not twin.is_stirred(tx, event.product_id or "")


def look_again(tx: Transaction, journey_id: str) -> None:
    """The timer of a journey fell due."""
    found = load(tx, journey_table.c.id == journey_id, lock=True)
    if found:
        review(tx, found)
    else:
        record.set_timers(tx, {(TIMER, journey_id): None})


def review(tx: Transaction, journeys: list[Journey]) -> None:
    """Compares the stalls that hold now with those that were reported, and sets the timer of each journey."""
    if not journeys:
        return
    profiles = {gtin: load_profile(name) for gtin, name in profile_names(tx, {one.gtin for one in journeys}).items()}
    known = machines(tx, sorted({one.product_id for one in journeys if one.product_id}))
    events: list[Event] = []
    timers: dict[tuple[str, str], datetime | None] = {}
    for one in journeys:
        machine = known.get(one.product_id or "", Machine())
        now = stalls(one.facts, machine, profiles[one.gtin], one.stage_since, tx.now)
        timers[TIMER, one.id] = None if one.closed else _next_look(now, tx.now)
        events += _stall_events(tx, one, Stalls() if one.closed else now)
    record.set_timers(tx, timers)
    record.append(tx, events)


def _next_look(found: Stalls, now: datetime) -> datetime | None:
    silent = any(stall.kind is StallKind.SILENT for stall in found.active)
    again = now + SILENT_AGAIN if silent else None
    return min((due for due in (found.next_due, again) if due is not None), default=None)


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
