"""HTTP of ownership: what operators confirm, and the public address of one-time links. Thin."""

import re
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel

from cloud.commerce import partners
from cloud.errors import NotFoundError
from cloud.identity.permissions import Permission
from cloud.identity.visits import admit
from cloud.ownership import returns
from cloud.registry import service as registry
from cloud.registry.api import ProductOut, product_out
from cloud.web import Call, Context, calls, context_of

api = APIRouter(prefix="/api/v1", tags=["registry"])
links = APIRouter(tags=["public links"], dependencies=[Depends(admit)])
Change = Annotated[Call, calls(Permission.UNITS_CHANGE)]
Parts = Annotated[Context, Depends(context_of)]
CODE: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
LINK_HEADERS: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


class ProductPatch(BaseModel):
    """shop_id: the shop in which the unit stands as a demo unit; null takes it out. state: only `retired`."""

    shop_id: str | None = None
    state: Literal["retired"] | None = None


class TakenBackOut(BaseModel):
    """claim_code: for whoever gets the unit next; shown this once. The one before opens nothing any more."""

    product_id: str
    claim_code: str


@api.patch("/products/{product_id}")
def change_product(product_id: str, body: ProductPatch, call: Change) -> ProductOut:
    """Puts a unit into a shop as its demo unit, or takes it out of use: then it is nobody's, and says nothing more."""

    def change(tx: Any) -> ProductOut:
        if "shop_id" in body.model_fields_set:
            partners.place_in_shop(tx, product_id, body.shop_id)
        if body.state == "retired":
            returns.retire(tx, product_id)
        return product_out(registry.read_unit(tx, product_id).product, call.url)

    return call.write(ProductOut, change)


@api.post("/products/{product_id}/returned")
def take_back(product_id: str, call: Change) -> TakenBackOut:
    """The unit has come in: it is nobody's, everybody's access to it ends, and it can be sold again."""

    def use_case(tx: Any) -> TakenBackOut:
        return TakenBackOut(**msgspec.structs.asdict(returns.take_back(tx, call.keys, product_id)))

    return call.write(TakenBackOut, use_case)


@links.get("/i/{code}", status_code=303, response_class=Response)
def follow_link(code: Annotated[str, Path(max_length=512)], context: Parts) -> Response:
    """Opens the app with a link of before links were fragments, or one that somebody typed; nothing is looked up, so
    that the answer says nothing of the code.

    New links are `/app/#link={code}`: no server, proxy or referrer gets to see the code.
    """
    if not CODE.fullmatch(code):
        raise NotFoundError
    return Response(status_code=303, headers={**LINK_HEADERS, "Location": f"{context.settings.url}/app/#link={code}"})


def routers() -> tuple[APIRouter, ...]:
    return (links, api)
