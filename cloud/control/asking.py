"""Commands that customers choose: one of a kind runs on a unit at a time, and whoever chooses it meanwhile joins it."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from broker.contract.ids import is_id, new_id
from broker.contract.messages import Json
from cloud.control import service as control
from cloud.control.rules import ENDED, SHOWN_FOR, Told, told
from cloud.control.tables import CommandAskRow, CommandRow
from cloud.db import Transaction, table_of
from cloud.lifecycle import service as lifecycle
from cloud.record import service as record

ask_table = table_of(CommandAskRow)
KEPT = timedelta(days=1)
"""Longer than any command that a customer chooses may take, and than anybody is told of its end."""
MOST_SHOWN = 20


class Kind(NamedTuple):
    """What makes two commands to a unit the same."""

    name: str
    arguments: dict[str, Json]


class Shown(NamedTuple):
    """A command in a menu. detail: the device's own words. until: when it stops being shown by itself."""

    kind: Kind
    told: Told
    detail: str
    lasts_min: int
    until: datetime


def running(tx: Transaction, product_id: str, kind: Kind) -> CommandRow | None:
    """The command of this kind that has not ended, held with its unit until the end of the transaction."""
    record.lock(tx, {product_id})
    table = control.command_table
    query = sa.select(CommandRow).where(
        table.c.product_id == product_id,
        table.c.name == kind.name,
        table.c.status.not_in(ENDED),
        table.c.expires_at > tx.now,
    )
    rows = tx.session.execute(query.order_by(table.c.id).execution_options(populate_existing=True)).scalars()
    return next((row for row in rows if row.arguments == kind.arguments), None)


def begin(tx: Transaction, journey: lifecycle.Journey, product_id: str, kind: Kind, item_id: str) -> CommandRow:
    """Queues a command for whoever chose it. Raises NotFoundError, InvalidError."""
    row = control.queue(tx, product_id, kind.name, kind.arguments, journey_id=journey.id, person_id=journey.person_id)
    join(tx, journey, row, item_id)
    return row


def join(tx: Transaction, journey: lifecycle.Journey, row: CommandRow, item_id: str) -> None:
    """This journey hears of the command too, and of its end."""
    already = sa.select(ask_table.c.id).where(ask_table.c.command_id == row.id, ask_table.c.journey_id == journey.id)
    if tx.session.execute(already).first() is None:
        ask = CommandAskRow(
            id=new_id(tx.now),
            command_id=row.id,
            journey_id=journey.id,
            person_id=journey.person_id,
            item_id=item_id,
            at=tx.now,
        )
        tx.session.add(ask)
        tx.session.flush()
    lifecycle.touch(tx, journey.id)


def asks_of(tx: Transaction, product_id: str, command_id: str) -> list[CommandAskRow]:
    """Who chose this command to this unit, the first one first. What a device calls by a name that is no id, or by the
    id of another's command, nobody chose.
    """
    if not is_id(command_id):
        return []
    command = control.command_table
    query = sa.select(CommandAskRow).join(CommandRow, command.c.id == ask_table.c.command_id)
    theirs = query.where(command.c.id == command_id, command.c.product_id == product_id)
    return list(tx.session.execute(theirs.order_by(ask_table.c.id)).scalars())


def shown(tx: Transaction, product_id: str, journey_id: str, *, sees_all: bool) -> list[Shown]:
    """The commands whose progress shows in a journey's menu, the newest of each kind. sees_all: also those that others
    with the unit chose, while they run.
    """
    table = control.command_table
    query = sa.select(table).where(table.c.product_id == product_id, _shows(tx.now - SHOWN_FOR))
    rows = list(tx.session.execute(query.order_by(table.c.id.desc()).limit(MOST_SHOWN)))
    asked = _asked(tx, journey_id, [row.id for row in rows]) if rows else set()
    found: dict[tuple[str, bytes], Shown] = {}
    for row in rows:
        ended = row.status in ENDED or row.expires_at <= tx.now
        if row.id in asked or (sees_all and not ended):
            found.setdefault((row.name, msgspec.json.encode(row.arguments, order="deterministic")), _shown(row, tx.now))
    return list(found.values())


def any_shown(product_id: sa.ColumnElement[str], since: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    """For other queries: whether a unit has a command that may show. since: `SHOWN_FOR` ago."""
    return sa.exists().where(control.command_table.c.product_id == product_id, _shows(since))


def _shows(since: datetime | sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    # One that nobody has noted as expired shows as such, and no longer than others that have ended.
    table = control.command_table
    return sa.case((table.c.ended_at.is_(None), table.c.expires_at), else_=table.c.ended_at) > since


def _shown(row: Any, now: datetime) -> Shown:
    return Shown(
        kind=Kind(row.name, row.arguments),
        told=told(row.status, row.result, over=row.expires_at <= now),
        detail=row.detail,
        lasts_min=round((row.expires_at - row.created_at) / timedelta(minutes=1)),
        until=(row.ended_at or row.expires_at) + SHOWN_FOR,
    )


def _asked(tx: Transaction, journey_id: str, command_ids: list[str]) -> set[str]:
    query = sa.select(ask_table.c.command_id).where(
        ask_table.c.journey_id == journey_id, ask_table.c.command_id.in_(command_ids)
    )
    return set(tx.session.execute(query).scalars())


def forget_old(tx: Transaction) -> None:
    """Who chose what is of no use once its end has been told."""
    tx.session.execute(sa.delete(ask_table).where(ask_table.c.at < tx.now - KEPT))
