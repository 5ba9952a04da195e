"""What stands still for too long: each stage's watches, when they are due, and what is new since the last look. Pure.

A scheduler asks again at `next_due` and no earlier, so that a sleeping journey costs nothing.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from broker.contract.stages import Stage
from cloud.lifecycle.facts import Facts
from cloud.lifecycle.parcels import late_from, standings
from cloud.lifecycle.rules import stage_of
from cloud.registry.profiles import Profile
from mobile_menu.rules.situation import Level


class StallKind(StrEnum):
    PARCEL_LATE = "parcel_late"
    INSTALL_STUCK = "install_stuck"
    FAULT_UNATTENDED = "fault_unattended"
    SILENT = "silent"


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What of the twin the engine must know. The default is that of a journey without a unit.

    error_since: when the error that has not been mended began; it stays while the machine is offline.
    last_seen: when it last said something, by the cloud's clock. That it counts as online is no sign of life: a power
    cut takes the broker with it, and the will that was to say so.
    """

    level: Level = Level.UNKNOWN
    error_since: datetime | None = None
    last_seen: datetime | None = None


class Stall(NamedTuple):
    """key: names the one instance, so that it is told once. since: when standing still became a stall."""

    kind: StallKind
    key: str
    since: datetime


class Stalls(msgspec.Struct, frozen=True, kw_only=True):
    """next_due: when another stall begins, if nothing moves until then; None: never."""

    active: tuple[Stall, ...] = ()
    next_due: datetime | None = None


class StallChanges(NamedTuple):
    """begun: to be told as `journey.stalled`; ended: kind and key, to be told as `journey.resumed`."""

    begun: tuple[Stall, ...]
    ended: tuple[tuple[str, str], ...]


class _View(NamedTuple):
    """What a watch may look at."""

    facts: Facts
    machine: Machine
    profile: Profile
    stage: Stage
    stage_since: datetime


Watch = Callable[[_View], Iterable[Stall]]


def stalls(facts: Facts, machine: Machine, profile: Profile, stage_since: datetime, now: datetime) -> Stalls:
    """The stalls that hold at `now`, oldest first, and when to look again. stage_since: of the present stage."""
    view = _View(facts, machine, profile, stage_of(facts, profile).stage, stage_since)
    foreseen = [stall for watch in WATCHES for stall in watch(view)]
    return Stalls(
        active=tuple(
            sorted((one for one in foreseen if one.since <= now), key=lambda one: (one.since, one.kind, one.key))
        ),
        next_due=min((one.since for one in foreseen if one.since > now), default=None),
    )


def changes(told: Iterable[tuple[str, str]], found: Stalls) -> StallChanges:
    """What has changed. told: kind and key of the stalls that were told and have not been resumed."""
    known = {(str(kind), key) for kind, key in told}
    active = {(stall.kind.value, stall.key) for stall in found.active}
    begun = tuple(stall for stall in found.active if (stall.kind.value, stall.key) not in known)
    return StallChanges(begun, tuple(sorted(known - active)))


def _parcel_late(view: _View) -> Iterable[Stall]:
    """Until it has arrived: the parcel says so, or the machine, which is the better witness. A parcel of an order that
    fell is not waited for.
    """
    orders = view.facts.orders.values()
    if view.stage not in (Stage.INTERESTED, Stage.ENGAGED, Stage.DELIVERY):
        return
    if orders and not any(order.stands for order in orders):
        return
    for parcel in standings(view.facts):
        since = late_from(parcel, view.profile.thresholds.parcel_late_grace)
        if since is not None:
            # A carrier that names a new day starts a new wait.
            yield Stall(StallKind.PARCEL_LATE, f"{parcel.tracking_code}@{_stamp(since)}", since)


def _install_stuck(view: _View) -> Iterable[Stall]:
    if view.stage is Stage.INSTALL:
        since = view.stage_since + view.profile.thresholds.install_stuck
        yield Stall(StallKind.INSTALL_STUCK, f"epoch-{view.facts.epoch}", since)


def _fault_unattended(view: _View) -> Iterable[Stall]:
    began = view.machine.error_since
    if began is not None and view.stage in (Stage.INSTALL, Stage.SUPPORT):
        yield Stall(StallKind.FAULT_UNATTENDED, _stamp(began), began + view.profile.thresholds.fault_unattended)


def _silent(view: _View) -> Iterable[Stall]:
    if view.stage is Stage.SUPPORT:
        heard = view.machine.last_seen or view.stage_since
        yield Stall(StallKind.SILENT, _stamp(heard), heard + view.profile.thresholds.silent)


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


WATCHES: Final[tuple[Watch, ...]] = (_parcel_late, _install_stuck, _fault_unattended, _silent)
"""All that can stall. Each says from when on it holds if nothing moves."""
