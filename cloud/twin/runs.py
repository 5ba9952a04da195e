"""What many events in a row make of a twin: the same as one after the other, and what they share is done once. Pure.

A device that says much says nearly the same again and again. So of a run of statuses a field is looked at where a
status names it, the level where state, reasons or presence are others than before, and supplies where they changed.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

import msgspec

from broker.contract.messages import Json
from broker.contract.presence import PresenceKey
from cloud.record.events import Event, EventType
from cloud.registry.profiles import Profile
from cloud.twin.health import SAYS_HOW_IT_IS, standing
from cloud.twin.rules import Field, Twin, apply, believed, usage_of


def apply_all(twin: Twin, events: Iterable[Event], profile: Profile, known_at: datetime) -> Twin:
    """The twin after these events of one unit. The same twin, when nothing in it changes."""
    for are_statuses, run in groupby(events, _is_status):
        if are_statuses:
            twin = _after_statuses(twin, run, profile, known_at)
        else:
            for event in run:
                twin = apply(twin, event, profile, known_at)
    return twin


def _is_status(event: Event) -> bool:
    return event.type == EventType.DEVICE_STATUS and event.source == "device"


class _Run:
    """The parts of a twin that statuses change, while they do."""

    def __init__(self, twin: Twin) -> None:
        self.reported = dict(twin.reported)
        self.presence = twin.presence
        self.epoch = twin.epoch
        self.version = twin.version
        self.usage = twin.usage
        self.level, self.level_since, self.error_since = twin.level, twin.level_since, twin.error_since
        self.levels: tuple[Json, ...] | None = None
        """What the level follows from, as it was when that was last looked at; None: not yet."""
        self.counted = False
        """The usage is that of the supplies as they stand."""


def _after_statuses(twin: Twin, statuses: Iterable[Event], profile: Profile, known_at: datetime) -> Twin:
    run = _Run(twin)
    for event in statuses:
        _take(run, event, profile, known_at)
    if run.version == twin.version:
        return twin
    return msgspec.structs.replace(
        twin,
        version=run.version,
        reported=run.reported,
        epoch=run.epoch,
        presence=run.presence,
        usage=run.usage,
        level=run.level,
        level_since=run.level_since,
        error_since=run.error_since,
    )


def _take(run: _Run, event: Event, profile: Profile, known_at: datetime) -> None:
    data = event.data
    changed = False
    spoke = PresenceKey(data["boot"], 0, offline=False)
    if spoke > run.presence:
        run.presence, changed = spoke, True
    epoch = int(data.get("epoch", 0))
    if epoch > run.epoch:
        run.epoch, changed = epoch, True
    supplies = run.reported.get("supplies")
    if _merge(run.reported, data["reported"], data["boot"], data["seq"]):
        changed = True
        _count(run, supplies, believed(event.at, known_at))
    if changed:
        run.version += 1
        _level(run, profile, known_at)


def _merge(known: dict[str, Field], heard: dict[str, Json], boot: int, seq: int) -> bool:
    """`merge_reported` in its place; whether any field was newer."""
    newer = False
    for name, value in heard.items():
        there = known.get(name)
        if there is None or boot > there[1] or (boot == there[1] and seq > there[2]):
            known[name] = (value, boot, seq)
            newer = True
    return newer


def _count(run: _Run, before: Field | None, at: datetime) -> None:
    """Where each supply stood at its last refill: to say the same supplies again changes nothing."""
    was, now = None if before is None else before[0], run.reported.get("supplies")
    supplies = None if now is None else now[0]
    if run.counted and supplies == was:
        return
    run.usage = usage_of(run.usage, was, supplies, at)
    run.counted = True


def _level(run: _Run, profile: Profile, known_at: datetime) -> None:
    state, reasons = (None if (field := run.reported.get(name)) is None else field[0] for name in SAYS_HOW_IT_IS)
    online = None if run.presence.boot < 0 else run.presence.online
    if run.levels == (state, reasons, online):
        return
    run.levels = (state, reasons, online)
    level, has_error = standing(dict(zip(SAYS_HOW_IT_IS, (state, reasons), strict=True)), online, profile)
    if level != run.level:
        run.level, run.level_since = level.value, known_at
    run.error_since = (run.error_since or known_at) if has_error else None
