"""Conditions for tests: Hypothesis draws any that the language has."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from mobile_menu.rules.names import NAMES, Name, Type
from mobile_menu.rules.tree import (
    ALWAYS,
    Compare,
    Condition,
    Flag,
    Has,
    Is,
    Meets,
    Operator,
    both,
    either,
    negation,
)

OPERATORS: list[Operator] = ["==", "<", "<=", ">", ">="]
WORDS = {
    "next_step": ("unpack", "power_on", "load_paper"),
    "model_name": ("Acme One", "Ärger & <b>", 'a "b"', "it's"),
    "brand": ("Acme",),
    "device.reasons": ("media-jam", "cover-open", "none", "other"),
    "device.last_reasons": ("media-jam", "timed-out"),
    "relation.surveys_due": ("nps", "csat"),
    "device.commands": ("print_sample", "restart"),
    "relation.consent": ("mail",),
    "device.usage": ("pages_total", "jobs"),
}
"""Some words of the names that are open."""


def of(*types: Type) -> list[Name]:
    return [name for name in NAMES.values() if name.type in types]


def _words(name: Name) -> st.SearchStrategy[tuple[str, ...]]:
    known = name.values or WORDS[name.path]
    return st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True).map(tuple)


def _compared(name: Name) -> st.SearchStrategy[Condition]:
    if name.type is Type.TIME:
        seconds = st.datetimes(datetime(1971, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  the zone is given beside it
        bounds = seconds.map(lambda at: at.replace(microsecond=0).timestamp())
    else:
        bounds = st.integers(-5, 105).map(float) | st.floats(-1e14, 1e14)
    keys = st.sampled_from(WORDS[name.path]) if name.type is Type.FIGURES else st.just("")
    return st.builds(Compare, st.just(name.path), st.sampled_from(OPERATORS), bounds, keys)


def _atom(name: Name) -> st.SearchStrategy[Condition]:
    match name.type:
        case Type.WORD | Type.TEXT:
            return st.builds(Is, st.just(name.path), _words(name))
        case Type.WORDS:
            return st.builds(Meets, st.just(name.path), _words(name))
        case Type.FIGURES:
            return st.builds(Meets, st.just(name.path), _words(name)) | _compared(name)
        case Type.FLAG:
            return st.just(Flag(name.path))
        case Type.NUMBER | Type.TIME:
            return st.just(Has(name.path)) | _compared(name)
        case Type.THING:
            return st.just(Has(name.path))


atoms = st.sampled_from(list(NAMES.values())).flatmap(_atom)
parts = st.recursive(
    atoms,
    lambda inner: (
        inner.map(negation)
        | st.lists(inner, min_size=2, max_size=4).map(lambda some: both(*some))
        | st.lists(inner, min_size=2, max_size=4).map(lambda some: either(*some))
    ),
    max_leaves=12,
)
conditions = st.just(ALWAYS) | parts
