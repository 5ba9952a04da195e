"""What all operators' calls share: who calls, one transaction per call, pages by cursor."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from fastapi import Depends, Header, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, TypeAdapter

from broker.contract.ids import is_id
from broker.contract.values import value_problem
from cloud import errors
from cloud.admission import admit, route_of
from cloud.audit import service as audit
from cloud.audit.subjects import of_answer, of_path
from cloud.db import Database, Transaction
from cloud.identity.key_limits import KeyGates, usual_key_gates
from cloud.identity.operators import Operator
from cloud.identity.permissions import Permission
from cloud.metrics.meters import Meters
from cloud.record import service as record
from cloud.secrets import Keys
from cloud.settings import Settings
from mobile_menu.content_loader import load_content
from mobile_menu.rules.content import Content

Answer = TypeVar("Answer")
MAX_BODY_BYTES = 256 * 1024
MAX_IMPORT_BYTES = 32 * 1024 * 1024


class Page(BaseModel, Generic[Answer]):
    """One page of a list. next: the cursor of the page after it, null on the last."""

    items: Sequence[Answer]
    next: str | None


class Context(msgspec.Struct, frozen=True):
    """What the calls of this process need: found in `app.state.context`. content: what menus are made of."""

    db: Database
    keys: Keys
    settings: Settings
    key_gates: KeyGates = msgspec.field(default_factory=usual_key_gates)
    meters: Meters = msgspec.field(default_factory=lambda: Meters("api"))
    content: Callable[[str], Content] = load_content


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
