"""When an item shows: a condition made ready, so that asking it costs next to nothing, and says what held.

How conditions are written is in `syntax.py`, what they are in `tree.py`. Making ready turns each part into a function
that only looks at what the part names; a plain reading of the tree, for the laws, is `judged`.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from math import floor, isfinite
from operator import eq, ge, gt, le, lt
from typing import Final, assert_never

from mobile_menu.rules.derived import LINK_NAMES, LinkName, link_target
from mobile_menu.rules.names import NAMES, Type
from mobile_menu.rules.situation import Situation
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
    compared_as,
    described,
    number,
    shown_time,
)

Because = tuple[str, ...]
"""What held, as `name=value`, or `name=value (< bound)` of what was compared."""

Test = Callable[[Situation], Because | None]

_OPERATORS: Final[Mapping[Operator, Callable[[float, float], bool]]] = {"==": eq, "<": lt, "<=": le, ">": gt, ">=": ge}


def holds(condition: Condition, situation: Situation) -> Because | None:
    """Whether the condition holds: what held, or None when it does not."""
    return compile_condition(condition)(situation)


@lru_cache(maxsize=8192)
def compile_condition(condition: Condition) -> Test:  # noqa: PLR0911 - one for each kind of part
    """The condition as one function."""
    match condition:
        case Is(name, values):
            return _word_test(condition, NAMES[name].read, frozenset(values))
        case Meets("links", values):
            return _links_test(values)
        case Meets(name, values):
            return _words_test(NAMES[name].told_as, NAMES[name].read, values)
        case Flag() | Has():
            return _said_test(condition, _reader(condition))
        case Compare():
            return _compare_test(condition)
        case Not(part):
            return _not_test(compile_condition(part), described(condition))
        case Both(parts):
            return _both_test([compile_condition(part) for part in parts])
        case Either(parts):
            return _either_test([compile_condition(part) for part in parts])
        case _:
            assert_never(condition)


def judged(condition: Condition, situation: Situation) -> bool:  # noqa: PLR0911 - one for each kind of part
    """Whether the condition holds, read off the tree: slow, and as plain as the language's definition."""
    match condition:
        case Is(name, values):
            return NAMES[name].read(situation) in values
        case Meets(name, values):
            return any(value in NAMES[name].read(situation) for value in values)
        case Flag(name):
            return bool(NAMES[name].read(situation))
        case Has():
            return _reader(condition)(situation)
        case Compare(_, operator, bound):
            value = measure(condition, situation)
            return value is not None and _OPERATORS[operator](value, bound)
        case Not(part):
            return not judged(part, situation)
        case Both(parts):
            return all(judged(part, situation) for part in parts)
        case Either(parts):
            return any(judged(part, situation) for part in parts)
        case _:
            assert_never(condition)


def measure(condition: Compare, situation: Situation) -> float | None:
    """The number that is compared, seconds since 1970 for a time; None when it is not known."""
    found = NAMES[condition.name].read(situation)
    if condition.key:
        found = found.get(condition.key)
    if isinstance(found, datetime):
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    return float(found) if found is not None and isfinite(found) else None


def told_value(condition: Compare, value: float) -> str:
    """A compared value as reasons tell it: without its fraction, as long as the comparison holds without it too.

    So it changes seldom, and a menu with it.
    """
    if NAMES[condition.name].type is Type.TIME:
        return shown_time(value)
    whole = float(floor(value))
    return number(whole if _OPERATORS[condition.operator](whole, condition.bound) else value)


def _reader(condition: Flag | Has) -> Callable[[Situation], bool]:
    read, kind = NAMES[condition.name].read, NAMES[condition.name].type
    if kind in {Type.NUMBER, Type.TIME}:
        return lambda situation: read(situation) is not None
    return lambda situation: bool(read(situation))


def _word_test(condition: Is, read: Callable[[Situation], str], wanted: Collection[str]) -> Test:
    said: dict[str, Because] = {one: (described(Is(condition.name, (one,))),) for one in wanted}
    return lambda situation: said.get(read(situation))


def _words_test(label: str, read: Callable[[Situation], Collection[str]], wanted: Collection[str]) -> Test:
    said = {one: f"{label}={one}" for one in wanted}
    return lambda situation: tuple(said[one] for one in read(situation) if one in said) or None


def _links_test(values: tuple[str, ...]) -> Test:
    """Only these links are looked for, not all."""
    names: list[LinkName] = [name for name in LINK_NAMES if name in values]
    return lambda situation: tuple(f"link={name}" for name in names if link_target(situation, name)) or None


def _said_test(condition: Flag | Has, read: Callable[[Situation], bool]) -> Test:
    said = (described(condition),)
    return lambda situation: said if read(situation) else None


def _compare_test(condition: Compare) -> Test:
    compare, bound, label = _OPERATORS[condition.operator], condition.bound, compared_as(condition)
    asked = described(condition).removeprefix(label)
    asked = f"{condition.operator} {asked.removeprefix(condition.operator)}"

    def test(situation: Situation) -> Because | None:
        value = measure(condition, situation)
        if value is None or not compare(value, bound):
            return None
        return (f"{label}={told_value(condition, value)} ({asked})",)

    return test


def _either_test(tests: list[Test]) -> Test:
    return lambda situation: next((because for test in tests if (because := test(situation)) is not None), None)


def _not_test(test: Test, said: str) -> Test:
    return lambda situation: (said,) if test(situation) is None else None


def _both_test(tests: list[Test]) -> Test:
    def all_hold(situation: Situation) -> Because | None:
        because: Because = ()
        for test in tests:
            held = test(situation)
            if held is None:
                return None
            because += held
        return because

    return all_hold
