"""A situation as somebody wrote it, read strictly: what is asked for must not be misspelt, and must be a situation.

The cloud's own situations come as values. This is for previews, where a wrong name would quietly ask for another menu.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from broker.contract.messages import Json
from mobile_menu.rules.situation import Situation

MAX_TEXT: Final = 500
"""Characters of any text in it."""
MAX_CODE: Final = 64
"""Of a coupon: it becomes a QR code."""
MAX_LIST: Final = 100
MAX_NUMBER: Final = 10**12
"""Of any number in it, either way from 0."""
UNKNOWN_NAME: Final = "a situation has no such name"
YEARS: Final = range(1970, 3000)


_HALF: Final = re.compile(r"[\ud800-\udfff]")
"""A surrogate alone: JSON can say it, UTF-8 cannot."""


class Wrong(NamedTuple):
    """pointer: into the situation, RFC 6901."""

    pointer: str
    what: str


def read_situation(written: Mapping[str, Json]) -> Situation | tuple[Wrong, ...]:
    """The situation, or all that is wrong with it; of wrong types the first."""
    try:
        found = msgspec.convert(dict(written), type=Situation)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        return (Wrong(_pointer_of(path.rstrip("`")), what),)
    wrong = (*_unread(written, msgspec.to_builtins(found, builtin_types=(datetime,)), ""), *_beyond(written, ""))
    coupon = found.relation.coupon
    if coupon is not None and len(coupon.code) > MAX_CODE:
        wrong += (Wrong("/relation/coupon/code", f"more than {MAX_CODE} characters"),)
    return (*wrong, *_off(msgspec.to_builtins(found, builtin_types=(datetime,)), "")) or found


def patched(target: Json, patch: Json) -> Json:
    """The target with a merge patch put over it: null takes a name away (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = patched(result.get(name), value)
    return result


def _pointer_of(path: str) -> str:
    """`.device.supplies[0].name` as a JSON pointer."""
    return path.replace("[", "/").replace("]", "").replace(".", "/")


def _unread(written: Json, read: Json, pointer: str) -> Iterator[Wrong]:
    """The names in what was written that nobody read."""
    match written, read:
        case dict(), dict():
            for name, value in written.items():
                place = f"{pointer}/{_escaped(str(name))}"
                if name in read:
                    yield from _unread(value, read[name], place)
                else:
                    yield Wrong(place, UNKNOWN_NAME)
        case list(), list() | tuple():
            for number, (value, one) in enumerate(zip(written, read, strict=True)):
                yield from _unread(value, one, f"{pointer}/{number}")
        case _:
            return


def _beyond(value: Json, pointer: str) -> Iterator[Wrong]:
    """What is larger than any situation has it."""
    match value:
        case str():
            if len(value) > MAX_TEXT:
                yield Wrong(pointer, f"more than {MAX_TEXT} characters")
            if _HALF.search(value):
                yield Wrong(pointer, "half a character, which no text has")
        case int() | float():
            if not -MAX_NUMBER <= value <= MAX_NUMBER:  # what is not a number is not between them either
                yield Wrong(pointer, "a number is between -10^12 and 10^12")
        case dict() | list():
            if len(value) > MAX_LIST:
                yield Wrong(pointer, f"more than {MAX_LIST} values")
            for name, one in value.items() if isinstance(value, dict) else enumerate(value):
                yield from _beyond(one, f"{pointer}/{_escaped(str(name))}")
        case _:
            return


def _off(value: Json, pointer: str) -> Iterator[Wrong]:
    """Times that are none: without a zone, or of no sensible year."""
    match value:
        case datetime():
            if value.tzinfo is None or value.year not in YEARS:
                yield Wrong(pointer, f"a time has a zone, and a year from {YEARS[0]} to {YEARS[-1]}")
        case dict():
            for name, one in value.items():
                yield from _off(one, f"{pointer}/{_escaped(str(name))}")
        case _:
            return


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
