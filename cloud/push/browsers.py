"""Browsers that want to be told by push: one subscription each, which goes with its session and its person."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec
import sqlalchemy as sa
from babel.dates import get_timezone

from broker.contract.ids import new_id
from cloud.db import Transaction, table_of
from cloud.identity import service as identity
from cloud.push.tables import PushSubscriptionRow
from cloud.record import service as record
from cloud.secrets import Keys

subscription_table = table_of(PushSubscriptionRow)
AT_ONCE: Final = 500
"""So many names in one statement."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """How a browser is reached, and told. p256dh, auth: its keys, base64url. time_zone: of IANA's names."""

    endpoint: str
    p256dh: str
    auth: str
    language: str
    time_zone: str


def is_zone(name: str) -> bool:
    """Whether there is such a time zone."""
    try:
        get_timezone(name)
    except LookupError:
        return False
    return True


def subscribe(tx: Transaction, keys: Keys, person_id: str, session_id: str, address: Address) -> None:
    """This session's browser is told from now on. It has one subscription, and a subscription one session: a browser
    that comes back with another session is told once.
    """
    mac = keys.mac(f"push:{address.endpoint}")
    record.lock(tx, {f"push:{mac.hex()}", f"push:{session_id}"})
    known = tx.session.execute(
        sa.select(PushSubscriptionRow).where(
            subscription_table.c.session_id == session_id, subscription_table.c.mac == mac
        )
    ).scalar_one_or_none()
    if known is not None:
        known.address = identity.seal(tx, keys, person_id, address, known.id)
        tx.session.flush()
        return
    same = sa.or_(subscription_table.c.session_id == session_id, subscription_table.c.mac == mac)
    tx.session.execute(sa.delete(subscription_table).where(same))
    row_id = new_id(tx.now)
    row = PushSubscriptionRow(
        id=row_id,
        session_id=session_id,
        person_id=person_id,
        mac=mac,
        address=identity.seal(tx, keys, person_id, address, row_id),
        created_at=tx.now,
    )
    tx.session.add(row)
    tx.session.flush()


def unsubscribe(tx: Transaction, session_id: str) -> None:
    """This session's browser is told nothing any more; what waits for it does not leave."""
    tx.session.execute(sa.delete(subscription_table).where(subscription_table.c.session_id == session_id))


def is_subscribed(tx: Transaction, session_id: str) -> bool:
    query = sa.select(subscription_table.c.id).where(subscription_table.c.session_id == session_id)
    return tx.session.execute(query).first() is not None


def subscribed_among(tx: Transaction, session_ids: Collection[str]) -> frozenset[str]:
    """Those of these sessions whose browsers are told by push."""
    names, found = sorted(session_ids), set[str]()
    for begin in range(0, len(names), AT_ONCE):
        some = subscription_table.c.session_id.in_(names[begin : begin + AT_ONCE])
        found.update(tx.session.execute(sa.select(subscription_table.c.session_id).where(some)).scalars())
    return frozenset(found)


def note_listening(tx: Transaction, session_ids: Collection[str], *, until: datetime) -> None:
    """These sessions have a live stream open until then, as far as is known."""
    names = sorted(session_ids)
    for begin in range(0, len(names), AT_ONCE):
        some = subscription_table.c.session_id.in_(names[begin : begin + AT_ONCE])
        tx.session.execute(sa.update(subscription_table).where(some).values(listens_until=until))
