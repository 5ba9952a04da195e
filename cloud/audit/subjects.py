"""What an entry is about, as it may stay in a log that nobody can shorten: no person, nor what leads to one. Pure."""

from collections.abc import Mapping
from typing import Final, NamedTuple

PLAIN: Final = frozenset({"unit", "model", "key", "campaign", "store", "receipt", "content", "draft"})
"""Kinds whose ids lead to nobody. Every other id is kept as a keyed hash: after an opt-out no row holds what it was
made of, and until then an operator who has the id finds what was done with it.
"""
NAMES: Final[Mapping[str, str]] = {"product_id": "unit", "gtin": "model", "profile": "content"}
"""Kinds by the names that they have in paths, where these differ from the kind."""


class Subject(NamedTuple):
    """kind: such as `unit`; empty for an act that is about nothing in particular."""

    kind: str = ""
    id: str = ""


NOTHING: Final = Subject()
"""Of an act that is about nothing in particular."""


def of_path(values: Mapping[str, str]) -> Subject:
    """What a route's path names first: `/products/{product_id}/commands` is about the unit."""
    for name, value in values.items():
        if name in NAMES:
            return Subject(NAMES[name], value)
        if name.endswith("_id"):
            return Subject(name.removesuffix("_id"), value)
    return NOTHING


def of_answer(action: str, answer: object) -> Subject:
    """What a call made, by the id that it answers with: `units.register` made a unit."""
    for name in ("id", "gtin"):
        value = getattr(answer, name, None)
        if isinstance(value, str) and value:
            return Subject(action.partition(".")[0].removesuffix("s"), value)
    return NOTHING


def names_nobody(subject: Subject) -> bool:
    """Its id may stand in the log as it is."""
    return subject.kind in PLAIN
