"""What is left of a journey without its unit: what the person did, and nothing that the machine said. Pure.

Two need it: the engine, when a journey is parted from its unit for good, and whoever shows a journey to a person who
may not see the state of the unit that it is with. Both get the same, so that neither can say more than the other.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from broker.contract.stages import Stage
from cloud.lifecycle.facts import Epoch, Facts
from cloud.lifecycle.rows import Journey
from cloud.lifecycle.rules import stage_of
from cloud.lifecycle.stalls import Machine, StallKind, stalls
from cloud.record.events import EventType
from cloud.registry.profiles import Profile

OF_THE_MACHINE: Final = frozenset({StallKind.INSTALL_STUCK, StallKind.FAULT_UNATTENDED, StallKind.SILENT})
"""Stalls that tell how a unit is, or how far it has been set up."""
_SHOWN_BY_A_UNIT: Final = frozenset({"installed", "connected", "claimed"})
"""Reasons of the engine that only a unit's own life gives."""


class Step(NamedTuple):
    """A change of stage, as a person takes it along."""

    from_stage: str
    to_stage: str
    reason: str
    happened_at: datetime


def apart(journey: Journey, profile: Profile, now: datetime) -> Journey:
    """The journey as it would be if it had never been with its unit. It keeps its id, its role and its version."""
    facts = own_facts(journey.facts)
    found = stalls(facts, Machine(), profile, journey.opened_at, now)
    return msgspec.structs.replace(
        journey,
        product_id=None,
        facts=facts,
        stage=stage_of(facts, profile).stage.value,
        stage_since=journey.opened_at,
        changed_at=journey.opened_at,
        stalls=tuple((one.kind.value, one.key) for one in found.active),
    )


def own_facts(facts: Facts) -> Facts:
    """The facts without the unit's life: its epochs, its contacts, the steps of its installation, who claimed it.

    Whoever saw a step done, it goes too: a newer epoch takes it away, and so would tell of a reset.
    """
    return msgspec.structs.replace(facts, claim=None, handed_on_epoch=0, life=Epoch())


def own_moves(moves: Iterable[Step]) -> list[Step]:
    """The changes of stage that the person's own doings brought. Each goes on where the one before it ended."""
    found: list[Step] = []
    for one in moves:
        if one.reason in _SHOWN_BY_A_UNIT or one.to_stage == Stage.SUPPORT:
            continue
        before = found[-1].to_stage if found else Stage.INTERESTED.value
        if one.to_stage != before:
            found.append(one._replace(from_stage=before))
    return found


def tells_of_the_machine(kind: str, data: Mapping[str, object]) -> bool:
    """Whether an event that names a journey says how its unit is: that it stalled, or goes on, as a machine does."""
    if kind not in {EventType.JOURNEY_STALLED, EventType.JOURNEY_RESUMED}:
        return False
    return data.get("kind") in {one.value for one in OF_THE_MACHINE}
