"""E-mail addresses of persons: asked for, proven by a link, found again, forgotten.

Kept sealed under the person's key; a keyed hash finds the address when somebody else proves to have it too. What then
follows is decided above (`cloud/joining`), and so is which mail goes out.
"""

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from broker.contract.ids import new_id
from cloud.db import Transaction, table_of
from cloud.identity import mail_limits
from cloud.identity import service as identity
from cloud.identity.tables import EmailAllowanceRow, EmailProofRow, EmailRow
from cloud.record import service as record
from cloud.registry import codes
from cloud.secrets import Keys

LINK_LASTS: Final = timedelta(minutes=30)
LINK: Final = "tle_"
"""How the token of a link begins."""
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
    """A link that was asked for. token: for the mail alone; None when none may go out, as the address has had enough
    today. expires_at: of the wish; counted: what the mail counts for.
    """

    token: str | None
    expires_at: datetime
    counted: bytes


def mac_of(keys: Keys, address: str) -> bytes:
    """What an address is found by; only this deployment can make it."""
    return keys.mac(f"e-mail address\0{address}")


def too_many(tx: Transaction, session_id: str) -> float:
    """Seconds until this session may ask for another link; 0 when it may now."""
    earlier = sa.select(proof_table.c.created_at).where(proof_table.c.session_id == session_id)
    return mail_limits.session_wait(tx.session.execute(earlier).scalars().all(), tx.now).total_seconds()


def ask(tx: Transaction, keys: Keys, person_id: str, session_id: str, address: str, language: str) -> Asked:
    """Notes that a link to this address proves it for this person, in this session; the links before it are void."""
    older = (proof_table.c.session_id == session_id, proof_table.c.used_at.is_(None))
    tx.session.execute(sa.update(proof_table).where(*older).values(expires_at=tx.now))
    counted = _day_mac(keys, address, tx.now)
    record.lock(tx, {_subject(counted)})
    day, sends = mail_limits.asked(_day(tx, counted))
    _keep_day(tx, counted, day)
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
        expires_at=tx.now + LINK_LASTS if sends else mail_limits.end_of(tx.now),
        limited=not sends,
    )
    tx.session.add(row)
    tx.session.flush()
    return Asked(f"{token}.{_mark(keys, address, tx.now, day.turn)}" if sends else None, row.expires_at, counted)


def proof_of(tx: Transaction, keys: Keys, person_id: str, session_id: str, token: str) -> EmailProofRow | None:
    """The proof that this token completes, held until the end; None for any other, and in any other session.

    In a session that was told that no more mail goes out today, that is whatever bears today's mark of the address.
    """
    own, _, mark = token.partition(".")
    this = (proof_table.c.session_id == session_id, proof_table.c.person_id == person_id)
    named = proof_table.c.token_hash.in_([codes.token_hash(own), codes.token_hash(token)])
    row = _held(tx, *this, named)
    if row is not None:
        return row
    row = _held(tx, *this, proof_table.c.limited, proof_table.c.used_at.is_(None))
    if row is None:
        return None
    address = identity.unseal(tx, keys, person_id, row.address, row.id)
    turn = _day(tx, _day_mac(keys, address, tx.now)).turn
    if not hmac.compare_digest(mark.encode("utf-8", "surrogatepass"), _mark(keys, address, tx.now, turn).encode()):
        return None
    row.token_hash = codes.token_hash(token)  # so that its repetition finds it
    return row


def _held(tx: Transaction, *where: Any) -> EmailProofRow | None:
    query = sa.select(EmailProofRow).where(*where, proof_table.c.expires_at > tx.now).with_for_update()
    found: EmailProofRow | None = tx.session.execute(query.execution_options(populate_existing=True)).scalars().first()
    return found


def note_shown(tx: Transaction, keys: Keys, address: str) -> None:
    """Somebody has completed a link to this address: they read its mail, and what others asked for counts no more."""
    mac = _day_mac(keys, address, tx.now)
    record.lock(tx, {_subject(mac)})
    _keep_day(tx, mac, mail_limits.shown(_day(tx, mac)))


def uncount(tx: Transaction, mails: Mapping[bytes, int]) -> None:
    """So many mails that were counted have not left, and never will."""
    record.lock(tx, {_subject(mac) for mac in mails})
    for mac, count in sorted(mails.items()):
        left = mail_limits.taken_back(_day(tx, mac), count).mails
        tx.session.execute(sa.update(allowance_table).where(allowance_table.c.mac == mac).values(count=left))


def _day_mac(keys: Keys, address: str, at: datetime) -> bytes:
    return keys.mac(f"e-mail count\0{at:%Y-%m-%d}\0{address}")


def _mark(keys: Keys, address: str, at: datetime, turn: int) -> str:
    """What every mail to the address bears on this day, and nobody else can make; of 128 bits."""
    mark = keys.mac(f"e-mail mark\0{at:%Y-%m-%d}\0{turn}\0{address}")[:16]
    return base64.urlsafe_b64encode(mark).rstrip(b"=").decode()


def _subject(mac: bytes) -> str:
    return f"e-mail count:{mac.hex()}"


def _day(tx: Transaction, mac: bytes) -> mail_limits.Day:
    """What the address has had on the day. It says nothing of who asked, and leads to no person."""
    table = allowance_table
    row = tx.session.execute(sa.select(table.c.count, table.c.turn).where(table.c.mac == mac)).one_or_none()
    return mail_limits.Day() if row is None else mail_limits.Day(*row)


def _keep_day(tx: Transaction, mac: bytes, day: mail_limits.Day) -> None:
    values = {"count": day.mails, "turn": day.turn}
    statement = record.insert(tx, allowance_table).values(mac=mac, day=mail_limits.begin_of(tx.now), **values)
    tx.session.execute(statement.on_conflict_do_update(index_elements=["mac"], set_=values))


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
