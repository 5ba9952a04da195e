"""Commands: queued with the decision, sent after the commit, answered by the device, expired by the clock."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from broker.contract.codec import encode, unsendable
from broker.contract.ids import is_id, new_id
from broker.contract.messages import Command, Json
from broker.contract.topics import Down, down_topic
from cloud.control.rules import ENDED, progressed
from cloud.control.tables import CommandAskRow, CommandRow
from cloud.db import Transaction, table_of
from cloud.errors import FieldProblem, InvalidError, NotFoundError
from cloud.lifecycle import service as lifecycle
from cloud.record import service as record
from cloud.record.events import Event, EventType
from cloud.registry.service import read_unit

command_table = table_of(CommandRow)
ask_table = table_of(CommandAskRow)
TIMER = "command"
DEFAULT_LIFE = timedelta(minutes=10)


def queue(
    tx: Transaction,
    product_id: str,
    name: str,
    arguments: dict[str, Json],
    *,
    life: timedelta = DEFAULT_LIFE,
    journey_id: str | None = None,
    person_id: str | None = None,
) -> CommandRow:
    """Decides on a command; it leaves after the commit, and waits at the broker for a device that is away.

    Raises NotFoundError when there is no such product, InvalidError for what no device would take.
    """
    read_unit(tx, product_id)
    message = Command(id=new_id(tx.now), name=name, arguments=arguments, expires_at=tx.now + life)
    problem = unsendable(Down.COMMAND, message)
    if problem:
        raise InvalidError(problems=(FieldProblem("/arguments", "unsendable", problem),))
    row = CommandRow(
        id=message.id,
        product_id=product_id,
        journey_id=journey_id,
        person_id=person_id,
        name=name,
        arguments=arguments,
        created_at=tx.now,
        expires_at=message.expires_at,
    )
    tx.session.add(row)
    tx.session.flush()
    record.send(
        tx,
        down_topic(product_id, Down.COMMAND),
        encode(message),
        expires_at=row.expires_at,
        person_id=person_id,
        command_id=row.id,
    )
    record.set_timers(tx, {(TIMER, row.id): row.expires_at})
    tx.changes.products.add(product_id)
    return row


def read(tx: Transaction, command_id: str) -> CommandRow:
    """Raises NotFoundError."""
    row = tx.session.get(CommandRow, command_id)
    if row is None:
        raise NotFoundError
    return row


def newest(tx: Transaction, product_id: str, limit: int = 20) -> list[Any]:
    """The newest commands to a device."""
    query = sa.select(command_table).where(command_table.c.product_id == product_id)
    return list(tx.session.execute(query.order_by(command_table.c.id.desc()).limit(limit)).all())


def call_off(tx: Transaction, product_id: str, detail: str) -> None:
    """Ends every command that has not ended: what has not left does not leave any more."""
    _call_off(tx, _ongoing(product_id), detail)


def withdraw(tx: Transaction, product_id: str, person_id: str, detail: str) -> None:
    """Somebody asks for nothing here any more: what they alone asked for is called off, and what others asked for too
    goes on for those.
    """
    ongoing = _ongoing(product_id)
    hand_on(tx, person_id, ongoing)
    _call_off(tx, sa.and_(ongoing, command_table.c.person_id == person_id), detail)
    here = sa.select(command_table.c.id).where(command_table.c.product_id == product_id)
    theirs = sa.and_(ask_table.c.person_id == person_id, ask_table.c.command_id.in_(here))
    tx.session.execute(sa.delete(ask_table).where(theirs))


def hand_on(tx: Transaction, person_id: str, *among: sa.ColumnElement[bool]) -> None:
    """A command of somebody's that others chose too is, from now on, the first one's of those."""
    query = (
        sa.select(ask_table.c.command_id, ask_table.c.journey_id, ask_table.c.person_id)
        .join(command_table, command_table.c.id == ask_table.c.command_id)
        .where(command_table.c.person_id == person_id, ask_table.c.person_id != person_id, *among)
    )
    asks = tx.session.execute(query.order_by(ask_table.c.id.desc())).all()
    for ask in {one.command_id: one for one in asks}.values():
        chosen = sa.update(command_table).where(command_table.c.id == ask.command_id)
        tx.session.execute(chosen.values(journey_id=ask.journey_id, person_id=ask.person_id))
        waiting = sa.update(record.outbox).where(record.outbox.c.command_id == ask.command_id)
        tx.session.execute(waiting.values(person_id=ask.person_id))
    tx.session.expire_all()


def _ongoing(product_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(command_table.c.product_id == product_id, command_table.c.status.not_in(ENDED))


def _call_off(tx: Transaction, which: sa.ColumnElement[bool], detail: str) -> None:
    ids = list(tx.session.execute(sa.select(command_table.c.id).where(which)).scalars())
    ended = {"status": "failed", "detail": detail, "ended_at": tx.now}
    tx.session.execute(sa.update(command_table).where(command_table.c.id.in_(ids)).values(ended))
    tx.session.execute(sa.delete(record.outbox).where(record.outbox.c.command_id.in_(ids)))
    _tell(tx, ids)
    record.set_timers(tx, {(TIMER, command_id): None for command_id in ids})
    tx.session.expire_all()


def latest_named(tx: Transaction, product_id: str, name: str) -> CommandRow | None:
    """The newest command of this name to a device."""
    query = sa.select(CommandRow).where(command_table.c.product_id == product_id, command_table.c.name == name)
    return tx.session.execute(query.order_by(command_table.c.id.desc()).limit(1)).scalar_one_or_none()


def note_sent(tx: Transaction, command_ids: list[str]) -> None:
    """They have left for the broker."""
    if not command_ids:
        return
    queued = sa.update(command_table).where(command_table.c.id.in_(command_ids), command_table.c.status == "queued")
    sent = tx.session.execute(queued.values(status="sent", sent_at=tx.now).returning(command_table.c.id)).scalars()
    _tell(tx, list(sent))


def note_unsendable(tx: Transaction, command_ids: list[str], detail: str) -> None:
    """They will never leave, and so they failed."""
    for command_id in command_ids:
        row = _locked(tx, command_id)
        if row is None or row.status in ENDED:
            continue
        row.status, row.detail, row.ended_at = "failed", detail, tx.now
        record.set_timers(tx, {(TIMER, row.id): None})
        tx.session.flush()
        tx.changes.products.add(row.product_id)
        _tell(tx, [row.id])


def react(tx: Transaction, events: list[Event]) -> None:
    """Reactor: the answers of devices, into their commands. An answer after the end changes nothing."""
    for event in events:
        if event.type != EventType.DEVICE_RESULT:
            continue
        row = _locked(tx, event.data["command_id"])
        if row is None or row.product_id != event.product_id or row.status in ENDED:
            continue
        _take(tx, row, event)


def _take(tx: Transaction, row: CommandRow, event: Event) -> None:
    status, said = event.data["status"], event.data["data"]
    row.result = said if status in ENDED else progressed(row.result, said)
    row.status, row.detail = status, event.data["detail"]
    if row.status in ENDED:
        row.ended_at = tx.now
        record.set_timers(tx, {(TIMER, row.id): None})
    tx.session.flush()
    tx.changes.products.add(row.product_id)
    _tell(tx, [row.id])


def _tell(tx: Transaction, command_ids: list[str]) -> None:
    """Whoever chose these sees how far they are."""
    if not command_ids:
        return
    query = sa.select(ask_table.c.journey_id).where(ask_table.c.command_id.in_(command_ids)).distinct()
    for journey_id in sorted(tx.session.execute(query).scalars()):
        lifecycle.touch(tx, journey_id)


def send_again(tx: Transaction, events: list[Event]) -> None:
    """Reactor: a device that comes back is told again what it may not have heard; it does each command once."""
    back = sorted({event.product_id for event in events if event.product_id is not None and _came_back(event)})
    if not back:
        return
    table = command_table
    query = sa.select(table).where(table.c.product_id.in_(back), table.c.status == "sent", table.c.expires_at > tx.now)
    for row in tx.session.execute(query.order_by(table.c.id)):
        message = Command(id=row.id, name=row.name, arguments=row.arguments, expires_at=row.expires_at)
        record.send(
            tx,
            down_topic(row.product_id, Down.COMMAND),
            encode(message),
            slot=f"command:{row.id}",
            expires_at=row.expires_at,
            person_id=row.person_id,
            command_id=row.id,
        )


def _came_back(event: Event) -> bool:
    return event.type == EventType.DEVICE_PRESENCE and event.data["status"] == "online"


def expire(tx: Transaction, command_id: str) -> None:
    """The command's time is up: if it has not ended, it does so now."""
    row = _locked(tx, command_id)
    if row is not None and row.status not in ENDED and row.expires_at <= tx.now:
        row.status, row.ended_at = "expired", tx.now
        tx.session.flush()
        tx.changes.products.add(row.product_id)
        _tell(tx, [row.id])
    record.set_timers(tx, {(TIMER, command_id): None})


def _locked(tx: Transaction, command_id: str) -> CommandRow | None:
    """The command as it stands now. What a device calls by a name that is no id was never one of ours."""
    if not is_id(command_id):
        return None
    return tx.session.get(CommandRow, command_id, with_for_update=True, populate_existing=True)
