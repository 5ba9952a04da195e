"""Content as it was read from its files: where something stands in it, and what is wrong there."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from mobile_menu.rules.content import ContentTest, ItemSpec, ProfileFile
from mobile_menu.rules.pictures import Picture

PROFILE, TESTS = "profile.toml", "tests.toml"


class Fault(NamedTuple):
    """line, column: counted from 1; column 0 when only the line is known."""

    file: str
    line: int
    what: str
    column: int = 0


class Machine(NamedTuple):
    """What `machine/profile.toml` names, beside the content: figures of use, steps of the installation, commands."""

    usage: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


class Source(NamedTuple):
    """A profile as it was read. texts: Fluent sources by language and file. lines: where each item id stands.

    tables: the TOML sources by file.
    """

    profile: str
    frame: ProfileFile
    items: tuple[ItemSpec, ...]
    tests: tuple[ContentTest, ...]
    texts: Mapping[str, Mapping[str, str]]
    reason_labels: Mapping[str, str]
    lines: Mapping[str, list[tuple[str, int]]]
    pictures: Mapping[str, Picture]
    tables: Mapping[str, str]
    machine: Machine


class Table(NamedTuple):
    """One `[[…]]` of a file, with what belongs to it: its lines from `first` up to `last`. about: what it is called."""

    file: str
    first: int
    last: int
    about: str


def place_of_item(source: Source, spec: ItemSpec) -> tuple[str, int]:
    """Where the item's id stands, as file and line."""
    return source.lines.get(spec.id, [("items", 1)])[0]


def table_of_item(source: Source, spec: ItemSpec) -> Table:
    """The item's `[[items]]`, with its boosts."""
    file, line = place_of_item(source, spec)
    heads = _heads(source.tables.get(file, ""), "items")
    first = max((head for head in heads if head <= line), default=line)
    last = min((head for head in heads if head > line), default=_length(source, file))
    return Table(file, first, last, spec.id)


def table_of_line(source: Source, array: str, index: int, about: str) -> Table:
    """The title or status line of this number, from 0."""
    heads = [*_heads(source.tables[PROFILE], array), _length(source, PROFILE), _length(source, PROFILE)]
    index = min(index, len(heads) - 2)
    return Table(PROFILE, heads[index], heads[index + 1], about)


def table_of_section(source: Source, index: int) -> Table:
    """The section of this number, from 0."""
    return _table(source, PROFILE, "sections", index, "")


def table_of_test(source: Source, index: int, about: str) -> Table:
    """The test of this number, from 0."""
    return _table(source, TESTS, "tests", index, about)


def _table(source: Source, file: str, array: str, index: int, about: str) -> Table:
    """Line 1 for what is written in some other way than `[[…]]`."""
    heads = [*_heads(source.tables[file], array), _length(source, file)]
    return Table(file, heads[index], heads[index + 1], about) if index + 1 < len(heads) else Table(file, 1, 1, about)


def place_of_text(source: Source, table: Table, text: str) -> tuple[int, int] | None:
    """Where a condition's text begins in its table, as line and column; None when it is written in some other way."""
    lines = source.tables.get(table.file, "").splitlines(keepends=True)
    block = "".join(lines[table.first - 1 : table.last - 1])
    found = re.search(rf"\bwhen\s*=\s*(?P<quote>'''\n?|\"\"\"\n?|'|\")(?P<text>{re.escape(text)})(?:'|\")", block)
    if found is None:
        return None
    at = found.start("text")
    return table.first + block.count("\n", 0, at), at - block.rfind("\n", 0, at)


def _heads(text: str, array: str) -> list[int]:
    return [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == f"[[{array}]]"]


def _length(source: Source, file: str) -> int:
    return len(source.tables.get(file, "").splitlines()) + 1
