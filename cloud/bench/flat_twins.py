"""`storage`, its second part: what it costs to change twins, in a table of a thousand and in one of a million."""

import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from cloud.bench.flat import BATCH, FLAT, Size, spent_us
from cloud.bench.options import Step
from cloud.bench.report import Row, row
from cloud.bench.servers import Postgres
from cloud.db import Database
from cloud.record.bulk import put_many
from cloud.twin.service import twin_table
from cloud.twin.tables import TwinRow


def twins_changed(
    small: Database, large: Database, server: Postgres, size: Size, runs: int, step: Step
) -> tuple[list[Row], str]:
    """Upserts in a small and in a large table, in turn."""
    twins, rounds = size.twins, size.rounds
    step(f"{twins:,} twins", 0, runs + 1)
    _fill(small, BATCH)
    _fill(large, twins)
    chance = random.Random(1)  # noqa: S311 - picks who speaks, the same in each run; no secret is made of it
    same = list(range(0, twins, max(1, twins // BATCH)))[:BATCH]
    ways: dict[str, tuple[Database, Callable[[], list[int]], list[float]]] = {
        "small": (small, lambda: list(range(BATCH)), []),
        "neighbours": (large, lambda: list(range(twins - BATCH, twins)), []),
        "anywhere": (large, lambda: same, []),
        "spread": (large, lambda: chance.sample(range(twins), min(BATCH, twins)), []),
    }
    version = 0
    for number in range(runs + 1):
        step(f"{twins:,} twins", number, runs + 1)
        for db, chosen, found in ways.values():
            batches = [chosen() for _ in range(rounds)]
            version += rounds
            found.append(spent_us(server, rounds * BATCH, partial(_update, db, batches, version)))
    beside = ways["small"][2][1:]
    what, unit, reference = "twins changed, PostgreSQL's processor time", "µs/row", f"{BATCH:,} devices"
    goals = {"neighbours": FLAT}
    named = {"neighbours": "registered together", "anywhere": "anywhere", "spread": "others each time"}
    rows = [
        row(
            f"{what}: {BATCH:,} of {twins:,}, {which}",
            unit,
            ways[name][2][1:],
            reference=reference,
            reference_runs=beside,
            goal=goals.get(name),
        )
        for name, which in named.items()
    ]
    return rows, _hot_share(large)


def _values(number: int, version: int) -> dict[str, Any]:
    values = TwinRow(product_id=f"01k{number:023}", version=version, boot=1, connection=1).model_dump()
    supplies = [{"name": "black", "level_percent": version % 100}, {"name": "cyan", "level_percent": 61}]
    values["reported"] = {
        "state": ["idle", 1, version],
        "reasons": [["none"], 1, version],
        "supplies": [supplies, 1, version],
        "pages": [version, 1, version],
    }
    return values


def _update(db: Database, batches: list[list[int]], version: int) -> None:
    for numbers in batches:
        rows = [_values(number, version) for number in sorted(numbers)]
        replaced = [name for name in rows[0] if name != "product_id"]
        db.run(partial(put_many, table=twin_table, rows=rows, keys=["product_id"], replaced=replaced))


def _fill(db: Database, count: int) -> None:
    db.run(lambda tx: put_many(tx, twin_table, [_values(0, 1)]))
    names = ", ".join(f'"{column.name}"' for column in twin_table.c if column.name != "product_id")
    with db.engine.begin() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO twin (product_id, {names}) SELECT '01k' || lpad(number::text, 23, '0'), {names} "  # noqa: S608 - the columns of our own table, and a number
            f"FROM twin, generate_series(1, {count - 1}) AS number"
        )
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE twin")
        connection.exec_driver_sql("CHECKPOINT")


def _hot_share(db: Database) -> str:
    """Of the changes since the table was filled, those that no index heard of."""
    query = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'twin'"
    db.dispose()  # a session tells its counts when it ends
    until = time.monotonic() + 10
    while True:
        with db.engine.connect() as connection:
            changed, hot = connection.exec_driver_sql(query).one()
        if changed or time.monotonic() > until:
            return f"of {changed:,} changes in the large table {hot:,} stayed in their page, and no index heard of them"
        time.sleep(0.1)  # PostgreSQL gathers its counts in its own time, and tells nobody
