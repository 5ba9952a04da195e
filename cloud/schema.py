"""The schema: brought to the newest migration at start, compared with it by tests."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from cloud.db import Database, check_reach
from cloud.errors import SetupError
from cloud.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK_KEY = 0x7468726F7567686C
"""Of an advisory lock on PostgreSQL, so that processes that start together migrate one after the other."""


def config(connection: sa.Connection) -> Config:
    """Alembic's configuration for a connection."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def upgrade(db: Database) -> None:
    """Brings the schema to the newest migration. Raises SetupError when the database does not answer, or is newer than
    this program.
    """
    check_reach(db.engine)
    with db.engine.execution_options(writes=True).begin() as connection:
        if not db.is_sqlite:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        settings = config(connection)
        now = MigrationContext.configure(connection).get_current_revision()
        known = {script.revision for script in ScriptDirectory.from_config(settings).walk_revisions()}
        if now is not None and now not in known:
            msg = "the database was made by a newer version of throughline; start that version"
            raise SetupError(msg, revision=now)
        command.upgrade(settings, "head")


def is_made(db: Database) -> bool:
    """Some migration has made its tables. Raises SetupError when the database does not answer."""
    check_reach(db.engine)
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() is not None


def check_made(db: Database) -> None:
    """Raises SetupError when the database does not answer, or no migration has ever made its tables."""
    if not is_made(db):
        msg = "the database is empty; `throughline up` or `throughline db upgrade` makes its tables"
        raise SetupError(msg)


def differences(db: Database) -> list[object]:
    """What the tables of the code and those of the database do not have in common."""
    with db.engine.connect() as connection:
        parts = spans(connection)

        def is_whole(name: str | None, kind: str, _parents: object) -> bool:
            return kind != "table" or name not in parts

        options = {"compare_type": True, "include_name": is_whole}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def spans(connection: sa.Connection) -> set[str]:
    """Tables that are parts of another: PostgreSQL's partitions, which come and go with time."""
    if connection.dialect.name == "sqlite":
        return set()
    query = sa.text("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")
    return set(connection.execute(query).scalars())
