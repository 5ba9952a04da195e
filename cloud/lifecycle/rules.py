"""The heart: facts from events, the stage from facts, and the move with its evidence. Pure.

    facts'  = merge(facts, event)       a join: commutative, associative, idempotent
    stage   = stage_of(facts, profile)  the first of `LINES` that holds
    move    = moves(before, after, event)

No clock, no I/O, no randomness; time comes with the event. So any order of arrival, with any repetition, ends in the
same facts and the same stage, and a replay of the journal equals what was there live.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from broker.contract.stages import Stage
from cloud.lifecycle.facts import Facts, Mark, Order, holds, join
from cloud.lifecycle.intake import OF_THE_MACHINE, facts_of, is_old_news
from cloud.lifecycle.parcels import standings
from cloud.record.events import Event, EventType, ParcelStatus, Witness
from cloud.registry.profiles import InstallStep, Profile


class Evidence(NamedTuple):
    """What makes a line hold. event_id: empty when it takes no event."""

    reason: str
    event_id: str


class Line(NamedTuple):
    """One line of `stage_of`. says: the condition in words, for the diagram and for the operator."""

    number: int
    name: str
    stage: Stage
    says: str
    holds: Callable[[Facts, Profile], Evidence | None]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A stage, the line that decided it, and why. event_id: of the fact that makes the line hold."""

    stage: Stage
    line: int
    name: str
    reason: str
    event_id: str = ""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A change of stage. event_id, happened_at: of the event that moved the journey. line, name, reason: of the line
    that decided the new stage; decided_by: the event of the fact behind it, another one when the journey falls back.
    skipped: stages that the journey passed over on its way forward.
    """

    from_stage: Stage
    to_stage: Stage
    line: int
    name: str
    reason: str
    decided_by: str
    event_id: str
    happened_at: datetime
    skipped: tuple[Stage, ...] = ()


class StepDone(NamedTuple):
    """Whose word settled a step, and when it was done."""

    witness: Witness
    mark: Mark


def merge(facts: Facts, event: Event, profile: Profile) -> Facts:
    """The facts with what the event says. An event that says nothing, or nothing new, changes nothing."""
    if event.type == EventType.DEVICE_STATUS and is_old_news(facts.life, event, profile):
        return facts
    said = facts_of(event, profile)
    if event.type in OF_THE_MACHINE and facts.erased is None and holds(facts.life, said.life):
        return facts
    return join(facts, said)


def stage_of(facts: Facts, profile: Profile) -> Decision:
    """The stage: that of the first line that holds."""
    for line in LINES:
        evidence = line.holds(facts, profile)
        if evidence is not None:
            return Decision(
                stage=line.stage, line=line.number, name=line.name, reason=evidence.reason, event_id=evidence.event_id
            )
    raise AssertionError  # the last line always holds


def moves(before: Facts, after: Facts, event: Event, profile: Profile) -> Move | None:
    """The change of stage that `event` made of `before` into `after`; None when it made none."""
    was, now = stage_of(before, profile), stage_of(after, profile)
    if was.stage is now.stage:
        return None
    return Move(
        from_stage=was.stage,
        to_stage=now.stage,
        line=now.line,
        name=now.name,
        reason=now.reason,
        decided_by=now.event_id,
        event_id=event.id,
        happened_at=event.at,
        skipped=_between(was.stage, now.stage),
    )


def steps_done(facts: Facts, profile: Profile) -> dict[str, StepDone]:
    """The steps of the checklist that are done in this epoch, by id, with the first word that counts.

    The customer's word counts for a customer's step. For a step that the device can witness it takes the device, or an
    expert.
    """
    found = ((step.id, _settled(facts, step)) for step in profile.steps)
    return {step_id: done for step_id, done in found if done is not None}


def _settled(facts: Facts, step: InstallStep) -> StepDone | None:
    words = facts.life.steps.get(step.id, {})
    counting = [
        StepDone(witness, mark)
        for witness, mark in words.items()
        if step.witness == "customer" or witness is not Witness.CUSTOMER
    ]
    return min(counting, key=lambda done: done.mark.key, default=None)


def _between(was: Stage, now: Stage) -> tuple[Stage, ...]:
    spine = tuple(Stage)
    if now is Stage.CLOSED:
        return ()
    return spine[spine.index(was) + 1 : spine.index(now)]


def _closed(facts: Facts, _profile: Profile) -> Evidence | None:
    if facts.erased is not None:
        return Evidence("erased", facts.erased.event_id)
    return Evidence(facts.closed.reason.value, facts.closed.event_id) if facts.closed is not None else None


def _installed(facts: Facts, profile: Profile) -> Evidence | None:
    done = steps_done(facts, profile)
    if any(step.id not in done for step in profile.required_steps):
        return None
    final = max((done[step.id].mark for step in profile.required_steps), key=lambda mark: mark.key)
    return Evidence("installed", final.event_id)


def _arrived(facts: Facts, _profile: Profile) -> Evidence | None:
    found: list[tuple[Mark, str]] = [
        (parcel.scan, "parcel_delivered") for parcel in standings(facts) if parcel.status is ParcelStatus.DELIVERED
    ]
    if facts.standing_claim is not None:
        found.append((facts.standing_claim, "claimed"))
    if facts.life.contact is not None:
        found.append((facts.life.contact, "connected"))
    if not found:
        return None
    mark, reason = min(found, key=lambda one: (one[0].at, one[0].event_id))
    return Evidence(reason, mark.event_id)


def _ordered(facts: Facts, _profile: Profile) -> Evidence | None:
    standing = [order for order in facts.orders.values() if order.stands]
    return _earliest(standing, "ordered")


def _engaged(facts: Facts, _profile: Profile) -> Evidence | None:
    if facts.first_engaged is not None:
        return Evidence(facts.first_engaged.type, facts.first_engaged.event_id)
    # Whoever ordered was engaged, also when nobody saw by what, and stays so when the order falls.
    return _earliest(list(facts.orders.values()), "had_ordered")


def _interested(facts: Facts, _profile: Profile) -> Evidence | None:
    touch = facts.first_touch
    return Evidence(touch.type, touch.event_id) if touch is not None else Evidence("no_touch", "")


def _earliest(marks: list[Order], reason: str) -> Evidence | None:
    mark = min(marks, key=lambda one: (one.at, one.event_id), default=None)
    return Evidence(reason, mark.event_id) if mark is not None else None


LINES: Final = (
    Line(1, "closed", Stage.CLOSED, "the journey was closed, or the person erased", _closed),
    Line(2, "installed", Stage.SUPPORT, "every required step of this epoch is done", _installed),
    Line(
        3, "arrived", Stage.INSTALL, "the parcel is delivered, the unit claimed, or connected in this epoch", _arrived
    ),
    Line(4, "ordered", Stage.DELIVERY, "an order stands", _ordered),
    Line(5, "engaged", Stage.ENGAGED, "something engaged them", _engaged),
    Line(6, "seen", Stage.INTERESTED, "nothing more is known", _interested),
)
"""The table of the engine. The first line that holds decides."""
