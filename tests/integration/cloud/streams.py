"""What the service says of one device's messages: how far they are stored, and what was made of the rest."""

from typing import Any

from broker.contract.messages import Stored
from cloud.clock import Clock
from cloud.twin import service as twin
from cloud.twin import tellings
from cloud.twin.tellings import Tellings
from tests.integration.cloud.world import World


def figures(world: World, product_id: str) -> dict[str, Any]:
    return world.read(lambda tx: twin.transport_figures(tx, product_id))


def stored(world: World, product_id: str, clock: Clock | None = None) -> list[Stored]:
    """What the device would be told now of how far it is stored; nothing, when nothing waits. clock: the sender's."""
    found = Tellings()
    for row in world.rows("outbox", topic=tellings.KIND):
        found.take(row.id, tellings.lines_of(row.payload))
    lines = [line for line in found.due(0.0, 1_000_000) if line.product_id == product_id]
    return [tellings.message(line, (clock or world.clock)().timestamp()) for line in lines]
