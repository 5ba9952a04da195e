"""Persons and what is sealed for them; devices and their credentials. Phones are in `phones.py`, operators in
`operators.py`.
"""

import secrets
from typing import Any

import msgspec
import sqlalchemy as sa

from broker.contract.ids import new_id
from cloud.db import Transaction, table_of
from cloud.errors import NotFoundError
from cloud.identity.devices import note_ended, unit_in_use
from cloud.identity.tables import DeviceCredentialRow, PersonRow, SuppressedRow
from cloud.registry import codes
from cloud.secrets import Keys

person_table = table_of(PersonRow)


class IssuedCredential(msgspec.Struct, frozen=True, kw_only=True):
    """What a device needs to connect, and its beacon to be known. password and beacon_key (hex): this once."""

    username: str
    password: str
    beacon_uid: str
    beacon_key: str


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


def key_of(person_id: sa.ColumnElement[str]) -> sa.ScalarSelect[Any]:
    """For other queries: the same."""
    return sa.select(person_table.c.key).where(person_table.c.id == person_id).scalar_subquery()


def seal(tx: Transaction, keys: Keys, person_id: str, value: object, context: str) -> bytes:
    """`value` as JSON, under this person's key alone. Raises NotFoundError when they have left."""
    wrapped = person_key(tx, person_id)
    if wrapped is None:
        raise NotFoundError
    return seal_under(keys, wrapped, value, context)


def seal_under(keys: Keys, wrapped: bytes, value: object, context: str) -> bytes:
    """The same under a wrapped key that was read already."""
    return keys.vault.seal(wrapped, msgspec.json.encode(value), context.encode())


def unseal(tx: Transaction, keys: Keys, person_id: str, sealed: bytes, context: str) -> Any:
    """What `seal` hid. Raises NotFoundError when the key is gone."""
    wrapped = person_key(tx, person_id)
    if wrapped is None:
        raise NotFoundError
    return msgspec.json.decode(keys.vault.open(wrapped, sealed, context.encode()))


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
    """A password for the plain listener; an older one ends. Raises NotFoundError, RetiredError."""
    unit = unit_in_use(tx, product_id)
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
