"""The phone's calls about who is with a unit: people, invitations, a change of hands, giving it back. Thin.

What a link of ours leads to is shown before anything happens: only a POST of the page accepts it, so that a preview of
the link in a chat uses nothing up.
"""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, StringConstraints

from mobile_menu.api import (
    MAX_BODY_BYTES,
    PHONE_SESSION,
    PREFIX,
    IdInPath,
    Key,
    answer,
    host_of,
    language_of_request,
    token_of,
)
from mobile_menu.bodies import Body
from mobile_menu.limits import Gate, source_of
from mobile_menu.live import LiveHub
from mobile_menu.openapi import returns
from mobile_menu.ownership_ports import (
    Accepted,
    ClaimCodeMade,
    InvitedRole,
    Offer,
    OneTimeLink,
    OwnershipPort,
    People,
    TransferState,
)
from mobile_menu.ports import Caller, Chosen
from mobile_menu.service import MenuService
from mobile_menu.threads import Threads

HOUR_S, YEAR_S = 3_600, 365 * 86_400


class InvitationBody(Body):
    """lasts_s: how long a guest may stay, in seconds; left out: 30 days. Household stays until somebody ends it."""

    role: InvitedRole
    lasts_s: Annotated[int, Field(ge=HOUR_S, le=YEAR_S)] | None = None


class CodeBody(Body):
    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]


def router(service: MenuService, port: OwnershipPort, hub: LiveHub, threads: Threads, gate: Gate) -> APIRouter:
    """gate: how often one address may ask what links lead to."""
    api = APIRouter(prefix=PREFIX, tags=["phone"], default_response_class=Response, max_body_size=MAX_BODY_BYTES)

    async def caller_of(request: Request) -> Caller:
        return await threads.run(service.caller, token_of(request), language_of_request(request))

    as_caller = Depends(caller_of)
    _add_people_calls(api, port, threads, as_caller)
    _add_owner_calls(api, port, threads, as_caller)
    _add_link_calls(api, port, hub, threads, as_caller, gate)
    _add_transfer_calls(api, port, hub, threads, as_caller)
    return api


def _add_people_calls(api: APIRouter, port: OwnershipPort, threads: Threads, as_caller: Any) -> None:
    @api.get("/products/{product_id}/people", responses=returns(200, People), openapi_extra=PHONE_SESSION)
    async def people(product_id: IdInPath, caller: Annotated[Caller, as_caller]) -> Response:
        """Who is with the unit: roles and dates, no names. Only for those who were let in, each as far as they may.

        The owner sees how many others look at it, too.
        """
        return answer(await threads.run(port.people, caller, product_id))

    @api.delete("/products/{product_id}/people/{member_id}", status_code=204, openapi_extra=PHONE_SESSION)
    async def remove(product_id: IdInPath, member_id: IdInPath, caller: Annotated[Caller, as_caller]) -> Response:
        """The owner removes somebody; with one's own id, one leaves. It counts at once, on open phones too."""
        await threads.run(port.remove, caller, product_id, member_id)
        return Response(status_code=204)

    @api.delete("/products/{product_id}/onlookers", status_code=204, openapi_extra=PHONE_SESSION)
    async def end_onlookers(product_id: IdInPath, caller: Annotated[Caller, as_caller]) -> Response:
        """The owner ends everybody who looks at the unit without having been let in. It counts at once, on open phones
        too: they get the menu of the model, until they scan the label again.
        """
        await threads.run(port.end_onlookers, caller, product_id)
        return Response(status_code=204)

    @api.post(
        "/products/{product_id}/invitations",
        status_code=201,
        responses=returns(201, OneTimeLink),
        openapi_extra=PHONE_SESSION,
    )
    async def invite(
        product_id: IdInPath, body: InvitationBody, caller: Annotated[Caller, as_caller], key: Key = None
    ) -> Response:
        """A one-time link that makes whoever takes it household, or guest for a time. The owner's to give."""
        lasts = None if body.lasts_s is None else timedelta(seconds=body.lasts_s)
        return answer(await threads.run(port.invite, caller, product_id, body.role, lasts, key), 201)

    @api.delete("/products/{product_id}/invitations/{invitation_id}", status_code=204, openapi_extra=PHONE_SESSION)
    async def withdraw(product_id: IdInPath, invitation_id: IdInPath, caller: Annotated[Caller, as_caller]) -> Response:
        """Takes an invitation back."""
        await threads.run(port.withdraw, caller, product_id, invitation_id)
        return Response(status_code=204)


def _add_owner_calls(api: APIRouter, port: OwnershipPort, threads: Threads, as_caller: Any) -> None:
    """What the owner does with the unit itself."""

    @api.post("/products/{product_id}/return", responses=returns(200, Chosen), openapi_extra=PHONE_SESSION)
    async def ask_return(product_id: IdInPath, caller: Annotated[Caller, as_caller], key: Key = None) -> Response:
        """The owner asks to give the unit back. It stays theirs until its return is confirmed."""
        return answer(await threads.run(port.ask_return, caller, product_id, key))

    @api.post("/products/{product_id}/wipe", responses=returns(200, Chosen), openapi_extra=PHONE_SESSION)
    async def wipe(product_id: IdInPath, caller: Annotated[Caller, as_caller], key: Key = None) -> Response:
        """The owner lets the device forget what people left on it; `people` says when it has."""
        return answer(await threads.run(port.wipe, caller, product_id, key))

    @api.post(
        "/products/{product_id}/claim-code",
        status_code=201,
        responses=returns(201, ClaimCodeMade),
        openapi_extra=PHONE_SESSION,
    )
    async def new_claim_code(product_id: IdInPath, caller: Annotated[Caller, as_caller], key: Key = None) -> Response:
        """A fresh claim code for the owner, shown this once; the one before opens nothing any more."""
        return answer(await threads.run(port.new_claim_code, caller, product_id, key), 201)


def _add_link_calls(
    api: APIRouter, port: OwnershipPort, hub: LiveHub, threads: Threads, as_caller: Any, gate: Gate
) -> None:
    @api.post("/invitations/look", responses=returns(200, Offer), openapi_extra=PHONE_SESSION)
    async def look(request: Request, body: CodeBody, caller: Annotated[Caller, as_caller]) -> Response:
        """What the link would do; nothing happens yet."""
        gate.enter(host_of(request))
        return answer(await threads.run(port.look, caller, body.code, source_of(host_of(request))))

    @api.post("/invitations/accept", status_code=201, responses=returns(201, Accepted), openapi_extra=PHONE_SESSION)
    async def accept(
        request: Request, body: CodeBody, caller: Annotated[Caller, as_caller], key: Key = None
    ) -> Response:
        """Takes the link: an invitation counts at once, a transfer waits for the owner's confirmation."""
        gate.enter(host_of(request))
        accepted = await threads.run(port.accept, caller, body.code, source_of(host_of(request)), key)
        if accepted.journey_id:
            hub.changed((accepted.journey_id,))
        return answer(accepted, 201)


def _add_transfer_calls(api: APIRouter, port: OwnershipPort, hub: LiveHub, threads: Threads, as_caller: Any) -> None:
    @api.post(
        "/products/{product_id}/transfer",
        status_code=201,
        responses=returns(201, OneTimeLink),
        openapi_extra=PHONE_SESSION,
    )
    async def start_transfer(product_id: IdInPath, caller: Annotated[Caller, as_caller], key: Key = None) -> Response:
        """The owner begins to hand the unit over: a one-time link for the next owner, good for 48 hours."""
        return answer(await threads.run(port.start_transfer, caller, product_id, key), 201)

    @api.get("/transfers/{transfer_id}", responses=returns(200, TransferState), openapi_extra=PHONE_SESSION)
    async def transfer(transfer_id: IdInPath, caller: Annotated[Caller, as_caller]) -> Response:
        """How far it is, for either side."""
        return answer(await threads.run(port.transfer, caller, transfer_id))

    @api.post("/transfers/{transfer_id}/confirm", responses=returns(200, TransferState), openapi_extra=PHONE_SESSION)
    async def confirm(transfer_id: IdInPath, caller: Annotated[Caller, as_caller], key: Key = None) -> Response:
        """The owner confirms who has accepted. Whoever was with the unit is with it no more; it cannot be undone."""
        done = await threads.run(port.confirm_transfer, caller, transfer_id, key)
        if done.journey_id:
            hub.changed((done.journey_id,))
        return answer(done)

    @api.delete("/transfers/{transfer_id}", status_code=204, openapi_extra=PHONE_SESSION)
    async def cancel(transfer_id: IdInPath, caller: Annotated[Caller, as_caller]) -> Response:
        """Either side calls it off."""
        await threads.run(port.cancel_transfer, caller, transfer_id)
        return Response(status_code=204)
