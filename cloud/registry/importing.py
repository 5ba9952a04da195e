"""Reading an import of units, CSV or JSON lines, as a stream: what is wrong with a row is a value. Pure.

One line is one row in both forms, also in CSV: neither a GTIN nor a serial holds a line break, and so a quote that is
not closed spoils its own line only. Whether a unit is registered already, the service knows.
"""

import codecs
import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from cloud.registry.gs1 import Gs1Problem, Gtin, Serial, check_gtin, check_serial

MAX_LINE_BYTES: Final = 4096
MAX_ROWS: Final = 1_000_000
MAX_BAD_ROWS: Final = 1000
_SHOWN: Final = 40


class ImportForm(StrEnum):
    CSV = "csv"
    JSON_LINES = "jsonl"


class Row(NamedTuple):
    """A unit to register. line: counted from 1. serial: None asks for one to be made."""

    line: int
    gtin: Gtin
    serial: Serial | None


class BadRow(NamedTuple):
    """A line that cannot be taken. pointer: the column in CSV, a JSON pointer in JSON lines; empty: the whole line."""

    line: int
    pointer: str
    code: str
    detail: str


class MoreBadRows(NamedTuple):
    """Comes last when more than `MAX_BAD_ROWS` rows are bad: how many are not named."""

    unnamed: int


Outcome = Row | BadRow | MoreBadRows


class _Fields(NamedTuple):
    """What a line says, not yet checked."""

    gtin: str
    serial: str


class _Line(NamedTuple):
    """number: from 1. data: without its line end; None when it was longer than `MAX_LINE_BYTES`."""

    number: int
    data: bytes | None


_Reader = Callable[[_Line], _Fields | BadRow]


def read_units(chunks: Iterable[bytes], form: ImportForm, *, max_bad_rows: int = MAX_BAD_ROWS) -> Iterator[Outcome]:
    """Each row of the UTF-8 file that `chunks` make up, in order; blank lines are passed over.

    Needs memory for one line, one chunk and 16 bytes (about 90 as Python keeps them) per serial, to notice duplicates.
    A header without its columns and a row above `MAX_ROWS` are bad rows that end the reading.
    """
    lines = (line for line in _lines(chunks) if line.data != b"")
    named = 0
    unnamed = 0
    for outcome in _outcomes(lines, form):
        if isinstance(outcome, Row):
            yield outcome
        elif named < max_bad_rows:
            named += 1
            yield outcome
        else:
            unnamed += 1
    if unnamed:
        yield MoreBadRows(unnamed)


def _outcomes(lines: Iterator[_Line], form: ImportForm) -> Iterator[Row | BadRow]:
    pointers = ("gtin", "serial") if form is ImportForm.CSV else ("/gtin", "/serial")
    reader = _csv_reader(lines) if form is ImportForm.CSV else _read_json
    if isinstance(reader, BadRow):
        yield reader
        return
    seen: set[bytes] = set()
    for count, line in enumerate(lines, start=1):
        if count > MAX_ROWS:
            yield BadRow(line.number, "", "too_many_rows", f"one import takes {MAX_ROWS} rows; split the file")
            return
        fields = reader(line)
        yield fields if isinstance(fields, BadRow) else _checked(line.number, fields, pointers, seen)


def _checked(line: int, fields: _Fields, pointers: tuple[str, str], seen: set[bytes]) -> Row | BadRow:
    gtin = check_gtin(fields.gtin.strip())
    if isinstance(gtin, Gs1Problem):
        return BadRow(line, pointers[0], gtin.code, f"{_short(fields.gtin)}: {gtin.detail}")
    if not fields.serial:
        return Row(line, gtin, None)
    serial = check_serial(fields.serial)
    if isinstance(serial, Gs1Problem):
        return BadRow(line, pointers[1], serial.code, f"{_short(fields.serial)}: {serial.detail}")
    mark = hashlib.blake2b(f"{gtin}{serial}".encode(), digest_size=16).digest()
    if mark in seen:
        return BadRow(line, pointers[1], "duplicate_in_file", f"{gtin} with serial {serial} came before in this file")
    seen.add(mark)
    return Row(line, gtin, serial)


def _csv_reader(lines: Iterator[_Line]) -> _Reader | BadRow:
    """Takes the header off `lines`. Columns other than `gtin` and `serial` are passed over."""
    first = next(lines, _Line(1, b""))
    header = _cells(first)
    if isinstance(header, BadRow):
        return header
    names = [name.strip().lower() for name in header]
    for column in ("gtin", "serial"):
        if names.count(column) != 1:
            code = "repeated_column" if column in names else "missing_column"
            return BadRow(first.number, column, code, f"the first line must name the column {column} once")
    gtin_at, serial_at = names.index("gtin"), names.index("serial")

    def read(line: _Line) -> _Fields | BadRow:
        cells = _cells(line)
        if isinstance(cells, BadRow):
            return cells
        if len(cells) != len(names):
            return BadRow(line.number, "", "wrong_columns", f"{len(cells)} columns where the header has {len(names)}")
        return _Fields(cells[gtin_at], cells[serial_at])

    return read


def _cells(line: _Line) -> list[str] | BadRow:
    if line.data is None:
        return _too_long(line)
    try:
        return next(csv.reader([line.data.decode()], strict=True), [])
    except UnicodeDecodeError:
        return BadRow(line.number, "", "not_utf8", "not UTF-8")
    except csv.Error as error:
        return BadRow(line.number, "", "not_csv", str(error))


def _read_json(line: _Line) -> _Fields | BadRow:
    if line.data is None:
        return _too_long(line)
    try:
        found = msgspec.json.decode(line.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return BadRow(line.number, "", "not_json", str(error))
    if not isinstance(found, dict) or "gtin" not in found:
        return BadRow(line.number, "/gtin", "missing_column", "a line must be an object with gtin and serial")
    gtin, serial = found["gtin"], found.get("serial")
    if not isinstance(gtin, str):
        return BadRow(line.number, "/gtin", "wrong_type", "gtin must be a string: a number loses its zeros")
    if not isinstance(serial, str | None):
        return BadRow(line.number, "/serial", "wrong_type", "serial must be a string")
    return _Fields(gtin, serial or "")


def _lines(chunks: Iterable[bytes]) -> Iterator[_Line]:
    """The lines of the file, never holding more than one of them. A byte order mark at the start is dropped."""
    number = 1
    held = b""
    overlong = False
    for chunk in chunks:
        *ends, rest = (held + chunk).split(b"\n")
        for end in ends:
            yield _line(number, end, overlong=overlong)
            number, overlong = number + 1, False
        overlong = overlong or len(rest) > MAX_LINE_BYTES + 1  # a carriage return may be among them
        held = b"" if overlong else rest
    if held or overlong:
        yield _line(number, held, overlong=overlong)


def _line(number: int, data: bytes, *, overlong: bool) -> _Line:
    if number == 1:
        data = data.removeprefix(codecs.BOM_UTF8)
    data = data.removesuffix(b"\r")
    return _Line(number, None if overlong or len(data) > MAX_LINE_BYTES else data)


def _too_long(line: _Line) -> BadRow:
    return BadRow(line.number, "", "too_long", f"a line has at most {MAX_LINE_BYTES} bytes")


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
