"""Proofs of place: at which demo units one was, and what that opened. One opens one action once, and a demo unit does
not print all day for one phone.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from cloud.db import Transaction, table_of
from cloud.lifecycle import service as lifecycle
from cloud.ownership.tables import ProvenActRow
from cloud.record import service as record
from cloud.registry.service import product_table
from cloud.registry.tables import ProductRow
from mobile_menu.ports import ProofNeededError, ProofUsedError, TooManyAttemptsError

act_table = table_of(ProvenActRow)
HOUR = timedelta(hours=1)
PHONE_PER_HOUR = 3
"""How often one person may let demo units act in an hour: those of all shops together."""
UNIT_PER_HOUR = 20
"""How often one demo unit acts in an hour, whoever asks."""
KEPT = timedelta(days=1)
"""Far longer than a proof counts; by then one can be anywhere on earth."""
STOOD = ""
"""The action of a row that says that somebody proved to be at the unit, and no more."""


class Stay(NamedTuple):
    """Somebody proved to be at a demo unit, at that time the last. shop_id: where the unit stands."""

    product_id: str
    shop_id: str
    at: datetime


def stays(tx: Transaction, person_id: str) -> list[Stay]:
    """Where the person proved to be in the last day, and may have been since then; one for each demo unit."""
    query = (
        sa.select(act_table.c.product_id, product_table.c.shop_id, sa.func.max(act_table.c.at))
        .join(product_table, product_table.c.id == act_table.c.product_id)
        .where(act_table.c.person_id == person_id, act_table.c.at > tx.now - KEPT, product_table.c.shop_id.is_not(None))
        .group_by(act_table.c.product_id, product_table.c.shop_id)
    )
    return [Stay(*row) for row in tx.session.execute(query.order_by(act_table.c.product_id)).all()]


def note_stay(tx: Transaction, person_id: str, product_id: str, window: int) -> bool:
    """Keeps that somebody proved to be at a demo unit. Whether that is new of this id of its beacon."""
    if _was_used(tx, person_id, product_id, STOOD, window):
        return False
    tx.session.add(ProvenActRow(product_id=product_id, person_id=person_id, action=STOOD, eid_window=window, at=tx.now))
    tx.session.flush()
    return True


def use(tx: Transaction, journey: lifecycle.Journey, unit: ProductRow, action: str, *, at_demo_unit: bool) -> None:
    """Uses up the journey's proof of place for one action on the unit.

    Raises ProofNeededError when none counts now, ProofUsedError when this one has opened this action before,
    TooManyAttemptsError with the time to wait.
    """
    record.lock(tx, {unit.id, journey.person_id})
    window = _counting(tx, journey.id)
    if window is None:
        raise ProofNeededError
    if _was_used(tx, journey.person_id, unit.id, action, window):
        raise ProofUsedError
    if at_demo_unit:
        _refuse_too_many(tx, act_table.c.person_id == journey.person_id, PHONE_PER_HOUR)
        _refuse_too_many(tx, act_table.c.product_id == unit.id, UNIT_PER_HOUR)
    row = ProvenActRow(product_id=unit.id, person_id=journey.person_id, action=action, eid_window=window, at=tx.now)
    tx.session.add(row)
    tx.session.flush()


def _counting(tx: Transaction, journey_id: str) -> int | None:
    """The window of the proof that counts now."""
    table = lifecycle.journey_table
    query = sa.select(table.c.proven_window).where(table.c.id == journey_id, table.c.proven_until > tx.now)
    found: int | None = tx.session.execute(query).scalar_one_or_none()
    return found


def _was_used(tx: Transaction, person_id: str, product_id: str, action: str, window: int) -> bool:
    same = (
        act_table.c.person_id == person_id,
        act_table.c.product_id == product_id,
        act_table.c.action == action,
        act_table.c.eid_window == window,
    )
    return tx.session.execute(sa.select(act_table.c.id).where(*same)).first() is not None


def _refuse_too_many(tx: Transaction, whose: sa.ColumnElement[bool], most: int) -> None:
    query = sa.select(act_table.c.at).where(whose, act_table.c.action != STOOD, act_table.c.at > tx.now - HOUR)
    times: list[datetime] = list(tx.session.execute(query.order_by(act_table.c.at.desc()).limit(most)).scalars())
    if len(times) == most:
        wait = times[-1] + HOUR - tx.now
        raise TooManyAttemptsError(retry_after_s=max(1, -(-wait // timedelta(seconds=1))))


def unname(tx: Transaction, person_id: str) -> int:
    """Somebody leaves: where they were goes; what they did is nobody's from now on, and still counts for the unit. How
    many rows.
    """
    whose = act_table.c.person_id == person_id
    gone = tx.session.execute(sa.delete(act_table).where(whose, act_table.c.action == STOOD))
    kept = tx.session.execute(sa.update(act_table).where(whose).values(person_id=None))
    return int(gone.rowcount + kept.rowcount)  # type: ignore[attr-defined]  # a cursor result has it


def forget_old(tx: Transaction) -> None:
    """What was done long ago counts no more."""
    tx.session.execute(sa.delete(act_table).where(act_table.c.at < tx.now - KEPT))
