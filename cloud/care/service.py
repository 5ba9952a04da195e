"""Cases: a customer asks for an expert, an operator answers. What they write is sealed under the customer's key."""

from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from broker.contract.ids import new_id
from broker.contract.messages import Json
from cloud.care.tables import CaseMessageRow, CaseRow
from cloud.db import Transaction, table_of
from cloud.errors import ConflictError, NotFoundError
from cloud.identity import service as identity
from cloud.lifecycle import service as lifecycle
from cloud.lifecycle.parting import tells_of_the_machine
from cloud.record import service as record
from cloud.record.events import Event, EventType
from cloud.secrets import Keys
from cloud.twin import service as twin

case_table = table_of(CaseRow)
message_table = table_of(CaseMessageRow)
Author = Literal["customer", "expert"]
OPEN = ("open", "answered")


def escalate(tx: Transaction, keys: Keys, seen: lifecycle.Journey, text: str, menu: bytes) -> CaseRow:
    """Opens a case, or adds to the open one. The expert gets stage, twin, timeline and the menu on the phone.

    seen: the journey as its customer may see it. So who looks on at somebody's unit learns nothing of it through an
    expert either; which unit it is stands at the case.
    """
    journey = lifecycle.read(tx, seen.id)
    record.lock(tx, {journey.id})
    open_case = sa.select(CaseRow).where(case_table.c.journey_id == journey.id, case_table.c.status.in_(OPEN))
    row: CaseRow | None = tx.session.execute(open_case).scalars().first()
    if row is not None:
        _write(tx, keys, row, "customer", text)
        _note(tx, row, EventType.CASE_ANSWERED, "phone")
        return row
    case_id = new_id(tx.now)
    snapshot = _snapshot(tx, seen, menu, withheld=seen.product_id != journey.product_id)
    row = CaseRow(
        id=case_id,
        journey_id=journey.id,
        product_id=journey.product_id,
        person_id=journey.person_id,
        stage=seen.stage,
        version=0,
        opened_at=tx.now,
        changed_at=tx.now,
        snapshot=identity.seal(tx, keys, journey.person_id, snapshot, case_id),
    )
    tx.session.add(row)
    tx.session.flush()
    _write(tx, keys, row, "customer", text)
    _note(tx, row, EventType.CASE_OPENED, "phone")
    return row


def _snapshot(tx: Transaction, journey: lifecycle.Journey, menu: bytes, *, withheld: bool) -> dict[str, Json]:
    """What was the case when help was asked for. It is the customer's to take along: so nothing of others who are, or
    were, with the same unit is in it, nor what the unit did before they came or after they left.

    withheld: there is a unit, and its state is not for this customer to see.
    """
    unit = None if journey.closed else journey.product_id
    seen = twin.read_many(tx, [unit]) if unit else {}
    events = record.story(tx, lifecycle.all_ids(tx, journey.id), unit, since=journey.opened_at, limit=50)
    if unit is None:
        events = [row for row in events if not tells_of_the_machine(row.type, row.data)]
    return {
        "at": tx.now,
        "stage": journey.stage,
        "stage_since": journey.stage_since,
        "stalls": journey.stalls,
        "twin": msgspec.to_builtins(seen[unit]) if unit and seen else None,
        "withheld": withheld,
        "timeline": [{"at": row.at, "type": row.type, "source": row.source, "data": row.data} for row in events],
        "menu": msgspec.json.decode(menu) if menu else None,
    }


def reply(tx: Transaction, keys: Keys, case_id: str, author: Author, text: str) -> CaseRow:
    """Adds a message. Raises NotFoundError, and ConflictError when the case is closed."""
    row = read(tx, case_id, lock=True)
    if row.status not in OPEN:
        msg = "this case is closed"
        raise ConflictError(msg)
    _write(tx, keys, row, author, text)
    _note(tx, row, EventType.CASE_ANSWERED, "operator" if author == "expert" else "phone")
    return row


def close(tx: Transaction, case_id: str) -> CaseRow:
    """Ends a case. Raises NotFoundError, ConflictError."""
    row = read(tx, case_id, lock=True)
    if row.status not in OPEN:
        msg = "this case is closed already"
        raise ConflictError(msg)
    row.status, row.version, row.changed_at = "closed", row.version + 1, tx.now
    tx.session.flush()
    _note(tx, row, EventType.CASE_CLOSED, "operator")
    return row


def read(tx: Transaction, case_id: str, *, lock: bool = False) -> CaseRow:
    """Raises NotFoundError."""
    # Read anew when it is locked: it may have changed while we waited.
    row = tx.session.get(CaseRow, case_id, with_for_update=lock or None, populate_existing=lock)
    if row is None:
        msg = "no such case"
        raise NotFoundError(msg)
    return row


def of_journey(tx: Transaction, journey_id: str) -> list[CaseRow]:
    """The journey's cases, newest first."""
    query = sa.select(CaseRow).where(case_table.c.journey_id == journey_id).order_by(case_table.c.id.desc())
    return list(tx.session.execute(query).scalars())


def any_of(journey_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """For other queries: whether a journey has a case."""
    return sa.exists().where(case_table.c.journey_id == journey_id)


def listing(tx: Transaction, *, status: str | None, after: str | None, limit: int) -> list[CaseRow]:
    """Cases, newest first."""
    query = sa.select(CaseRow).order_by(case_table.c.id.desc()).limit(limit)
    if status:
        query = query.where(case_table.c.status == status)
    if after:
        query = query.where(case_table.c.id < after)
    return list(tx.session.execute(query).scalars())


def messages(tx: Transaction, keys: Keys, row: CaseRow) -> list[dict[str, Any]]:
    """The thread, oldest first, readable."""
    query = sa.select(message_table).where(message_table.c.case_id == row.id).order_by(message_table.c.id)
    return [
        {
            "id": part.id,
            "author": part.author,
            "text": identity.unseal(tx, keys, row.person_id, part.text, part.id),
            "at": part.at,
        }
        for part in tx.session.execute(query)
    ]


def snapshot(tx: Transaction, keys: Keys, row: CaseRow) -> Json:
    """What was attached when the case was opened."""
    return identity.unseal(tx, keys, row.person_id, row.snapshot, row.id)


def mark_read(tx: Transaction, case_ids: list[str]) -> bool:
    """The customer has seen the expert's messages; true when any was new."""
    unread = _unread(case_ids)
    done = tx.session.execute(sa.update(message_table).where(*unread).values(read_at=tx.now))
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a cursor result has it


def unread_count(tx: Transaction, case_ids: list[str]) -> int:
    """The expert's messages that the customer has not seen."""
    return int(
        tx.session.execute(sa.select(sa.func.count()).select_from(message_table).where(*_unread(case_ids))).scalar_one()
    )


def has_unread(tx: Transaction, journey_id: str) -> bool:
    """Whether an expert has said something in this journey that its customer has not seen."""
    cases = tx.session.execute(sa.select(case_table.c.id).where(case_table.c.journey_id == journey_id))
    return unread_count(tx, list(cases.scalars())) > 0


def _unread(case_ids: list[str]) -> tuple[Any, ...]:
    return (
        message_table.c.case_id.in_(case_ids),
        message_table.c.author == "expert",
        message_table.c.read_at.is_(None),
    )


def _write(tx: Transaction, keys: Keys, row: CaseRow, author: Author, text: str) -> None:
    message_id = new_id(tx.now)
    sealed = identity.seal(tx, keys, row.person_id, text, message_id)
    tx.session.add(CaseMessageRow(id=message_id, case_id=row.id, author=author, text=sealed, at=tx.now))
    row.status = "answered" if author == "expert" else "open"
    row.version, row.changed_at = row.version + 1, tx.now
    tx.session.flush()


def _note(tx: Transaction, row: CaseRow, kind: EventType, source: str) -> None:
    event = Event(
        id=f"case:{row.id}:{row.version}",
        type=kind,
        at=tx.now,
        source=source,
        channel="phone_app" if source == "phone" else "call_centre",
        product_id=row.product_id,
        journey_id=row.journey_id,
        person_id=row.person_id,
        data={"case_id": row.id, "version": row.version},
    )
    record.append(tx, [event])
    lifecycle.touch(tx, row.journey_id)
    tx.changes.cases.add(row.journey_id)
