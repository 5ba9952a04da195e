"""How sessions of phones and visits of browsers end: by hand, because a token came twice, and when their time is over.

A visit is what a browser's next session begins by. So what ends by hand ends with its visit, and with every session
that was begun by that visit: it is the browser that is sent away, and not one of its tokens.
"""

import logging
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from cloud.db import Transaction, table_of
from cloud.identity.tables import EmailProofRow, PersonRow, SessionRow
from cloud.record import service as record
from cloud.record.bulk import among
from cloud.record.events import Event, EventType

log = logging.getLogger("throughline.sessions")
session_table = table_of(SessionRow)
person_table = table_of(PersonRow)
proof_table = table_of(EmailProofRow)


def visit_subject(visit_id: str) -> str:
    """What is held of a visit, by whoever begins a session by it and by whoever ends it."""
    return f"visit:{visit_id}"


def end(tx: Transaction, person_id: str, session_id: str) -> bool:
    """Ends a browser, by its session or its visit: both, and all that began by the visit. A person of whom nothing else
    is known goes too. False: not this person's.
    """
    row = _own(tx, person_id, session_id)
    if row is None:
        return False
    visit_id = row.id if row.kind == "visit" else row.visit_id
    if visit_id is not None:
        record.lock(tx, {visit_subject(visit_id)})
    _hold_people(tx, {person_id})
    own = session_table.c.person_id == person_id
    _drop(tx, sa.and_(own, _of_browser(session_id, visit_id)))
    _forget_unknown(tx, {person_id})
    return True


def end_others(tx: Transaction, person_id: str, session_id: str) -> int:
    """Ends all that can act as this person but this session and the visit of its browser; how many ended."""
    row = _own(tx, person_id, session_id)
    kept = [session_id] if row is None or row.visit_id is None else [session_id, row.visit_id]
    own = session_table.c.person_id == person_id
    visits = sa.select(session_table.c.id).where(own, session_table.c.kind == "visit")
    record.lock(tx, {visit_subject(one) for one in tx.session.execute(visits).scalars()})
    _hold_people(tx, {person_id})
    return _drop(tx, sa.and_(own, session_table.c.id.not_in(kept)))


def end_stolen(tx: Transaction, row: SessionRow) -> None:
    """Two hold the session's tokens, and which one is the thief nobody can tell: both lose them.

    The visit stays, so that its browser goes on as the same person; but not when two persons have become one by an
    address: then the browser may be that of somebody who shared it once, and is asked for the address again.
    """
    log.warning("a refresh token that had been replaced came again; its session was ended")
    found = Event(
        id=f"session:{row.id}",
        type=EventType.SESSION_REUSED,
        at=tx.now,
        source="cloud",
        channel="phone_app",
        person_id=row.person_id,
    )
    record.append(tx, [found])
    of_it = session_table.c.id == row.id
    if row.visit_id is not None and _was_joined(tx, row.person_id):
        of_it = sa.and_(session_table.c.person_id == row.person_id, _of_browser(row.id, row.visit_id))
    _drop(tx, of_it)


def forget_ended(tx: Transaction) -> None:
    """Deletes sessions and visits whose time is over, and the persons of whom nothing else is known."""
    ended = session_table.c.expires_at <= tx.now
    people = set(tx.session.execute(sa.select(session_table.c.person_id).where(ended)).scalars())
    over = sa.select(session_table.c.id).where(ended)
    tx.session.execute(sa.delete(proof_table).where(proof_table.c.session_id.in_(over)))
    tx.session.execute(sa.delete(session_table).where(ended))
    if people:
        _forget_unknown(tx, people)


def _own(tx: Transaction, person_id: str, session_id: str) -> Any | None:
    query = sa.select(session_table).where(session_table.c.id == session_id, session_table.c.person_id == person_id)
    return tx.session.execute(query).one_or_none()


def _of_browser(session_id: str, visit_id: str | None) -> Any:
    if visit_id is None:
        return session_table.c.id == session_id
    return sa.or_(session_table.c.id.in_([session_id, visit_id]), session_table.c.visit_id == visit_id)


def _was_joined(tx: Transaction, person_id: str) -> bool:
    own = (record.journal.c.person_id == person_id, record.journal.c.type == EventType.PERSON_JOINED)
    return tx.session.execute(sa.select(record.journal.c.seq).where(*own).limit(1)).first() is not None


def _drop(tx: Transaction, which: Any) -> int:
    """Deletes these sessions and visits, and what only they could complete, and says so to who shows their menus."""
    rows = list(tx.session.execute(sa.select(session_table.c.id, session_table.c.kind).where(which)))
    ids = [row.id for row in rows]
    tx.session.execute(sa.delete(proof_table).where(proof_table.c.session_id.in_(ids)))
    tx.session.execute(sa.delete(session_table).where(session_table.c.id.in_(ids)))
    tx.session.expire_all()
    tx.changes.sessions.update(row.id for row in rows if row.kind == "phone")
    return len(ids)


def _hold_people(tx: Transaction, people: Collection[str]) -> None:
    """Nobody adds a row about them from here on, and who was about to has done it."""
    held = sa.select(person_table.c.id).where(person_table.c.id.in_(people)).with_for_update()
    tx.session.execute(held).all()


def _forget_unknown(tx: Transaction, people: Collection[str]) -> None:
    """Deletes those of whom no row says anything."""
    referring = [
        sa.exists().where(key.parent == person_table.c.id)
        for table in SQLModel.metadata.tables.values()
        for key in table.foreign_keys
        if key.column is person_table.c.id
    ]
    unknown = sa.and_(among(tx, person_table.c.id, sorted(people)), ~sa.or_(*referring))
    tx.session.execute(sa.delete(person_table).where(unknown))
