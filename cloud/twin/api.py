"""HTTP of the twin. Thin."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import BaseModel, Field

from broker.contract.ids import new_id
from cloud.errors import FieldProblem, InvalidError
from cloud.identity.permissions import Permission
from cloud.registry.service import profiles_of, read_unit
from cloud.twin import service
from cloud.twin.rules import Twin, condition, days_left
from cloud.web import Call, calls

api = APIRouter(prefix="/api/v1/products/{product_id}", tags=["twin"])
Read = Annotated[Call, calls(Permission.TWINS_READ)]
Desire = Annotated[Call, calls(Permission.TWINS_DESIRE)]
MAX_SETTINGS = 64
MAX_VERSION_DIGITS = 18


class SupplyOut(BaseModel):
    name: str
    level_percent: int
    color: str
    days_left: float | None


class TwinOut(BaseModel):
    """reported: the fields that stand. level: how the device is, in one word; reasons: the gravest first."""

    product_id: str
    version: int
    level: str
    level_since: datetime | None
    state: str
    reasons: list[str]
    supplies: list[SupplyOut]
    online: bool | None
    boot: int
    connection: int
    epoch: int
    firmware: str
    profile: str
    capabilities: list[str]
    reported: dict[str, Any]
    desired: dict[str, Any]
    desired_version: int
    transport: dict[str, Any]


class DesiredIn(BaseModel):
    """Settings to wish for; null takes one back."""

    settings: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")], Any], Field(max_length=MAX_SETTINGS)
    ]


class DesiredOut(BaseModel):
    version: int
    settings: dict[str, Any]


class QuarantineOut(BaseModel):
    """head: the first bytes of the message, as text with what is not UTF-8 escaped."""

    topic: str
    reason: str
    detail: str
    head: str
    received_at: datetime


@api.get("/twin")
def read_twin(product_id: str, call: Read) -> TwinOut:
    """The newest known state; 404 while nothing was ever heard of the unit."""
    return call.read(lambda tx: _twin_out(tx, product_id))


def _twin_out(tx: Any, product_id: str) -> TwinOut:
    read_unit(tx, product_id)
    known = service.read(tx, product_id)
    found = condition(known, profiles_of(tx, [product_id])[product_id])
    return TwinOut(
        product_id=product_id,
        version=known.version,
        level=found.level.value,
        level_since=known.level_since,
        state=found.state,
        reasons=list(found.reasons),
        supplies=_supplies(tx, known, found.supplies),
        online=known.online,
        boot=known.presence.boot,
        connection=known.presence.connection,
        epoch=known.epoch,
        firmware=known.firmware,
        profile=known.profile,
        capabilities=list(known.capabilities),
        reported=known.values,
        desired=known.desired,
        desired_version=known.desired_version,
        transport=service.transport_figures(tx, product_id),
    )


def _supplies(tx: Any, known: Twin, supplies: Any) -> list[SupplyOut]:
    return [
        SupplyOut(
            name=one.name,
            level_percent=one.level_percent,
            color=one.color,
            days_left=days_left(one.level_percent, known.usage.get(one.name), tx.now),
        )
        for one in supplies
    ]


@api.patch("/desired")
def desire(
    product_id: str, body: DesiredIn, call: Desire, if_match: Annotated[str | None, Header(alias="If-Match")] = None
) -> DesiredOut:
    """Wishes for settings; the device hears of them now, or when it comes back. If-Match: the version they build on."""
    version = _version(if_match)

    def use_case(tx: Any) -> DesiredOut:
        read_unit(tx, product_id)
        event_id = f"desired:{product_id}:{new_id(tx.now)}"
        wish = service.desire(tx, product_id, body.settings, version, event_id)
        return DesiredOut(version=wish.version, settings=wish.settings)

    return call.write(DesiredOut, use_case)


def _version(if_match: str | None) -> int | None:
    if if_match is None:
        return None
    text = if_match.strip().strip('"')
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_VERSION_DIGITS):
        raise InvalidError(problems=(FieldProblem("If-Match", "wrong_form", "the version, such as 3"),))
    return int(text)


@api.get("/quarantine")
def read_quarantine(product_id: str, call: Read) -> list[QuarantineOut]:
    """The newest messages of this device that could not be taken, and why."""

    def read(tx: Any) -> list[QuarantineOut]:
        read_unit(tx, product_id)
        return [
            QuarantineOut(
                topic=row.topic,
                reason=row.reason,
                detail=row.detail,
                head=row.head.decode("utf-8", "backslashreplace"),
                received_at=row.received_at,
            )
            for row in service.quarantine(tx, product_id)
        ]

    return call.read(read)


def routers() -> tuple[APIRouter, ...]:
    return (api,)
