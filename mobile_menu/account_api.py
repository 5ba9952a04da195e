"""The phone's calls about itself: its session, the person's other phones, and the e-mail address. Thin."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, StringConstraints

from mobile_menu.account_ports import (
    LANGUAGES,
    AccountPort,
    EmailAsked,
    EmailState,
    EmailVerified,
    Language,
    OthersEnded,
)
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
from mobile_menu.limits import Gate, Limit
from mobile_menu.openapi import returns
from mobile_menu.ports import Caller, SessionStarted
from mobile_menu.rules.texts import negotiate
from mobile_menu.service import MenuService
from mobile_menu.streams import MAX_TOKEN
from mobile_menu.threads import Threads
from mobile_menu.visit_cookie import end_visit

REFRESHES = Limit(burst=240, per_minute=240)
"""A phone refreshes four times an hour; so a thousand of them may share an address."""
EMAILS = Limit(burst=20, per_minute=2)
"""Links that one address on the network may have sent, to whomever."""

TokenText = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TOKEN)]


def _short(text: str) -> str:
    if len(text) > 1000:
        message = "too long for an address"
        raise ValueError(message)
    return text


def _best_for(accepted: str) -> Language:
    wanted = negotiate(accepted, LANGUAGES)
    return next(one for one in LANGUAGES if one == wanted)


class RefreshBody(Body):
    refresh_token: TokenText


class EmailBody(Body):
    """language: of the mail; without one, as Accept-Language asks."""

    address: Annotated[str, StringConstraints(min_length=1), AfterValidator(_short)]
    language: Language | None = None


class ProofBody(Body):
    token: TokenText


def router(accounts: AccountPort, service: MenuService, threads: Threads, *, secure: bool = False) -> APIRouter:
    """secure: our address is an https one."""
    api = APIRouter(prefix=PREFIX, tags=["phone"], default_response_class=Response, max_body_size=MAX_BODY_BYTES)

    async def caller_of(request: Request) -> Caller:
        return await threads.run(service.caller, token_of(request), language_of_request(request))

    as_caller = Depends(caller_of)
    _add_token_calls(api, accounts, threads, as_caller, secure=secure)
    _add_session_calls(api, accounts, threads, as_caller)
    _add_email_calls(api, accounts, threads, as_caller)
    return api


def _add_token_calls(api: APIRouter, accounts: AccountPort, threads: Threads, as_caller: Any, *, secure: bool) -> None:
    gate = Gate(REFRESHES)

    @api.post("/session/refresh", responses=returns(200, SessionStarted))
    async def refresh_session(request: Request, body: RefreshBody, key: Key = None) -> Response:
        """A new access token and a new refresh token, for the refresh token; that one counts no more.

        Whoever lost the answer asks again with the same Idempotency-Key, or within seconds. A refresh token that comes
        later than that ends the session: somebody has a copy.
        """
        gate.enter(host_of(request))
        return answer(await threads.run(accounts.refresh, body.refresh_token, key))

    @api.post("/session/end", status_code=204, openapi_extra=PHONE_SESSION)
    async def end_this_session(caller: Annotated[Caller, as_caller]) -> Response:
        """Ends this phone's session: all its tokens, its live streams, and the visit that its browser remembers."""
        await threads.run(accounts.end_session, caller, caller.session_id)
        response = Response(status_code=204)
        end_visit(response, secure=secure)
        return response


def _add_session_calls(api: APIRouter, accounts: AccountPort, threads: Threads, as_caller: Any) -> None:
    @api.get("/sessions", responses=returns(200, "SessionPage"), openapi_extra=PHONE_SESSION)
    async def sessions(caller: Annotated[Caller, as_caller]) -> Response:
        """The caller's phones, the one that was used last first; and browsers whose cookie can begin one."""
        return answer({"items": await threads.run(accounts.sessions, caller), "next": None})

    @api.delete("/sessions/{session_id}", status_code=204, openapi_extra=PHONE_SESSION)
    async def end_session(session_id: IdInPath, caller: Annotated[Caller, as_caller]) -> Response:
        """Ends one of the caller's phones at once: every session of its browser, and the visit that it remembers."""
        await threads.run(accounts.end_session, caller, session_id)
        return Response(status_code=204)

    @api.post("/sessions/end-others", responses=returns(200, OthersEnded), openapi_extra=PHONE_SESSION)
    async def end_others(caller: Annotated[Caller, as_caller]) -> Response:
        """Ends every session and visit of the caller but this phone's."""
        return answer(await threads.run(accounts.end_others, caller))


def _add_email_calls(api: APIRouter, accounts: AccountPort, threads: Threads, as_caller: Any) -> None:
    gate = Gate(EMAILS)

    @api.get("/email", responses=returns(200, EmailState), openapi_extra=PHONE_SESSION)
    async def email(caller: Annotated[Caller, as_caller]) -> Response:
        """The verified address, if there is one."""
        return answer(await threads.run(accounts.email, caller))

    @api.post("/email", status_code=202, responses=returns(202, EmailAsked), openapi_extra=PHONE_SESSION)
    async def ask_email(request: Request, body: EmailBody, caller: Annotated[Caller, as_caller]) -> Response:
        """Sends a link to the address. The answer is the same whoever has it.

        An address gets ten mails on one day (UTC), whoever asks. After that the answer says `sent: false`, and the link
        of the newest of them completes what this session has asked for.
        """
        gate.enter(host_of(request))
        language = body.language or _best_for(caller.language)
        return answer(await threads.run(accounts.ask_email, caller, body.address, language), 202)

    @api.post("/email/verify", responses=returns(200, EmailVerified), openapi_extra=PHONE_SESSION)
    async def verify_email(body: ProofBody, caller: Annotated[Caller, as_caller]) -> Response:
        """Completes a link, in the session that asked for it and in no other. Two with one address become one."""
        return answer(await threads.run(accounts.verify_email, caller, body.token))

    @api.delete("/email", status_code=204, openapi_extra=PHONE_SESSION)
    async def remove_email(caller: Annotated[Caller, as_caller]) -> Response:
        """Forgets the address; links that are under way lead nowhere."""
        await threads.run(accounts.remove_email, caller)
        return Response(status_code=204)
