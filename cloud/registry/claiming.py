"""How often one may try to show possession. Pure.

A code has 50 bits, so what must be bounded is how many guesses a day an attacker gets, by the one thing that costs
them something: addresses. Persons are free to make. And nothing that strangers do may keep the owner out:

    anybody     5 failures in 15 minutes and 20 a day for one person on one unit, 10 a day for one source on one unit,
                30 a day for one source on all units
    attacked    from 50 failures a day on, a unit takes 3 from each person and each source: who has none has three tries
    reserved    one try of each person at each unit, until it has failed, whatever their source did: strangers may share
                an address with the owner
    vouched     whom an order or a proof of place links to the unit is bound by the first line's first two limits alone

So k sources and p persons get at most `guesses_a_day(k, p)` at one unit. Persons are free but not without end: a source
gets `CLAIMS_A_DAY` calls through the gate of claims (`mobile_menu.limits`), whoever it says to be.
"""

import bisect
import math
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from mobile_menu.limits import CLAIMS

WINDOW: Final = timedelta(minutes=15)
DAY: Final = timedelta(days=1)
"""How long a failure counts, and is remembered."""
MAX_FAILURES: Final = 5
PERSON_A_DAY: Final = 20
PAIR_A_DAY: Final = 10
SOURCE_A_DAY: Final = 30
ATTACKED_FROM: Final = 50
TRIES_UNDER_ATTACK: Final = 3
CLAIMS_A_DAY: Final = CLAIMS.burst + CLAIMS.per_minute * 24 * 60
"""What the gate of claims lets through of one source in 24 hours."""
AT_MOST: Final = max(ATTACKED_FROM, SOURCE_A_DAY, PERSON_A_DAY, PAIR_A_DAY)
"""Counting further changes nothing."""


class Failures(NamedTuple):
    """Failed attempts that count now. person_now: this person's on this unit within `WINDOW`; all others within `DAY`:
    person, source: theirs on this unit; source_anywhere: this source's on all units; unit: everybody's on this unit.

    Of a source that is not known, as behind a socket without addresses, the counts are 0.
    """

    person_now: int = 0
    person: int = 0
    source: int = 0
    source_anywhere: int = 0
    unit: int = 0


def may_try(known: Failures, *, vouched: bool = False) -> bool:
    """Whether another attempt is looked at. vouched: an order, or a proof of place, links the person to the unit."""
    if known.person_now >= MAX_FAILURES or known.person >= PERSON_A_DAY:
        return False
    if vouched or known.person == 0:
        return True
    if known.source >= PAIR_A_DAY or known.source_anywhere >= SOURCE_A_DAY:
        return False
    return known.unit < ATTACKED_FROM or max(known.person, known.source) < TRIES_UNDER_ATTACK


class History(NamedTuple):
    """When the attempts failed that count now, named as in `Failures`. Of each the newest `AT_MOST` are enough."""

    person: tuple[datetime, ...] = ()
    source: tuple[datetime, ...] = ()
    source_anywhere: tuple[datetime, ...] = ()
    unit: tuple[datetime, ...] = ()

    def at(self, now: datetime) -> Failures:
        """What of it counts at that time."""
        return Failures(
            person_now=_later(self.person, now - WINDOW),
            person=_later(self.person, now - DAY),
            source=_later(self.source, now - DAY),
            source_anywhere=_later(self.source_anywhere, now - DAY),
            unit=_later(self.unit, now - DAY),
        )


def retry_after_s(history: History, now: datetime, *, vouched: bool = False) -> int:
    """Whole seconds, rounded up, until another attempt is looked at if nothing fails meanwhile; 0: it is now.

    A failure only ever ceases to count, and each that does brings nobody nearer to a refusal: so from one of those
    moments on every attempt is looked at, and before it none.
    """
    if may_try(history.at(now), vouched=vouched):
        return 0
    ends = {at + WINDOW for at in history.person} | {at + DAY for times in history for at in times}
    moments = sorted(end for end in ends if end > now)
    first = bisect.bisect_left(moments, True, key=lambda end: may_try(history.at(end), vouched=vouched))
    return math.ceil((moments[first] - now) / timedelta(seconds=1))


def _later(times: tuple[datetime, ...], than: datetime) -> int:
    return sum(at > than for at in times)


def guesses_a_day(sources: int, persons: int) -> int:
    """What an attacker with so many sources gets at one unit in any 24 hours, who says to be so many persons."""
    return min(
        min(PAIR_A_DAY * sources, ATTACKED_FROM + TRIES_UNDER_ATTACK * sources) + persons, CLAIMS_A_DAY * sources
    )
