"""The names that a condition may use: what each is in the situation, its type, and its values where they are known.

This is the declaration that conditions are checked against when content is read, and that the reference page of the
language is made from. A name stands where it stands in the situation; what has no such place is named for itself.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, NamedTuple

from broker.contract.stages import Role, Stage
from mobile_menu.rules import derived
from mobile_menu.rules.derived import LINK_NAMES
from mobile_menu.rules.situation import Level, Onlooker, ParcelState, Situation, Zone


class Type(Enum):
    """What can be asked of a name; the value says it to people."""

    WORD = "a word"
    """One of several: `==`, `!=`, `in`."""
    TEXT = "a text"
    """Somebody else's word, so that any can be asked for: `==`, `!=`, `in`."""
    WORDS = "a list of words"
    """Any number of them: `"x" in name`, `sets.intersects`."""
    FLAG = "true or false"
    """Stands by itself, or behind `!`."""
    NUMBER = "a number"
    """Compared; may not be known, which `has(…)` asks."""
    TIME = "a time"
    """Compared with `timestamp("…")`; may not be known, which `has(…)` asks."""
    FIGURES = "figures by name"
    """`"x" in name`, and `name["x"]`, which is a number."""
    THING = "something that is there or not"
    """`has(…)` alone."""


class Name(NamedTuple):
    """told_as: how reasons (`because`) call it. values: all that a word may be; empty when they are not known here.

    least, most: bounds of a number. whole: it has no fraction.
    """

    path: str
    type: Type
    told_as: str
    what: str
    read: Callable[[Situation], Any]
    values: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    whole: bool = False


def _words(of: type[Enum]) -> tuple[str, ...]:
    return tuple(str(one.value) for one in of)


STALLS: Final = ("parcel_late", "install_stuck", "fault_unattended", "silent")
SURVEYS: Final = ("nps", "csat", "ces")
FIRMWARE: Final = ("current", "available", "installing", "failed")
ENDS: Final = ("returned", "transferred", "retired", "lapsed", "ended")

_DECLARED: Final = (
    Name("stage", Type.WORD, "stage", "where the journey is", lambda s: s.stage, _words(Stage)),
    Name("device.level", Type.WORD, "level", "how the device is", lambda s: s.device.level, _words(Level)),
    Name("place.zone", Type.WORD, "proximity", "where the phone is", lambda s: s.place.zone, _words(Zone)),
    Name("parcel.state", Type.WORD, "parcel", "how the parcel is", lambda s: s.parcel.state, _words(ParcelState)),
    Name("role", Type.WORD, "role", "what the person is to the unit", lambda s: s.role, _words(Role)),
    Name(
        "onlooker",
        Type.WORD,
        "onlooker",
        "whether it is somebody else's unit, and they stand at it",
        lambda s: s.onlooker,
        _words(Onlooker),
    ),
    Name(
        "device.firmware_state",
        Type.WORD,
        "firmware",
        "how new its firmware is",
        lambda s: s.device.firmware_state,
        FIRMWARE,
    ),
    Name("closed_reason", Type.WORD, "closed_reason", "why the journey ended", lambda s: s.closed_reason, ENDS),
    Name(
        "next_step",
        Type.WORD,
        "next_step",
        "the installation's first open step, by the machine's profile",
        derived.next_step,
    ),
    Name("model_name", Type.TEXT, "model", "the model's name, as it is registered", lambda s: s.model_name),
    Name("brand", Type.TEXT, "brand", "the model's brand, as it is registered", lambda s: s.brand),
    Name("device.demo_unit", Type.FLAG, "demo_unit", "it stands in a shop to try", lambda s: s.device.demo_unit),
    Name("place.proven", Type.FLAG, "proven", "the phone has proven that it is there", lambda s: s.place.proven),
    Name(
        "relation.coupon_valid",
        Type.FLAG,
        "has_coupon",
        "there is a coupon, and nobody has used it",
        derived.coupon_is_valid,
    ),
    Name("relation.coupon_used", Type.FLAG, "coupon_used", "the till has taken the coupon", derived.coupon_is_used),
    Name(
        "relation.case",
        Type.THING,
        "has_case",
        "an open case with an expert",
        lambda s: s.relation.case,
    ),
    Name("place.shop", Type.THING, "has_shop", "the shop that the phone is in", lambda s: s.place.shop),
    Name(
        "parcel.promised_at",
        Type.TIME,
        "has_promise",
        "when the parcel is promised for",
        lambda s: s.parcel.promised_at,
    ),
    Name("steps", Type.THING, "has_steps", "the installation's checklist", lambda s: s.steps),
    Name(
        "relation.unread",
        Type.FLAG,
        "unread",
        "an expert has answered, and it was not read yet",
        lambda s: s.relation.case is not None and s.relation.case.unread > 0,
    ),
    Name(
        "device.days_left",
        Type.NUMBER,
        "days_left",
        "days until the first supply is used up",
        lambda s: s.device.days_left,
        least=0,
    ),
    Name(
        "device.lowest_supply_percent",
        Type.NUMBER,
        "lowest_supply",
        "the lowest level that a supply tells, 0 to 100",
        derived.lowest_supply_percent,
        least=0,
        most=100,
        whole=True,
    ),
    Name("device.since", Type.TIME, "since", "when the device's level began", lambda s: s.device.since),
    Name("device.reason_told", Type.FLAG, "reason_told", "it tells a reason but `none`", derived.reason_told),
    Name("device.supplies", Type.THING, "supplies", "the supplies that it tells", lambda s: s.device.supplies),
    Name(
        "in_distress", Type.FLAG, "in_distress", "nothing is offered now, because of some trouble", derived.in_distress
    ),
    Name(
        "relation.return_requested",
        Type.FLAG,
        "return_requested",
        "they have asked to return it",
        lambda s: s.relation.return_requested,
    ),
    Name(
        "device.reasons",
        Type.WORDS,
        "reason",
        "its state reasons without severity, by the profile's reasons.csv",
        lambda s: s.device.reasons,
    ),
    Name(
        "device.last_reasons",
        Type.WORDS,
        "last_reason",
        "what it said last before it went offline",
        lambda s: s.device.last_reasons,
    ),
    Name("relation.stalls", Type.WORDS, "stall", "what takes too long", lambda s: s.relation.stalls, STALLS),
    Name(
        "relation.surveys_due",
        Type.WORDS,
        "survey",
        "what may be asked now",
        lambda s: s.relation.surveys_due,
        SURVEYS,
    ),
    Name("device.usage", Type.FIGURES, "usage", "figures of its use", lambda s: s.device.usage),
    Name(
        "device.commands",
        Type.WORDS,
        "command",
        "commands that run on the device, or have ended just now",
        lambda s: [one.name for one in s.device.commands],
    ),
    Name("relation.consent", Type.WORDS, "consent", "what they have allowed", lambda s: s.relation.consent),
    Name(
        "links",
        Type.WORDS,
        "link",
        "the links that lead somewhere",
        lambda s: [name for name in LINK_NAMES if derived.link_target(s, name)],
        LINK_NAMES,
    ),
)

NAMES: Final = {one.path: one for one in _DECLARED}
"""By path."""
