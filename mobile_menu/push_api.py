"""The phone's calls about web push: whether it is on, on, and off. Thin."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import StringConstraints

from mobile_menu.api import MAX_BODY_BYTES, PHONE_SESSION, PREFIX, answer, host_of, language_of_request, token_of
from mobile_menu.bodies import Body
from mobile_menu.limits import Gate, Limit
from mobile_menu.openapi import returns
from mobile_menu.ports import Caller
from mobile_menu.push_ports import PushPort, PushState, Subscription
from mobile_menu.service import MenuService
from mobile_menu.threads import Threads

SUBSCRIPTIONS = Limit(burst=60, per_minute=30)
"""A phone tells its own once when it opens the app; so some hundred of them may share an address."""

KeyText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,128}$")]


class SubscriptionBody(Body):
    """As `PushSubscription.toJSON()` has it, and `Intl.DateTimeFormat().resolvedOptions().timeZone`."""

    endpoint: Annotated[str, StringConstraints(min_length=9, max_length=2048)]
    p256dh: KeyText
    auth: KeyText
    time_zone: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")]


def router(subscriptions: PushPort, service: MenuService, threads: Threads) -> APIRouter:
    api = APIRouter(prefix=PREFIX, tags=["phone"], default_response_class=Response, max_body_size=MAX_BODY_BYTES)
    gate = Gate(SUBSCRIPTIONS)

    async def caller_of(request: Request) -> Caller:
        return await threads.run(service.caller, token_of(request), language_of_request(request))

    as_caller = Depends(caller_of)

    @api.get("/push", responses=returns(200, PushState), openapi_extra=PHONE_SESSION)
    async def push_state(caller: Annotated[Caller, as_caller]) -> Response:
        """Whether this session is told by push, and the key to subscribe with."""
        return answer(await threads.run(subscriptions.state, caller))

    @api.put("/push", responses=returns(200, PushState), openapi_extra=PHONE_SESSION)
    async def subscribe(request: Request, body: SubscriptionBody, caller: Annotated[Caller, as_caller]) -> Response:
        """Tells this browser by push what matters while its page is closed, in the language of this call."""
        gate.enter(host_of(request))
        wanted = Subscription(endpoint=body.endpoint, p256dh=body.p256dh, auth=body.auth, time_zone=body.time_zone)
        return answer(await threads.run(subscriptions.subscribe, caller, wanted))

    @api.delete("/push", status_code=204, openapi_extra=PHONE_SESSION)
    async def unsubscribe(caller: Annotated[Caller, as_caller]) -> Response:
        """Tells it nothing any more."""
        await threads.run(subscriptions.unsubscribe, caller)
        return Response(status_code=204)

    return api
