"""Importing many units: every row checked first, then all registered in one transaction, or none."""

from collections.abc import Callable, Iterable

import msgspec

from cloud.db import Database, Transaction
from cloud.registry.importing import BadRow, ImportForm, MoreBadRows, Row, read_units
from cloud.registry.service import Registered, register_many
from cloud.secrets import Keys

BATCH = 2_000
MAX_NAMED = 1_000


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an import. units: empty for a dry run, and when a row was bad."""

    registered: int
    bad_rows: list[BadRow]
    unnamed_bad_rows: int
    dry_run: bool
    units: list[Registered]


class _BadRowsError(Exception):
    """Rolls the transaction back; the rows are already known."""


Once = Callable[[Transaction, Callable[[], list[Registered]]], list[Registered]]
"""Gives a repeated call its first answer: the claim codes in it are shown only once."""


def import_units(
    db: Database, keys: Keys, base_url: str, chunks: Iterable[bytes], form: ImportForm, *, dry_run: bool, once: Once
) -> Imported:
    """Reads the file twice in effect: rows that are wrong in themselves first, then those that the registry refuses."""
    rows, bad, unnamed = _sorted_out(chunks, form)
    refused: list[BadRow] = []

    def register(tx: Transaction) -> list[Registered]:
        units: list[Registered] = []
        refused.clear()
        for start in range(0, len(rows), BATCH):
            for one in register_many(tx, keys, base_url, rows[start : start + BATCH]):
                if isinstance(one, BadRow):
                    refused.append(one)
                else:
                    units.append(one)
        if bad or refused or dry_run:
            raise _BadRowsError
        return units

    try:
        units = db.run(lambda tx: once(tx, lambda: register(tx)))
    except _BadRowsError:
        units = []
    every = sorted(bad + refused)
    named = every[:MAX_NAMED]
    left_out = unnamed + len(every) - len(named)
    return Imported(registered=len(units), bad_rows=named, unnamed_bad_rows=left_out, dry_run=dry_run, units=units)


def _sorted_out(chunks: Iterable[bytes], form: ImportForm) -> tuple[list[Row], list[BadRow], int]:
    """The rows that are right in themselves, those that are not, and how many more of these there are."""
    rows: list[Row] = []
    bad: list[BadRow] = []
    unnamed = 0
    for outcome in read_units(chunks, form):
        match outcome:
            case Row():
                rows.append(outcome)
            case BadRow():
                bad.append(outcome)
            case MoreBadRows():
                unnamed = outcome.unnamed
    return rows, bad, unnamed
