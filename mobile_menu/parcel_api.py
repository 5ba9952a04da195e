"""The phone's call for the story of its parcel. Thin.

It is no part of the menu: every scan ever made would travel with each menu, and most menus have no parcel.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from mobile_menu.api import PHONE_SESSION, PREFIX, JourneyQuery, answer, language_of_request, token_of
from mobile_menu.openapi import returns
from mobile_menu.parcel_ports import ParcelPort, ParcelStory
from mobile_menu.ports import Caller
from mobile_menu.service import MenuService
from mobile_menu.threads import Threads


def router(service: MenuService, parcels: ParcelPort, threads: Threads) -> APIRouter:
    api = APIRouter(prefix=PREFIX, tags=["phone"], default_response_class=Response)

    async def caller_of(request: Request) -> Caller:
        return await threads.run(service.caller, token_of(request), language_of_request(request))

    @api.get("/parcel", responses=returns(200, ParcelStory), openapi_extra=PHONE_SESSION)
    async def parcel(journey_id: JourneyQuery, caller: Annotated[Caller, Depends(caller_of)]) -> Response:
        """Where the journey's parcel is, and every scan of it, newest first."""
        return answer(await threads.run(parcels.parcel, caller, journey_id))

    return api
