"""What stands beside a journey: the zone and the small things of which most journeys have none, found by one query. A
phone waits for it, and each query more is a round trip.
"""

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from cloud.campaigns import service as campaigns
from cloud.care import service as care
from cloud.commerce import coupons
from cloud.commerce import service as commerce
from cloud.control import asking
from cloud.control.rules import SHOWN_FOR
from cloud.db import Transaction, UtcDateTime
from cloud.lifecycle import service as lifecycle
from cloud.twin import service as twin
from mobile_menu.ports import ZoneState


class Beside(NamedTuple):
    """What stands beside a journey. seen: when its unit was last heard, by its id. referral: the code of the customer's
    link. The others say whether there may be any, so that what most journeys have not is not asked for.
    """

    zone: ZoneState
    proven_until: datetime | None
    seen: dict[str, datetime]
    referral: str | None
    cases: bool
    coupons: bool
    orders: bool
    commands: bool


def _query() -> sa.Executable:
    journeys, contacts = lifecycle.journey_table, twin.contact_table
    since, unit = sa.bindparam("since", type_=UtcDateTime), sa.bindparam("product_id", type_=sa.String)
    return (
        sa.select(
            journeys.c.zone,
            journeys.c.proven_until,
            contacts.c.last_seen_at,
            campaigns.code_of(journeys.c.id),
            care.any_of(journeys.c.id),
            coupons.any_of(journeys.c.id),
            commerce.any_order_of(journeys.c.id),
            asking.any_shown(unit, since),
        )
        .select_from(journeys.outerjoin(contacts, contacts.c.product_id == unit))
        .where(journeys.c.id == sa.bindparam("journey_id", type_=sa.String))
    )


_QUERY = _query()


def read_beside(tx: Transaction, journey: lifecycle.Journey) -> Beside:
    """Of a journey that was read in this transaction: one query."""
    asked = {"journey_id": journey.id, "product_id": journey.product_id, "since": tx.now - SHOWN_FOR}
    row = tx.session.execute(_QUERY, asked).one()
    zone, proven_until, last_seen, referral, *there = row
    seen_at = {journey.product_id: last_seen} if journey.product_id and last_seen is not None else {}
    return Beside(_zone(zone), proven_until, seen_at, referral, *map(bool, there))


def zone_of(tx: Transaction, journey_id: str) -> tuple[ZoneState, datetime | None]:
    """The zone that the phone was last in, and until when its proof of place counts."""
    table = lifecycle.journey_table
    row = tx.session.execute(sa.select(table.c.zone, table.c.proven_until).where(table.c.id == journey_id)).one()
    return _zone(row.zone), row.proven_until


def _zone(kept: Any) -> ZoneState:
    return ZoneState() if kept is None else msgspec.convert(kept, type=ZoneState)
