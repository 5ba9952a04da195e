"""Partner shops: their place, their beacon, and the demo units that stand there."""

import secrets

import sqlalchemy as sa

from broker.contract.ids import is_id, new_id
from cloud.commerce.tables import ShopRow
from cloud.db import Transaction, table_of
from cloud.errors import InvalidError, NotFoundError
from cloud.registry import service as registry
from cloud.registry.service import BEACON_NAMESPACE

shop_table = table_of(ShopRow)


def create_shop(
    tx: Transaction, *, name: str, address: str, url: str, latitude: float, longitude: float, radius_m: float
) -> ShopRow:
    """A partner shop, its fence, and a beacon of its own. Raises InvalidError for a place that is none."""
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180 and 10 <= radius_m <= 10_000):
        msg = "latitude, longitude or radius (10 to 10,000 m) is out of range"
        raise InvalidError(msg)
    row = ShopRow(
        id=new_id(tx.now),
        name=name,
        address=address,
        url=url,
        latitude=latitude,
        longitude=longitude,
        radius_m=radius_m,
        beacon_uid=BEACON_NAMESPACE + secrets.token_hex(6),
        created_at=tx.now,
    )
    tx.session.add(row)
    tx.session.flush()
    return row


def shops(tx: Transaction) -> list[ShopRow]:
    return list(tx.session.execute(sa.select(ShopRow).order_by(shop_table.c.id)).scalars())


def shop(tx: Transaction, shop_id: str) -> ShopRow:
    """Raises NotFoundError."""
    row = tx.session.get(ShopRow, shop_id) if is_id(shop_id) else None
    if row is None:
        msg = "no such shop"
        raise NotFoundError(msg)
    return row


def place_in_shop(tx: Transaction, product_id: str, shop_id: str | None) -> None:
    """Makes the unit a demo unit of a shop, or takes it out of there. Raises NotFoundError for either of them."""
    if shop_id is not None:
        shop(tx, shop_id)
    registry.place_in_shop(tx, product_id, shop_id)
