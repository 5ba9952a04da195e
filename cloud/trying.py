"""Menus that nobody has, for operators: in any situation, with any content, or a customer's, if. They change nothing.
Thin.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, model_validator

from cloud import explaining
from cloud.content import service as contents
from cloud.content.checking import check
from cloud.content.current import content_of
from cloud.content.rules import PROFILE_NAME
from cloud.db import Transaction
from cloud.errors import ContentRefusedError, FieldProblem
from cloud.identity.permissions import Permission
from cloud.seen import EXPLAINED, answer
from cloud.web import Call, Time, calls
from mobile_menu.content_loader import ContentError
from mobile_menu.rules.content import Content

api = APIRouter(prefix="/api/v1", tags=["content"])
Read = Annotated[Call, calls(Permission.MENUS_READ)]
Language = Annotated[str, Field(max_length=100)]
Number = Annotated[int, Field(ge=0, le=2**31 - 1)]
Id = Annotated[str, Field(min_length=26, max_length=26)]


class PreviewIn(BaseModel):
    """situation: as in docs/concepts/menu.md; what is left out is as it is where nothing is known. version, draft_id:
    of the content, at most one; left out: that which menus are made of now.
    """

    profile: Annotated[str, Field(pattern=PROFILE_NAME)]
    situation: dict[str, Any]
    version: Number | None = None
    draft_id: Id | None = None
    language: Language | None = None

    @model_validator(mode="after")
    def _one_content(self) -> "PreviewIn":
        if self.version is not None and self.draft_id is not None:
            message = "one of version and draft_id, not both"
            raise ValueError(message)
        return self


class WhatIfIn(BaseModel):
    """patch: what is otherwise, as a merge patch over the journey's situation (RFC 7396). at: as it was at a moment."""

    patch: dict[str, Any]
    at: Time | None = None
    language: Language | None = None


@api.post("/menu/preview", response_class=Response, responses=EXPLAINED)
def preview(body: PreviewIn, call: Read) -> Response:
    """The menu in this situation, with the why of each item, and the why not of all others."""
    content = _content(call, body)
    written = body.situation if body.language is None else {**body.situation, "language": body.language}
    return answer(call, explaining.preview(body.profile, written, content))


@api.post("/journeys/{journey_id}/menu/what-if", response_class=Response, responses=EXPLAINED)
def what_if(journey_id: str, body: WhatIfIn, call: Read) -> Response:
    """The menu that this customer would have, or would have had, if that were otherwise, with the content of now."""

    def read(tx: Transaction) -> explaining.Found:
        if body.at is not None:
            return explaining.menu_then(tx, call.keys, journey_id, body.at, body.language)
        return explaining.menu_now(tx, journey_id, body.language or "en", call.url, call.context.content)

    return answer(call, explaining.what_if(call.read(read), body.patch, call.context.content))


def _content(call: Call, body: PreviewIn) -> Content:
    """Raises NotFoundError, ContentRefusedError."""
    if body.draft_id is not None:
        draft_id = body.draft_id
        draft = call.read(lambda tx: contents.read_draft(tx, body.profile, draft_id))
        return explaining.usable(check(body.profile, draft.files))
    if body.version is None:
        contents.must_be_known(body.profile)
        return call.context.content(body.profile)
    version = body.version
    try:
        return call.read(lambda tx: content_of(tx, body.profile, version))
    except ContentError as error:
        problem = FieldProblem(f"/files/{error.file}", "fault", f"line {error.line}: {error.what}")
        raise ContentRefusedError(problems=(problem,)) from error


def routers() -> tuple[APIRouter, ...]:
    return (api,)
