"""Phones and their sessions: short access tokens, refresh tokens that rotate; and the visits of public links.

A session is a family of tokens (`tokens.py`), and one row is all that is kept of it, however often they rotate: hashes
of the selector, to be found by; of the access token and the one before it; of the refresh token and the one before it.
"""

import hashlib
import hmac
import logging
import secrets
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlmodel import SQLModel

from broker.contract.ids import new_id
from cloud.db import Transaction, table_of
from cloud.identity.rotation import Rotation, Verdict, judge
from cloud.identity.tables import EmailProofRow, PersonRow, SessionRow
from cloud.identity.tokens import ACCESS, REFRESH, VISIT, family_of, is_access, is_genuine, new_token, selector_of
from cloud.record import service as record
from cloud.record.bulk import among
from cloud.record.events import Event, EventType
from cloud.registry import codes
from cloud.secrets import Keys

log = logging.getLogger("throughline.sessions")
VISIT_LASTS: Final = timedelta(days=30)
session_table = table_of(SessionRow)
person_table = table_of(PersonRow)
proof_table = table_of(EmailProofRow)


class Lifetimes(NamedTuple):
    """How long tokens count. refresh: from the last rotation on."""

    access: timedelta = timedelta(minutes=15)
    refresh: timedelta = timedelta(days=90)


USUAL: Final = Lifetimes()


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """What a link's cookie says. token: this once."""

    id: str
    person_id: str
    token: str


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A session's two tokens, shown this once. Times: when each ends."""

    session_id: str
    person_id: str
    token: str
    expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime


class Session(NamedTuple):
    """A session, by an access token of it that counts until `until`."""

    id: str
    person_id: str
    until: datetime


class KnownPhone(msgspec.Struct, frozen=True, kw_only=True):
    """A session, as its person may see it."""

    id: str
    started_at: datetime
    refreshed_at: datetime
    expires_at: datetime


# --- visits ---


def open_visit(tx: Transaction, person_id: str) -> Visit:
    """A visit of this person: what the cookie of a link leads back to."""
    token = codes.new_token(VISIT)
    row = SessionRow(
        id=new_id(tx.now),
        kind="visit",
        token_hash=codes.token_hash(token),
        person_id=person_id,
        created_at=tx.now,
        expires_at=tx.now + VISIT_LASTS,
    )
    tx.session.add(row)
    tx.session.flush()
    return Visit(id=row.id, person_id=person_id, token=token)


def visit_of(tx: Transaction, token: str) -> Any | None:
    """The visit of a cookie; None when it is unknown or has expired."""
    return _found(tx, codes.token_hash(token), "visit")


# --- sessions ---


def open_phone(
    tx: Transaction, keys: Keys, person_id: str, visit_id: str | None = None, lifetimes: Lifetimes = USUAL
) -> Pair:
    """A session for a phone. visit_id: the visit of its browser, which ends with the session when that is ended."""
    row = SessionRow(
        id=new_id(tx.now),
        kind="phone",
        token_hash=b"",
        person_id=person_id,
        created_at=tx.now,
        expires_at=tx.now,
        visit_id=visit_id,
    )
    pair = _give(tx, keys, row, lifetimes)
    tx.session.add(row)
    tx.session.flush()
    return pair


def session_of(tx: Transaction, token: str) -> Session | None:
    """The session of an access token that counts now; None for any other."""
    row = _found(tx, family_of(token), "phone")
    if row is None:
        return None
    presented = codes.token_hash(token)
    for known, until in ((row.access_hash, row.access_until), (row.last_access_hash, row.last_access_until)):
        if known is not None and hmac.compare_digest(known, presented):
            return Session(row.id, row.person_id, until) if until > tx.now else None
    return None


def whose(tx: Transaction, keys: Keys, token: str) -> Any | None:
    """The session that any genuine token of it names, expired or replaced too. For leaving, and for nothing else."""
    return _found(tx, family_of(token), "phone") if is_genuine(keys, token) else None


def family_mac(keys: Keys, session: Any) -> bytes:
    """A keyed hash that all tokens of the session share, for what is to be found by them when the row is gone."""
    return keys.mac(session.token_hash.hex())


def mac_of(keys: Keys, token: str) -> bytes | None:
    """The same, from a token; None for one that is none of ours."""
    return keys.mac(family_of(token).hex()) if is_genuine(keys, token) else None


def refresh(tx: Transaction, keys: Keys, token: str, key: str | None, lifetimes: Lifetimes) -> Pair | None:
    """A new pair for a refresh token, which dies of it; None for one that does not count.

    A replaced one that comes again ends the session, unless it is the same call over again. key: the Idempotency-Key.
    """
    if not is_genuine(keys, token):
        return None
    query = sa.select(SessionRow).where(session_table.c.token_hash == family_of(token), session_table.c.kind == "phone")
    row: SessionRow | None = tx.session.execute(
        query.with_for_update().execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if row is None or row.expires_at <= tx.now or row.refresh_hash is None or is_access(token):
        return None
    key_hash = None if key is None else hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    known = Rotation(row.refresh_hash, row.previous_refresh_hash, row.refreshed_at or row.created_at, row.answer_key)
    match judge(known, codes.token_hash(token), key_hash, tx.now):
        case Verdict.ROTATE:
            pair = _give(tx, keys, row, lifetimes, token)
            row.answer_key = key_hash
            row.answer = keys.vault.seal_own(msgspec.json.encode(pair), f"refresh:{row.id}".encode())
            tx.session.flush()
            return pair
        case Verdict.REPEAT if row.answer is not None:
            return msgspec.json.decode(keys.vault.open_own(row.answer, f"refresh:{row.id}".encode()), type=Pair)
        case _:
            _end_stolen(tx, row)
            return None


def listing(tx: Transaction, person_id: str) -> list[KnownPhone]:
    """The phones of a person, the one that was refreshed last first."""
    found = sa.select(session_table).where(
        session_table.c.person_id == person_id, session_table.c.kind == "phone", session_table.c.expires_at > tx.now
    )
    phones = [
        KnownPhone(
            id=row.id,
            started_at=row.created_at,
            refreshed_at=row.refreshed_at or row.created_at,
            expires_at=row.expires_at,
        )
        for row in tx.session.execute(found)
    ]
    return sorted(phones, key=lambda one: (one.refreshed_at, one.id), reverse=True)


def is_open(tx: Transaction, person_id: str, session_id: str) -> bool:
    """It is this person's session, and has not ended."""
    own = (session_table.c.id == session_id, session_table.c.person_id == person_id, session_table.c.kind == "phone")
    return tx.session.execute(sa.select(session_table.c.id).where(*own)).first() is not None


def end(tx: Transaction, person_id: str, session_id: str) -> bool:
    """Ends a phone's session, and the visit of its browser, which would begin the next. False: not this person's."""
    row = tx.session.get(SessionRow, session_id)
    if row is None or row.person_id != person_id or row.kind != "phone":
        return False
    if row.visit_id is not None:
        own = (session_table.c.id == row.visit_id, session_table.c.person_id == person_id)
        tx.session.execute(sa.delete(session_table).where(*own))
    _drop(tx, row)
    return True


def forget_ended(tx: Transaction) -> None:
    """Deletes sessions and visits whose time is over, and the persons of whom nothing else is known."""
    ended = session_table.c.expires_at <= tx.now
    people = set(tx.session.execute(sa.select(session_table.c.person_id).where(ended)).scalars())
    over = sa.select(session_table.c.id).where(ended)
    tx.session.execute(sa.delete(proof_table).where(proof_table.c.session_id.in_(over)))
    tx.session.execute(sa.delete(session_table).where(ended))
    if not people:
        return
    referring = [
        sa.exists().where(key.parent == person_table.c.id)
        for table in SQLModel.metadata.tables.values()
        for key in table.foreign_keys
        if key.column is person_table.c.id
    ]
    unknown = sa.and_(among(tx, person_table.c.id, sorted(people)), ~sa.or_(*referring))
    tx.session.execute(sa.delete(person_table).where(unknown))


def _found(tx: Transaction, token_hash: bytes, kind: str) -> Any | None:
    query = sa.select(session_table).where(session_table.c.token_hash == token_hash, session_table.c.kind == kind)
    row = tx.session.execute(query).one_or_none()
    return None if row is None or row.expires_at <= tx.now else row


def _give(tx: Transaction, keys: Keys, row: SessionRow, lifetimes: Lifetimes, before: str = "") -> Pair:
    """A fresh pair of tokens into the row. The access token that counted until now counts on until its own end.

    before: the refresh token that is replaced; its selector goes on.
    """
    selector = selector_of(before) or secrets.token_urlsafe(16)
    access, fresh = (new_token(keys, prefix, selector) for prefix in (ACCESS, REFRESH))
    row.token_hash = codes.token_hash(selector)
    row.last_access_hash, row.last_access_until = row.access_hash, row.access_until
    row.access_hash, row.access_until = codes.token_hash(access), tx.now + lifetimes.access
    row.previous_refresh_hash, row.refresh_hash = row.refresh_hash, codes.token_hash(fresh)
    row.refreshed_at, row.expires_at = tx.now, tx.now + lifetimes.refresh
    return Pair(
        session_id=row.id,
        person_id=row.person_id,
        token=access,
        expires_at=row.access_until,
        refresh_token=fresh,
        refresh_expires_at=row.expires_at,
    )


def _end_stolen(tx: Transaction, row: SessionRow) -> None:
    """Two hold the session's tokens, and which one is the thief nobody can tell: both lose them."""
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
    _drop(tx, row)


def _drop(tx: Transaction, row: SessionRow) -> None:
    tx.session.execute(sa.delete(proof_table).where(proof_table.c.session_id == row.id))
    tx.session.delete(row)
    tx.session.flush()
    tx.changes.sessions.add(row.id)
