"""Persons and their phones; devices and their credentials. Operators: `operators.py`."""

import secrets
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlmodel import SQLModel

from broker.contract.ids import new_id
from cloud.db import Transaction, table_of
from cloud.errors import NotFoundError
from cloud.identity.devices import note_ended
from cloud.identity.tables import DeviceCredentialRow, PersonRow, SessionRow, SuppressedRow
from cloud.record.bulk import among
from cloud.registry import codes
from cloud.registry.service import read_unit
from cloud.secrets import Keys

SESSION_LASTS = timedelta(days=90)
VISIT_LASTS = timedelta(days=30)
session_table = table_of(SessionRow)
person_table = table_of(PersonRow)


class IssuedCredential(msgspec.Struct, frozen=True, kw_only=True):
    """What a device needs to connect, and its beacon to be known. password and beacon_key (hex): this once."""

    username: str
    password: str
    beacon_uid: str
    beacon_key: str


class OpenSession(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    person_id: str
    token: str
    expires_at: datetime


# --- persons ---


def new_person(tx: Transaction, keys: Keys) -> str:
    """Somebody of whom nothing is known yet."""
    row = PersonRow(id=new_id(tx.now), key=keys.vault.new_person_key(), created_at=tx.now)
    tx.session.add(row)
    tx.session.flush()
    return row.id


def person_key(tx: Transaction, person_id: str) -> bytes | None:
    """The wrapped key of a person; None when they have left."""
    row = tx.session.get(PersonRow, person_id)
    return None if row is None else row.key


def seal(tx: Transaction, keys: Keys, person_id: str, value: object, context: str) -> bytes:
    """`value` as JSON, under this person's key alone. Raises NotFoundError when they have left."""
    wrapped = person_key(tx, person_id)
    if wrapped is None:
        raise NotFoundError
    return keys.vault.seal(wrapped, msgspec.json.encode(value), context.encode())


def unseal(tx: Transaction, keys: Keys, person_id: str, sealed: bytes, context: str) -> Any:
    """What `seal` hid. Raises NotFoundError when the key is gone."""
    wrapped = person_key(tx, person_id)
    if wrapped is None:
        raise NotFoundError
    return msgspec.json.decode(keys.vault.open(wrapped, sealed, context.encode()))


def open_session(tx: Transaction, person_id: str, kind: str = "phone") -> OpenSession:
    """A session for a phone (`phone`), or for the cookie of a link (`visit`)."""
    token = codes.new_token("tls_" if kind == "phone" else "tlv_")
    expires_at = tx.now + (SESSION_LASTS if kind == "phone" else VISIT_LASTS)
    row = SessionRow(
        id=new_id(tx.now),
        kind=kind,
        token_hash=codes.token_hash(token),
        person_id=person_id,
        created_at=tx.now,
        expires_at=expires_at,
    )
    tx.session.add(row)
    tx.session.flush()
    return OpenSession(id=row.id, person_id=person_id, token=token, expires_at=expires_at)


def session_of(tx: Transaction, token: str, kind: str = "phone") -> Any | None:
    """The session of a token; None when it is unknown or has expired."""
    query = sa.select(session_table).where(
        session_table.c.token_hash == codes.token_hash(token), session_table.c.kind == kind
    )
    row = tx.session.execute(query).one_or_none()
    return None if row is None or row.expires_at <= tx.now else row


def forget_ended(tx: Transaction) -> None:
    """Deletes sessions and visits whose time is over, and the persons of whom nothing else is known."""
    ended = session_table.c.expires_at <= tx.now
    people = set(tx.session.execute(sa.select(session_table.c.person_id).where(ended)).scalars())
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


def suppress(tx: Transaction, keys: Keys, references: list[str]) -> None:
    """Nothing that comes for these references later is taken in."""
    for reference in references:
        tx.session.merge(SuppressedRow(mac=keys.mac(reference)))
    tx.session.flush()


def is_suppressed(tx: Transaction, keys: Keys, reference: str) -> bool:
    """It belonged to somebody who left."""
    return tx.session.get(SuppressedRow, keys.mac(reference)) is not None


# --- devices ---


def issue_credential(tx: Transaction, keys: Keys, product_id: str) -> IssuedCredential:
    """A password for the plain listener; an older one ends. Raises NotFoundError."""
    unit = read_unit(tx, product_id)
    password = codes.new_token("tld_")
    row = DeviceCredentialRow(product_id=product_id, secret_sha256=codes.token_hash(password), created_at=tx.now)
    before = device_secret(tx, product_id)
    tx.session.merge(row)
    tx.session.flush()
    if before is not None and not before[1]:
        note_ended(tx, product_id)
    beacon_key = keys.vault.open_own(unit.product.beacon_key, product_id.encode())
    return IssuedCredential(
        username=product_id, password=password, beacon_uid=unit.product.beacon_uid, beacon_key=beacon_key.hex()
    )


def device_secret(tx: Transaction, username: str) -> tuple[bytes, bool] | None:
    """(SHA-256 of the password, revoked) of a device; None when it has none."""
    row = tx.session.get(DeviceCredentialRow, username)
    return None if row is None else (row.secret_sha256, row.revoked_at is not None)


def secret_hash(secret: str) -> bytes:
    """What is stored of a secret of 256 random bits."""
    return codes.token_hash(secret)


def short_name() -> str:
    """Tells one process from another in a client id."""
    return secrets.token_hex(4)
