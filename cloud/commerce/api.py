"""HTTP of commerce: the shops' and carriers' webhooks, and the operators' view. Thin."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from cloud.commerce import coupons, partners, service
from cloud.commerce.carriers import (
    BadBody,
    Unwanted,
    read_easypost,
    read_order,
    schema_of_easypost,
    schema_of_order,
    with_safe_link,
)
from cloud.commerce.signatures import SignatureProblem, verify_easypost, verify_standard
from cloud.errors import InvalidError, NotFoundError, SignatureError, TooLargeError
from cloud.identity.permissions import Permission
from cloud.web import MAX_BODY_BYTES, Call, Context, Cursor, Limit, Page, calls, context_of, page

hooks = APIRouter(prefix="/hooks", tags=["webhooks in"])
api = APIRouter(prefix="/api/v1", tags=["commerce"])
ReadStores = Annotated[Call, calls(Permission.STORES_READ)]
WriteStores = Annotated[Call, calls(Permission.STORES_WRITE)]
ReadOrders = Annotated[Call, calls(Permission.ORDERS_READ)]
ReadCoupons = Annotated[Call, calls(Permission.COUPONS_READ)]
Redeem = Annotated[Call, calls(Permission.COUPONS_REDEEM)]


class Taken(BaseModel):
    """new: false when it was known before, or concerns nobody (any more)."""

    new: bool


async def raw_body(request: Request) -> bytes:
    """The bytes that were signed, at most `MAX_BODY_BYTES`. Raises TooLargeError."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise TooLargeError
    return bytes(body)


Body = Annotated[bytes, Depends(raw_body)]
Parts = Annotated[Context, Depends(context_of)]
Carrier = Annotated[str, Path(examples=["easypost"])]


def _signed(*headers: str, schema: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """What OpenAPI says of a body that is read as bytes, because a signature covers it."""
    text = {"type": "string"}
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}},
        "parameters": [{"name": name, "in": "header", "required": True, "schema": text} for name in headers],
    }


_ORDER: Final = {
    "type": "order.changed",
    "data": {
        "order_id": "A-1001",
        "version": 1,
        "status": "placed",
        "gtin": "09506000134352",
        "placed_at": "2026-01-31T09:30:00Z",
        "tracking_code": "EZ1000000001",
    },
}
_PARCEL: Final = {
    "id": "evt_1",
    "description": "tracker.updated",
    "result": {
        "tracking_code": "EZ1000000001",
        "status": "in_transit",
        "carrier": "USPS",
        "updated_at": "2026-01-31T10:30:00Z",
    },
}
_BY_SHOPS: Final = _signed(
    "webhook-id", "webhook-timestamp", "webhook-signature", schema=schema_of_order(), example=_ORDER
)
_BY_CARRIERS: Final = _signed("X-Hmac-Signature", schema=schema_of_easypost(), example=_PARCEL)


@hooks.post("/shop", openapi_extra=_BY_SHOPS)
async def shop_order(request: Request, body: Body, context: Parts) -> Taken:
    """An order changed. Signed by Standard Webhooks; `{"type": "order.changed", "data": {...}}`."""
    found = verify_standard([context.keys.shop_secret], request.headers, body, context.db.clock())
    if isinstance(found, SignatureProblem):
        raise SignatureError(found.detail)
    update = read_order(body)
    if isinstance(update, BadBody):
        raise InvalidError(problems=update.problems)
    message_id = found.id or ""
    done = await run_in_threadpool(context.db.run, lambda tx: service.take_order(tx, context.keys, update, message_id))
    return Taken(new=done)


@hooks.post("/carrier/{carrier}", openapi_extra=_BY_CARRIERS)
async def carrier_update(carrier: Carrier, request: Request, body: Body, context: Parts) -> Taken:
    """A parcel moved. carrier: `easypost`, in its own format and with its own HMAC. Other events are left alone."""
    if carrier != "easypost":
        msg = "no such carrier; known: easypost"
        raise NotFoundError(msg)
    found = verify_easypost([context.keys.carrier_secret], request.headers, body, context.db.clock())
    if isinstance(found, SignatureProblem):
        raise SignatureError(found.detail)
    update = read_easypost(body)
    if isinstance(update, BadBody):
        raise InvalidError(problems=update.problems)
    if isinstance(update, Unwanted):
        return Taken(new=False)
    safe = with_safe_link(update, context.settings.tracking_hosts)
    done = await run_in_threadpool(context.db.run, lambda tx: service.take_parcel(tx, context.keys, safe))
    return Taken(new=done)


class ShopIn(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=120)]
    address: Annotated[str, Field(max_length=300)] = ""
    url: Annotated[str, Field(max_length=500, pattern=r"^(https?://\S+)?$")] = ""
    latitude: float
    longitude: float
    radius_m: float = 100


class ShopOut(ShopIn):
    id: str
    beacon_uid: str
    created_at: datetime


class OrderOut(BaseModel):
    """Whose it is stays sealed."""

    id: str
    journey_id: str | None
    product_id: str | None
    gtin: str
    version: int
    status: str
    placed_at: datetime


class ParcelOut(BaseModel):
    tracking_code: str
    carrier: str
    order_id: str | None
    status: str
    status_at: datetime | None
    promised_at: datetime | None
    detail: str


class CouponOut(BaseModel):
    id: str
    journey_id: str
    shop_id: str | None
    amount: int
    currency: str
    issued_at: datetime
    expires_at: datetime
    redeemed_at: datetime | None


class RedeemIn(BaseModel):
    code: Annotated[str, Field(min_length=4, max_length=40)]
    shop_id: str


def _show(form: type[Any], row: Any) -> Any:
    return form.model_validate(row, from_attributes=True)


@api.post("/stores", status_code=201)
def create_store(body: ShopIn, call: WriteStores) -> ShopOut:
    """A partner shop: its fence, and a beacon of its own."""

    def create(tx: Any) -> ShopOut:
        shop: ShopOut = _show(ShopOut, partners.create_shop(tx, **body.model_dump()))
        return shop

    return call.write(ShopOut, create)


@api.get("/stores")
def list_stores(call: ReadStores) -> Page[ShopOut]:
    return call.read(lambda tx: Page(items=[_show(ShopOut, row) for row in partners.shops(tx)], next=None))


@api.get("/orders")
def list_orders(call: ReadOrders, limit: Limit = 50, cursor: Cursor = None) -> Page[OrderOut]:
    def read(tx: Any) -> Page[OrderOut]:
        rows = service.orders(tx, after=cursor, limit=limit + 1)
        return page(rows, limit, lambda row: str(row.id), lambda row: _show(OrderOut, row))

    return call.read(read)


@api.get("/parcels")
def list_parcels(call: ReadOrders, limit: Limit = 50, cursor: Cursor = None) -> Page[ParcelOut]:
    def read(tx: Any) -> Page[ParcelOut]:
        rows = service.parcels(tx, after=cursor, limit=limit + 1)
        return page(rows, limit, lambda row: str(row.tracking_code), lambda row: _show(ParcelOut, row))

    return call.read(read)


@api.get("/coupons")
def list_coupons(call: ReadCoupons, limit: Limit = 50, cursor: Cursor = None) -> Page[CouponOut]:
    def read(tx: Any) -> Page[CouponOut]:
        rows = coupons.coupons(tx, after=cursor, limit=limit + 1)
        return page(rows, limit, lambda row: str(row.id), lambda row: _show(CouponOut, row))

    return call.read(read)


@api.post("/coupons/redeem")
def redeem_coupon(body: RedeemIn, call: Redeem) -> CouponOut:
    """The till takes a coupon, once."""

    def redeem(tx: Any) -> CouponOut:
        coupon: CouponOut = _show(CouponOut, coupons.redeem(tx, body.code, body.shop_id))
        return coupon

    return call.write(CouponOut, redeem, about=lambda tx: coupons.holder_of(tx, body.code))


def routers() -> tuple[APIRouter, ...]:
    return (hooks, api)
