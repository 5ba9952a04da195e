"""Whether any situation can be as a condition asks: decided, and not guessed.

A condition becomes demands on slots, each a part of the situation that can be chosen freely: a word, the members of a
list, whether a thing is there, a number within bounds. What follows from others (`in_distress`, `links`) is written out
as what it follows from. The search takes every way through the "or"s (a tableau, with the demands of each way kept
together), so that a way without contradiction is a situation, and no such way is a proof that there is none.
"""

from collections.abc import Iterator, Mapping
from math import ceil, floor, inf
from typing import Final, NamedTuple, assert_never

import msgspec

from broker.contract.stages import Stage
from mobile_menu.rules.names import NAMES, Type
from mobile_menu.rules.situation import Level, ParcelState
from mobile_menu.rules.tree import (
    Both,
    Compare,
    Condition,
    Either,
    Flag,
    Has,
    Is,
    Meets,
    Not,
    Operator,
    atoms,
    both,
    either,
)

MAX_STEPS: Final = 2000
"""Of one search. Content's conditions take a handful."""
SOMETHING_ELSE: Final = "something-else"
"""A reason that no condition names."""

CASE, COUPON, DISTRESS, NEXT, UNIT, UNREAD = "relation.case", "~coupon", "~distress", "~next", "~unit", "~unread"
"""Slots; those with a tilde are no names of the language."""


class Demand(msgspec.Struct, frozen=True):
    """What a slot must be: a value that can be held against another demand on the same slot."""


class OneOf(Demand, frozen=True):
    """A word: one of `allowed` (None: any), and none of `excluded`."""

    allowed: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()

    def meet(self, other: "OneOf") -> "OneOf | None":
        excluded = self.excluded | other.excluded
        if self.allowed is None and other.allowed is None:
            return OneOf(None, excluded)
        first = self.allowed if self.allowed is not None else other.allowed
        second = other.allowed if other.allowed is not None else self.allowed
        allowed = ((first or frozenset()) & (second or frozenset())) - excluded
        return OneOf(allowed) if allowed else None


class Members(Demand, frozen=True):
    """A list of words: with all of `required`, and none of `forbidden`."""

    required: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()

    def meet(self, other: "Members") -> "Members | None":
        required, forbidden = self.required | other.required, self.forbidden | other.forbidden
        return None if required & forbidden else Members(required, forbidden)


class Truth(Demand, frozen=True):
    value: bool

    def meet(self, other: "Truth") -> "Truth | None":
        return self if self.value == other.value else None


class Between(Demand, frozen=True):
    """A number, or, when it is not known, none. open: the bound itself is out."""

    known: bool = True
    low: float = -inf
    low_open: bool = False
    high: float = inf
    high_open: bool = False
    whole: bool = False

    def meet(self, other: "Between") -> "Between | None":
        if self.known != other.known:
            return None
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        high, in_ = min((self.high, not self.high_open), (other.high, not other.high_open))
        found = Between(self.known, low, low_open, high, not in_, self.whole or other.whole)
        return found if not found.known or found.example() is not None else None

    def example(self) -> float | None:
        """A number within the bounds, a round one if there is; None when there is none."""
        if self.low == -inf and self.high == inf:
            return 1.0
        for one in self._candidates():
            if self._holds(one):
                return one
        return None

    def _candidates(self) -> Iterator[float]:
        if self.low > -inf:
            yield from (float(floor(self.low)) + 1, float(ceil(self.low)))
        if self.high < inf:
            yield from (float(ceil(self.high)) - 1, float(floor(self.high)))
        if not self.whole:
            yield from (self.low / 2 + self.high / 2, self.low, self.high)

    def _holds(self, value: float) -> bool:
        above = value > self.low or (value == self.low and not self.low_open)
        below = value < self.high or (value == self.high and not self.high_open)
        return above and below


AnyDemand = OneOf | Members | Truth | Between


class Lit(NamedTuple):
    """One demand on one slot."""

    slot: str
    demand: AnyDemand


class And(NamedTuple):
    parts: tuple["Formula", ...]


class Or(NamedTuple):
    parts: tuple["Formula", ...]


Formula = Lit | And | Or
Solution = Mapping[str, AnyDemand]
"""Slots and what they must be; any other slot may be anything."""


class TooEntangledError(Exception):
    """The search was given up: nothing is known. Never leaves `rules`."""


def formula(condition: Condition) -> Formula:
    """What a condition demands."""
    named = {value for atom in atoms(condition) if isinstance(atom, Meets) for value in atom.values}
    return _demands(condition, True, frozenset(named - {"none"}) | {SOMETHING_ELSE})


def solutions(wanted: Formula) -> Iterator[Solution]:
    """Ways to meet the demands; none when there is no way. Raises TooEntangledError."""
    stack: list[tuple[dict[str, AnyDemand], tuple[Formula, ...]]] = [({}, (wanted,))]
    for _ in range(MAX_STEPS):
        if not stack:
            return
        store, left = stack.pop()
        settled = _settled(store, left)
        if settled is None:
            continue
        store, choices = settled
        if not choices:
            yield store
            continue
        first = min(choices, key=lambda one: len(one.parts))
        rest = tuple(one for one in choices if one is not first)
        stack.extend((dict(store), (part, *rest)) for part in reversed(first.parts))
    raise TooEntangledError


def _settled(store: dict[str, AnyDemand], left: tuple[Formula, ...]) -> tuple[dict[str, AnyDemand], list[Or]] | None:
    """The store with all that is certain, and the choices that are open; None when they contradict each other."""
    pending, choices = list(left), list[Or]()
    while pending:
        one = pending.pop()
        match one:
            case Lit(slot, demand):
                met = _met(store, slot, demand)
                if met is None:
                    return None
                if met != store.get(slot):
                    store[slot] = met
                    # What was open may be certain now.
                    pending += choices
                    choices.clear()
            case And(parts):
                pending += parts
            case Or(parts):
                possible = tuple(part for part in parts if not isinstance(part, Lit) or _met(store, *part) is not None)
                if any(isinstance(part, Lit) and _met(store, *part) == store.get(part.slot) for part in possible):
                    continue
                if not possible:
                    return None
                if len(possible) == 1:
                    pending.append(possible[0])
                else:
                    choices.append(Or(possible))
    return store, choices


def _met(store: Solution, slot: str, demand: AnyDemand) -> AnyDemand | None:  # noqa: PLR0911 - one for each kind
    held = store.get(slot)
    match held, demand:
        case None, OneOf():
            return _WORDS.get(slot, OneOf()).meet(demand)
        case None, Between(known=True):
            return _bounds(slot).meet(demand)
        case None, _:
            return demand
        case OneOf(), OneOf():
            return held.meet(demand)
        case Members(), Members():
            return held.meet(demand)
        case Truth(), Truth():
            return held.meet(demand)
        case Between(), Between():
            return held.meet(demand)
        case _:
            raise AssertionError(slot)


_WORDS: Final = {
    **{one.path: OneOf(frozenset(one.values)) for one in NAMES.values() if one.type is Type.WORD and one.values},
    "closed_reason": OneOf(frozenset({*NAMES["closed_reason"].values, ""})),
    COUPON: OneOf(frozenset({"none", "valid", "used"})),
}


def _bounds(slot: str) -> Between:
    name = NAMES.get(slot)
    if name is None:
        return Between()
    low = -inf if name.least is None else name.least
    return Between(low=low, high=inf if name.most is None else name.most, whole=name.whole)


def _demands(  # noqa: C901, PLR0911 - one for each kind of part
    condition: Condition, wanted: bool, told: frozenset[str]
) -> Formula:
    """told: the reasons that count as told."""
    match condition:
        case Not(part):
            return _demands(part, not wanted, told)
        case Both(parts):
            return _join(wanted, [_demands(part, wanted, told) for part in parts])
        case Either(parts):
            return _join(not wanted, [_demands(part, wanted, told) for part in parts])
        case Is("next_step", values):
            return _join(wanted, [Lit("steps", Truth(wanted)), _word(NEXT, values, wanted)])
        case Is(name, values):
            return _word(name, values, wanted)
        case Meets(name, values):
            return _join(not wanted, [_member(name, value, wanted) for value in values])
        case Flag(name):
            return _flag(name, wanted, told)
        case Has(name) if NAMES[name].type is Type.THING:
            return Lit(name, Truth(wanted))
        case Has(name):
            return _known(name, wanted)
        case Compare():
            return _compared(condition, wanted)
        case _:
            assert_never(condition)


def _join(all_of_them: bool, parts: list[Formula]) -> Formula:
    return And(tuple(parts)) if all_of_them else Or(tuple(parts))


def _word(slot: str, values: tuple[str, ...], wanted: bool) -> Formula:
    words = frozenset(values)
    return Lit(slot, OneOf(words) if wanted else OneOf(None, words))


def _member(name: str, value: str, wanted: bool) -> Formula:
    if name == "device.usage":
        return Lit(f"{name}[{value}]", Between(known=wanted))
    match name, value:
        case "links", "claim":
            return _join(wanted, [Lit(UNIT, Truth(wanted)), Lit("device.demo_unit", Truth(not wanted))])
        case "links", "shop_page":
            return _join(wanted, [Lit("place.shop", Truth(wanted)), _contains(name, value, wanted)])
        case _:
            return _contains(name, value, wanted)


def _contains(name: str, value: str, wanted: bool) -> Lit:
    one = frozenset({value})
    return Lit(name, Members(one) if wanted else Members(frozenset(), one))


_TROUBLE: Final = either(
    Has(CASE),
    both(Is("stage", (Stage.DELIVERY,)), Is("parcel.state", (ParcelState.LATE, ParcelState.FAILED))),
    both(Is("stage", (Stage.SUPPORT,)), Is("device.level", (Level.ERROR,))),
)
"""What is distress beside the record's own word."""


def _flag(name: str, wanted: bool, told: frozenset[str]) -> Formula:
    match name:
        case "in_distress":
            return _join(not wanted, [Lit(DISTRESS, Truth(wanted)), _demands(_TROUBLE, wanted, told)])
        case "relation.unread":
            return _join(wanted, [Lit(CASE, Truth(wanted)), Lit(UNREAD, Truth(wanted))])
        case "device.reason_told":
            return _demands(Meets("device.reasons", tuple(sorted(told))), wanted, told)
        case "relation.coupon_valid" | "relation.coupon_used":
            return _word(COUPON, (name.rpartition("_")[2],), wanted)
        case _:
            return Lit(name, Truth(wanted))


def _known(name: str, wanted: bool) -> Formula:
    known = Lit(name, Between(known=wanted))
    if name == "device.lowest_supply_percent" and wanted:
        return And((Lit("device.supplies", Truth(True)), known))
    return known


def _compared(condition: Compare, wanted: bool) -> Formula:
    """A comparison holds only of what is known, and so its opposite also where it is not known."""
    slot = f"{condition.name}[{condition.key}]" if condition.key else condition.name
    sign, bound = condition.operator, condition.bound
    if wanted:
        return And((_known_figure(condition), *(Lit(slot, one) for one in _within(sign, bound))))
    opposite: dict[Operator, tuple[Operator, ...]] = {
        "==": ("<", ">"),
        "<": (">=",),
        "<=": (">",),
        ">": ("<=",),
        ">=": ("<",),
    }
    others = (
        And((_known_figure(condition), *(Lit(slot, one) for one in _within(each, bound)))) for each in opposite[sign]
    )
    return Or((Lit(slot, Between(known=False)), *others))


def _known_figure(condition: Compare) -> Formula:
    return And(()) if condition.key else _known(condition.name, True)


def _within(operator: Operator, bound: float) -> tuple[Between, ...]:
    match operator:
        case "==":
            return (Between(low=bound, high=bound),)
        case "<" | "<=":
            return (Between(high=bound, high_open=operator == "<"),)
        case ">" | ">=":
            return (Between(low=bound, low_open=operator == ">"),)
        case _:
            assert_never(operator)
