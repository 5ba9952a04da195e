"""HTTP of care: the expert's side of a case. Thin."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from cloud.care import service
from cloud.identity.permissions import Permission
from cloud.web import Call, Cursor, Limit, Page, calls, page

api = APIRouter(prefix="/api/v1/cases", tags=["care"])
Read = Annotated[Call, calls(Permission.CASES_READ)]
Answer = Annotated[Call, calls(Permission.CASES_ANSWER)]


class MessageOut(BaseModel):
    id: str
    author: Literal["customer", "expert"]
    text: str
    at: datetime


class CaseLine(BaseModel):
    id: str
    journey_id: str
    product_id: str | None
    stage: str
    status: Literal["open", "answered", "closed"]
    opened_at: datetime
    changed_at: datetime


class CaseOut(CaseLine):
    """attached: stage, twin, timeline and menu at the moment when help was asked for."""

    messages: list[MessageOut]
    attached: dict[str, Any]


class AnswerIn(BaseModel):
    text: Annotated[str, Field(min_length=1, max_length=4_000)]


def _line(row: Any) -> CaseLine:
    return CaseLine.model_validate(row, from_attributes=True)


def _whole(tx: Any, call: Call, row: Any) -> CaseOut:
    return CaseOut(
        **_line(row).model_dump(),
        messages=[MessageOut(**part) for part in service.messages(tx, call.keys, row)],
        attached=service.snapshot(tx, call.keys, row),
    )


@api.get("")
def list_cases(
    call: Read,
    limit: Limit = 50,
    cursor: Cursor = None,
    status: Annotated[Literal["open", "answered", "closed"] | None, Query()] = None,
) -> Page[CaseLine]:
    """Cases, the newest first; `open` are those that wait for an expert."""

    def read(tx: Any) -> Page[CaseLine]:
        rows = service.listing(tx, status=status, after=cursor, limit=limit + 1)
        return page(rows, limit, lambda row: str(row.id), _line)

    return call.read(read)


@api.get("/{case_id}")
def read_case(case_id: str, call: Read) -> CaseOut:
    """The thread, with all that was attached."""
    return call.read(lambda tx: _whole(tx, call, service.read(tx, case_id)))


@api.post("/{case_id}/messages", status_code=201)
def answer_case(case_id: str, body: AnswerIn, call: Answer) -> CaseOut:
    """The expert answers; the phone shows it at once."""
    return call.write(
        CaseOut,
        lambda tx: _whole(tx, call, service.reply(tx, call.keys, case_id, "expert", body.text)),
        about=lambda tx: str(service.read(tx, case_id).person_id),
    )


@api.post("/{case_id}/close")
def close_case(case_id: str, call: Answer) -> CaseOut:
    """Ends the case; the customer's menu goes back to what it was."""
    return call.write(
        CaseOut,
        lambda tx: _whole(tx, call, service.close(tx, case_id)),
        about=lambda tx: str(service.read(tx, case_id).person_id),
    )


def routers() -> tuple[APIRouter, ...]:
    return (api,)
