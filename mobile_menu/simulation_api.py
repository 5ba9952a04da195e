"""The demo's call for simulated beacons. Thin."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from mobile_menu.api import PHONE_SESSION, PREFIX, JourneyQuery, answer, language_of_request, token_of
from mobile_menu.openapi import returns
from mobile_menu.ports import Caller
from mobile_menu.service import MenuService
from mobile_menu.simulation_ports import Simulation, SimulationPort
from mobile_menu.threads import Threads


def router(service: MenuService, simulated: SimulationPort, threads: Threads) -> APIRouter:
    api = APIRouter(prefix=PREFIX, tags=["phone"], default_response_class=Response)

    async def caller_of(request: Request) -> Caller:
        return await threads.run(service.caller, token_of(request), language_of_request(request))

    @api.get("/simulation", responses=returns(200, Simulation), openapi_extra=PHONE_SESSION)
    async def simulation(journey_id: JourneyQuery, caller: Annotated[Caller, Depends(caller_of)]) -> Response:
        """What there is to hear at a few places, for a demo without beacons; refused everywhere else."""
        return answer(await threads.run(simulated.simulation, caller, journey_id))

    return api
