"""Phones and their sessions: short access tokens, refresh tokens that rotate; and the visits of public links.

A session is a family of tokens (`tokens.py`), and one row is all that is kept of it, however often they rotate: hashes
of the selector, to be found by; of the access token and the one before it; of the refresh token and the one before it.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from broker.contract.ids import new_id
from cloud.db import Transaction, table_of
from cloud.identity import endings
from cloud.identity.rotation import Rotation, Verdict, judge
from cloud.identity.tables import SessionRow
from cloud.identity.tokens import ACCESS, REFRESH, VISIT, family_of, is_access, is_genuine, new_token, selector_of
from cloud.record import service as record
from cloud.registry import codes
from cloud.secrets import Keys

VISIT_LASTS: Final = timedelta(days=30)
LEAVES_FOR: Final = timedelta(days=1)
"""So long an access token that has expired still serves to leave with: an app that comes back need not refresh."""
session_table = table_of(SessionRow)


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
    """A session, as its person may see it; or a `visit`, by whose cookie a browser can begin one."""

    id: str
    kind: str
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


def held_visit_of(tx: Transaction, token: str) -> Any | None:
    """The same, held until the end, so that nobody ends it between the look and the session that begins by it."""
    row = visit_of(tx, token)
    if row is None:
        return None
    record.lock(tx, {endings.visit_subject(row.id)})
    return visit_of(tx, token)


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


def who_leaves(tx: Transaction, token: str) -> Any | None:
    """The session of a token that is enough to leave with: the refresh token that counts, or an access token that does,
    the latest of them for a day longer. What was replaced before is in nobody's hands who should have it.
    """
    row = _found(tx, family_of(token), "phone")
    if row is None:
        return None
    presented = codes.token_hash(token)
    for known, until, longer in (
        (row.refresh_hash, row.expires_at, timedelta(0)),
        (row.access_hash, row.access_until, LEAVES_FOR),
        (row.last_access_hash, row.last_access_until, timedelta(0)),
    ):
        if known is not None and hmac.compare_digest(known, presented):
            return row if until + longer > tx.now else None
    return None


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
            endings.end_stolen(tx, row)
            return None


def listing(tx: Transaction, person_id: str) -> list[KnownPhone]:
    """What can act as this person, used last first: phones, and the visits of browsers that no phone of these is in."""
    found = sa.select(session_table).where(session_table.c.person_id == person_id, session_table.c.expires_at > tx.now)
    rows = list(tx.session.execute(found))
    at_a_phone = {row.visit_id for row in rows if row.kind == "phone"}
    phones = [
        KnownPhone(
            id=row.id,
            kind=row.kind,
            started_at=row.created_at,
            refreshed_at=row.refreshed_at or row.created_at,
            expires_at=row.expires_at,
        )
        for row in rows
        if row.kind == "phone" or row.id not in at_a_phone
    ]
    return sorted(phones, key=lambda one: (one.refreshed_at, one.id), reverse=True)


def is_open(tx: Transaction, person_id: str, session_id: str) -> bool:
    """It is this person's session, and has not ended."""
    own = (session_table.c.id == session_id, session_table.c.person_id == person_id, session_table.c.kind == "phone")
    return tx.session.execute(sa.select(session_table.c.id).where(*own)).first() is not None


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
