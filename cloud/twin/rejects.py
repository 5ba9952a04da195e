"""What could not be taken: counted by device and reason, and its head kept for the operator."""

from collections import Counter, defaultdict

import sqlalchemy as sa

from cloud.db import Transaction
from cloud.record import service as record
from cloud.twin.service import quarantine_table, reject_table
from cloud.twin.sorting import Rejected

QUARANTINE_KEPT = 50
"""Rejected messages kept per device; the counts go on."""


def count(tx: Transaction, rejected: list[Rejected]) -> None:
    """Each time it comes."""
    add(tx, Counter((part.product_id, part.rejection.reason.value) for part in rejected))
    keep(tx, rejected)


def add(tx: Transaction, counts: Counter[tuple[str, str]]) -> None:
    """So many more, by product and reason."""
    if not counts:
        return
    statement = record.insert(tx, reject_table)
    grown = {"count": reject_table.c.count + statement.excluded.count}
    rows = [
        {"product_id": owner, "reason": reason, "count": number} for (owner, reason), number in sorted(counts.items())
    ]
    tx.session.execute(statement.on_conflict_do_update(index_elements=["product_id", "reason"], set_=grown), rows)


def keep(tx: Transaction, rejected: list[Rejected]) -> None:
    """The heads of these, for the operator; of each device the newest."""
    table = quarantine_table
    newest: dict[str, list[Rejected]] = defaultdict(list)
    for part in rejected:
        newest[part.product_id].append(part)
    for owner, parts in newest.items():
        rows = [
            {
                "product_id": owner,
                "topic": part.topic[:256],
                "reason": part.rejection.reason.value,
                "detail": part.rejection.detail[:256],
                "head": part.rejection.head,
                "received_at": tx.now,
            }
            for part in parts[-QUARANTINE_KEPT:]
        ]
        tx.session.execute(sa.insert(table), rows)
        kept = (
            sa.select(table.c.id).where(table.c.product_id == owner).order_by(table.c.id.desc()).limit(QUARANTINE_KEPT)
        )
        tx.session.execute(sa.delete(table).where(table.c.product_id == owner, table.c.id.not_in(kept)))
