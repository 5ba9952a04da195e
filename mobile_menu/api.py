"""The phone's calls under `/menu/v1`: thin. The two hot ones are in `streams.py`, the web app in `web_files.py`.

Answers are the frozen values of `ports` and `rules`, encoded as they stand; their schemas in OpenAPI are made from the
same classes. Errors are raised; the application maps them to problems.
"""

from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from fastapi import APIRouter, Cookie, Depends, Header, Path, Query, Request, Response
from starlette.routing import BaseRoute, Route

from mobile_menu.bodies import CaseBody, ChoiceBody, ClaimBody, ContextBody, MessageBody
from mobile_menu.content_loader import find_picture
from mobile_menu.errors import ForeignOriginError
from mobile_menu.limits import Gate, Limits, source_of, usual_limits
from mobile_menu.live import LiveHub
from mobile_menu.openapi import returns
from mobile_menu.picture_route import PICTURE_PATH, FindPicture, PictureRoute
from mobile_menu.ports import Caller, CaseThread, Chosen, Claimed, SessionStarted
from mobile_menu.service import MenuService
from mobile_menu.streams import LiveRoute, MenuRoute, bearer_of, language_of
from mobile_menu.threads import Threads
from mobile_menu.visit_cookie import MAX_VISIT, cookie_name, end_visit, give_visit

PREFIX = "/menu/v1"
MAX_BODY_BYTES = 64 * 1024
CLEAR_SITE_DATA = '"cache", "storage"'
"""Whoever leaves takes all along, also what the page's own wiping cannot reach. Source: W3C Clear Site Data.

The cookie is ended by its name: the directive for cookies would reach the other hosts of the domain.
"""

Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=128)]
JourneyQuery = Annotated[str, Query(alias="journey", min_length=1, max_length=64)]
IdInPath = Annotated[str, Path(min_length=1, max_length=128)]


def routes(
    service: MenuService, hub: LiveHub, threads: Threads, pictures: FindPicture = find_picture
) -> list[BaseRoute]:
    """The hot calls, to stand before everything else in the application's list of routes. pictures: by digest."""
    return [
        Route(f"{PREFIX}/menu", MenuRoute(service, threads), methods=["GET"], include_in_schema=False),
        Route(f"{PREFIX}/live", LiveRoute(service, hub, threads), methods=["GET"], include_in_schema=False),
        Route(PICTURE_PATH, PictureRoute(pictures, threads), methods=["GET"], include_in_schema=False),
    ]


def router(
    service: MenuService,
    hub: LiveHub,
    threads: Threads,
    *,
    secure: bool = False,
    limits: Limits | None = None,
    simulation: bool = False,
) -> APIRouter:
    """All the other calls. secure: our address is an https one. limits: the usual ones, unless given. simulation: this
    is a demo, whose phones may simulate beacons.
    """
    gates = limits or usual_limits()
    api = APIRouter(prefix=PREFIX, tags=["phone"], default_response_class=Response, max_body_size=MAX_BODY_BYTES)

    async def caller_of(request: Request) -> Caller:
        return await threads.run(service.caller, token_of(request), language_of_request(request))

    as_caller = Depends(caller_of)
    _add_session_calls(api, service, hub, threads, gates.sessions, secure=secure)
    _add_journeys_call(api, service, threads, as_caller, simulation=simulation)
    _add_menu_calls(api, service, hub, threads, as_caller)
    _add_claim_call(api, service, hub, threads, as_caller, gates.claims)
    _add_case_calls(api, service, hub, threads, as_caller)
    return api


def _add_session_calls(
    api: APIRouter, service: MenuService, hub: LiveHub, threads: Threads, gate: Gate, *, secure: bool
) -> None:
    visit_cookie = Cookie(alias=cookie_name(secure=secure), max_length=MAX_VISIT)

    @api.post("/session", status_code=201, responses=returns(201, SessionStarted))
    async def start_session(
        request: Request, visit: Annotated[str | None, visit_cookie] = None, key: Key = None
    ) -> Response:
        """Starts a session of this phone's own; of the same visitor, when its browser was here before.

        A browser that was not gets a cookie, so that a link or a label that is followed later belongs to the same
        visitor: `__Host-tl_visit`, or, where the service is reached without HTTPS, `tl_visit`.
        """
        refuse_foreign_origin(request)
        gate.enter(host_of(request))
        opened = await threads.run(service.start_session, visit, key)
        response = answer(opened.started, 201)
        if opened.visit is not None:
            give_visit(response, opened.visit.token, opened.visit.lasts, secure=secure)
        return response

    @api.post("/opt-out", responses=returns(200, dict[str, Any]), openapi_extra=PHONE_SESSION)
    async def opt_out(request: Request) -> Response:
        """Erases the person at once, everywhere.

        It takes a token that counts: the latest access token, for a day longer too, or the refresh token. Who has left
        gets the same receipt again by any token that they had.
        """
        left = await threads.run(service.opt_out, token_of(request))
        if left.person_id is not None:
            hub.person_gone(left.person_id)
        response = answer(left.receipt)
        end_visit(response, secure=secure)
        response.headers["clear-site-data"] = CLEAR_SITE_DATA
        return response


def _add_journeys_call(
    api: APIRouter, service: MenuService, threads: Threads, as_caller: Any, *, simulation: bool
) -> None:
    @api.get("/journeys", responses=returns(200, "JourneyPage"), openapi_extra=PHONE_SESSION)
    async def journeys(caller: Annotated[Caller, as_caller]) -> Response:
        """The caller's journeys, the one that changed last first. simulation: there in a demo, where it is true."""
        found = {"items": await threads.run(service.journeys, caller), "next": None}
        return answer({**found, "simulation": True} if simulation else found)


def _add_menu_calls(api: APIRouter, service: MenuService, hub: LiveHub, threads: Threads, as_caller: Any) -> None:
    @api.post("/context", responses=returns(200, "PlacedMenu"), openapi_extra=PHONE_SESSION)
    async def report_context(body: ContextBody, caller: Annotated[Caller, as_caller]) -> Response:
        """Beacon sightings and, if allowed, a position, for the zone and the menu there. Neither is kept."""
        position = body.standing(service.now())
        placed = await threads.run(service.report_context, caller, body.journey, body.heard(), position)
        hub.changed((body.journey,))
        return answer({"zone": placed.place, "menu": msgspec.Raw(placed.served.body)})

    @api.post("/items/{item_id}", responses=returns(200, Chosen), openapi_extra=PHONE_SESSION)
    async def choose(
        item_id: IdInPath, body: ChoiceBody, caller: Annotated[Caller, as_caller], key: Key = None
    ) -> Response:
        """Chooses an item that the menu offers now; the same key, the same answer."""
        chosen = await threads.run(service.choose, caller, body.journey, item_id, key, body.choice or "")
        hub.changed((body.journey,))
        return answer(chosen)

    @api.get("/export", responses=returns(200, dict[str, Any]), openapi_extra=PHONE_SESSION)
    async def export(caller: Annotated[Caller, as_caller]) -> Response:
        """Everything that is held of this person (GDPR article 20)."""
        response = answer(await threads.run(service.export, caller))
        response.headers["content-disposition"] = 'attachment; filename="throughline-export.json"'
        return response


def _add_claim_call(
    api: APIRouter, service: MenuService, hub: LiveHub, threads: Threads, as_caller: Any, gate: Gate
) -> None:
    @api.post("/claims", status_code=201, responses=returns(201, Claimed), openapi_extra=PHONE_SESSION)
    async def claim(
        request: Request, body: ClaimBody, caller: Annotated[Caller, as_caller], key: Key = None
    ) -> Response:
        """Makes the caller the owner, household or guest of a unit, on a claim code or on proof of proximity."""
        gate.enter(host_of(request))
        unit = body.unit()
        shown, source = (body.code, body.ephemeral_id), source_of(host_of(request))
        claimed = await threads.run(service.claim, caller, unit.gtin, unit.serial, *shown, key, source)
        hub.changed((claimed.journey_id,))
        return answer(claimed, 201)


def _add_case_calls(api: APIRouter, service: MenuService, hub: LiveHub, threads: Threads, as_caller: Any) -> None:
    @api.post("/cases", status_code=201, responses=returns(201, CaseThread), openapi_extra=PHONE_SESSION)
    async def open_case(body: CaseBody, caller: Annotated[Caller, as_caller], key: Key = None) -> Response:
        """Escalates to an expert, with the menu on the phone attached; adds to the case that is open already."""
        thread = await threads.run(service.open_case, caller, body.journey, body.text, key)
        hub.changed((body.journey,))
        return answer(thread, 201)

    @api.get("/cases", responses=returns(200, "CasePage"), openapi_extra=PHONE_SESSION)
    async def cases(journey_id: JourneyQuery, caller: Annotated[Caller, as_caller]) -> Response:
        """The journey's threads, newest first; what the expert wrote counts as read from now on."""
        threads_found = await threads.run(service.cases, caller, journey_id)
        hub.changed((journey_id,))
        return answer({"items": threads_found, "next": None})

    @api.post(
        "/cases/{case_id}/messages", status_code=201, responses=returns(201, CaseThread), openapi_extra=PHONE_SESSION
    )
    async def add_message(
        case_id: IdInPath, body: MessageBody, caller: Annotated[Caller, as_caller], key: Key = None
    ) -> Response:
        """Writes to the expert."""
        thread = await threads.run(service.add_message, caller, case_id, body.text, key)
        hub.changed((thread.journey_id,))
        return answer(thread, 201)


PHONE_SESSION: dict[str, Any] = {"security": [{"phone_session": []}]}


def answer(value: object, status: int = 200) -> Response:
    """A private value as JSON, kept by no cache."""
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(msgspec.json.encode(value), status, headers, "application/json")


def host_of(request: Request) -> str:
    """The address that the call comes from, as the server believes it; empty when there is none."""
    return request.client.host if request.client else ""


def token_of(request: Request) -> str:
    """Raises SessionRefusedError."""
    return bearer_of(request.headers.get("authorization", ""))


def language_of_request(request: Request) -> str:
    return language_of(request.headers.get("accept-language", ""))


def refuse_foreign_origin(request: Request) -> None:
    """The one call that a cookie speaks for must come from our own pages, or from no page at all.

    Raises ForeignOriginError. Only hosts are compared: before a proxy that ends TLS, the schemes differ.
    """
    origin = request.headers.get("origin")
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise ForeignOriginError
    if origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
        raise ForeignOriginError
