"""What the GS1 application identifiers (AIs) may hold: the table, and the check of one value against its row.

The table is package data, `gs1_application_identifiers.csv`, taken from the GS1 Syntax Dictionary (Apache-2.0).
Its column `format_and_linters` is a small language: `N13,csum,gcppos1 [X..17]` is thirteen digits that pass two
linters, then up to 17 characters that may be absent. How AIs stand in a URI is said in `gs1.py`, not here.

Linters that need lists kept by others (currencies, countries, package types, coupon layouts) are left out: such a
value is held to its length and characters only. So is `gcppos2`, a company prefix from the second character on: it
stands at values of digits alone, where it could refuse nothing that those do not.
"""

import csv
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

CSET_82: Final = frozenset("!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
"""What a serial, a lot and most other values may be written in (ISO/IEC 646 subset of the General Specifications)."""

CHARACTERS: Final[Mapping[str, frozenset[str]]] = {
    "N": frozenset("0123456789"),
    "X": CSET_82,
    "Y": frozenset("#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    "Z": frozenset("-0123456789=ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"),
}

_COMPONENT: Final = re.compile(r"(\[?)([NXYZ])(\.\.)?(\d+)\]?")
_PAIR_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_PRIMES: Final = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)
_LAST_DAY: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Component(NamedTuple):
    """One part of a value. least, most: its length in characters."""

    characters: str
    least: int
    most: int
    optional: bool
    linters: tuple[str, ...]


class Ai(NamedTuple):
    """One row. sequences: for a key, the qualifiers that may follow it in a path, one tuple for each permitted order.

    requires: each inner tuple is a set of patterns that suffices; excludes: patterns, where `n` is any digit.
    """

    code: str
    is_key: bool
    is_attribute: bool
    is_predefined: bool
    components: tuple[Component, ...]
    sequences: tuple[tuple[str, ...], ...]
    requires: tuple[tuple[str, ...], ...]
    excludes: tuple[str, ...]


@cache
def table() -> Mapping[str, Ai]:
    """Every AI by its digits. Reads the package data once."""
    text = resources.files("cloud.registry").joinpath("gs1_application_identifiers.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {code: _ai(code, row) for row in rows for code in _codes(row["ai_or_range"])}


def check_digit(digits: str) -> str:
    """The digit that follows `digits`: weights 3, 1, 3 … from the right, to the next multiple of ten."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def check_pair(body: str) -> str:
    """The two check characters of a GMN whose other characters are `body` (CSET 82, at most 23)."""
    order = sorted(CSET_82)
    total = sum(order.index(character) * prime for character, prime in zip(reversed(body), _PRIMES, strict=False))
    return _PAIR_ALPHABET[total % 1021 >> 5] + _PAIR_ALPHABET[total % 1021 & 31]


def value_problem(ai: Ai, value: str) -> str:
    """Why `value` cannot stand in `ai`; empty when it can."""
    rest = value
    for component in ai.components:
        if not rest and component.optional:
            break
        part, rest = rest[: component.most], rest[component.most :]
        problem = _part_problem(component, part)
        if problem:
            return problem
    return "is too long" if rest else ""


def association_problem(present: frozenset[str]) -> str:
    """Why the AIs of one item may not stand together (one requires or excludes another); empty when they may."""
    for code in sorted(present):
        ai = table()[code]
        others = present - {code}
        if ai.requires and not any(all(_matched(one, others) for one in choice) for choice in ai.requires):
            return f"({code}) needs {' or '.join('+'.join(choice) for choice in ai.requires)}"
        unwelcome = [pattern for pattern in ai.excludes if _matched(pattern, others)]
        if unwelcome:
            return f"({code}) may not stand beside {unwelcome[0]}"
    return ""


def _codes(text: str) -> list[str]:
    first, _, last = text.partition("-")
    return [str(code).zfill(len(first)) for code in range(int(first), int(last or first) + 1)]


def _ai(code: str, row: Mapping[str, str]) -> Ai:
    key = row["dl_primary_key"]
    orders = key.partition("=")[2]
    requires = row["requires"].removeprefix("req=")
    excludes = row["excludes"].removeprefix("ex=")
    return Ai(
        code=code,
        is_key=bool(key),
        is_attribute=row["dl_data_attribute_ok"] == "1",
        is_predefined=row["predefined_length_no_fnc1"] == "1",
        components=tuple(_component(part) for part in row["format_and_linters"].split()),
        sequences=tuple(tuple(order.split(",")) for order in orders.split("|")) if orders else ((),) if key else (),
        requires=tuple(tuple(choice.split("+")) for choice in requires.split(",")) if requires else (),
        excludes=tuple(excludes.split(",")) if excludes else (),
    )


def _component(text: str) -> Component:
    form, *linters = text.split(",")
    match = _COMPONENT.fullmatch(form)
    if match is None:
        msg = f"the AI table holds a form that is not one: {form}"
        raise ValueError(msg)
    bracket, characters, variable, length = match.groups()
    return Component(characters, 1 if variable else int(length), int(length), bool(bracket), tuple(linters))


def _part_problem(component: Component, part: str) -> str:
    if len(part) < component.least:
        return "is too short"
    if not CHARACTERS[component.characters].issuperset(part):
        return "has a character that may not stand there"
    for name in component.linters:
        linter = LINTERS.get(name)
        if linter is not None and not linter(part):
            return _WRONG.get(name, f"fails the check {name}")
    return ""


def _matched(pattern: str, codes: frozenset[str]) -> bool:
    form = re.compile(pattern.replace("n", r"\d"))
    return any(form.fullmatch(code) for code in codes)


def _is_date(yymmdd: str, *, day_may_be_zero: bool = False) -> bool:
    # Every second century's leap rule is the simple one from 1901 to 2099, where these two digits point.
    year, month, day = int(yymmdd[:-4]), int(yymmdd[-4:-2]), int(yymmdd[-2:])
    if not 1 <= month <= 12:
        return False
    last = 28 if month == 2 and year % 4 else _LAST_DAY[month - 1]
    return (0 if day_may_be_zero else 1) <= day <= last


def _is_iban(text: str) -> bool:
    if re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{1,30}", text) is None:
        return False
    return int("".join(str(int(character, 36)) for character in text[4:] + text[:4])) % 97 == 1


def _is_piece_of_total(text: str) -> bool:
    half = len(text) // 2
    return 1 <= int(text[:half]) <= int(text[half:])


def _is_position_in_sequence(text: str) -> bool:
    match = re.fullmatch(r"([1-9])/([1-9])", text)
    return match is not None and match[1] <= match[2]


LINTERS: Final[Mapping[str, Callable[[str], bool]]] = {
    "csum": lambda text: check_digit(text[:-1]) == text[-1],
    "csumalpha": lambda text: len(text) > 2 and check_pair(text[:-2]) == text[-2:],
    "gcppos1": lambda text: re.match(r"\d{4}", text) is not None,
    "hasnondigit": lambda text: not text.isdecimal(),
    "hh": lambda text: int(text) <= 23,
    "hhmi": lambda text: int(text[:2]) <= 23 and int(text[2:]) <= 59,
    "hyphen": lambda text: set(text) == {"-"},
    "iban": _is_iban,
    "importeridx": lambda text: text in CHARACTERS["Z"] - {"="},
    "iso5218": lambda text: text in "0129",
    "latitude": lambda text: int(text) <= 1_800_000_000,
    "longitude": lambda text: int(text) <= 3_600_000_000,
    "mi": lambda text: int(text) <= 59,
    "nonzero": lambda text: int(text) != 0,
    "nozeroprefix": lambda text: text == "0" or not text.startswith("0"),
    "pcenc": lambda text: re.fullmatch(r"([^%]|%[0-9A-Fa-f]{2})*", text) is not None,
    "pieceoftotal": _is_piece_of_total,
    "posinseqslash": _is_position_in_sequence,
    "ss": lambda text: int(text) <= 59,
    "winding": lambda text: text in "019",
    "yesno": lambda text: text in "01",
    "yymmd0": lambda text: _is_date(text, day_may_be_zero=True),
    "yymmdd": _is_date,
    "yyyymmdd": _is_date,
    "zero": lambda text: int(text) == 0,
}
"""The checks by their names in the table. Each takes characters of its component's kind only."""

_WRONG: Final[Mapping[str, str]] = {
    "csum": "has a wrong check digit",
    "csumalpha": "has a wrong pair of check characters",
    "yymmd0": "is no date",
    "yymmdd": "is no date",
    "yyyymmdd": "is no date",
}
