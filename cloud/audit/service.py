"""The audit log: noted with what an operator does, written as the last thing of the same transaction, read by page.

Nothing personal and no body gets here: an entry says which key did what kind of thing to which unit, when, and whether
it was let. What is about a customer keeps a keyed hash of its id.
"""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from cloud.audit import chain
from cloud.audit.subjects import NOTHING, Subject, names_nobody
from cloud.audit.tables import AuditRow
from cloud.db import Transaction, table_of
from cloud.record import service as record
from cloud.secrets import Keys

entries = table_of(AuditRow)
HEAD_FORM: Final = "throughline-audit-head/1"
CLI: Final = "cli"
"""The actor of a command at the machine itself."""
SYSTEM: Final = "system"
"""The actor of what nobody's key asked for."""
DONE: Final = "done"
FORBIDDEN: Final = "forbidden"


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be noted. actor: `key:{id}`, `cli` or `system`. action: a permission, or the words of a command."""

    actor: str
    action: str
    route: str = ""
    subject: Subject = NOTHING
    outcome: str = DONE
    request: str = ""


def by_command(words: str, subject: Subject = NOTHING) -> Act:
    """What a command at the machine itself did: `keys create`."""
    return Act(actor=CLI, action=words.replace(" ", "."), route=f"throughline {words}", subject=subject)


def by_key(key_id: str) -> str:
    """The actor that a key is."""
    return f"key:{key_id}"


def note(tx: Transaction, keys: Keys, act: Act) -> None:
    """Puts the act into the log with this transaction, or not at all.

    It is written right before the commit: the chain has one end, and who holds it lets all others wait. So nobody
    waits for another's long work, and, as it is the last lock that is taken, no two wait for each other.
    """
    tx.closing.append(lambda: _write(tx, keys, act))


def _write(tx: Transaction, keys: Keys, act: Act) -> None:
    record.lock(tx, {"audit chain"})
    head = newest(tx)
    entry = chain.Entry(
        seq=head.seq + 1,
        at=text_of(tx.now),
        actor=act.actor,
        action=act.action,
        route=act.route,
        subject_kind=act.subject.kind,
        subject_id=mark_of(keys, act.subject),
        outcome=act.outcome,
        request=act.request,
    )
    values = {**entry._asdict(), "at": tx.now, "hash": chain.link(head.hash, entry)}
    tx.session.execute(sa.insert(entries).values(values))


def text_of(at: datetime) -> str:
    """A time as it is hashed."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def mark_of(keys: Keys, subject: Subject) -> str:
    """What the log keeps of an id: the id, or a keyed hash where it could lead to a person."""
    return subject.id if not subject.id or names_nobody(subject) else hidden(keys, subject.id)


def hidden(keys: Keys, text: str) -> str:
    """A keyed hash for the log: 64 hexadecimal digits, made with a key that is not in the database."""
    return keys.mac(f"audit:{text}").hex()


def newest(tx: Transaction) -> chain.Head:
    """The head of the chain; `chain.START` while it has no entry."""
    row = tx.session.execute(sa.select(entries.c.seq, entries.c.hash).order_by(entries.c.seq.desc()).limit(1)).first()
    return chain.START if row is None else chain.Head(row.seq, bytes(row.hash))


def signed_head(tx: Transaction, keys: Keys) -> dict[str, Any]:
    """The head, to be noted elsewhere, signed as receipts are: who keeps it can prove later what the log began with."""
    head = newest(tx)
    return keys.signer.sign({"form": HEAD_FORM, "seq": head.seq, "hash": head.hash.hex(), "at": text_of(tx.now)})


def shown(row: Any) -> dict[str, Any]:
    """An entry as people see it."""
    return {**row._asdict(), "at": text_of(row.at), "hash": bytes(row.hash).hex()}


def page_of(
    tx: Transaction,
    keys: Keys,
    *,
    before: int | None = None,
    limit: int = 50,
    actor: str | None = None,
    subject: str | None = None,
) -> list[Any]:
    """Entries, newest first. subject: an id as other calls show it, whichever way the log keeps it."""
    query = sa.select(entries).order_by(entries.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(entries.c.seq < before)
    if actor is not None:
        query = query.where(entries.c.actor == actor)
    if subject is not None:
        query = query.where(entries.c.subject_id.in_([subject, hidden(keys, subject)]))
    return list(tx.session.execute(query).all())
