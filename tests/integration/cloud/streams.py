"""What the service says of one device's messages: how far they are stored, and what was made of the rest."""

from typing import Any

from broker.contract.codec import decode_down
from broker.contract.messages import Stored
from broker.contract.topics import Down, down_topic
from cloud.twin import service as twin
from tests.integration.cloud.world import World


def figures(world: World, product_id: str) -> dict[str, Any]:
    return world.read(lambda tx: twin.transport_figures(tx, product_id))


def stored(world: World, product_id: str) -> list[Stored]:
    """The watermarks that wait to be sent."""
    rows = world.rows("outbox", topic=down_topic(product_id, Down.STORED))
    found = [decode_down(Down.STORED, row.payload) for row in rows]
    return [one for one in found if isinstance(one, Stored)]
