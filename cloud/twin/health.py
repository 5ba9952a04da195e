"""How a machine is, in one word and its reasons, from what it reports and its profile. Pure; total over any input."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from broker.contract.messages import Json, Supply
from cloud.registry.profiles import Profile, Severity
from mobile_menu.rules.situation import FirmwareState, Level, SupplyLevel

SAYS_HOW_IT_IS: Final = ("state", "reasons")
"""The fields from which the level follows."""
_SUFFIXES: Final = tuple((f"-{severity.value}", severity) for severity in Severity)
_GRAVITY: Final = {severity: place for place, severity in enumerate(Severity)}
_LISTS: Final = (list, tuple)
"""Both, as a class each: a union is made anew wherever it is written."""
_REMEMBERED_WORDS, _REMEMBERED_CHARS = 16, 512
"""What is longer is no usual status, and would fill the memory."""


class Problem(NamedTuple):
    """A state reason without its suffix, and how grave it is for the owner."""

    reason: str
    severity: Severity


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """problems: the gravest first, each reason once. state: the device's own word. Of a machine that is offline, all
    but `level` is what it last said.
    """

    level: Level = Level.UNKNOWN
    state: str = ""
    problems: tuple[Problem, ...] = ()
    supplies: tuple[SupplyLevel, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons alone, the gravest first."""
        return tuple(problem.reason for problem in self.problems)

    @property
    def has_error(self) -> bool:
        """It last said that something stops it; so it stays true while an offline machine is waited for."""
        return _stops(self.problems)


class _Read(NamedTuple):
    """What the reasons of a status mean. stripped: without severities, and without the words for nothing."""

    problems: tuple[Problem, ...]
    stripped: frozenset[str]


def split_reason(keyword: str, profile: Profile) -> tuple[str, Severity]:
    """A printer-state-reasons keyword as its reason and its severity (RFC 8011, 5.4.12).

    A keyword that is registered as a whole keeps an ending that only looks like a severity. Without a suffix, the
    profile says how grave the reason is.
    """
    if keyword not in profile.reasons.whole:
        for suffix, severity in _SUFFIXES:
            if keyword.endswith(suffix) and len(keyword) > len(suffix):
                return keyword.removesuffix(suffix), severity
    return keyword, _bare_severity(keyword, profile)


def stripped_reasons(reported: dict[str, Json], profile: Profile) -> frozenset[str]:
    """The reasons in a status, at whatever severity, without the words that say that there is none."""
    return _read(_keywords(reported), profile).stripped


def health(reported: dict[str, Json], online: bool | None, profile: Profile) -> Health:
    """How the machine is. reported: the whole reported state. online: None when it has never been heard of."""
    problems = _read(_keywords(reported), profile).problems
    state = reported.get("state")
    state = state if isinstance(state, str) else ""
    return Health(
        level=_level(state, problems, online, profile),
        state=state,
        problems=problems,
        supplies=_supplies(reported),
    )


def standing(reported: dict[str, Json], online: bool | None, profile: Profile) -> tuple[Level, bool]:
    """The level, and whether it has an error: what `health` says of both, without all else that it finds out."""
    problems = _read(_keywords(reported), profile).problems
    state = reported.get("state")
    level = _level(state if isinstance(state, str) else "", problems, online, profile)
    return level, _stops(problems)


def firmware_state(reasons: Iterable[str], profile: Profile) -> FirmwareState:
    """How the device's firmware is, by its reasons without severity. What goes on now counts before what went wrong."""
    said = frozenset(reasons)
    words = profile.firmware
    if said & words.installing:
        return "installing"
    if said & words.failed:
        return "failed"
    return "available" if said & words.available else "current"


def _stops(problems: tuple[Problem, ...]) -> bool:
    return bool(problems) and problems[0].severity is Severity.ERROR  # the gravest stands first


def _level(state: str, problems: tuple[Problem, ...], online: bool | None, profile: Profile) -> Level:
    if online is None:
        return Level.UNKNOWN
    if not online:
        return Level.OFFLINE
    said = profile.states.get(state, Level.OK)
    worst = problems[0].severity if problems else Severity.REPORT
    if worst is Severity.ERROR or said is Level.ERROR:
        return Level.ERROR
    return Level.ATTENTION if worst is Severity.WARNING else said


def _read(keywords: tuple[str, ...], profile: Profile) -> _Read:
    """Remembered when it is short, since a whole fleet says the same few things."""
    short = len(keywords) <= _REMEMBERED_WORDS and sum(map(len, keywords)) <= _REMEMBERED_CHARS
    return _read_again(keywords, profile) if short else _understood(keywords, profile)


def _understood(keywords: tuple[str, ...], profile: Profile) -> _Read:
    found: dict[str, Severity] = {}
    for keyword in keywords:
        reason, severity = split_reason(keyword, profile)
        if reason in profile.reasons.nothing:
            continue
        least = profile.reasons.at_least.get(reason, Severity.REPORT)
        found[reason] = min(severity, least, found.get(reason, Severity.REPORT), key=_GRAVITY.__getitem__)
    unnamed = len(profile.reasons.gravity)

    def gravity(problem: Problem) -> tuple[int, int, str]:
        return _GRAVITY[problem.severity], profile.gravity_of.get(problem.reason, unnamed), problem.reason

    problems = sorted((Problem(reason, severity) for reason, severity in found.items()), key=gravity)
    return _Read(tuple(problems), frozenset(found))


_read_again = lru_cache(maxsize=4_096)(_understood)


def _bare_severity(reason: str, profile: Profile) -> Severity:
    words = profile.reasons
    if reason in words.bare:
        return words.bare[reason]
    endings = [ending for ending in words.bare_by_ending if reason.endswith(ending)]
    return words.bare_by_ending[max(endings, key=len)] if endings else words.bare_default


def _keywords(reported: dict[str, Json]) -> tuple[str, ...]:
    reasons = reported.get("reasons")
    if not isinstance(reasons, _LISTS):
        return ()
    return tuple([reason for reason in reasons if isinstance(reason, str)])


def _supplies(reported: dict[str, Json]) -> tuple[SupplyLevel, ...]:
    supplies = reported.get("supplies")
    if not isinstance(supplies, list | tuple):
        return ()
    levels: list[SupplyLevel] = []
    for entry in supplies:
        try:
            supply = msgspec.convert(entry, type=Supply)
        except msgspec.ValidationError:
            continue
        levels.append(SupplyLevel(name=supply.name, level_percent=supply.level_percent, color=supply.color))
    return tuple(levels)
