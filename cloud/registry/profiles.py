"""The product profile: what makes a kind of product, as data. No profile, no code, knows another.

A profile says which words the device uses for its state, how grave its state reasons are, what its installation
consists of and who can witness each step, and after which times silence means trouble. It is a TOML file beside the
menu content, `mobile_menu/content/{name}/machine/profile.toml`, and is refused as a whole when a field is unknown or
missing.
"""

import re
from datetime import timedelta
from enum import StrEnum
from functools import cache, cached_property
from importlib import resources
from typing import Annotated, ClassVar, Final, Literal

import msgspec

from broker.contract.errors import ThroughlineError
from broker.contract.messages import Json, Name
from mobile_menu.rules.situation import Level

_FILE: Final = ("machine", "profile.toml")
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")


class ProfileUnknownError(ThroughlineError):
    """There is no profile of this name."""

    code: ClassVar[str] = "profile_unknown"


class ProfileInvalidError(ThroughlineError):
    """The profile's file is not what a profile must be."""

    code: ClassVar[str] = "profile_invalid"


class Severity(StrEnum):
    """How grave a state reason is (RFC 8011, 5.4.12). The order of the members is the order of gravity."""

    ERROR = "error"
    WARNING = "warning"
    REPORT = "report"


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Data from a file: a name that is not known is a mistake, and is said."""


class StatusCondition(_Strict, frozen=True, kw_only=True):
    """What a status must show, alone, to witness a step. Every clause that is given must hold.

    reasons_without: the status names its reasons, and none of these is among them, at whatever severity.
    supplies_above_percent: none of the supplies that the status names is at or below this; unknown levels pass.
    supplies_except: kinds of supply that this does not judge, such as a waste box, which is best empty.
    state_in: the status names its state, and it is one of these.
    """

    reasons_without: tuple[str, ...] | None = None
    supplies_above_percent: int | None = None
    supplies_except: tuple[str, ...] = ()
    state_in: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.reasons_without is None and self.state_in is None:
            msg = "a status condition needs `reasons_without` or `state_in`: silence witnesses nothing"
            raise ValueError(msg)


class Sign(_Strict, frozen=True, kw_only=True):
    """One thing that a device can say and that shows a step done: its birth, an event's name, or a status."""

    birth: bool = False
    event: str = ""
    status: StatusCondition | None = None

    def __post_init__(self) -> None:
        if [self.birth, bool(self.event), self.status is not None].count(True) != 1:
            msg = "a sign is exactly one of `birth`, `event` and `status`"
            raise ValueError(msg)


class InstallStep(_Strict, frozen=True, kw_only=True):
    """witness: whose word is enough. A device's step is not taken on the customer's word; an expert's always counts.

    witnessed_by: the device shows the step done by any one of these. A customer's step may have them too.
    """

    id: Name
    witness: Literal["device", "customer"]
    required: bool = True
    witnessed_by: tuple[Sign, ...] = ()

    def __post_init__(self) -> None:
        if self.witness == "device" and not self.witnessed_by:
            msg = f"step {self.id}: `witnessed_by` must say how the device witnesses it"
            raise ValueError(msg)


_Positive = Annotated[int, msgspec.Meta(ge=1)]


class Thresholds(_Strict, frozen=True, kw_only=True):
    """When standing still becomes a stall."""

    parcel_late_grace_h: Annotated[int, msgspec.Meta(ge=0)]
    install_stuck_h: _Positive
    fault_unattended_min: _Positive
    silent_h: _Positive

    @property
    def parcel_late_grace(self) -> timedelta:
        return timedelta(hours=self.parcel_late_grace_h)

    @property
    def install_stuck(self) -> timedelta:
        return timedelta(hours=self.install_stuck_h)

    @property
    def fault_unattended(self) -> timedelta:
        return timedelta(minutes=self.fault_unattended_min)

    @property
    def silent(self) -> timedelta:
        return timedelta(hours=self.silent_h)


class Reasons(_Strict, frozen=True, kw_only=True):
    """How the words of `reasons` are read.

    bare, bare_by_ending: the severity of a reason without a suffix, where it is not `bare_default`: first by the whole
    word, then by the longest ending that fits.
    at_least: the least severity of a reason, even if the device says less.
    whole: reasons whose own last word looks like a severity, and is not one.
    nothing: words that say that there is no reason.
    gravity: the gravest first, within one severity; those not named come after these.
    """

    bare_default: Severity = Severity.ERROR
    bare: dict[str, Severity] = {}
    bare_by_ending: dict[str, Severity] = {}
    at_least: dict[str, Severity] = {}
    whole: frozenset[str] = frozenset()
    nothing: frozenset[str] = frozenset()
    gravity: tuple[str, ...] = ()


class Firmware(_Strict, frozen=True, kw_only=True):
    """The reasons, without severity, by which a device tells of its next firmware; with none of them it is current."""

    available: frozenset[str] = frozenset()
    installing: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()


class Profile(_Strict, frozen=True, kw_only=True, dict=True, eq=False):
    """states: the device's words for its state, and what each means to its owner. steps: the installation in order.
    usage: the figures of a status that count its use, such as pages or cups, and that texts may quote.
    commands: those that menu content may offer.

    A profile is itself and no other, so that what is understood by it can be remembered.
    """

    name: Name
    states: dict[str, Level]
    steps: tuple[InstallStep, ...]
    thresholds: Thresholds
    reasons: Reasons = Reasons()
    firmware: Firmware = Firmware()
    usage: tuple[Name, ...] = ()
    commands: tuple[Name, ...] = ()

    def __post_init__(self) -> None:
        ids = [step.id for step in self.steps]
        if len(set(ids)) != len(ids):
            msg = "two steps have the same id"
            raise ValueError(msg)
        if not any(step.required for step in self.steps):
            msg = "at least one step must be required: without one, everybody would be in support from the start"
            raise ValueError(msg)
        if not set(self.states.values()) <= {Level.OK, Level.BUSY, Level.ATTENTION, Level.ERROR}:
            msg = "a state means ok, busy, attention or error; the other levels are not the device's to say"
            raise ValueError(msg)

    @cached_property
    def step_by_id(self) -> dict[str, InstallStep]:
        return {step.id: step for step in self.steps}

    @cached_property
    def required_steps(self) -> tuple[InstallStep, ...]:
        return tuple(step for step in self.steps if step.required)

    @cached_property
    def steps_by_status(self) -> tuple[InstallStep, ...]:
        """The steps that a status alone can witness."""
        return tuple(step for step in self.steps if any(sign.status is not None for sign in step.witnessed_by))

    @cached_property
    def gravity_of(self) -> dict[str, int]:
        return {reason: place for place, reason in enumerate(self.reasons.gravity)}


def parse_profile(text: str) -> Profile:
    """The profile in a TOML text. Raises ProfileInvalidError, which says what is wrong and where."""
    try:
        return msgspec.toml.decode(text, type=Profile)
    except msgspec.DecodeError as error:
        raise ProfileInvalidError(str(error)) from error


@cache
def load_profile(name: str) -> Profile:
    """The profile of this name, read once per process. Raises ProfileUnknownError, ProfileInvalidError."""
    if _NAME.fullmatch(name) is None:
        raise ProfileUnknownError(name=name)
    file = resources.files("mobile_menu").joinpath("content", name, *_FILE)
    if not file.is_file():
        raise ProfileUnknownError(name=name)
    profile = parse_profile(file.read_text(encoding="utf-8"))
    if profile.name != name:
        msg = f"the folder is {name}, the profile calls itself {profile.name}"
        raise ProfileInvalidError(msg)
    return profile


def profile_names() -> tuple[str, ...]:
    """The names of all profiles that are shipped, in order."""
    content = resources.files("mobile_menu").joinpath("content")
    if not content.is_dir():
        return ()
    return tuple(sorted(kind.name for kind in content.iterdir() if kind.joinpath(*_FILE).is_file()))


def shown_by_status(condition: StatusCondition, reported: dict[str, Json], reasons: frozenset[str]) -> bool:
    """`reported`, one status alone, fulfils the condition. reasons: those of `reported`, without their severity."""
    if condition.reasons_without is not None and (
        not isinstance(reported.get("reasons"), list | tuple) or not reasons.isdisjoint(condition.reasons_without)
    ):
        return False
    if condition.state_in is not None and reported.get("state") not in condition.state_in:
        return False
    return not _runs_short(condition, reported.get("supplies"))


def _runs_short(condition: StatusCondition, supplies: Json) -> bool:
    floor = condition.supplies_above_percent
    if floor is None or not isinstance(supplies, list | tuple):
        return False
    levels = [
        supply.get("level_percent", -1)
        for supply in supplies
        if isinstance(supply, dict) and supply.get("kind", "toner") not in condition.supplies_except
    ]
    return any(isinstance(level, int) and 0 <= level <= floor for level in levels)
