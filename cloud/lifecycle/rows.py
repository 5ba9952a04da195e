"""Journeys as rows and as values: how the engine holds them, reads them and writes them."""

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from broker.contract.stages import Stage
from cloud.db import Transaction, table_of
from cloud.lifecycle.facts import Facts, decode_facts, encode_facts
from cloud.lifecycle.tables import JourneyAliasRow, JourneyRow, MoveRow, UnitFactsRow
from cloud.registry.service import model_table

journey_table = table_of(JourneyRow)
move_table = table_of(MoveRow)
unit_table = table_of(UnitFactsRow)
alias_table = table_of(JourneyAliasRow)


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """A journey as the engine holds it. stalls: [kind, key] of those that were reported and have not ended."""

    id: str
    person_id: str
    gtin: str
    product_id: str | None
    role: str
    facts: Facts
    stage: str
    stage_since: datetime
    stalls: tuple[tuple[str, str], ...]
    version: int
    opened_at: datetime
    changed_at: datetime

    @property
    def closed(self) -> bool:
        return self.stage == Stage.CLOSED


def load(tx: Transaction, where: Any, *, lock: bool = False, limit: int | None = None) -> list[Journey]:
    query = sa.select(journey_table).where(where).order_by(journey_table.c.id).limit(limit)
    return [from_row(row) for row in tx.session.execute(query.with_for_update() if lock else query)]


def from_row(row: Any) -> Journey:
    return Journey(
        id=row.id,
        person_id=row.person_id,
        gtin=row.gtin,
        product_id=row.product_id,
        role=row.role,
        facts=decode_facts(row.facts),
        stage=row.stage,
        stage_since=row.stage_since,
        stalls=tuple((kind, key) for kind, key in row.stalls),
        version=row.version,
        opened_at=row.opened_at,
        changed_at=row.changed_at,
    )


def save(tx: Transaction, journeys: list[Journey]) -> None:
    if not journeys:
        return
    rows = [
        {
            "of": one.id,
            "product_id": one.product_id,
            "role": one.role,
            "facts": encode_facts(one.facts).decode(),
            "stage": one.stage,
            "stage_since": one.stage_since,
            "stalls": [list(stall) for stall in one.stalls],
            "version": one.version,
            "changed_at": one.changed_at,
        }
        for one in journeys
    ]
    columns: dict[str, Any] = {name: sa.bindparam(name) for name in rows[0] if name != "of"}
    tx.session.connection().execute(
        sa.update(journey_table).where(journey_table.c.id == sa.bindparam("of")).values(columns), rows
    )
    tx.changes.journeys.update(one.id for one in journeys)


def forget_joined(tx: Transaction, ended: list[tuple[str, str]]) -> None:
    """Journeys that go on in others, (other, into) each: their moves are those' now, and their ids lead there."""
    for other, into in ended:
        tx.session.execute(sa.update(move_table).where(move_table.c.journey_id == other).values(journey_id=into))
        tx.session.execute(sa.update(alias_table).where(alias_table.c.journey_id == other).values(journey_id=into))
        tx.session.execute(sa.insert(alias_table).values(id=other, journey_id=into))
        tx.session.execute(sa.delete(journey_table).where(journey_table.c.id == other))
        tx.changes.journeys.update((other, into))


def profile_names(tx: Transaction, gtins: set[str]) -> dict[str, str]:
    rows = tx.session.execute(
        sa.select(model_table.c.gtin, model_table.c.profile).where(model_table.c.gtin.in_(sorted(gtins)))
    )
    return dict(rows.all())
