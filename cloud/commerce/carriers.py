"""What carriers and shops say, in our words: bodies of webhooks to neutral values. Pure.

Signatures are `signatures.py`'s affair, and what an update does to a parcel or an order is the service's. A body that
cannot be read is a list of problems, each with a JSON pointer to the field.
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit

import msgspec

from broker.contract.ids import is_id
from broker.contract.values import value_problem
from cloud.errors import FieldProblem
from cloud.record.events import OrderStatus, ParcelStatus
from cloud.registry.gs1 import Gs1Problem, Gtin, Serial, check_gtin, check_serial

MAX_DETAIL: Final = 300
MAX_PLACE: Final = 120
MAX_LINK: Final = 500
MAX_CUSTOMER_BYTES: Final = 8192


STATUSES: Final[Mapping[str, Mapping[str, ParcelStatus]]] = {
    "easypost": {
        "unknown": ParcelStatus.UNKNOWN,
        "pre_transit": ParcelStatus.LABEL_CREATED,
        "in_transit": ParcelStatus.IN_TRANSIT,
        "out_for_delivery": ParcelStatus.OUT_FOR_DELIVERY,
        "delivered": ParcelStatus.DELIVERED,
        "available_for_pickup": ParcelStatus.AVAILABLE_FOR_PICKUP,
        "return_to_sender": ParcelStatus.RETURNING,
        "failure": ParcelStatus.FAILED,
        "cancelled": ParcelStatus.CANCELLED,
        "error": ParcelStatus.FAILED,
    },
    "aftership": {
        "Pending": ParcelStatus.UNKNOWN,
        "InfoReceived": ParcelStatus.LABEL_CREATED,
        "InTransit": ParcelStatus.IN_TRANSIT,
        "OutForDelivery": ParcelStatus.OUT_FOR_DELIVERY,
        "AttemptFail": ParcelStatus.ATTEMPT_FAILED,
        "Delivered": ParcelStatus.DELIVERED,
        "AvailableForPickup": ParcelStatus.AVAILABLE_FOR_PICKUP,
        "Exception": ParcelStatus.FAILED,
        "Expired": ParcelStatus.STALE,
    },
    "shippo": {
        "UNKNOWN": ParcelStatus.UNKNOWN,
        "PRE_TRANSIT": ParcelStatus.LABEL_CREATED,
        "TRANSIT": ParcelStatus.IN_TRANSIT,
        "DELIVERED": ParcelStatus.DELIVERED,
        "RETURNED": ParcelStatus.RETURNING,
        "FAILURE": ParcelStatus.FAILED,
    },
}
"""Their word → ours, by provider."""


class ParcelUpdate(NamedTuple):
    """What a carrier said. status_at orders updates: they come late and out of order. event_id: for idempotency.

    place: where it was scanned, as people say it. tracking_url: the carrier's own page about the parcel, or empty.
    """

    tracking_code: str
    carrier: str
    status: ParcelStatus
    status_at: datetime
    promised_at: datetime | None
    detail: str
    event_id: str
    place: str = ""
    tracking_url: str = ""


class OrderUpdate(NamedTuple):
    """What a shop said. version orders updates. customer: as the shop gave it, personal, to be sealed."""

    order_id: str
    version: int
    status: OrderStatus
    gtin: Gtin
    serial: Serial | None
    journey: str | None
    tracking_code: str | None
    carrier: str | None
    placed_at: datetime
    customer: dict[str, Any] | None


class Unwanted(NamedTuple):
    """A well-formed event of another kind: to be answered with success, or the sender repeats it."""

    kind: str


class BadBody(NamedTuple):
    """A body that cannot be read: what is wrong, field by field."""

    problems: tuple[FieldProblem, ...]


_Time = Annotated[datetime, msgspec.Meta(tz=True)]
_Key = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[!-~]+$")]
_Name = Annotated[str, msgspec.Meta(max_length=64)]


class _EasyPostLocation(msgspec.Struct):
    city: str | None = None
    state: str | None = None
    country: str | None = None


class _EasyPostDetail(msgspec.Struct):
    datetime: _Time
    message: str | None = None
    tracking_location: _EasyPostLocation | None = None


class _EasyPostTracker(msgspec.Struct):
    tracking_code: _Key
    status: str
    carrier: _Name | None = None
    updated_at: _Time | None = None
    est_delivery_date: _Time | None = None
    public_url: str | None = None
    tracking_details: list[_EasyPostDetail] = []


class _EasyPostEvent(msgspec.Struct):
    id: _Key
    result: _EasyPostTracker


class _Kind(msgspec.Struct):
    description: str


class _OrderData(msgspec.Struct):
    order_id: _Key
    version: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    status: OrderStatus
    gtin: str
    placed_at: _Time
    serial: str | None = None
    journey: str | None = None
    tracking_code: _Key | None = None
    carrier: _Name | None = None
    customer: dict[str, Any] | None = None


class _OrderEvent(msgspec.Struct):
    type: Literal["order.changed"]
    data: _OrderData


_Form = TypeVar("_Form", _Kind, _EasyPostEvent, _OrderEvent)


def schema_of_order() -> dict[str, Any]:
    """JSON Schema of a shop's body, made of what reads it."""
    return _schema(_OrderEvent)


def schema_of_easypost() -> dict[str, Any]:
    """JSON Schema of EasyPost's body: of the kind that we want, with the fields that we read."""
    event = _schema(_EasyPostEvent)
    kind = {"type": "string", "pattern": r"^tracker\."}
    properties = {"description": kind, **event["properties"]}
    return {**event, "properties": properties, "required": ["description", *event["required"]]}


def _schema(form: type[msgspec.Struct]) -> dict[str, Any]:
    """In one piece, as the names of its parts are nobody's business."""
    (whole,), parts = msgspec.json.schema_components([form], ref_template="{name}")

    def plain(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return plain(parts[node["$ref"]])
            return {key: plain(value) for key, value in node.items() if not (key == "title" and isinstance(value, str))}
        return [plain(one) for one in node] if isinstance(node, list) else node

    found: dict[str, Any] = plain(whole)
    return found


def neutral_status(provider: str, word: str) -> ParcelStatus:
    """Our word for `word`. A word that the provider has added since is `unknown`: no reason to lose the update."""
    return STATUSES.get(provider, {}).get(word, ParcelStatus.UNKNOWN)


def read_easypost(body: bytes) -> ParcelUpdate | Unwanted | BadBody:
    """EasyPost's Event with a Tracker. The time is the newest scan's, or `updated_at` when nothing was scanned yet."""
    kind = _read(body, _Kind)
    if isinstance(kind, BadBody):
        return kind
    if not kind.description.startswith("tracker."):
        return Unwanted(kind.description)
    event = _read(body, _EasyPostEvent)
    if isinstance(event, BadBody):
        return event
    tracker = event.result
    newest = max(tracker.tracking_details, key=lambda detail: detail.datetime, default=None)
    status_at = newest.datetime if newest else tracker.updated_at
    if status_at is None:
        return _bad("/result/updated_at", "missing", "neither a scan nor updated_at says when")
    return ParcelUpdate(
        tracking_code=tracker.tracking_code,
        carrier=tracker.carrier or "",
        status=neutral_status("easypost", tracker.status),
        status_at=status_at,
        promised_at=tracker.est_delivery_date,
        detail=((newest.message if newest else None) or "")[:MAX_DETAIL],
        event_id=event.id,
        place=_place(newest.tracking_location if newest else None),
        tracking_url=tracker.public_url or "",
    )


def _place(where: _EasyPostLocation | None) -> str:
    """`Oakland, CA, US`: what is known of it, as carriers write it."""
    parts = (where.city, where.state, where.country) if where else ()
    return ", ".join(part.strip() for part in parts if part and part.strip())[:MAX_PLACE]


def with_safe_link(update: ParcelUpdate, hosts: Collection[str]) -> ParcelUpdate:
    """The update; without its link, unless that is a plain https one to one of these hosts. A link is no reason to
    lose the update: it is only not shown.
    """
    return update if is_safe_link(update.tracking_url, hosts) else update._replace(tracking_url="")


def is_safe_link(link: str, hosts: Collection[str]) -> bool:
    """Whether a customer may be sent there: https, the host among `hosts`, its own port, nobody's name in it."""
    if not 0 < len(link) <= MAX_LINK or not link.isascii() or not link.isprintable() or " " in link or "\\" in link:
        return False
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        return False
    plain = parts.scheme == "https" and "@" not in parts.netloc and port in {None, 443}
    return plain and (parts.hostname or "") in {host.lower() for host in hosts}


def read_order(body: bytes) -> OrderUpdate | BadBody:
    """A shop's `{"type": "order.changed", "data": {…}}`; data has the fields of `OrderUpdate`."""
    event = _read(body, _OrderEvent)
    if isinstance(event, BadBody):
        return event
    data = event.data
    gtin = check_gtin(data.gtin)
    serial = check_serial(data.serial) if data.serial else None
    problems = [
        FieldProblem(pointer, found.code, found.detail)
        for pointer, found in (("/data/gtin", gtin), ("/data/serial", serial))
        if isinstance(found, Gs1Problem)
    ]
    if data.journey is not None and not is_id(data.journey):
        problems.append(FieldProblem("/data/journey", "wrong_form", "not the form of an id"))
    if data.customer is not None and len(msgspec.json.encode(data.customer)) > MAX_CUSTOMER_BYTES:
        problems.append(FieldProblem("/data/customer", "too_long", f"more than {MAX_CUSTOMER_BYTES} bytes"))
    if problems or isinstance(gtin, Gs1Problem) or isinstance(serial, Gs1Problem):
        return BadBody(tuple(problems))
    return OrderUpdate(
        order_id=data.order_id,
        version=data.version,
        status=data.status,
        gtin=gtin,
        serial=serial,
        journey=data.journey,
        tracking_code=data.tracking_code,
        carrier=data.carrier,
        placed_at=data.placed_at,
        customer=data.customer,
    )


def _read(body: bytes, form: type[_Form]) -> _Form | BadBody:
    try:
        problem = value_problem(msgspec.json.decode(body))
        return _bad("", "unfit", problem) if problem else msgspec.json.decode(body, type=form)
    except msgspec.ValidationError as error:
        return _invalid(str(error))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _bad("", "not_json", str(error))


def _invalid(message: str) -> BadBody:
    """Msgspec's "Expected `str` - at `$.a[1].b`", with its path as a JSON pointer."""
    detail, _, where = message.partition(" - at `$")
    pointer = re.sub(r"[.\[]", "/", where.rstrip("`").replace("]", ""))
    missing = re.fullmatch(r"Object missing required field `(.+)`", detail)
    if missing:
        return _bad(f"{pointer}/{missing[1]}", "missing", "must be there")
    return _bad(pointer, "wrong_form", detail)


def _bad(pointer: str, code: str, detail: str) -> BadBody:
    return BadBody((FieldProblem(pointer, code, detail),))
