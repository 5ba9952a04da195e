"""A web shop: tells of its orders by signed webhooks, as Standard Webhooks 1.0.0 says."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import httpx
import msgspec
from standardwebhooks import Webhook

from broker.contract.ids import new_id
from broker.contract.messages import Json
from device_sim.calls import Caller, Outsider
from device_sim.device import utc_now

OrderStatus = Literal["placed", "fulfilled", "cancelled", "returned"]


class Customer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str
    email: str
    address: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """version: counts the order's changes, so that the receiver can tell late news from new. journey: the reference
    that the customer brought along from the menu.
    """

    order_id: str
    gtin: str
    placed_at: datetime
    version: int = 1
    status: OrderStatus = "placed"
    serial: str = ""
    journey: str = ""
    tracking_code: str = ""
    carrier: str = ""
    customer: Customer | None = None


def order_body(order: Order) -> bytes:
    """The webhook's body. Version and status are always there."""
    data = {"version": order.version, "status": order.status, **msgspec.to_builtins(order)}
    return msgspec.json.encode({"type": "order.changed", "data": data})


def signed_headers(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers. secret: `whsec_` and base64."""
    # The library takes any time for UTC, whatever zone it names.
    signature = Webhook(secret).sign(message_id, at.astimezone(UTC), body.decode())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
        "content-type": "application/json",
    }


class Shop(Outsider):
    """One shop. clock: signs with this time, which receivers compare with their own."""

    def __init__(
        self,
        base_url: str,
        secret: str,
        *,
        path: str = "/hooks/shop",
        clock: Callable[[], datetime] = utc_now,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(Caller(base_url, transport=transport))
        self._secret, self._path, self._clock = secret, path, clock

    async def tell(self, order: Order, message_id: str = "") -> str:
        """Sends the order as it is; returns the webhook's id, with which the same news can be sent again."""
        at, body = self._clock(), order_body(order)
        message_id = message_id or f"msg_{new_id(at)}"
        headers = signed_headers(self._secret, message_id, at, body)
        await self._http.call("POST", self._path, content=body, headers=headers)
        return message_id

    async def sell(self, gtin: str, **facts: Json) -> Order:
        """A new order, placed now. facts: other fields of `Order`."""
        at = self._clock()
        order = Order(order_id=new_id(at), gtin=gtin, placed_at=at, **facts)
        await self.tell(order)
        return order

    async def change(self, order: Order, status: OrderStatus, **facts: Json) -> Order:
        """The order's next version, told."""
        changed = msgspec.structs.replace(order, version=order.version + 1, status=status, **facts)
        await self.tell(changed)
        return changed
