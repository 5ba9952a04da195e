"""What OpenAPI says of the phone's calls beyond what the framework finds: the hot routes, and the answers' schemas.

The schemas are made from the classes that are encoded, so that they cannot drift apart.
"""

from typing import Any

import msgspec

from mobile_menu.account_ports import EmailAsked, EmailState, EmailVerified, OthersEnded, PhoneSession
from mobile_menu.ownership_ports import Accepted, ClaimCodeMade, Offer, OneTimeLink, People, TransferState
from mobile_menu.parcel_ports import ParcelStory
from mobile_menu.picture_route import PICTURE_PATH
from mobile_menu.ports import CaseThread, Chosen, Claimed, JourneySummary, SessionStarted
from mobile_menu.push_ports import PushState
from mobile_menu.rules.menu import Menu
from mobile_menu.rules.situation import Place
from mobile_menu.simulation_ports import Simulation

_REF = "#/components/schemas/{name}"
_NAMED = (
    Accepted,
    ClaimCodeMade,
    EmailAsked,
    EmailState,
    EmailVerified,
    Offer,
    OneTimeLink,
    People,
    OthersEnded,
    PhoneSession,
    PushState,
    TransferState,
    SessionStarted,
    JourneySummary,
    Menu,
    Place,
    Chosen,
    Claimed,
    CaseThread,
    ParcelStory,
    Simulation,
)
_STRING = {"type": "string"}

_EVENT = {
    "type": "object",
    "description": "Each event",
    "properties": {"event": {"enum": ["menu", "case", "renew", "gone"]}, "id": _STRING, "data": _STRING},
}


def returns(status: int, answer: object) -> dict[int | str, dict[str, Any]]:
    """FastAPI's `responses` for a call that answers with this class, or with a component of this name."""
    if isinstance(answer, str):
        schema: dict[str, Any] = {"$ref": _REF.format(name=answer)}
    elif isinstance(answer, type) and issubclass(answer, msgspec.Struct):
        schema = {"$ref": _REF.format(name=answer.__name__)}
    else:
        schema = {"type": "object"}
    return {status: {"description": "Done", "content": {"application/json": {"schema": schema}}}}


def openapi_extra(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the phone's hot routes, schemas and security scheme added, in place."""
    document.setdefault("paths", {}).update(_hot_paths())
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(_schemas())
    components.setdefault("securitySchemes", {})["phone_session"] = {"type": "http", "scheme": "bearer"}
    return document


def _schemas() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components(_NAMED, ref_template=_REF)
    return schemas | {
        "JourneyPage": _page("JourneySummary", simulation={"type": "boolean"}),
        "SessionPage": _page("PhoneSession"),
        "CasePage": _page("CaseThread"),
        "PlacedMenu": _object(zone={"$ref": _REF.format(name="Place")}, menu={"$ref": _REF.format(name="Menu")}),
    }


def _page(item: str, **more: dict[str, Any]) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": _REF.format(name=item)}}
    return _object(items=items, next={"type": ["string", "null"]}, **more)


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _picture_call() -> dict[str, Any]:
    return {
        "tags": ["phone"],
        "summary": "A picture of a guide",
        "description": "What a step's `picture` names. It never changes, and may be kept for good.",
        "operationId": "picture",
        "parameters": [{"name": "digest", "in": "path", "required": True, "schema": _STRING}],
        "responses": {
            "200": {"description": "The picture", "content": {"image/svg+xml": {"schema": _STRING}}},
            "304": {"description": "The picture that the phone has"},
            "404": {"description": "No such picture"},
        },
    }


def _hot_paths() -> dict[str, Any]:
    journey = {"name": "journey", "in": "query", "required": True, "schema": _STRING}
    language = {"name": "Accept-Language", "in": "header", "schema": _STRING}
    menu = {"application/json": {"schema": {"$ref": _REF.format(name="Menu")}}}
    problems = {"401": {"description": "No session"}, "404": {"description": "No such journey of the caller's"}}
    common = {"tags": ["phone"], "security": [{"phone_session": []}]}
    return {
        "/menu/v1/menu": {
            "get": common
            | {
                "summary": "The menu",
                "operationId": "menu",
                "parameters": [journey, language, {"name": "If-None-Match", "in": "header", "schema": _STRING}],
                "responses": {
                    "200": {"description": "The menu", "headers": {"ETag": {"schema": _STRING}}, "content": menu},
                    "304": {"description": "The menu that the phone has"},
                    **problems,
                },
            }
        },
        PICTURE_PATH: {"get": _picture_call()},
        "/menu/v1/live": {
            "get": common
            | {
                "summary": "The menu, whenever it changes",
                "description": (
                    "Server-sent events. `menu`: a Menu, its id the etag; `case`: a CaseThread with something new; "
                    "`renew`: the access token's time is over, come again with the next one; "
                    "`gone`: the journey or the session has ended, and the stream with it. Last-Event-ID resumes."
                ),
                "operationId": "live",
                "parameters": [journey, language, {"name": "Last-Event-ID", "in": "header", "schema": _STRING}],
                "responses": {
                    "200": {"description": "Events", "content": {"text/event-stream": {"schema": _EVENT}}},
                    "429": {"description": "Too many streams"},
                    **problems,
                },
            }
        },
    }
