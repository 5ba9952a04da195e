"""Who is with a unit, by whose leave, and until when. Nobody is named: a role and a date are all that shows."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from broker.contract.ids import is_id
from broker.contract.stages import Role
from cloud.control import service as control
from cloud.db import Transaction, table_of
from cloud.lifecycle import service as lifecycle
from cloud.ownership.rules import Act, Standing, may
from cloud.ownership.tables import MemberRow
from cloud.record import service as record
from cloud.record.events import CloseReason
from cloud.registry.tables import ProductRow
from mobile_menu.ownership_ports import NotYoursError

member_table = table_of(MemberRow)
TIMER = "member"


def standing_of(tx: Transaction, unit: ProductRow, person_id: str) -> Standing:
    """What somebody is to a unit at this moment: by its registration and by who was let in, not by their journey."""
    if unit.owner_person_id == person_id:
        return Standing.OWNER
    row = membership(tx, unit.id, person_id)
    if row is None or (row.expires_at is not None and row.expires_at <= tx.now):
        return Standing.ONLOOKER
    return Standing(row.role)


def membership(tx: Transaction, product_id: str, person_id: str) -> Any | None:
    """The row of a member; also of a guest whose time has just run out."""
    query = sa.select(member_table).where(
        member_table.c.product_id == product_id, member_table.c.person_id == person_id
    )
    return tx.session.execute(query).one_or_none()


def unit_for(tx: Transaction, product_id: str, person_id: str, act: Act) -> ProductRow:
    """The unit, held until the end of the transaction, if this person may do this with it.

    Raises NotYoursError, the same for a unit of others and for none.
    """
    if not is_id(product_id):
        raise NotYoursError
    record.lock(tx, {product_id, person_id})
    return seen_unit(tx, product_id, person_id, act)


def seen_unit(tx: Transaction, product_id: str, person_id: str, act: Act) -> ProductRow:
    """The same, to look at only."""
    unit = tx.session.get(ProductRow, product_id, populate_existing=True) if is_id(product_id) else None
    if unit is None or unit.state == "retired" or not may(standing_of(tx, unit, person_id), act):
        raise NotYoursError
    return unit


def of_unit(tx: Transaction, product_id: str) -> Sequence[Any]:
    """Those who were let in, the first first."""
    query = sa.select(member_table).where(member_table.c.product_id == product_id)
    return tx.session.execute(query.order_by(member_table.c.since, member_table.c.id)).all()


def remove(tx: Transaction, product_id: str, member_id: str, by: str) -> None:
    """The owner sends somebody away, or a member leaves. Raises NotYoursError."""
    if not is_id(member_id):
        raise NotYoursError
    record.lock(tx, {product_id, by})
    row = tx.session.get(MemberRow, member_id, populate_existing=True)
    if row is None or row.product_id != product_id:
        raise NotYoursError
    act = Act.LEAVE if row.person_id == by else Act.REMOVE
    unit = seen_unit(tx, product_id, by, act)
    end(tx, row.id)
    tell_owner(tx, unit)


def end(tx: Transaction, member_id: str) -> None:
    """Somebody is with the unit no more: their journey closes, and with it what their phone shows of the unit."""
    row = tx.session.get(MemberRow, member_id, populate_existing=True)
    if row is None:
        return
    product_id, person_id = row.product_id, row.person_id
    record.set_timers(tx, {(TIMER, row.id): None})
    theirs = [one for one in lifecycle.of_person(tx, person_id) if one.product_id == product_id]
    tx.session.execute(sa.delete(member_table).where(member_table.c.id == row.id))
    tx.session.expire_all()
    lifecycle.close(tx, [one for one in theirs if not one.closed], CloseReason.ENDED, "phone")
    control.withdraw(tx, product_id, person_id, "who asked for it is with the unit no more")


def expire(tx: Transaction, member_id: str) -> None:
    """The timer of a guest: their time is up."""
    row = tx.session.get(MemberRow, member_id)
    if row is not None:
        record.lock(tx, {row.product_id, row.person_id})
        row = tx.session.get(MemberRow, member_id, populate_existing=True)
    if row is None or row.expires_at is None or row.expires_at > tx.now:
        record.set_timers(tx, {(TIMER, member_id): None if row is None else row.expires_at})
        return
    unit = tx.session.get(ProductRow, row.product_id)
    end(tx, member_id)
    if unit is not None:
        tell_owner(tx, unit)


def forget(tx: Transaction, product_id: str, person_id: str) -> None:
    """Somebody is no member any more, because they are the owner now, or have left; their journey is not touched."""
    row = membership(tx, product_id, person_id)
    if row is not None:
        record.set_timers(tx, {(TIMER, row.id): None})
        tx.session.execute(sa.delete(member_table).where(member_table.c.id == row.id))


def orphan(tx: Transaction, product_ids: Sequence[str]) -> int:
    """The owner has left, and with them whoever could speak for those they let in: these are onlookers from now on.

    They keep what is theirs, such as a case. Whoever has the code makes the unit their own.
    """
    count = 0
    for product_id in product_ids:
        for row in of_unit(tx, product_id):
            forget(tx, product_id, row.person_id)
            count += 1
            for one in lifecycle.of_person(tx, row.person_id):
                if one.product_id == product_id and not one.closed:
                    lifecycle.link(tx, one.id, product_id, Role.VISITOR, "cloud", because=row.id)
    return count


def tell_owner(tx: Transaction, unit: ProductRow) -> None:
    """The owner's phone looks again."""
    if unit.owner_person_id is None:
        return
    for one in lifecycle.of_person(tx, unit.owner_person_id):
        if one.product_id == unit.id and not one.closed:
            lifecycle.touch(tx, one.id)
