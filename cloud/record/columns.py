"""Whole columns of values in the words that databases read: as JSON, as an array, and as rows of a COPY. Pure.

A value at a time costs more in Python than the database spends on the row. So a column is looked at as a whole: of what
kind its values are, and whether anything in it must be escaped at all; and is written by few calls that each write all.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import repeat
from operator import is_
from typing import Any, Final, NamedTuple

import msgspec

_NUL: Final = "\0"
"""Stands in no text that PostgreSQL takes; so it may stand between them while they are one."""
_COPY_MARKS: Final = "\\\t\n\r"
_COPY_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_PLAIN: Final = frozenset({int, float, bool})
"""PostgreSQL reads them as Python writes them."""
_INTEGERS: Final = {int}
_TIMES: Final = {datetime}
_NOTHING: Final = type(None)
_JSON: Final = msgspec.json.Encoder()
_UTC_CHARS, _SECOND_CHARS = len("2026-11-22T15:45:00.123456Z"), len("2026-11-22T15:45:00")


class AsJson(NamedTuple):
    """A column whose values are kept as the text of their JSON; None stays nothing."""

    values: Sequence[Any]


Column = Sequence[Any] | AsJson


def json_texts(values: Sequence[Any]) -> list[str | None]:
    """The JSON of each value; None stays None."""
    if _NOTHING in set(map(type, values)):
        return [None if value is None else _JSON.encode(value).decode() for value in values]
    return [*_json_lines(values).split("\n")[:-1]]


def _json_lines(values: Sequence[Any]) -> str:
    """A line each: JSON escapes every line end that is in a text."""
    return _JSON.encode_lines(values).decode()


def utc_text(value: datetime) -> str:
    """A time as SQLite keeps it: text that sorts as time does."""
    # Not strftime: its year has no leading zeros, and the text could neither be sorted nor be read again.
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def utc_texts(values: Sequence[datetime | None]) -> list[str | None]:
    """The same of a column; None stays None."""
    if values and is_constant(values):
        return [None if values[0] is None else utc_text(values[0])] * len(values)
    if set(map(type, values)) != _TIMES or not all(value.tzinfo is UTC for value in values if value is not None):
        return [None if value is None else utc_text(value) for value in values]
    texts = _JSON.encode(values).decode()[2:-2].split('","')
    if all(len(text) == _UTC_CHARS for text in texts):
        return [*texts]
    # A whole second is written without its fraction.
    return [text if len(text) == _UTC_CHARS else f"{text[:_SECOND_CHARS]}.000000Z" for text in texts]


def array_literal(column: Column) -> str:
    """An array as PostgreSQL reads it from text (section 8.15.2 of its manual)."""
    if isinstance(column, AsJson):
        return _json_array(column.values)
    values: Sequence[Any] = column
    kinds = set(map(type, values))
    if kinds == _INTEGERS:
        return "{" + _JSON.encode(values).decode()[1:-1] + "}"
    if kinds <= _PLAIN:
        return "{" + ",".join(map(str, values)) + "}"
    if kinds == _TIMES:
        return '{"' + '","'.join(_times(values)) + '"}'
    if all(issubclass(kind, str) for kind in kinds):
        whole = _NUL.join(values)
        if whole.count(_NUL) == len(values) - 1:
            return '{"' + _quoted(whole).replace(_NUL, '","') + '"}'
    return "{" + ",".join(map(_element, values)) + "}"


def _json_array(values: Sequence[Any]) -> str:
    if not values or _NOTHING in set(map(type, values)):
        return array_literal(json_texts(values))
    return '{"' + _quoted(_json_lines(values)[:-1]).replace("\n", '","') + '"}'


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


def _times(values: Sequence[datetime]) -> list[str]:
    if all(value.tzinfo is UTC for value in values):
        return _JSON.encode(values).decode()[2:-2].split('","')
    return [value.isoformat() for value in values]  # whose zone may have seconds


def copy_rows(columns: Sequence[Column]) -> str:
    """The rows of these columns, which are equally long, in COPY's text format (its manual page, "File Formats").

    What is the same in every row costs nothing where it stands before or after all that differs; a column that is named
    twice is written once.
    """
    count = len(_values_of(columns[0]))
    if not all(len(_values_of(column)) == count for column in columns):
        msg = "columns of different lengths"
        raise ValueError(msg)
    if not count:
        return ""
    written = {id(column): _copy_column(column) for column in {id(one): one for one in columns}.values()}
    texts = [written[id(column)] for column in columns]
    differing = [at for at, text in enumerate(texts) if not isinstance(text, str)] or [0]
    first, end = differing[0], differing[-1] + 1
    head = "".join([f"{text}\t" for text in texts[:first]])
    tail = "".join([f"\t{text}" for text in texts[end:]])
    inner = [repeat(text, count) if isinstance(text, str) else text for text in texts[first:end]]
    rows = map("\t".join, zip(*inner, strict=True))
    return head + (tail + "\n" + head).join(rows) + tail + "\n"


def is_constant(column: Column) -> bool:
    """It is the same, and not only equal, in every row: of what is parsed anew for each, that is soon known."""
    values = _values_of(column)
    return bool(values) and all(map(is_, values, repeat(values[0])))


def _values_of(column: Column) -> Sequence[Any]:
    return column.values if isinstance(column, AsJson) else column


def _copy_column(column: Column) -> str | Sequence[str]:
    """The fields, or the one field that all rows have."""
    if is_constant(column):
        return _copy_field(json_texts([column.values[0]])[0] if isinstance(column, AsJson) else column[0])
    if isinstance(column, AsJson):
        return _json_fields(column.values)
    values: Sequence[Any] = column
    kinds = set(map(type, values))
    if all(issubclass(kind, str) for kind in kinds):
        whole = "".join(values)
        return [one.translate(_COPY_ESCAPES) for one in values] if any(one in whole for one in _COPY_MARKS) else values
    if kinds == _TIMES:
        return _times(values)
    return [str(value) for value in values] if kinds <= _PLAIN else list(map(_copy_field, values))


def _json_fields(values: Sequence[Any]) -> Sequence[str]:
    if _NOTHING in set(map(type, values)):
        return _copy_column(json_texts(values))
    return _json_lines(values).replace("\\", "\\\\").split("\n")[:-1]  # its only mark that is one of COPY's, too


def _copy_field(value: Any) -> str:
    if isinstance(value, str):
        return value.translate(_COPY_ESCAPES)
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    return value.isoformat() if isinstance(value, datetime) else str(value)
