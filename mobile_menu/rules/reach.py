"""What no menu would ever show, and what every menu must: proven of the conditions, before content is published."""

from collections.abc import Iterator

from mobile_menu.rules.content import Line
from mobile_menu.rules.menu import Kind
from mobile_menu.rules.names import NAMES, Type
from mobile_menu.rules.reading import Conditions
from mobile_menu.rules.satisfy import TooEntangledError
from mobile_menu.rules.situation import Situation
from mobile_menu.rules.source import (
    PROFILE,
    Fault,
    Source,
    Table,
    place_of_item,
    place_of_text,
    table_of_item,
    table_of_line,
)
from mobile_menu.rules.tree import ALWAYS, Condition, both, negation
from mobile_menu.rules.witness import showing, witness

EVERYWHERE = (
    (Kind.EXPERT, "POST", "/menu/v1/cases"),
    (Kind.PRIVACY, "GET", "/menu/v1/export"),
    (Kind.PRIVACY, "POST", "/menu/v1/opt-out"),
)
"""What every menu has: help, and the way out."""


def reach_faults(source: Source, conditions: Conditions) -> Iterator[Fault]:
    """What cannot show, and the situation in which something is missing that must be in every menu."""
    yield from _item_faults(source, conditions)
    for array, lines, whens in (
        ("titles", source.frame.titles, conditions.titles),
        ("statuses", source.frame.statuses, conditions.statuses),
    ):
        yield from _line_faults(source, array, lines, whens)
    for kind, method, href in EVERYWHERE:
        yield from _missing_somewhere(source, conditions, (kind, method, href))


def _item_faults(source: Source, conditions: Conditions) -> Iterator[Fault]:
    for spec, (when, boosts) in zip(source.items, conditions.items, strict=True):
        shows = showing(spec, when)
        table = table_of_item(source, spec)
        if never := _never(shows, "can show it"):
            yield _fault(source, table, spec.when, never)
            continue
        for index, (boost, condition) in enumerate(zip(spec.boosts, boosts, strict=True)):
            before = (negation(earlier) for earlier in boosts[:index])
            if never := _never(both(shows, condition, *before), f"gives it the priority {boost.priority}"):
                yield _fault(source, table, boost.when, never)


def _line_faults(source: Source, array: str, lines: tuple[Line, ...], whens: tuple[Condition, ...]) -> Iterator[Fault]:
    if not whens or whens[-1] != ALWAYS:
        yield Fault(PROFILE, 1, f"the last of {array} has no condition, so that every menu has one")
        return
    for index, (line, when) in enumerate(zip(lines, whens, strict=True)):
        before = (negation(earlier) for earlier in whens[:index])
        if never := _never(both(when, *before), "is left to it by those before it"):
            table = table_of_line(source, array, index, line.text)
            yield _fault(source, table, line.when, never)


def _never(condition: Condition, what: str) -> str:
    """Empty when some situation fulfils the condition; else what is wrong with it."""
    try:
        return "" if witness(condition) is not None else f"no situation {what}"
    except TooEntangledError:
        return f"the condition is too entangled to tell whether any situation {what}"


def _missing_somewhere(source: Source, conditions: Conditions, wanted: tuple[Kind, str, str]) -> Iterator[Fault]:
    """One item for all situations, or several between them."""
    kind, method, href = wanted
    covering = [
        (spec, showing(spec, when))
        for spec, (when, _) in zip(source.items, conditions.items, strict=True)
        if spec.kind is kind and spec.call is not None and (spec.call.method, spec.call.href) == (method, href)
    ]
    needed = f"every menu needs an item of kind {kind} that calls {method} {href}"
    place = next((place_of_item(source, spec) for spec, _ in covering), (PROFILE, 1))
    try:
        found = witness(both(*(negation(shows) for _, shows in covering)))
    except TooEntangledError:
        yield Fault(*place, f"{needed}, and the conditions of those are too entangled to tell whether it has")
        return
    if found is not None:
        yield Fault(*place, f"{needed}; there is none where {_said(found)}")


def _said(situation: Situation) -> str:
    """A situation in a few words: every word of it that is one of several, and what is true."""
    words = [
        f"{name.path} is {name.read(situation)}"
        for name in NAMES.values()
        if name.type is Type.WORD and name.values and name.read(situation)
    ]
    return ", ".join(
        [*words, *(name.path for name in NAMES.values() if name.type is Type.FLAG and name.read(situation))]
    )


def _fault(source: Source, table: Table, text: str, what: str) -> Fault:
    """At the condition; at the item when it has none."""
    line, column = place_of_text(source, table, text) or (table.first, 0)
    return Fault(table.file, line, f"{table.about}: {what}", column)
