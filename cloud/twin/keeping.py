"""What is kept how long, as the models and the deployment say: and so what need not be written any more."""

from collections.abc import Collection, Iterable
from datetime import datetime

import sqlalchemy as sa

from cloud.db import Transaction, table_of
from cloud.record.bulk import among
from cloud.registry.service import model_table, product_table
from cloud.twin.retention import Cut, Keeping, Terms, kept_from, span_of
from cloud.twin.tables import TrimmedRow

trimmed_table = table_of(TrimmedRow)
Place = tuple[str, datetime]
"""A unit, and the start of a bucket."""


def keeping_of(tx: Transaction, terms: Terms) -> Keeping:
    """How long each model's telemetry is kept."""
    rows = tx.session.execute(sa.select(model_table.c.gtin, model_table.c.telemetry_days))
    models = {row.gtin: terms.messages if row.telemetry_days is None else row.telemetry_days for row in rows}
    return Keeping(models, terms.hours, terms.days)


def over(tx: Transaction, cut: Cut, keeping: Keeping, places: Collection[Place]) -> set[Place]:
    """Those of these places that are not kept any more: nothing is written there, since nobody would take it away
    again before the whole span goes. Nor where a model's rows were taken out, whatever is said of it since.
    """
    if not places:
        return set()
    starts = {gtin: kept_from(cut, days, tx.now, by_span=not tx.sqlite) for gtin, days in keeping.of(cut).items()}
    trimmed = _trimmed(tx, cut, {start for _, start in places})
    newest = max((start for start in starts.values() if start is not None), default=None)
    doubtful = [
        place
        for place in places
        if (newest is not None and place[1] < newest) or (trimmed and span_of(cut, place[1]).name in trimmed)
    ]
    if not doubtful:
        return set()
    gtins = _gtins(tx, {product_id for product_id, _ in doubtful})

    def is_over(place: Place) -> bool:
        gtin = gtins.get(place[0], "")
        first = starts.get(gtin)
        return (first is not None and place[1] < first) or gtin in trimmed.get(span_of(cut, place[1]).name, ())

    return {place for place in doubtful if is_over(place)}


def _trimmed(tx: Transaction, cut: Cut, starts: Iterable[datetime]) -> dict[str, frozenset[str]]:
    """The models that were taken out of the spans in which these times lie, by the span's name."""
    if tx.sqlite:
        return {}
    names = {span_of(cut, start).name for start in starts}
    query = sa.select(trimmed_table).where(among(tx, trimmed_table.c.span, sorted(names)))
    return {row.span: frozenset(row.gtins) for row in tx.session.execute(query)}


def _gtins(tx: Transaction, product_ids: Iterable[str]) -> dict[str, str]:
    query = sa.select(product_table.c.id, product_table.c.gtin).where(
        among(tx, product_table.c.id, sorted(product_ids))
    )
    return {row.id: row.gtin for row in tx.session.execute(query)}
