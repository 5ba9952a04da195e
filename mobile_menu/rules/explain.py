"""Why an item is not in a menu: for operators and for who writes content. Why one is there, it says: `because`."""

from typing import NamedTuple

from mobile_menu.rules.compose import withheld
from mobile_menu.rules.conditions import judged, measure
from mobile_menu.rules.content import Content, ReadyItem
from mobile_menu.rules.names import NAMES, Type
from mobile_menu.rules.situation import Situation
from mobile_menu.rules.tree import Atom, Both, Compare, Condition, Has, atoms, number, shown_time, subject, written


class Missing(NamedTuple):
    """One thing that keeps an item away. wanted: the part of its condition that does not hold, as content writes it, or
    `withheld` or `each`. found: what the situation has instead, as `name=value`, several with ", " between them.
    """

    wanted: str
    found: str


def why_not(item: ReadyItem, situation: Situation, content: Content) -> tuple[Missing, ...]:
    """All that keeps the item from this situation's menu; empty when it is there.

    Every part of an "and" that does not hold is told for itself; of an "or" the whole, since any of it would do. What
    withholds an item is told too: `withheld`, with `in_distress=true`, `no coupon` or `link shop leads nowhere`; and
    `each`, when there is nothing of which it would show one: no step, no supply, no reason without an item of its own.
    """
    parts = item.when.parts if isinstance(item.when, Both) else (item.when,)
    missing = [Missing(written(part), _found(part, situation)) for part in parts if not judged(part, situation)]
    missing += [Missing("withheld", why) for why in withheld(item.spec, situation)]
    nothing = _nothing_of(item, situation, content)
    return (*missing, Missing("each", nothing)) if nothing else tuple(missing)


def _nothing_of(item: ReadyItem, situation: Situation, content: Content) -> str:
    match item.spec.each:
        case "step" if not situation.steps:
            return "no steps"
        case "supply" if not situation.device.supplies:
            return "no supplies"
        case "unnamed_reason" if set(situation.device.reasons) <= content.named_reasons:
            return "no reason without an item of its own"
        case _:
            return ""


def _found(part: Condition, situation: Situation) -> str:
    """The present values of all that a condition asks, each once."""
    return ", ".join(dict.fromkeys(_value(atom, situation) for atom in atoms(part)))


def _value(atom: Atom, situation: Situation) -> str:
    name = NAMES[atom.name]
    if isinstance(atom, Compare):
        return f"{subject(atom)}={_measured(atom, situation)}"
    found = name.read(situation)
    match name.type:
        case Type.WORD | Type.TEXT:
            return f"{name.path}={found or 'none'}"
        case Type.WORDS | Type.FIGURES:
            return f"{name.path}=[{', '.join(sorted(found) if name.type is Type.FIGURES else found)}]"
        case Type.FLAG:
            return f"{name.path}={str(bool(found)).lower()}"
        case Type.THING | Type.NUMBER | Type.TIME:
            there = bool(found) if name.type is Type.THING else found is not None
            return f"{written(Has(name.path))}={str(there).lower()}"


def _measured(atom: Compare, situation: Situation) -> str:
    value = measure(atom, situation)
    if value is None:
        return "unknown"
    return shown_time(value) if NAMES[atom.name].type is Type.TIME else number(value)
