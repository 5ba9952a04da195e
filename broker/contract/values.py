"""JSON values of open fields: which of them every receiver can take, keep and say again (I-JSON, RFC 7493).

A database keeps no NUL in a text, UTF-8 has no lone surrogate, and what is beyond 64 bits is no number to most readers.
"""

import math
import re
from collections.abc import Iterator
from typing import Final

from broker.contract.messages import Json

MAX_INTEGER: Final = 2**63 - 1
_UNFIT_TEXT: Final = re.compile("[\0\ud800-\udfff]")


def parts_of(value: Json) -> Iterator[Json]:
    """The value, and everything in it, names included. However deep: it does not recurse."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, dict):
            waiting += part.keys()
            waiting += part.values()
        elif isinstance(part, list | tuple):
            waiting += part


def value_problem(value: Json) -> str:
    """Why not every receiver can take the value; empty when it can."""
    return next((problem for part in parts_of(value) if (problem := _text(part) or _number(part))), "")


def number_problem(value: Json) -> str:
    """The same, of its numbers alone."""
    return next((problem for part in parts_of(value) if (problem := _number(part))), "")


def _text(part: Json) -> str:
    unfit = isinstance(part, str) and _UNFIT_TEXT.search(part) is not None
    return "a text with a NUL or half of a surrogate pair" if unfit else ""


def _number(part: Json) -> str:
    if isinstance(part, int) and not -MAX_INTEGER <= part <= MAX_INTEGER:
        return "an integer beyond 64 bits"
    return "a number that is none" if isinstance(part, float) and not math.isfinite(part) else ""
