"""Reads the conditions of content: each from its text, or what is wrong with it, and where in its file that stands."""

from typing import NamedTuple

from mobile_menu.rules.content import ItemSpec, Line
from mobile_menu.rules.source import Fault, Source, Table, place_of_text, table_of_item, table_of_line
from mobile_menu.rules.syntax import Problem, Vocabulary, parse
from mobile_menu.rules.tree import Condition

MAX_CONDITIONS = 4000
"""Of one profile."""


class ItemConditions(NamedTuple):
    when: Condition
    boosts: tuple[Condition, ...]


class Conditions(NamedTuple):
    """Every condition of a profile, in the order of its items, titles and status lines."""

    items: tuple[ItemConditions, ...]
    titles: tuple[Condition, ...]
    statuses: tuple[Condition, ...]


class _WrongError(Exception):
    """A condition that cannot be read. Never leaves this module."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.what)
        self.fault = fault


def read_conditions(source: Source) -> Conditions | Fault:
    """All conditions, or the first that cannot be read."""
    reader = _Reader(source)
    count = len(source.items) + sum(len(spec.boosts) for spec in source.items)
    if count > MAX_CONDITIONS:
        return Fault("items", 1, f"a profile has at most {MAX_CONDITIONS} conditions")
    try:
        return Conditions(
            tuple(reader.item(spec) for spec in source.items),
            reader.lines("titles", source.frame.titles),
            reader.lines("statuses", source.frame.statuses),
        )
    except _WrongError as wrong:
        return wrong.fault


class _Reader:
    def __init__(self, source: Source) -> None:
        self._source = source
        reasons = tuple(source.reason_labels)
        self._vocabulary: Vocabulary = {
            "device.reasons": reasons,
            "device.last_reasons": reasons,
            "next_step": source.machine.steps,
            "device.usage": source.machine.usage,
            "device.commands": source.machine.commands,
        }

    def item(self, spec: ItemSpec) -> ItemConditions:
        table = table_of_item(self._source, spec)
        return ItemConditions(
            self._read(spec.when, table), tuple(self._read(boost.when, table) for boost in spec.boosts)
        )

    def lines(self, array: str, lines: tuple[Line, ...]) -> tuple[Condition, ...]:
        return tuple(
            self._read(line.when, table_of_line(self._source, array, index, line.text))
            for index, line in enumerate(lines)
        )

    def _read(self, text: str, table: Table) -> Condition:
        found = parse(text, self._vocabulary)
        if not isinstance(found, Problem):
            return found
        raise _WrongError(_fault(found, table, place_of_text(self._source, table, text)))


def _fault(problem: Problem, table: Table, begins: tuple[int, int] | None) -> Fault:
    what = f"{table.about}: {problem.what}"
    if begins is None:
        return Fault(table.file, table.first, what)
    line, column = begins
    if problem.line > 1:
        return Fault(table.file, line + problem.line - 1, what, problem.column)
    return Fault(table.file, line, what, column + problem.column - 1)
