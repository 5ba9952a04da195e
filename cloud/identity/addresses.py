"""E-mail addresses of persons: asked for, proven by a link, found again, forgotten.

Kept sealed under the person's key; a keyed hash finds the address when somebody else proves to have it too. What then
follows is decided above (`cloud/joining`), and so is which mail goes out.
"""

import hmac
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from broker.contract.ids import new_id
from cloud.db import Transaction, table_of
from cloud.identity import service as identity
from cloud.identity.tables import EmailAllowanceRow, EmailProofRow, EmailRow
from cloud.record import service as record
from cloud.registry import codes
from cloud.secrets import Keys

LINK_LASTS: Final = timedelta(minutes=30)
LINK: Final = "tle_"
"""How the token of a link begins."""
PER_SESSION: Final = 5
"""Links that one session may ask for within an hour."""
PER_SESSION_WINDOW: Final = timedelta(hours=1)
PER_ADDRESS: Final = 5
"""Links that go to one address on one day (UTC), whoever asks: nobody can be flooded through us."""
ASKED_KEPT: Final = timedelta(hours=24)
email_table = table_of(EmailRow)
proof_table = table_of(EmailProofRow)
allowance_table = table_of(EmailAllowanceRow)


class KnownAddress(msgspec.Struct, frozen=True, kw_only=True):
    """The verified address of a person. language: of the mails to it."""

    address: str
    language: str
    verified_at: datetime


class Asked(NamedTuple):
    """A link that was asked for. token: for the mail alone. may_send: the address has not had too many today."""

    token: str
    expires_at: datetime
    may_send: bool


def mac_of(keys: Keys, address: str) -> bytes:
    """What an address is found by; only this deployment can make it."""
    return keys.mac(f"e-mail address\0{address}")


def too_many(tx: Transaction, session_id: str) -> float:
    """Seconds until this session may ask for another link; 0 when it may now."""
    recent = sa.select(proof_table.c.created_at).where(
        proof_table.c.session_id == session_id, proof_table.c.created_at > tx.now - PER_SESSION_WINDOW
    )
    asked = sorted(tx.session.execute(recent).scalars())
    if len(asked) < PER_SESSION:
        return 0.0
    wait: timedelta = asked[-PER_SESSION] + PER_SESSION_WINDOW - tx.now
    return max(1.0, wait.total_seconds())


def ask(tx: Transaction, keys: Keys, person_id: str, session_id: str, address: str, language: str) -> Asked:
    """Notes that a link to this address proves it for this person, in this session; the links before it are void."""
    older = (proof_table.c.session_id == session_id, proof_table.c.used_at.is_(None))
    tx.session.execute(sa.update(proof_table).where(*older).values(expires_at=tx.now))
    token, proof_id = codes.new_token(LINK), new_id(tx.now)
    row = EmailProofRow(
        id=proof_id,
        token_hash=codes.token_hash(token),
        session_id=session_id,
        person_id=person_id,
        address=identity.seal(tx, keys, person_id, address, proof_id),
        mac=mac_of(keys, address),
        language=language,
        created_at=tx.now,
        expires_at=tx.now + LINK_LASTS,
    )
    tx.session.add(row)
    tx.session.flush()
    return Asked(token, row.expires_at, _counted(tx, keys, address))


def _counted(tx: Transaction, keys: Keys, address: str) -> bool:
    """Counts one more link to the address today. The count says nothing of who asked, and leads to no person."""
    day = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    mac = keys.mac(f"e-mail count\0{day:%Y-%m-%d}\0{address}")
    statement = record.insert(tx, allowance_table).values(mac=mac, count=1, day=day)
    more = {"count": allowance_table.c.count + 1}
    counted = statement.on_conflict_do_update(index_elements=["mac"], set_=more).returning(allowance_table.c.count)
    return int(tx.session.execute(counted).scalar_one()) <= PER_ADDRESS


def proof_of(tx: Transaction, person_id: str, session_id: str, token: str) -> EmailProofRow | None:
    """The proof that this token completes, held until the end; None for any other, and in any other session."""
    query = sa.select(EmailProofRow).where(proof_table.c.token_hash == codes.token_hash(token)).with_for_update()
    row: EmailProofRow | None = tx.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if row is None or row.expires_at <= tx.now:
        return None
    same = hmac.compare_digest(row.session_id, session_id) and row.person_id == person_id
    return row if same else None


def holder(tx: Transaction, mac: bytes) -> str | None:
    """The person who has proven this address."""
    query = sa.select(email_table.c.person_id).where(email_table.c.mac == mac)
    return tx.session.execute(query).scalar_one_or_none()


def keep(tx: Transaction, keys: Keys, proof: EmailProofRow) -> None:
    """The address is the person's from now on, in place of the one before."""
    address = identity.unseal(tx, keys, proof.person_id, proof.address, proof.id)
    tx.session.merge(
        EmailRow(
            person_id=proof.person_id,
            address=identity.seal(tx, keys, proof.person_id, address, f"email:{proof.person_id}"),
            mac=proof.mac,
            language=proof.language,
            verified_at=tx.now,
        )
    )
    tx.session.flush()


def of_person(tx: Transaction, keys: Keys, person_id: str) -> KnownAddress | None:
    """The person's verified address."""
    row = tx.session.get(EmailRow, person_id)
    if row is None:
        return None
    address = identity.unseal(tx, keys, person_id, row.address, f"email:{person_id}")
    return KnownAddress(address=address, language=row.language, verified_at=row.verified_at)


def asked_for(tx: Transaction, keys: Keys, person_id: str) -> list[dict[str, Any]]:
    """The links that were asked for of late: for the person's own export."""
    query = sa.select(proof_table).where(proof_table.c.person_id == person_id).order_by(proof_table.c.id)
    return [
        {"address": identity.unseal(tx, keys, person_id, row.address, row.id), "at": row.created_at}
        for row in tx.session.execute(query)
        if row.address
    ]


def remove(tx: Transaction, person_id: str) -> None:
    """The person has no address any more, and no link leads to one. That links were asked for still counts."""
    tx.session.execute(sa.delete(email_table).where(email_table.c.person_id == person_id))
    void = {"address": b"", "mac": b"", "expires_at": tx.now}
    tx.session.execute(sa.update(proof_table).where(proof_table.c.person_id == person_id).values(void))
    tx.session.expire_all()


def forget_old(tx: Transaction) -> None:
    """Deletes what was asked for and what was counted, when it serves no limit any more."""
    tx.session.execute(sa.delete(proof_table).where(proof_table.c.created_at <= tx.now - ASKED_KEPT))
    tx.session.execute(sa.delete(allowance_table).where(allowance_table.c.day <= tx.now - 2 * ASKED_KEPT))
