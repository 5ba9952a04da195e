"""Errors as problems (RFC 9457): the one place that knows which HTTP status an error has."""

import logging
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from broker.contract.errors import ThroughlineError
from cloud import errors
from cloud.db import is_away

log = logging.getLogger("throughline.http")
PROBLEM = "application/problem+json"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

STATUS: dict[str, int] = {
    "not_found": 404,
    "journey_unknown": 404,
    "profile_unknown": 404,
    "conflict": 409,
    "duplicate": 409,
    "stale": 412,
    "idempotency_key_reused": 422,
    "item_unavailable": 409,
    "already_claimed": 409,
    "unit_in_shop": 409,
    "claim_refused": 403,
    "not_yours": 404,
    "link_refused": 404,
    "too_many_people": 409,
    "transfer_refused": 409,
    "proof_needed": 403,
    "proof_used": 409,
    "choice_refused": 422,
    "simulation_off": 403,
    "push_refused": 422,
    "foreign_origin": 403,
    "forbidden": 403,
    "invalid": 422,
    "content_refused": 422,
    "last_admin_key": 409,
    "retired": 409,
    "label_too_small": 422,
    "unauthenticated": 401,
    "session_refused": 401,
    "session_unknown": 404,
    "email_link_refused": 403,
    "bad_signature": 401,
    "enrolment_refused": 403,
    "renewal_refused": 403,
    "clock_off": 409,
    "too_many_certificates": 409,
    "no_authority": 503,
    "gone": 410,
    "too_large": 413,
    "too_many_attempts": 429,
    "too_many_streams": 429,
    "busy": 503,
}
"""By the error's code; what is not here is ours, and 500."""


class Problem(BaseModel):
    """An error, as RFC 9457 has it. code is stable; errors point at the fields that are wrong."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, str]] | None = None


def problem(
    status: int,
    code: str,
    detail: str,
    found: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """An error as a response."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if found:
        body["errors"] = found
    return Response(msgspec.json.encode(body), status, headers, PROBLEM)


def add_error_handlers(app: FastAPI) -> None:
    """Every error leaves as a problem, and none with a stack trace."""
    app.add_exception_handler(ThroughlineError, known_error)
    app.add_exception_handler(RequestValidationError, _wrong_input)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(SQLAlchemyError, _database_error)
    app.add_exception_handler(ClientDisconnect, _left_early)
    app.add_exception_handler(Exception, _unknown_error)


def status_of(error: ThroughlineError) -> int:
    """The HTTP status of an error; 500 for one that no client could have caused."""
    return STATUS.get(error.code, 500)


def known_error(_request: Request, error: Exception) -> Response:
    """The problem that an error of ours is."""
    assert isinstance(error, ThroughlineError)  # noqa: S101 - registered for these only
    status = status_of(error)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if status == 429:
        headers["Retry-After"] = str(error.facts["retry_after_s"])  # who limits knows: both errors demand it
    found = [one._asdict() for one in error.problems] if isinstance(error, errors.InvalidError) else None
    return problem(status, error.code, error.detail, found, headers)


def _wrong_input(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for these only
    found = [
        {
            "pointer": _sayable("/" + "/".join(str(part) for part in one["loc"][1:])),
            "in": str(one["loc"][0]) if one["loc"] else "body",
            "code": str(one["type"]),
            "detail": _sayable(str(one["msg"])),
        }
        for one in error.errors()[:50]
    ]
    return problem(422, "invalid", "The input is wrong.", found)


def _sayable(text: str) -> str:
    """The text as UTF-8 can hold it: a name of the input's may be anything."""
    return text.encode("utf-8", "backslashreplace").decode()


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for these only
    codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 422: "invalid"}
    headers = dict(error.headers or {}) | (_allowed(request) if error.status_code == 405 else {})
    return problem(error.status_code, codes.get(error.status_code, "http_error"), str(error.detail), None, headers)


def _allowed(request: Request) -> dict[str, str]:
    """Every method of the address (RFC 9110, 10.2.1): of several routes that share it, one would name its own alone."""
    scopes = ((one, {**request.scope, "method": one}) for one in METHODS)
    found = [one for one, scope in scopes if any(it.matches(scope)[0] is Match.FULL for it in request.app.routes)]
    return {"Allow": ", ".join(found)}


def _database_error(_request: Request, error: Exception) -> Response:
    if is_away(error):
        log.error("the database does not answer: %s", type(error).__name__)
        return problem(503, "busy", "The database does not answer; try again.", None, {"Retry-After": "2"})
    if isinstance(error, DataError):
        # What every check before let through, and no column can hold: the last line, so it is noted.
        log.warning("%s brought what the database cannot keep: %s", *_where(_request, error))
        return problem(422, "invalid", "The input holds what cannot be kept.")
    return _unknown_error(_request, error)


def _left_early(_request: Request, _error: Exception) -> Response:
    """The client went before its body was whole: nothing of ours failed, and nobody hears this."""
    return problem(400, "invalid", "The body was not whole.")


def _unknown_error(request: Request, error: Exception) -> Response:
    log.error("%s failed: %s", *_where(request, error))
    return problem(500, "internal", "Something went wrong here; it was noted.")


def _where(request: Request, error: Exception) -> tuple[str, str]:
    """Which call, and which error where, for the log. The error's message could hold what a person wrote, and stays
    out; the path is quoted, so that none can look like a line of the log.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    return f"{request.method} {request.scope.get('path', '?')[:200]!r}", f"{type(error).__name__} at {where}"
