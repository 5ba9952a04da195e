"""HTTP of the journeys, for operators: where a customer is, and why. Nothing here says who they are. Thin."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel

from cloud.identity.permissions import Permission
from cloud.lifecycle import service
from cloud.lifecycle.rules import stage_of
from cloud.lifecycle.stalls import Machine
from cloud.record import service as record
from cloud.registry.profiles import load_profile
from cloud.registry.service import read_model, read_unit
from cloud.web import Call, Cursor, Limit, Page, calls, page

api = APIRouter(prefix="/api/v1", tags=["journeys"])
Read = Annotated[Call, calls(Permission.JOURNEYS_READ)]


class JourneyOut(BaseModel):
    """decided_by: the line of the table that holds, and its evidence. stalls: those that are reported now."""

    id: str
    gtin: str
    product_id: str | None
    role: str
    stage: str
    stage_since: datetime
    decided_by: dict[str, Any]
    stalls: list[str]
    distress: list[str]
    facts: dict[str, Any]
    opened_at: datetime
    changed_at: datetime


class MoveOut(BaseModel):
    """event_id: the evidence, in the timeline."""

    from_stage: str
    to_stage: str
    line: int
    reason: str
    event_id: str
    happened_at: datetime
    known_at: datetime


class TimelineOut(BaseModel):
    """One touchpoint. What was personal in it stays sealed."""

    event_id: str
    type: str
    at: datetime
    recorded_at: datetime
    source: str
    channel: str
    product_id: str | None
    journey_id: str | None
    data: dict[str, Any]


@api.get("/journeys/{journey_id}")
def read_journey(journey_id: str, call: Read) -> JourneyOut:
    return call.read(lambda tx: _journey_out(tx, service.read(tx, journey_id)))


def _journey_out(tx: Any, one: service.Journey, machines: dict[str, Machine] | None = None) -> JourneyOut:
    profile = load_profile(read_model(tx, one.gtin).profile)
    decision = stage_of(one.facts, profile)
    return JourneyOut(
        id=one.id,
        gtin=one.gtin,
        product_id=one.product_id,
        role=one.role,
        stage=one.stage,
        stage_since=one.stage_since,
        decided_by=msgspec.to_builtins(decision),
        stalls=[kind for kind, _ in one.stalls],
        distress=list(service.causes_of_distress(tx, one, machines)),
        facts=msgspec.to_builtins(one.facts),
        opened_at=one.opened_at,
        changed_at=one.changed_at,
    )


@api.get("/journeys/{journey_id}/moves")
def read_moves(journey_id: str, call: Read) -> list[MoveOut]:
    """How the journey went, oldest first."""

    def read(tx: Any) -> list[MoveOut]:
        service.read(tx, journey_id)
        return [MoveOut.model_validate(row, from_attributes=True) for row in service.moves_of(tx, journey_id)]

    return call.read(read)


@api.get("/products/{product_id}/journeys")
def journeys_of_product(product_id: str, call: Read, limit: Limit = 50, cursor: Cursor = None) -> Page[JourneyOut]:
    """Every journey with this unit, oldest first."""

    def read(tx: Any) -> Page[JourneyOut]:
        read_unit(tx, product_id)
        rows = service.of_product(tx, product_id, after=cursor, limit=limit + 1)
        machines = service.machines(tx, [product_id])
        return page(rows, limit, lambda one: str(one.id), lambda one: _journey_out(tx, one, machines))

    return call.read(read)


@api.get("/products/{product_id}/timeline")
def timeline_of_product(product_id: str, call: Read, limit: Limit = 50, cursor: Cursor = None) -> Page[TimelineOut]:
    """Everything that happened with this unit, newest first."""

    def read(tx: Any) -> Page[TimelineOut]:
        read_unit(tx, product_id)
        rows = record.timeline(tx, product_id=product_id, before=_place(cursor), limit=limit + 1)
        return page(rows, limit, lambda row: str(row.seq), _event_out)

    return call.read(read)


@api.get("/journeys/{journey_id}/timeline")
def timeline_of_journey(journey_id: str, call: Read, limit: Limit = 50, cursor: Cursor = None) -> Page[TimelineOut]:
    """Every touchpoint of this journey, newest first. One that was joined to another goes on in that one."""

    def read(tx: Any) -> Page[TimelineOut]:
        journey = service.read(tx, service.current_id(tx, journey_id))
        rows = record.timeline(tx, journey_ids=service.all_ids(tx, journey.id), before=_place(cursor), limit=limit + 1)
        return page(rows, limit, lambda row: str(row.seq), _event_out)

    return call.read(read)


def _place(cursor: str | None) -> int | None:
    return int(cursor) if cursor is not None and cursor.isdecimal() and len(cursor) < 19 else None


def _event_out(row: Any) -> TimelineOut:
    return TimelineOut.model_validate(row, from_attributes=True)


def routers() -> tuple[APIRouter, ...]:
    return (api,)
