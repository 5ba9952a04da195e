"""HTTP of the audit log, for admins. Thin."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from cloud.audit import service
from cloud.identity.permissions import Permission
from cloud.web import Call, Cursor, Limit, Page, calls, page

api = APIRouter(prefix="/api/v1/audit", tags=["audit"])
Read = Annotated[Call, calls(Permission.AUDIT_READ)]


class EntryOut(BaseModel):
    """One entry. actor: `key:{id}`, `cli` or `system`. subject_id: a keyed hash where the id could lead to a person.

    request: a keyed hash of the Idempotency-Key. hash: over all of it and the hash of the entry before.
    """

    seq: int
    at: datetime
    actor: str
    action: str
    route: str
    subject_kind: str
    subject_id: str
    outcome: str
    request: str
    hash: str


class HeadOut(BaseModel):
    """The newest entry and its hash, signed as receipts are (`/.well-known/receipt-key.json`). Note it elsewhere."""

    form: str
    seq: int
    hash: str
    at: str
    key_id: str
    signature: str


@api.get("")
def list_entries(
    call: Read,
    limit: Limit = 50,
    cursor: Cursor = None,
    actor: Annotated[str | None, Query(max_length=40, description="`key:{id}`, `cli` or `system`")] = None,
    subject: Annotated[str | None, Query(max_length=64, description="the id of what it is about")] = None,
) -> Page[EntryOut]:
    """What operators did and were refused, the newest first."""

    def read(tx: Any) -> Page[EntryOut]:
        before = int(cursor) if cursor is not None and cursor.isdecimal() and len(cursor) < 19 else None
        rows = service.page_of(tx, call.keys, before=before, limit=limit + 1, actor=actor, subject=subject)
        return page(rows, limit, lambda row: str(row.seq), lambda row: EntryOut.model_validate(service.shown(row)))

    return call.read(read)


@api.get("/head")
def read_head(call: Read) -> HeadOut:
    """The head of the chain. Who keeps it can prove later, with `throughline audit verify --head`, that nothing before
    it was changed or taken out.
    """
    return call.read(lambda tx: HeadOut.model_validate(service.signed_head(tx, call.keys)))


def routers() -> tuple[APIRouter, ...]:
    return (api,)
