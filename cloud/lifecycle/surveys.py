"""When a customer is asked how it went, and about what. Pure.

Each survey has its moment: CES right after the installation, CSAT after a case, NPS after a good month. Nobody is asked
in distress, about the same thing twice, or again soon after an answer; and never about two things at once.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from broker.contract.stages import Role, Stage
from cloud.lifecycle.facts import Facts
from cloud.record.events import SurveyKind

USED_FOR: Final = timedelta(days=30)
"""How long a product has been in use, without trouble, before NPS is asked."""
ASKED_FOR: Final = {
    SurveyKind.CSAT: timedelta(days=14),
    SurveyKind.CES: timedelta(days=14),
    SurveyKind.NPS: timedelta(days=60),
}
"""How long a question waits for its answer. What nobody has answered by then is not asked any more."""
APART: Final = timedelta(days=7)
"""After an answer to any survey, nothing is asked for so long."""
_THEIRS: Final = frozenset({Role.OWNER, Role.HOUSEHOLD})
"""Who uses the product, and so can tell how that goes. Whoever had a case can tell how they were helped."""


class Ask(NamedTuple):
    """A survey that is due. about: when that happened which it asks about: one answer for each such moment."""

    kind: SurveyKind
    about: datetime


def due(
    facts: Facts, *, stage: Stage, role: Role, stage_since: datetime, in_distress: bool, now: datetime
) -> Ask | None:
    """The one survey that is due at `now`; the case comes before the installation, that before the month."""
    if in_distress or facts.has_open_case or stage is Stage.CLOSED or facts.erased is not None:
        return None
    if any(now < answer.at + APART for answer in facts.answers.values()):
        return None
    uses = stage is Stage.SUPPORT and role in _THEIRS
    asks = (*_after_case(facts), *(_of_use(facts, stage_since) if uses else ()))
    return next((ask for ask, begins in asks if begins <= now < begins + ASKED_FOR[ask.kind]), None)


def _after_case(facts: Facts) -> Iterator[tuple[Ask, datetime]]:
    closed_at = _last_closed(facts)
    if closed_at is not None and _is_new(facts, SurveyKind.CSAT, closed_at):
        yield Ask(SurveyKind.CSAT, closed_at), closed_at


def _of_use(facts: Facts, since: datetime) -> Iterator[tuple[Ask, datetime]]:
    """since: when the installation was done."""
    if _is_new(facts, SurveyKind.CES, since):
        yield Ask(SurveyKind.CES, since), since
    if _is_new(facts, SurveyKind.NPS, since):
        calm_since = max(since, _last_closed(facts) or since)
        yield Ask(SurveyKind.NPS, since), calm_since + USED_FOR


def _last_closed(facts: Facts) -> datetime | None:
    return max((case.at for case in facts.cases.values() if not case.is_open), default=None)


def _is_new(facts: Facts, kind: SurveyKind, about: datetime) -> bool:
    """Nobody has answered about this yet."""
    answer = facts.answers.get(kind)
    return answer is None or answer.at < about
