"""When a customer has trouble, and how long after it marketing stays quiet. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cloud.lifecycle.facts import Facts
from cloud.lifecycle.stalls import Machine, StallKind, Stalls
from cloud.record.events import SurveyKind
from mobile_menu.rules.situation import Level

CALM: Final = timedelta(days=1)
"""How long after the last cause has ended marketing waits."""

ANSWER_COUNTS: Final = timedelta(days=14)
UNHAPPY_UP_TO: Final = {SurveyKind.NPS: 6, SurveyKind.CSAT: 2}
"""The highest score that is a cry for help. CES measures effort, not feelings, and is none."""


class Cause(StrEnum):
    CASE_OPEN = "case_open"
    FAULT = "fault"
    PARCEL = "parcel"
    UNHAPPY = "unhappy"


def distress(facts: Facts, machine: Machine, stalls: Stalls, now: datetime) -> tuple[str, ...]:
    """The causes that hold at `now`, in the order of `Cause`; empty when there is none.

    A fault counts at once, not only when it is unattended; it must be the customer's own machine, claimed by them or
    connected for them. What stalls is taken from `stalls`, of the same moment.
    """
    holds = {
        Cause.CASE_OPEN: facts.has_open_case,
        Cause.FAULT: _has_unit(facts) and (machine.level is Level.ERROR or machine.error_since is not None),
        Cause.PARCEL: any(stall.kind is StallKind.PARCEL_LATE for stall in stalls.active),
        Cause.UNHAPPY: unhappy_until(facts, now) is not None,
    }
    return tuple(cause.value for cause in Cause if holds[cause])


def unhappy_until(facts: Facts, now: datetime) -> datetime | None:
    """When the last low answer stops counting; None when none counts now. Only the last answer of a kind does."""
    ends = (
        answer.at + ANSWER_COUNTS
        for kind, answer in facts.answers.items()
        if answer.score <= UNHAPPY_UP_TO.get(kind, -1)
    )
    return max((end for end in ends if end > now), default=None)


def calm_until(ended_at: datetime) -> datetime:
    """Until when marketing waits after the last cause of distress ended at `ended_at`."""
    return ended_at + CALM


def _has_unit(facts: Facts) -> bool:
    if facts.closed is not None or facts.erased is not None:
        return False
    return facts.standing_claim is not None or facts.life.contact is not None
