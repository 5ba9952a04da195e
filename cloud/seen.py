"""The menu as the customer sees it, for operators: with the why of each item. Thin."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response

from cloud import situations
from cloud.identity.permissions import Permission
from cloud.web import Call, calls
from mobile_menu.content_loader import load_content
from mobile_menu.rules.compose import compose_menu

api = APIRouter(prefix="/api/v1", tags=["journeys"])
Read = Annotated[Call, calls(Permission.MENUS_READ)]


@api.get("/journeys/{journey_id}/menu", response_class=Response)
def seen_menu(journey_id: str, call: Read, language: Annotated[str, Query(max_length=100)] = "en") -> Response:
    """The menu that this customer has now. A coupon's code is theirs, and is not in it."""

    def read(tx: Any) -> bytes:
        situation = situations.situation_of(tx, journey_id, language, call.url)
        menu = compose_menu(situation, load_content(situation.profile)).menu
        sections = tuple(
            msgspec.structs.replace(
                section, items=tuple(msgspec.structs.replace(item, code="", qr="") for item in section.items)
            )
            for section in menu.sections
        )
        return msgspec.json.encode(msgspec.structs.replace(menu, sections=sections))

    return Response(call.read(read), media_type="application/json")


def routers() -> tuple[APIRouter, ...]:
    return (api,)
