"""Operators and their keys: issued and shown once, looked up on every call, ended. What they may: `permissions.py`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from broker.contract.ids import new_id
from cloud.db import Transaction, table_of
from cloud.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from cloud.identity.permissions import OperatorRole, Permission, granted
from cloud.identity.tables import OperatorKeyRow
from cloud.registry import codes

key_table = table_of(OperatorKeyRow)


class Operator(msgspec.Struct, frozen=True):
    """Who holds a valid key, and what it may do."""

    key_id: str
    role: OperatorRole
    may: frozenset[Permission]


class IssuedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh key. token: this once."""

    id: str
    name: str
    role: str
    token: str
    expires_at: datetime | None


def issue_key(tx: Transaction, name: str, role: OperatorRole, expires_at: datetime | None = None) -> IssuedKey:
    """A new key for an operator."""
    token = codes.new_token("tlk_")
    row = OperatorKeyRow(
        id=new_id(tx.now),
        name=name,
        role=role.value,
        token_hash=codes.token_hash(token),
        created_at=tx.now,
        expires_at=expires_at,
    )
    tx.session.add(row)
    tx.session.flush()
    return IssuedKey(id=row.id, name=name, role=role.value, token=token, expires_at=expires_at)


def has_keys(tx: Transaction) -> bool:
    """At least one key was ever issued."""
    return tx.session.execute(sa.select(key_table.c.id).limit(1)).first() is not None


def operator_of(tx: Transaction, token: str) -> Operator:
    """Whose key it is. Raises UnauthenticatedError for one that is unknown, expired or revoked."""
    query = sa.select(key_table).where(key_table.c.token_hash == codes.token_hash(token))
    row = tx.session.execute(query).one_or_none()
    if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= tx.now):
        raise UnauthenticatedError
    role = OperatorRole(row.role)
    return Operator(row.id, role, granted(role, None))


def allow(operator: Operator, permission: Permission) -> None:
    """Raises ForbiddenError unless the operator's key has the permission."""
    if permission not in operator.may:
        msg = f"this key does not have the permission {permission.value}"
        raise ForbiddenError(msg, permission=permission.value)


def list_keys(tx: Transaction) -> Sequence[Any]:
    return tx.session.execute(sa.select(key_table).order_by(key_table.c.id)).all()


def revoke_key(tx: Transaction, key_id: str) -> None:
    """Ends a key. Raises NotFoundError."""
    row = tx.session.get(OperatorKeyRow, key_id)
    if row is None:
        raise NotFoundError
    row.revoked_at = row.revoked_at or tx.now
    tx.session.flush()
