"""Operators and their keys: issued and shown once, looked up on every call, ended. What they may: `permissions.py`."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from broker.contract.ids import new_id
from cloud.db import Transaction, table_of
from cloud.errors import (
    FieldProblem,
    ForbiddenError,
    InvalidError,
    LastAdminKeyError,
    NotFoundError,
    UnauthenticatedError,
)
from cloud.identity.permissions import MAX_SCOPES, OperatorRole, Permission, granted, useless
from cloud.identity.tables import OperatorKeyRow
from cloud.record import service as record
from cloud.registry import codes

key_table = table_of(OperatorKeyRow)


class Operator(msgspec.Struct, frozen=True):
    """Who holds a valid key, and what it may do. used_on: the last day on which it was noted that it was used."""

    key_id: str
    role: OperatorRole
    may: frozenset[Permission]
    used_on: date | None = None


class IssuedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh key. token: this once."""

    id: str
    name: str
    role: str
    scopes: tuple[str, ...] | None
    token: str
    expires_at: datetime | None


class KnownKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as operators see it. expires_at: when it ends, by its own time or by the age that keys may have."""

    id: str
    name: str
    role: OperatorRole
    scopes: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_on: date | None

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def may(self) -> frozenset[Permission]:
        return granted(self.role, self.scopes)


def ends_at(created_at: datetime, expires_at: datetime | None, max_age: timedelta | None) -> datetime | None:
    """When a key ends; None: never. max_age: how old any key may get, also one that was made before that was said."""
    oldest = None if max_age is None else created_at + max_age
    ends = [one for one in (expires_at, oldest) if one is not None]
    return min(ends) if ends else None


def issue_key(
    tx: Transaction,
    name: str,
    role: OperatorRole,
    expires_at: datetime | None = None,
    *,
    scopes: Sequence[str] | None = None,
    max_age: timedelta | None = None,
    issuer: Operator | None = None,
) -> IssuedKey:
    """A new key. scopes: narrow what the role has. issuer: whose key asks for it; None at the machine itself.

    Raises InvalidError, and ForbiddenError when the new key could do what the issuer's cannot.
    """
    problems = [*_wrong_end(tx.now, expires_at, max_age), *_wrong_scopes(role, scopes)]
    if problems:
        raise InvalidError(problems=tuple(problems))
    _refuse_more(granted(role, scopes), issuer)
    token = codes.new_token("tlk_")
    named = None if scopes is None else tuple(dict.fromkeys(scopes))
    row = OperatorKeyRow(
        id=new_id(tx.now),
        name=name,
        role=role.value,
        scopes=None if named is None else list(named),
        token_hash=codes.token_hash(token),
        created_at=tx.now,
        expires_at=expires_at,
    )
    tx.session.add(row)
    tx.session.flush()
    ends = ends_at(tx.now, expires_at, max_age)
    return IssuedKey(id=row.id, name=name, role=role.value, scopes=named, token=token, expires_at=ends)


def _wrong_end(now: datetime, expires_at: datetime | None, max_age: timedelta | None) -> list[FieldProblem]:
    if expires_at is None:
        return []
    if expires_at <= now:
        return [FieldProblem("/expires_at", "in_the_past", "a key ends in the future")]
    if max_age is not None and expires_at > now + max_age:
        return [FieldProblem("/expires_at", "too_late", f"a key lasts {max_age.days} days at most")]
    return []


def _wrong_scopes(role: OperatorRole, scopes: Sequence[str] | None) -> list[FieldProblem]:
    if scopes is None:
        return []
    if not 1 <= len(scopes) <= MAX_SCOPES:
        return [FieldProblem("/scopes", "out_of_range", f"1 to {MAX_SCOPES}, or none at all for the whole role")]
    detail = f"nothing that the role {role.value} has; such as units.read, or units"
    return [FieldProblem(f"/scopes/{place}", "unknown_scope", detail) for place in useless(role, scopes)]


def _refuse_more(wanted: frozenset[Permission], issuer: Operator | None) -> None:
    """A narrowed key must not make or end a wider one, or its scopes would narrow nothing."""
    if issuer is not None and not wanted <= issuer.may:
        more = ", ".join(sorted(wanted - issuer.may)[:3])
        msg = f"that key may do what yours may not: {more}"
        raise ForbiddenError(msg)


def has_keys(tx: Transaction) -> bool:
    """At least one key was ever issued."""
    return tx.session.execute(sa.select(key_table.c.id).limit(1)).first() is not None


def operator_of(tx: Transaction, token: str, max_age: timedelta | None) -> Operator:
    """Whose key it is. Raises UnauthenticatedError for one that is unknown, expired, too old or revoked."""
    query = sa.select(key_table).where(key_table.c.token_hash == codes.token_hash(token))
    row = tx.session.execute(query).one_or_none()
    known = None if row is None else _known(row, max_age)
    if known is None or not known.is_valid(tx.now):
        raise UnauthenticatedError
    return Operator(known.id, known.role, known.may, known.last_used_on)


def note_use(tx: Transaction, key_id: str) -> bool:
    """Notes that the key was used today: the day, and no more. True for the very first time."""
    own, used = key_table.c.id == key_id, key_table.c.last_used_on
    today = tx.now.date()
    first = sa.update(key_table).where(own, used.is_(None)).values(last_used_on=today)
    if tx.session.execute(first).rowcount:  # type: ignore[attr-defined]  # a cursor result has it
        return True
    tx.session.execute(sa.update(key_table).where(own, used < today).values(last_used_on=today))
    return False


def list_keys(tx: Transaction, max_age: timedelta | None = None) -> list[KnownKey]:
    """Every key that ever was, the oldest first."""
    rows = tx.session.execute(sa.select(key_table).order_by(key_table.c.id)).all()
    return [_known(row, max_age) for row in rows]


def _known(row: Any, max_age: timedelta | None) -> KnownKey:
    return KnownKey(
        id=row.id,
        name=row.name,
        role=OperatorRole(row.role),
        scopes=None if row.scopes is None else tuple(row.scopes),
        created_at=row.created_at,
        expires_at=ends_at(row.created_at, row.expires_at, max_age),
        revoked_at=row.revoked_at,
        last_used_on=row.last_used_on,
    )


def revoke_key(
    tx: Transaction, key_id: str, *, issuer: Operator | None = None, max_age: timedelta | None = None
) -> None:
    """Ends a key, from the next call on. issuer: whose key asks for it; None at the machine itself.

    Raises NotFoundError, ForbiddenError when the key may do what the issuer's may not, and, for an issuer,
    LastAdminKeyError when no other valid key could make new ones of every kind.
    """
    record.lock(tx, {"operators' keys"})  # two that end the last two keys, each seeing the other's
    row = tx.session.get(OperatorKeyRow, key_id)
    if row is None:
        raise NotFoundError
    known = _known(row, max_age)
    _refuse_more(known.may, issuer)
    last = known.is_valid(tx.now) and _is_whole_admin(known) and not has_admin(tx, max_age, besides=key_id)
    if issuer is not None and last:
        raise LastAdminKeyError
    row.revoked_at = row.revoked_at or tx.now
    tx.session.flush()


def _is_whole_admin(key: KnownKey) -> bool:
    return key.role is OperatorRole.ADMIN and key.scopes is None


def has_admin(tx: Transaction, max_age: timedelta | None, *, besides: str = "") -> bool:
    """There is a valid key of an admin with no scopes, that one not counted."""
    others = sa.select(key_table).where(
        key_table.c.id != besides, key_table.c.role == OperatorRole.ADMIN.value, key_table.c.revoked_at.is_(None)
    )
    known = (_known(row, max_age) for row in tx.session.execute(others))
    return any(one.is_valid(tx.now) and _is_whole_admin(one) for one in known)
