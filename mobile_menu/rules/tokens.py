"""The words and signs of a condition's text, and the values written in it. What they mean is in `syntax.py`."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
    |(?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    |(?P<text>"[^"\\\x00-\x1f]*"|'[^'\\\x00-\x1f]*')
    |(?P<sign>&&|\|\||==|!=|<=|>=|[<>!()\[\],])""",
    re.VERBOSE,
)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
_YEARS: Final = range(1971, 2200)
_SMALL: Final = 1e15
"""Up to here whole numbers are exact."""


class Refused(Exception):  # noqa: N818 - it carries a value, and never leaves `syntax.parse`
    """at: where in the text."""

    def __init__(self, at: int, what: str) -> None:
        super().__init__(what)
        self.at, self.what = at, what


class Token(NamedTuple):
    """kind: name, number, text, sign or end. at: where it begins."""

    kind: str
    text: str
    at: int


def tokens(text: str) -> Iterator[Token]:
    """All of them, and one that says the end. Raises Refused."""
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise Refused(at, _unreadable(text[at]))
        if found.lastgroup != "space":
            kind = "sign" if found[0] == "in" else str(found.lastgroup)
            yield Token(kind, found[0], at)
        at = found.end()
    yield Token("end", "", len(text))


def _unreadable(sign: str) -> str:
    match sign:
        case '"' | "'":
            return "a text ends in the quote that it begins with, on the same line, and has no \\ in it"
        case "=":
            return "`=` compares nothing; write `==`"
        case "&" | "|":
            return f"write `{sign}{sign}`"
        case _:
            return f"{sign!r} has no meaning here"


def finite(at: int, text: str) -> float:
    """A number that is written. Raises Refused."""
    value = float(text)
    if not -_SMALL < value < _SMALL:
        raise Refused(at, "a number has at most 15 digits before its point")
    return value


def seconds(text: str, at: int) -> float:
    """A time that is written (RFC 3339), in seconds since 1970. Raises Refused."""
    try:
        found = datetime.fromisoformat(text) if _TIME.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or found.year not in _YEARS:
        raise Refused(at, "a time is written as RFC 3339 has it, to the second: `2026-12-24T18:00:00Z`")
    return found.timestamp()
