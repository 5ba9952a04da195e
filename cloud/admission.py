"""Who is let in by an operator's key, and to what: the one door of all operators' calls.

A key is looked up, limited, and asked for the one permission that the route needs. Its first use and every refusal
are written into the audit log.
"""

from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from broker.contract.ids import is_id
from cloud.audit import service as audit
from cloud.audit.subjects import Subject, of_path
from cloud.db import Database, Transaction
from cloud.errors import ForbiddenError, UnauthenticatedError
from cloud.identity import operators
from cloud.identity.key_limits import KeyGates
from cloud.identity.operators import Operator
from cloud.identity.permissions import Permission
from cloud.secrets import Keys
from cloud.settings import Settings


class Parts(Protocol):
    """What the door needs of the process."""

    @property
    def db(self) -> Database: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def key_gates(self) -> KeyGates: ...


async def admit(request: Request, parts: Parts, token: str | None, permission: Permission) -> Operator:
    """Who calls. Raises UnauthenticatedError, TooManyAttemptsError, ForbiddenError."""
    if token is None:
        raise UnauthenticatedError
    operator = await run_in_threadpool(_find, parts, token)
    parts.key_gates.calls.enter(operator.key_id)
    if permission not in operator.may:
        parts.key_gates.refusals.enter(operator.key_id)
        await run_in_threadpool(parts.db.run, lambda tx: _note_refusal(tx, parts.keys, request, operator, permission))
        msg = f"this key does not have the permission {permission.value}"
        raise ForbiddenError(msg, permission=permission.value)
    return operator


def _find(parts: Parts, token: str) -> Operator:
    with parts.db.reading() as tx:
        operator = operators.operator_of(tx, token, parts.settings.key_max_age)
        noted = operator.used_on is not None and operator.used_on >= tx.now.date()
    if not noted:  # once a day: a call that only reads writes nothing but this
        parts.db.run(lambda tx: _note_use(tx, parts.keys, operator))
    return operator


def _note_use(tx: Transaction, keys: Keys, operator: Operator) -> None:
    if operators.note_use(tx, operator.key_id):
        subject = Subject("key", operator.key_id)
        audit.note(tx, keys, audit.Act(actor=audit.by_key(operator.key_id), action="keys.first_use", subject=subject))


def _note_refusal(tx: Transaction, keys: Keys, request: Request, operator: Operator, permission: Permission) -> None:
    act = audit.Act(
        actor=audit.by_key(operator.key_id),
        action=permission.value,
        route=route_of(request),
        subject=_named(request),
        outcome=audit.FORBIDDEN,
    )
    audit.note(tx, keys, act)


def _named(request: Request) -> Subject:
    """What the path names, when it is an id at all: nobody writes words of their own into the log."""
    subject = of_path(request.path_params)
    return subject if is_id(subject.id) else Subject(subject.kind)


def route_of(request: Request) -> str:
    """The call as the contract names it: `POST /api/v1/products/{product_id}/commands`."""
    path = getattr(request.scope.get("route"), "path", "")
    return f"{request.method} {path}"
