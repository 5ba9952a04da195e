"""Whose turn it is: work that one process of many does at a time, and another as soon as that one is gone."""

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from cloud.db import Database

_HOLDERS = sa.text(
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND classid = CAST(:high AS bigint) AND objid = CAST(:low AS bigint)"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""Of a lock whose key is one number: PostgreSQL shows it in two halves (section 54.12 of its manual, pg_locks)."""


class Turn:
    """On PostgreSQL a session's advisory lock, on SQLite a lock on a file beside the database.

    Both end with the process, however it ends.
    """

    def __init__(self, db: Database, name: str) -> None:
        self._db = db
        self._key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
        self._beside = Path(f"{db.engine.url.database}.{name}-turn") if db.is_sqlite else None
        self._connection: sa.Connection | None = None
        self._file: int | None = None

    @property
    def held(self) -> bool:
        return self._connection is not None or self._file is not None

    def take(self) -> bool:
        """True while it is this process's turn. Raises the database's errors; then the turn is lost."""
        return self._take_file() if self._beside is not None else self._take_lock()

    def is_free(self) -> bool:
        """Nobody has it, this process included. Asks only, and takes nothing. Raises the database's errors."""
        if self.held:
            return False
        if self._beside is not None:
            free = self._take_file()
            self.give_up()
            return free
        high, low = divmod(self._key & 0xFFFF_FFFF_FFFF_FFFF, 2**32)
        with self._db.reading() as tx:
            found = tx.session.execute(_HOLDERS, {"high": high, "low": low})
            return found.first() is None

    def give_up(self) -> None:
        """Lets another take it at once."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._connection is not None:
            # Said, and not left to the session's end, which the server notices only a moment later.
            with contextlib.suppress(SQLAlchemyError):
                self._connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": self._key})
        self._drop()

    def _take_file(self) -> bool:
        if self._file is None:
            handle = os.open(str(self._beside), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(handle)
                return False
            self._file = handle
        return True

    def _take_lock(self) -> bool:
        try:
            if self._connection is not None:
                self._connection.execute(sa.text("SELECT 1"))  # a session that broke has lost its lock
                return True
            fresh = self._db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            fresh.detach()  # in the pool the session would live on, and its lock with it
            if fresh.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}).scalar_one():
                self._connection = fresh
                return True
            fresh.close()
        except Exception:
            self._drop()
            raise
        return False

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
