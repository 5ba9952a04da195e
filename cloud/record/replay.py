"""Replay: the projections are dropped, and made anew from the journal. They must end as they were.

What is no projection stays: the zone that a phone was last in, and the version of a journey, which also counts what the
journal does not know of and must never run back, because caches go by it.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import SQLModel

from cloud.db import Changes, Database, Transaction
from cloud.errors import ConflictError
from cloud.record import service as record

PROJECTIONS = ("move", "journey", "journey_alias", "unit_facts", "twin")
"""Tables that a replay empties, by name: the record lies below those who keep them."""
HELD = ("journal", "journey")
"""What nobody else writes meanwhile."""

KEPT = ("zone", "proven_until", "proven_window", "version")
"""Columns of a journey that are no projection."""


class ReplayReport(NamedTuple):
    """What a replay went through, and what it made."""

    events: int
    journeys: int
    products: int


def replay(db: Database) -> ReplayReport:
    """Makes all projections anew, in one transaction; who writes meanwhile waits.

    Raises ConflictError, and changes nothing, when the journal does not tell of a journey that is there.
    """
    return db.run(_replayed)


def _replayed(tx: Transaction) -> ReplayReport:
    tables = [SQLModel.metadata.tables[name] for name in PROJECTIONS]
    journeys, twins = SQLModel.metadata.tables["journey"], SQLModel.metadata.tables["twin"]
    if not tx.sqlite:
        tx.session.execute(sa.text(f"LOCK TABLE {', '.join(HELD)} IN EXCLUSIVE MODE"))
    kept = _kept(tx, journeys)
    for table in tables:
        tx.session.execute(sa.delete(table))
    count = 0
    for recorded_at, events in record.read_all(tx):
        then = replace(tx, now=recorded_at, changes=Changes())
        for project in tx.database.projectors:
            project(then, events)
        count += len(events)
    _restore(tx, journeys, kept)
    products = tx.session.execute(sa.select(twins.c.product_id)).scalars().all()
    tx.changes.products.update(products)
    tx.changes.journeys.update(row["of"] for row in kept)
    return ReplayReport(count, len(kept), len(products))


def _kept(tx: Transaction, journeys: sa.Table) -> list[dict[str, Any]]:
    """What of each journey is no projection."""
    query = sa.select(journeys.c.id.label("of"), *(journeys.c[name] for name in KEPT))
    return [dict(row) for row in tx.session.execute(query).mappings()]


def _restore(tx: Transaction, journeys: sa.Table, kept: list[dict[str, Any]]) -> None:
    made = set(tx.session.execute(sa.select(journeys.c.id)).scalars())
    lost = [row["of"] for row in kept if row["of"] not in made]
    if lost:
        msg = f"the journal does not tell of {len(lost)} journeys, such as {lost[0]}"
        raise ConflictError(msg, journeys=lost)
    if not kept:
        return
    rows = [{**row, "version": row["version"] + 1} for row in kept]
    values: dict[str, Any] = {name: sa.bindparam(name) for name in KEPT}
    tx.session.connection().execute(sa.update(journeys).where(journeys.c.id == sa.bindparam("of")).values(values), rows)
