"""What tests of telemetry's spans share: what there is, where a message lies, and what takes old ones away."""

import sqlalchemy as sa

from cloud.db import Transaction
from cloud.registry import gs1
from cloud.registry import service as registry
from cloud.twin import series, spans
from cloud.twin.retention import CUTS, Terms
from tests.integration.cloud.world import World

OTHER = gs1.Gtin("09506000134369")
MONTH = Terms(30, 60, 90)


def made(world: World) -> set[str]:
    """The tables of all spans that are there."""
    with world.db.reading() as tx:
        return {name for cut in CUTS for name in spans._parts(tx, cut)}  # noqa: SLF001 - what there is, as it asks


def place_of(world: World, seq: int) -> str:
    """The table in which a message lies."""
    query = sa.text("SELECT tableoid::regclass::text FROM telemetry WHERE seq = :seq")
    with world.db.reading() as tx:
        return str(tx.session.execute(query, {"seq": seq}).scalar_one())


def clear(world: World, terms: Terms) -> int:
    """Takes away until nothing is left to be; how many rounds it took."""
    rounds = 0
    while True:
        rounds += 1
        world.run(lambda tx: spans.clear(tx, terms))
        (timer,) = world.rows("timer", kind=spans.CLEARING[0])
        if timer.due_at > world.clock():
            return rounds


def roll(world: World) -> None:
    while world.run(series.roll):
        pass


def readings(world: World) -> dict[str, int]:
    """How many messages there are of each unit."""
    found: dict[str, int] = {}
    for row in world.rows("telemetry"):
        found[row.product_id] = found.get(row.product_id, 0) + 1
    return found


def unit_of_another_model(world: World, days: int | None) -> registry.Registered:
    def use_case(tx: Transaction) -> registry.Registered:
        registry.create_model(tx, OTHER, "P2", "Acme", "printer", {}, telemetry_days=days)
        return registry.register(tx, world.keys, "https://id.example", OTHER, "SN1")

    return world.run(use_case)
