"""The seats of ingest workers: each is a session at the broker, served by one process at a time.

The session outlives the process, and messages go on to wait in it. So a seat is noted before the session is made, and
its row goes after the session: at every moment whoever looks at the rows knows of each session that may hold something.
"""

from enum import StrEnum
from functools import partial

import sqlalchemy as sa

from cloud.db import Database, Transaction, table_of
from cloud.record import service as record
from cloud.workers.tables import SeatRow
from cloud.workers.turn import Turn

table = table_of(SeatRow)
_ALL = "ingest seats"
"""Locked by who leaves: two who leave at once must not each rely on the other."""


class State(StrEnum):
    """joining: the session may have no subscription yet. in: it has. leaving: it has none any more, or soon."""

    JOINING = "joining"
    IN = "in"
    LEAVING = "leaving"


class Seats:
    """names: the seats that this process may take, in their order. alone: one of all processes is served at a time."""

    def __init__(self, db: Database, names: tuple[str, ...], *, alone: bool) -> None:
        self._db = db
        self._names = names
        self._alone = Turn(db, "ingest-alone") if alone else None
        self._turn: Turn | None = None

    def take(self) -> str | None:
        """A seat's name, which is this process's now; None while all are taken. Raises the database's errors."""
        if self._alone is not None and not self._alone.take():
            return None
        known = set(self.known())
        for name in sorted(self._names, key=lambda one: one not in known):  # where messages wait already comes first
            turn = self.turn(name)
            if turn.take():
                self._turn = turn
                self._db.run(partial(_note, name=name, state=State.JOINING, unless=State.IN))
                return name
        return None

    def still_held(self) -> bool:
        """It is this process's seat still. Raises the database's errors; then it may be somebody else's."""
        alone = self._alone is None or self._alone.take()
        return alone and self._turn is not None and self._turn.take()

    def give_up(self) -> None:
        """Lets another process take the seat."""
        for turn in (self._turn, self._alone):
            if turn is not None:
                turn.give_up()

    def turn(self, name: str) -> Turn:
        """Who holds it serves that seat."""
        return Turn(self._db, f"seat-{name}")

    def joined(self, name: str) -> None:
        """The session has its subscription."""
        self._db.run(lambda tx: _note(tx, name, State.IN))

    def begin_leaving(self, name: str) -> bool:
        """Whether the session may end: another worker lives, and takes what devices say from now on."""

        def begin(tx: Transaction) -> bool:
            record.lock(tx, {_ALL})
            others = [one for one, state in _states(tx).items() if state == State.IN and one != name]
            if not any(not self.turn(one).is_free() for one in others):
                return False
            _note(tx, name, State.LEAVING)
            return True

        return self._db.run(begin)

    def retire(self, name: str) -> None:
        """From now on whoever takes the seat empties its session."""
        self._db.run(lambda tx: _note(tx, name, State.LEAVING))

    def forget(self, name: str) -> None:
        """The session is no more."""
        self._db.run(lambda tx: tx.session.execute(sa.delete(table).where(table.c.name == name)))

    def known(self) -> list[str]:
        """The names of all sessions that may be there."""
        with self._db.reading() as tx:
            return sorted(_states(tx))

    def abandoned(self, own: str) -> list[str]:
        """Those that nobody serves."""
        return [name for name in self.known() if name != own and self.turn(name).is_free()]


def _states(tx: Transaction) -> dict[str, str]:
    return {name: state for name, state in tx.session.execute(sa.select(table.c.name, table.c.state))}  # noqa: C416 - rows are no pairs to a type checker


def _note(tx: Transaction, name: str, state: State, *, unless: State | None = None) -> None:
    statement = record.insert(tx, table).values(name=name, state=state.value, since=tx.now)
    changed = {"state": state.value, "since": tx.now}
    other = None if unless is None else table.c.state != unless.value
    tx.session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=changed, where=other))
