"""The address on every label, `/01/{gtin}/21/{serial}`: a phone goes to the app with this unit, a machine gets links.

Source: GS1 Digital Link. 400 for what is no such address, 404 for a unit that is not registered; never whose it is.
"""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Cookie, Depends, Header, Path, Query, Request, Response

from broker.contract.ids import new_id
from broker.contract.stages import Role
from cloud.db import Transaction
from cloud.errors import NotFoundError
from cloud.identity.visits import admit, app_address, visitor, with_visit
from cloud.lifecycle import service as lifecycle
from cloud.record import service as record
from cloud.record.events import Event, EventType
from cloud.registry import gs1
from cloud.registry.service import find_unit, read_model
from cloud.registry.tables import ProductRow
from cloud.web import Context, context_of, problem

links = APIRouter(tags=["public links"], dependencies=[Depends(admit)])
LINKSET = "application/linkset+json"
ONLOOKERS_MAX = 50
"""How many visitors and guests are with one unit at most."""
Parts = Annotated[Context, Depends(context_of)]
Visit = Annotated[str | None, Cookie(alias="tl_visit", max_length=512)]


@links.get("/01/{gtin}/21/{serial:path}", status_code=303, response_class=Response)
def scan(
    request: Request,
    context: Parts,
    gtin: Annotated[str, Path(description="GTIN-14")],  # noqa: ARG001 - read from the address as it came
    serial: Annotated[str, Path(description="percent-encoded; CSET 82 allows a slash")],  # noqa: ARG001 - likewise
    tl_visit: Visit = None,
    accept: Annotated[str, Header()] = "",
    link_type: Annotated[str, Query(alias="linkType")] = "",
) -> Response:
    """Records the scan, and opens the app at this unit. `Accept: application/linkset+json` gets the links instead."""
    raw = request.scope.get("raw_path", b"").decode("latin-1")
    parsed = gs1.parse_digital_link(f"https://label.invalid{raw}")
    if isinstance(parsed, gs1.Gs1Problem):
        return problem(400, parsed.code, parsed.detail)
    label = (parsed.gtin or "", parsed.serial or "")
    if LINKSET in accept or link_type == "linkset":
        return _linkset(context, *label)

    def use_case(tx: Transaction) -> tuple[str, str | None]:
        unit = _unit(tx, *label)
        person_id, fresh = visitor(tx, context.keys, tl_visit)
        return app_address(context.settings.url, note_scan(tx, unit, person_id).id), fresh

    return with_visit(*context.db.run(use_case), secure=context.settings.url.startswith("https:"))


def note_scan(tx: Transaction, unit: ProductRow, person_id: str) -> lifecycle.Journey:
    """A touchpoint of the person's journey with this unit; with its model, when it is a demo unit in a shop.

    Who scans a unit that has an owner is a guest; who scans one that has none is a visitor, until they claim it. Only
    `ONLOOKERS_MAX` of them are with the unit: a label is public, and each message of the unit moves all who are. Who
    comes when it has so many gets a journey with the model, which a claim turns into one with the unit all the same.
    """
    product_id = None if unit.shop_id is not None else unit.id
    record.lock(tx, {unit.id, person_id})  # of scans at once each counts the others
    role = Role.GUEST if unit.owner_person_id not in {None, person_id} else Role.VISITOR
    journey = _known(tx, unit, person_id, product_id)
    if journey is None:
        if product_id is not None and lifecycle.onlookers(tx, product_id) >= ONLOOKERS_MAX:
            product_id = None
        journey = lifecycle.journey_with(tx, person_id, unit.gtin, product_id, "phone", role)
    event = Event(
        id=f"scan:{new_id(tx.now)}",
        type=EventType.PRODUCT_SCANNED,
        at=tx.now,
        source="phone",
        channel="store" if unit.shop_id is not None else "phone_app",
        product_id=journey.product_id,
        journey_id=journey.id,
        person_id=person_id,
    )
    record.append(tx, [event])
    return journey


def _known(tx: Transaction, unit: ProductRow, person_id: str, product_id: str | None) -> lifecycle.Journey | None:
    """The person's journey with this very unit; or with its model and an order, when no unit is named yet: it has
    come, and this is it.
    """
    own = [one for one in lifecycle.of_person(tx, person_id) if one.gtin == unit.gtin and not one.closed]
    for one in own:
        if one.product_id == unit.id:
            return one
    waiting = [one for one in own if one.product_id is None and one.facts.orders]
    if product_id is not None and unit.owner_person_id is None and waiting:
        return lifecycle.link(tx, waiting[0].id, unit.id, Role.VISITOR, "phone")
    return None


def _unit(tx: Transaction, gtin: str, serial: str) -> ProductRow:
    unit = find_unit(tx, gtin.zfill(14), serial)
    if unit is None:
        msg = "no such product is registered"
        raise NotFoundError(msg)
    return unit


def _linkset(context: Context, gtin: str, serial: str) -> Response:
    """RFC 9264, for machines. Nothing is recorded: a crawler is no customer."""
    with context.db.reading() as tx:
        unit = _unit(tx, gtin, serial)
        model = read_model(tx, unit.gtin)
        links, title = dict(model.links), f"{model.brand} {model.name}"
        uri = gs1.digital_link(context.settings.url, gs1.Gtin(unit.gtin), gs1.Serial(unit.serial))
    target: dict[str, Any] = {"href": f"{context.settings.url}/app", "title": f"{title}: your menu"}
    found: dict[str, Any] = {
        "anchor": uri,
        "itemDescription": title,
        "https://ref.gs1.org/voc/defaultLink": [target],
        "https://ref.gs1.org/voc/instructions": [target],
    }
    if links.get("product"):
        found["https://ref.gs1.org/voc/pip"] = [{"href": links["product"], "title": title}]
    headers = {"Access-Control-Allow-Origin": "*", "Vary": "Accept"}
    return Response(msgspec.json.encode({"linkset": [found]}), 200, headers, LINKSET)


def routers() -> tuple[APIRouter, ...]:
    return (links,)
