"""Visitors of the public links: known again by a cookie of our own, and by nothing else."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cloud.db import Transaction
from cloud.identity import phones
from cloud.identity import service as identity
from cloud.secrets import Keys
from mobile_menu.limits import Gate
from mobile_menu.visit_cookie import give_visit


async def admit(request: Request) -> None:
    """The dependency of a public link: each one that is followed may make a person, so an address follows only so many.

    Raises TooManyAttemptsError.
    """
    gate: Gate = request.app.state.link_gate
    gate.enter(request.client.host if request.client else "")


def visitor(tx: Transaction, keys: Keys, token: str | None) -> tuple[str, str | None]:
    """(person, fresh token): who follows the link; a fresh token when nobody was known by the cookie."""
    known = None if token is None else phones.visit_of(tx, token)
    if known is not None:
        return known.person_id, None
    person_id = identity.new_person(tx, keys)
    return person_id, phones.open_visit(tx, person_id).token


def app_address(base_url: str, journey_id: str, **unit: str) -> str:
    """The phone's page, opened at this journey. unit: its gtin and serial, for a browser that takes no cookie: it has
    no journey then, and asks for the claim code of this very unit.
    """
    return f"{base_url}/app/?{urlencode({'journey': journey_id, **unit})}"


def with_visit(address: str, fresh: str | None, *, secure: bool) -> Response:
    """On to the address; the cookie goes along when it is new. Not kept by any cache: each click counts."""
    response = RedirectResponse(address, 303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
    if fresh is not None:
        give_visit(response, fresh, phones.VISIT_LASTS, secure=secure)
    return response
