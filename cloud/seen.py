"""The menu as the customer sees it or saw it, for operators: its bytes, and the why of them. Thin."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from cloud import explaining
from cloud.db import Transaction
from cloud.identity.permissions import Permission
from cloud.lifecycle import service as lifecycle
from cloud.served import service as served
from cloud.web import Call, Cursor, Limit, Page, Time, calls, page

api = APIRouter(prefix="/api/v1", tags=["journeys"])
Read = Annotated[Call, calls(Permission.MENUS_READ)]
At = Annotated[Time | None, Query(description="A moment that has been; left out: now.")]
Language = Annotated[
    str | None, Query(max_length=100, description="At a moment: that of the menu. Now: as wished for.")
]
MEMENTO = "Memento-Datetime"
"""Since when a menu was shown (RFC 7089, section 2.1.1)."""


class MissingOut(BaseModel):
    """One thing that keeps an item away. wanted: what does not hold. found: what there is instead."""

    wanted: str
    found: str


class AbsentOut(BaseModel):
    """An item that does not show, and what would have to be otherwise."""

    item: str
    why_not: list[MissingOut]


class ExplainedOut(BaseModel):
    """menu: each item says in `because` what put it there. absent: all other items; null when the content of that time
    is not here any more. at: since when it was shown; null for a menu that nobody has seen. reproduced: made again of
    that situation and that content it is the same, byte for byte; null when that was not tried.
    """

    at: datetime | None
    language: str
    etag: str
    version: int
    digest: str
    reproduced: bool | None
    situation: dict[str, Any]
    menu: dict[str, Any]
    absent: list[AbsentOut] | None


class ShownLine(BaseModel):
    """A menu that a phone of this journey got. at: from when on. version: of the content."""

    at: datetime
    language: str
    etag: str
    version: int


EXPLAINED: dict[int | str, dict[str, Any]] = {200: {"model": ExplainedOut}}


@api.get("/journeys/{journey_id}/menu", response_class=Response)
def seen_menu(journey_id: str, call: Read, at: At = None, language: Language = None) -> Response:
    """The menu that this customer has now, or had at a moment: the very bytes that the phone got then. A coupon's code
    is in it for those alone who may read cases.
    """
    found = call.read(lambda tx: _found(tx, call, journey_id, at, language))
    body = found.shown.menu if sees_codes(call) else explaining.without_codes(found.shown.menu)
    headers = {"Content-Language": found.language, "Cache-Control": "private, no-cache"}
    if body == found.shown.menu:
        headers["ETag"] = f'"{found.etag}"'
    if found.at is not None:
        headers[MEMENTO] = format_datetime(found.at.astimezone(UTC), usegmt=True)
    return Response(body, media_type="application/json", headers=headers)


@api.get("/journeys/{journey_id}/menu/why", response_class=Response, responses=EXPLAINED)
def why(journey_id: str, call: Read, at: At = None, language: Language = None) -> Response:
    """Why this customer has, or had, this menu: its situation, what put each item there, and what kept all others
    away.
    """

    def read(tx: Transaction) -> explaining.Explained:
        return explaining.explained(tx, _found(tx, call, journey_id, at, language))

    return answer(call, call.read(read))


@api.get("/journeys/{journey_id}/menus")
def shown_menus(journey_id: str, call: Read, limit: Limit = 50, cursor: Cursor = None) -> Page[ShownLine]:
    """When this customer's phones got another menu, the newest first."""

    def read(tx: Transaction) -> Page[ShownLine]:
        journey = lifecycle.read(tx, lifecycle.current_id(tx, journey_id))
        before = int(cursor) if cursor is not None and cursor.isdecimal() and len(cursor) < 19 else None
        rows = served.listed(tx, journey.id, before=before, limit=limit + 1)
        return page(rows, limit, lambda row: str(row.seq), _line)

    return call.read(read)


def _found(tx: Transaction, call: Call, journey_id: str, at: datetime | None, language: str | None) -> explaining.Found:
    if at is not None:
        return explaining.menu_then(tx, call.keys, journey_id, at, language)
    return explaining.menu_now(tx, journey_id, language or "en", call.url, call.context.content)


def _line(row: Any) -> ShownLine:
    return ShownLine.model_validate(row, from_attributes=True)


def sees_codes(call: Call) -> bool:
    """Who answers customers sees what they see: their cases have the menu attached as it was."""
    return Permission.CASES_READ in call.operator.may


def answer(call: Call, found: explaining.Explained) -> Response:
    """What is explained, as this caller may see it; the menu in it as it is, byte for byte."""
    shown = found if sees_codes(call) else explaining.withheld(found)
    return Response(msgspec.json.encode(shown), media_type="application/json")


def routers() -> tuple[APIRouter, ...]:
    return (api,)
