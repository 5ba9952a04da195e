"""What all HTTP calls share: errors as problems (RFC 9457), who calls, one transaction per call, pages by cursor.

This is the one place that knows which HTTP status an error has.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from fastapi import Depends, FastAPI, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, TypeAdapter
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from broker.contract.errors import ThroughlineError
from broker.contract.ids import is_id
from broker.contract.values import value_problem
from cloud import errors
from cloud.admission import admit, route_of
from cloud.audit import service as audit
from cloud.audit.subjects import of_answer, of_path
from cloud.db import Database, Transaction, is_away
from cloud.identity.key_limits import KeyGates, usual_key_gates
from cloud.identity.operators import Operator
from cloud.identity.permissions import Permission
from cloud.metrics.meters import Meters
from cloud.record import service as record
from cloud.secrets import Keys
from cloud.settings import Settings

log = logging.getLogger("throughline.http")
Answer = TypeVar("Answer")
PROBLEM = "application/problem+json"
MAX_BODY_BYTES = 256 * 1024
MAX_IMPORT_BYTES = 32 * 1024 * 1024

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
    "foreign_origin": 403,
    "forbidden": 403,
    "invalid": 422,
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


class Page(BaseModel, Generic[Answer]):
    """One page of a list. next: the cursor of the page after it, null on the last."""

    items: Sequence[Answer]
    next: str | None


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


def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for these only
    codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 422: "invalid"}
    headers = dict(error.headers or {})
    return problem(error.status_code, codes.get(error.status_code, "http_error"), str(error.detail), None, headers)


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


# --- who calls, and in which transaction ---


class Context(msgspec.Struct, frozen=True):
    """What the calls of this process need: found in `app.state.context`."""

    db: Database
    keys: Keys
    settings: Settings
    key_gates: KeyGates = msgspec.field(default_factory=usual_key_gates)
    meters: Meters = msgspec.field(default_factory=lambda: Meters("api"))


def context_of(request: Request) -> Context:
    found: Context = request.app.state.context
    return found


_bearer = HTTPBearer(auto_error=False, description="An operator's key.")


class Call:
    """An operator's call: who, and the transactions it may open. What it writes, it writes into the audit log too."""

    def __init__(self, context: Context, operator: Operator, act: audit.Act, key: str | None, print_: str) -> None:
        self.context = context
        self.operator = operator
        self._act = act
        self._key = key
        self._print = print_

    @property
    def keys(self) -> Keys:
        return self.context.keys

    @property
    def url(self) -> str:
        return self.context.settings.url

    def read(self, use_case: Callable[[Transaction], Answer]) -> Answer:
        """Reads, and changes nothing."""
        with self.context.db.reading() as tx:
            return use_case(tx)

    def write(
        self,
        form: type[Answer],
        use_case: Callable[[Transaction], Answer],
        *,
        about: Callable[[Transaction], str] | None = None,
    ) -> Answer:
        """One transaction; with an Idempotency-Key, its repetition gets the same answer.

        about: whose words the answer holds, so that what is kept of it goes when they leave.
        """
        if self._key is None:
            return self.context.db.run(lambda tx: self._noted(tx, use_case(tx)))
        shape = TypeAdapter(form)

        def once(tx: Transaction) -> bytes:
            scope = (
                f"key:{self.operator.key_id}" if about is None else record.scope_about(about(tx), self.operator.key_id)
            )

            def do() -> msgspec.Raw:
                return msgspec.Raw(shape.dump_json(self._noted(tx, use_case(tx))))

            return bytes(record.once(tx, self.keys.vault, scope, self._key, self._print, msgspec.Raw, do))

        return shape.validate_json(self.context.db.run(once))

    def repeatable(self, body_print: str, form: type[Answer]) -> Callable[[Transaction, Callable[[], Answer]], Answer]:
        """The same for a call that opens its transaction itself. body_print: of the body, which was streamed."""
        print_ = record.fingerprint(self._print, body_print)

        def once(tx: Transaction, do: Callable[[], Answer]) -> Answer:
            scope = f"key:{self.operator.key_id}"
            return record.once(tx, self.keys.vault, scope, self._key, print_, form, lambda: self._noted(tx, do()))

        return once

    def _noted(self, tx: Transaction, answer: Answer) -> Answer:
        """The answer of what was done now; a repetition that only gets it again is nothing that was done."""
        act = self._act
        if not act.subject.kind:
            act = msgspec.structs.replace(act, subject=of_answer(act.action, answer))
        audit.note(tx, self.keys, act)
        return answer


def calls(permission: Permission) -> Any:
    """The dependency of a route: an operator whose key has this permission."""

    async def call(
        request: Request,
        context: Annotated[Context, Depends(context_of)],
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        key: Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=128)] = None,
    ) -> Call:
        operator = await admit(request, context, None if bearer is None else bearer.credentials, permission)
        if not all(is_id(value) for name, value in request.path_params.items() if name.endswith("_id")):
            raise errors.NotFoundError
        # A body that streams (the import) is not here yet; its route adds it to the print.
        streams = request.headers.get("content-type", "").startswith(("text/csv", "application/x-ndjson"))
        body = b"" if request.method == "GET" or streams else await request.body()
        if body:
            await _refuse_unfit(request)
        print_ = record.fingerprint(operator.key_id, request.method, str(request.url), body)
        return Call(context, operator, _act(request, context, operator, permission, key), key, print_)

    call.permission = permission  # type: ignore[attr-defined]  # read by the page of permissions and by its test
    return Depends(call)


def _act(request: Request, context: Context, operator: Operator, permission: Permission, key: str | None) -> audit.Act:
    return audit.Act(
        actor=audit.by_key(operator.key_id),
        action=permission.value,
        route=route_of(request),
        subject=of_path(request.path_params),
        request="" if key is None else audit.hidden(context.keys, key),
    )


async def _refuse_unfit(request: Request) -> None:
    """Raises InvalidError for values that nobody can keep. What is no JSON at all, the route's form refuses."""
    try:
        value = await request.json()
    except (ValueError, RecursionError):
        return
    found = value_problem(value)
    if found:
        raise errors.InvalidError(problems=(errors.FieldProblem("", "unfit", found),))


Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=160)]
EARLIEST_YEAR, LATEST_YEAR = 1970, 2999
"""Of the times that calls may name: a sum with one beyond could be no time at all."""


def _in_bounds(at: datetime) -> datetime:
    if not EARLIEST_YEAR <= at.year <= LATEST_YEAR:
        message = f"the years are {EARLIEST_YEAR} to {LATEST_YEAR}"
        raise ValueError(message)
    return at


def _as_text(at: object) -> object:
    """A time is text: a number would be taken for seconds since 1970, and a slip of the pen for a day long past."""
    if not isinstance(at, datetime) and not (isinstance(at, str) and at[:4].isdecimal() and at[4:5] == "-"):
        message = "a time is text as in RFC 3339"
        raise ValueError(message)
    return at


Time = Annotated[AwareDatetime, BeforeValidator(_as_text), AfterValidator(_in_bounds)]
"""RFC 3339 with its offset."""


def page(rows: Sequence[Any], limit: int, cursor: Callable[[Any], str], show: Callable[[Any], Answer]) -> Page[Answer]:
    """A page of at most `limit`; ask the database for one more, so that the last page is known."""
    more = len(rows) > limit
    shown = rows[:limit]
    return Page(items=[show(row) for row in shown], next=cursor(shown[-1]) if more and shown else None)
