"""A deployment that was started before, opened by a command at the machine itself. Works beside running services."""

from typing import NamedTuple

from cloud import compose, schema
from cloud.audit import service as audit
from cloud.audit.subjects import NOTHING, Subject
from cloud.db import Database
from cloud.errors import SetupError
from cloud.secrets import Keys, load_keys
from cloud.settings import Settings


class Opened(NamedTuple):
    """What a command works with."""

    db: Database
    keys: Keys


def opened(settings: Settings) -> Opened:
    """Its database and its keys. Raises SetupError when there is none; nothing is made then."""
    return Opened(made_database(settings), load_keys(settings.keys_dir))


def opened_if_started(settings: Settings) -> Opened | None:
    """The same; None before the first start, when there is no database yet, or an empty one.

    Raises SetupError for a database that does not answer.
    """
    if not _has_database(settings):
        return None
    db = compose.make_database(settings, compose.make_clock(settings))
    try:
        started = schema.is_made(db)
    except BaseException:
        db.dispose()
        raise
    if not started:
        db.dispose()
        return None
    return Opened(db, load_keys(settings.keys_dir))


def _has_database(settings: Settings) -> bool:
    return bool(settings.database_url) or settings.database_file.is_file()


def made_database(settings: Settings) -> Database:
    """The database of a system that was started before. Raises SetupError when there is none."""
    must_be_there(settings)
    db = compose.make_database(settings, compose.make_clock(settings))
    schema.check_made(db)
    return db


def unmade_database(settings: Settings) -> Database:
    """The same, whatever its tables are. Raises SetupError when there is none."""
    must_be_there(settings)
    return compose.make_database(settings, compose.make_clock(settings))


def must_be_there(settings: Settings) -> None:
    """Before anything is made: a mistyped folder stays as it was. Raises SetupError."""
    if not _has_database(settings):
        msg = f"{settings.data_dir} holds no database; `up` or `db upgrade` makes one, --data-dir names another folder"
        raise SetupError(msg)


def note_command(settings: Settings, words: str, subject: Subject = NOTHING) -> None:
    """Puts into the audit log that a command was given, for those whose work is not one transaction: `db replay`."""
    found = opened(settings)
    try:
        note_in(found, words, subject)
    finally:
        found.db.dispose()


def note_in(found: Opened, words: str, subject: Subject = NOTHING) -> None:
    """The same, for a command that has opened the database before it began."""
    found.db.run(lambda tx: audit.note(tx, found.keys, audit.by_command(words, subject)))
