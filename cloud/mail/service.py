"""The mail that waits: put in with the decision, taken out by the mail loop, gone with the person.

At least once: a mail is leased before it is sent, and taken out when it has left. A mail whose time is over is dropped,
for its link leads nowhere any more.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from broker.contract.ids import new_id
from cloud.db import Database, Transaction, table_of
from cloud.identity import addresses
from cloud.identity import service as identity
from cloud.mail.letters import Letter
from cloud.mail.outlets import MailFolder
from cloud.mail.tables import MailRow
from cloud.secrets import Keys

mail_table = table_of(MailRow)
LEASE: Final = timedelta(minutes=2)
FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(minutes=5)


class Due(NamedTuple):
    """A mail to be sent now."""

    id: str
    letter: Letter
    attempts: int


def queue(
    tx: Transaction, keys: Keys, person_id: str, letter: Letter, expires_at: datetime, counted: bytes | None = None
) -> str:
    """Puts a mail into the transaction: it leaves after the commit, and not at all when there is none. Its id.

    counted: what `addresses.ask` has counted it for.
    """
    mail_id = new_id(tx.now)
    tx.session.add(
        MailRow(
            id=mail_id,
            person_id=person_id,
            letter=identity.seal(tx, keys, person_id, letter, mail_id),
            not_before=tx.now,
            expires_at=expires_at,
            counted=counted,
        )
    )
    tx.session.flush()
    tx.changes.mail = True
    return mail_id


def take_back(tx: Transaction, person_id: str, *, links_alone: bool = False) -> int:
    """The person's mails are not sent any more; those that lie in the mail folder go too. How many there were.

    links_alone: notices stay, for whoever has somebody else's phone must not be able to take them back. What nobody has
    begun to send yet has not left, and counts for its address no more.
    """
    own = sa.delete(mail_table).where(mail_table.c.person_id == person_id)
    if links_alone:
        own = own.where(mail_table.c.counted.is_not(None))
    gone = tx.session.execute(own.returning(mail_table.c.counted, mail_table.c.attempts)).all()
    addresses.uncount(tx, Counter(row.counted for row in gone if row.counted and row.attempts == 0))
    tx.changes.mail = True
    return len(gone)


def any_due(tx: Transaction) -> bool:
    """Something may be to send or to drop: asked first, so that an idle loop takes no write lock."""
    waits = sa.and_(mail_table.c.sent_at.is_(None), mail_table.c.not_before <= tx.now)
    query = sa.select(mail_table.c.id).where(sa.or_(waits, mail_table.c.expires_at <= tx.now)).limit(1)
    return tx.session.execute(query).first() is not None


def lease(tx: Transaction, keys: Keys, limit: int = 20) -> list[Due]:
    """Drops what is too late, and holds what is due; another loop takes it when the lease runs out."""
    late = sa.delete(mail_table).where(mail_table.c.expires_at <= tx.now)
    dropped = tx.session.execute(late.returning(mail_table.c.counted, mail_table.c.sent_at)).all()
    addresses.uncount(tx, Counter(row.counted for row in dropped if row.counted and row.sent_at is None))
    query = (
        sa.select(mail_table)
        .where(mail_table.c.sent_at.is_(None), mail_table.c.not_before <= tx.now)
        .order_by(mail_table.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(tx.session.execute(query))
    held = sa.update(mail_table).where(mail_table.c.id.in_([row.id for row in rows]))
    if rows:
        tx.session.execute(held.values(not_before=tx.now + LEASE, attempts=mail_table.c.attempts + 1))
    return [Due(row.id, _letter(tx, keys, row), row.attempts + 1) for row in rows]


def _letter(tx: Transaction, keys: Keys, row: Any) -> Letter:
    return Letter(**identity.unseal(tx, keys, row.person_id, row.letter, row.id))


def note_sent(tx: Transaction, mail_id: str) -> None:
    """A mail server has taken it."""
    tx.session.execute(sa.delete(mail_table).where(mail_table.c.id == mail_id))


def note_filed(tx: Transaction, mail_id: str) -> bool:
    """It lies in the mail folder; false when it was taken back meanwhile, and has to go from there."""
    filed = sa.update(mail_table).where(mail_table.c.id == mail_id).values(sent_at=tx.now)
    return bool(tx.session.execute(filed).rowcount)  # type: ignore[attr-defined]  # a cursor result has it


def note_failed(tx: Transaction, mail_id: str, attempts: int) -> None:
    """It could not be sent now, and is tried again later."""
    wait = min(FIRST_WAIT * 2 ** min(attempts, 16), LONGEST_WAIT)
    later = sa.update(mail_table).where(mail_table.c.id == mail_id)
    tx.session.execute(later.values(not_before=tx.now + wait))


def clean(db: Database, folder: MailFolder) -> None:
    """Takes out of the folder what is no mail of anybody any more."""
    if folder.holds_any():
        with db.reading() as tx:
            known = set(tx.session.execute(sa.select(mail_table.c.id)).scalars())
        folder.keep_only(known)
