"""A condition as a tree, and how it is written: the form that everything but the parser works on.

Trees are made by `both`, `either` and `negation`, which keep them in one shape, so that a condition that is written out
and read again is the same tree.
"""

import re
from datetime import UTC, datetime
from typing import Final, Literal, assert_never

import msgspec

from mobile_menu.rules.names import NAMES, Type

_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC).timestamp()
_LAST: Final = datetime(9999, 12, 31, tzinfo=UTC).timestamp()

Operator = Literal["==", "<", "<=", ">", ">="]


class Node(msgspec.Struct, frozen=True):
    """What all parts have in common: they are values."""


class Is(Node, frozen=True):
    """The word is one of these."""

    name: str
    values: tuple[str, ...]


class Meets(Node, frozen=True):
    """One of these is among the words, or among the names of the figures."""

    name: str
    values: tuple[str, ...]


class Flag(Node, frozen=True):
    """It is true."""

    name: str


class Has(Node, frozen=True):
    """It is there, or known."""

    name: str


class Compare(Node, frozen=True):
    """It is known, and so to the bound. key: of a figure. bound: for a time, seconds since 1970 (UTC)."""

    name: str
    operator: Operator
    bound: float
    key: str = ""


class Not(Node, frozen=True):
    part: "Condition"


class Both(Node, frozen=True):
    """All of them hold; without any, always."""

    parts: tuple["Condition", ...]


class Either(Node, frozen=True):
    parts: tuple["Condition", ...]


Atom = Is | Meets | Flag | Has | Compare
Condition = Atom | Not | Both | Either

ALWAYS = Both(())


def both(*parts: Condition) -> Condition:
    """All of the parts, as one condition."""
    flat = tuple(inner for part in parts for inner in (part.parts if isinstance(part, Both) else (part,)))
    return flat[0] if len(flat) == 1 else Both(flat)


def either(*parts: Condition) -> Condition:
    """Any of the parts, as one condition."""
    flat = tuple(inner for part in parts for inner in (part.parts if isinstance(part, Either) else (part,)))
    return flat[0] if len(flat) == 1 else Either(flat)


def negation(part: Condition) -> Condition:
    """The opposite; of an opposite, the thing itself."""
    return part.part if isinstance(part, Not) else Not(part)


def written(condition: Condition) -> str:  # noqa: C901, PLR0911 - one form for each kind of part
    """The condition as content writes it, in its plainest form; empty for `ALWAYS`."""
    match condition:
        case Both():
            return " && ".join(
                f"({written(one)})" if isinstance(one, Either) else written(one) for one in condition.parts
            )
        case Either():
            return " || ".join(written(one) for one in condition.parts)
        case Not(part):
            return _opposite(part)
        case Is(name, (value,)):
            return f"{name} == {_quoted(value)}"
        case Is(name, values):
            return f"{name} in {_list(values)}"
        case Meets(name, (value,)):
            return f"{_quoted(value)} in {name}"
        case Meets(name, values):
            return f"sets.intersects({name}, {_list(values)})"
        case Flag(name):
            return name
        case Has(name):
            return f"has({name})"
        case Compare():
            return f"{subject(condition)} {condition.operator} {bound_of(condition)}"
        case _:
            assert_never(condition)


def _opposite(part: Condition) -> str:
    match part:
        case Is(name, (value,)):
            return f"{name} != {_quoted(value)}"
        case Compare(_, "=="):
            return f"{subject(part)} != {bound_of(part)}"
        case Flag() | Has() | Meets(_, (_, _, *_)):
            return f"!{written(part)}"
        case _:
            return f"!({written(part)})"


def subject(condition: Compare) -> str:
    """What is compared, as content writes it."""
    return f'{condition.name}["{condition.key}"]' if condition.key else condition.name


def bound_of(condition: Compare) -> str:
    """The bound as it is written."""
    if NAMES[condition.name].type is Type.TIME:
        return f'timestamp("{shown_time(condition.bound)}")'
    return number(condition.bound)


def shown_time(seconds: float) -> str:
    """A time as content writes it: RFC 3339, to the second. seconds: since 1970 (UTC)."""
    sayable = min(max(seconds, _FIRST), _LAST)
    return datetime.fromtimestamp(sayable, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def number(value: float) -> str:
    """A number as content writes it: without a fraction when it has none."""
    return str(int(value)) if value.is_integer() else repr(value)


def _quoted(value: str) -> str:
    return f"'{value}'" if '"' in value else f'"{value}"'


def _list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(_quoted(value) for value in values) + "]"


def described(condition: Condition) -> str:  # noqa: PLR0911 - one form for each kind of part
    """The condition in the words of reasons, for people: `stage=support & reason=media-jam|cover-open`."""
    match condition:
        case Both(()):
            return "always"
        case Both(parts):
            return " & ".join(f"({described(one)})" if isinstance(one, Either) else described(one) for one in parts)
        case Either(parts):
            return " or ".join(described(one) for one in parts)
        case Not(Flag(name) | Has(name)):
            return f"{NAMES[name].told_as}=false"
        case Not(part):
            return f"not({described(part)})"
        case Is(name, values) | Meets(name, values):
            return f"{NAMES[name].told_as}={'|'.join(values)}"
        case Flag(name) | Has(name):
            return f"{NAMES[name].told_as}=true"
        case Compare():
            return compared_as(condition) + condition.operator + _plain_bound(condition)
        case _:
            assert_never(condition)


def compared_as(condition: Compare) -> str:
    """How reasons call what is compared."""
    return condition.key or _COMPARED.get(condition.name, NAMES[condition.name].told_as)


_COMPARED = {"parcel.promised_at": "promised"}


def _plain_bound(condition: Compare) -> str:
    return re.sub(r'timestamp\("(.*)"\)', r"\1", bound_of(condition))


def atoms(condition: Condition) -> tuple[Atom, ...]:
    """All that the condition asks, from left to right."""
    match condition:
        case Both(parts) | Either(parts):
            return tuple(atom for part in parts for atom in atoms(part))
        case Not(part):
            return atoms(part)
        case _:
            return (condition,)


def depth(condition: Condition) -> int:
    """How many levels it has: 1 for what asks one thing."""
    match condition:
        case Both(parts) | Either(parts):
            return 1 + max((depth(part) for part in parts), default=0)
        case Not(part):
            return 1 + depth(part)
        case _:
            return 1


def asked_for(condition: Condition, name: str) -> frozenset[str]:
    """The words that the condition wants of this name: any of them can be what makes it hold."""
    match condition:
        case Both(parts) | Either(parts):
            return frozenset().union(*(asked_for(part, name) for part in parts))
        case Is(here, values) | Meets(here, values) if here == name:
            return frozenset(values)
        case _:
            return frozenset()
