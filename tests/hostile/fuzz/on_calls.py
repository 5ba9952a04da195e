"""What callers send over HTTP: signatures, webhooks' bodies, headers, the phone's bodies, certificate requests."""

import base64
import contextlib
import hashlib
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from starlette.requests import Request as HttpRequest

from broker.contract.values import value_problem
from cloud.commerce.carriers import BadBody, OrderUpdate, ParcelUpdate, read_easypost, read_order
from cloud.commerce.signatures import CARRIER_VERIFIERS, Verified, verify_standard
from cloud.identity.requests import MAX_REQUEST_CHARACTERS, Request, RequestProblem, read_request
from mobile_menu.bodies import CaseBody, ChoiceBody, ClaimBody, ContextBody, MessageBody
from mobile_menu.ports import JourneyUnknownError, SessionRefusedError
from mobile_menu.streams import MAX_ID, MAX_LANGUAGE, MAX_TAGS, MAX_TOKEN, asked_of, etag_matches

NOW: Final = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
BODIES: Final = (ClaimBody, ContextBody, CaseBody, MessageBody, ChoiceBody)
_PEM: Final = "-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n"
_SEQUENCE: Final = b"\x30"
"""How each request begins in DER."""
NAMES: Final = (
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "x-hmac-signature",
    "shippo-auth-signature",
    "aftership-hmac-sha256",
)


def signatures(data: bytes) -> None:
    """Headers, a line each, and a body: nobody without the secret is believed, whatever they send."""
    head, _, body = data.partition(b"\n\n")
    lines = head.decode("utf-8", "surrogateescape").split("\n")
    headers = dict(zip(NAMES, (line.strip() for line in lines), strict=False))
    secret = hashlib.sha256(b"nobody sends this" + body).hexdigest()
    assert not isinstance(verify_standard([f"whsec_{secret}"], headers, body, NOW), Verified)
    for verify in CARRIER_VERIFIERS.values():
        assert not isinstance(verify([secret], headers, body, NOW), Verified)


def webhooks(data: bytes) -> None:
    """A body that was signed: fields of which each can be kept, or the list of what is wrong."""
    for read in (read_order, read_easypost):
        found: object = read(data)
        match found:
            case BadBody(problems=problems):
                assert problems
                assert all(one.code for one in problems)
            case OrderUpdate() | ParcelUpdate():
                texts = [part for part in found if isinstance(part, str)]
                assert value_problem(texts) == ""
                assert all(part.tzinfo is not None for part in found if isinstance(part, datetime))
            case _:
                pass


def headers(data: bytes) -> None:
    """The head of a hot call, a line each, and a query: refused by its own errors, or within all limits."""
    head, _, query = data.partition(b"\n\n")
    names = (b"authorization", b"accept-language", b"if-none-match", b"last-event-id", b"cookie")
    scope: dict[str, Any] = {
        "type": "http",
        "headers": list(zip(names, head.split(b"\n"), strict=False)),
        "query_string": query,
    }
    with contextlib.suppress(SessionRefusedError, JourneyUnknownError):
        asked = asked_of(scope)
        assert 0 < len(asked.token) <= MAX_TOKEN
        assert 0 < len(asked.language) <= MAX_LANGUAGE
        assert len(asked.journey_id) <= MAX_ID
        assert len(asked.if_none_match) <= MAX_TAGS
        assert len(asked.last_event_id) <= MAX_ID
        etag_matches(asked.if_none_match, "abc")
    assert all(isinstance(value, str) for value in HttpRequest(scope).cookies.values())


def bodies(data: bytes) -> None:
    """A phone's body: refused at its fields, or one that says the same when it is written again."""
    form: type[BaseModel] = BODIES[data[0] % len(BODIES)] if data else BODIES[0]
    try:
        found = form.model_validate_json(data[1:])
    except ValidationError:
        return
    assert form.model_validate_json(found.model_dump_json(exclude_none=True)) == found
    match found:
        case ClaimBody():
            assert found.unit().serial
        case ContextBody():
            assert found.standing(NOW) is None or found.position is not None
            assert len(found.heard()) == len(found.sightings)
        case _:
            pass


def requests(data: bytes) -> None:
    """A certificate request, in DER or as text: one key on P-256 whose owner signed it, or a problem; the same when it
    is read again.
    """
    text = _PEM.format(base64.b64encode(data).decode()) if data[:1] == _SEQUENCE else data.decode("latin-1")
    found = read_request(text)
    if isinstance(found, RequestProblem):
        assert found.code
        return
    assert len(text) <= MAX_REQUEST_CHARACTERS
    again = read_request(text)
    assert isinstance(again, Request)
    assert (again.digest, again.key_print) == (found.digest, found.key_print)
