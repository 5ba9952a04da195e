"""Whole columns of values in the words that PostgreSQL reads: as an array, and as rows of a COPY. Pure.

A value at a time costs more in Python than the database spends on the row. So a column is looked at as a whole: of what
kind its values are, and whether anything in it must be escaped at all.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

_NUL: Final = "\0"
"""Stands in no text that PostgreSQL takes; so it may stand between them while they are one."""
_COPY_MARKS: Final = "\\\t\n\r"
_COPY_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_PLAIN: Final = frozenset({int, float, bool})
"""PostgreSQL reads them as Python writes them."""
_TIMES: Final = {datetime}


def array_literal(values: Sequence[Any]) -> str:
    """An array as PostgreSQL reads it from text (section 8.15.2 of its manual)."""
    kinds = set(map(type, values))
    if kinds <= _PLAIN:
        return "{" + ",".join(map(str, values)) + "}"
    if kinds == _TIMES:
        return '{"' + '","'.join([value.isoformat() for value in values]) + '"}'
    if all(issubclass(kind, str) for kind in kinds):
        whole = _NUL.join(values)
        if whole.count(_NUL) == len(values) - 1:
            return '{"' + _quoted(whole).replace(_NUL, '","') + '"}'
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: Any) -> str:
    if isinstance(value, str):
        return f'"{_quoted(value)}"'
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    if isinstance(value, datetime):
        return f'"{value.isoformat()}"'
    return str(value)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def copy_rows(columns: Sequence[Sequence[Any]]) -> str:
    """The rows of these columns, which are equally long, in COPY's text format (its manual page, "File Formats")."""
    lines = map("\t".join, zip(*map(_copy_column, columns), strict=True))
    return "".join([line + "\n" for line in lines])


def _copy_column(values: Sequence[Any]) -> Sequence[str]:
    kinds = set(map(type, values))
    if all(issubclass(kind, str) for kind in kinds):
        whole = "".join(values)
        return [one.translate(_COPY_ESCAPES) for one in values] if any(one in whole for one in _COPY_MARKS) else values
    if len(kinds) == 1 and all(value is values[0] for value in values):
        return [_copy_field(values[0])] * len(values)  # such as the time of the batch
    if kinds == _TIMES:
        return [value.isoformat() for value in values]
    return [str(value) for value in values] if kinds <= _PLAIN else list(map(_copy_field, values))


def _copy_field(value: Any) -> str:
    if isinstance(value, str):
        return value.translate(_COPY_ESCAPES)
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    return value.isoformat() if isinstance(value, datetime) else str(value)
