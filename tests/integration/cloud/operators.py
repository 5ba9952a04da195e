"""Operators for tests: keys of every kind, clients that hold them, and what the audit log says afterwards."""

from collections.abc import Sequence
from typing import Any

import httpx
import msgspec
from fastapi import FastAPI

from cloud.http_app import make_app
from cloud.identity import operators
from cloud.identity.key_limits import KeyGates
from cloud.identity.permissions import OperatorRole
from cloud.settings import Settings, load_settings
from mobile_menu.limits import Gate, Limit
from tests.http_service import client_of
from tests.integration.cloud.world import World

WIDE = Limit(burst=1_000_000, per_minute=1_000_000)


def application(world: World, settings: Settings | None = None, gates: KeyGates | None = None) -> FastAPI:
    """The whole service; without `gates`, operators are not limited."""
    app = make_app(settings or load_settings(), world.db, world.keys)
    wide = KeyGates(calls=Gate(WIDE), refusals=Gate(WIDE))
    app.state.context = msgspec.structs.replace(app.state.context, key_gates=gates or wide)
    return app


def issue(
    world: World, role: OperatorRole = OperatorRole.ADMIN, scopes: Sequence[str] | None = None, **given: Any
) -> operators.IssuedKey:
    return world.run(lambda tx: operators.issue_key(tx, "test", role, scopes=scopes, **given))


def client(app: FastAPI, token: str | None = None) -> httpx.AsyncClient:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return client_of(app, **headers)


def problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert answer.json()["code"] == code


def log(world: World, *columns: str, **where: object) -> list[tuple[Any, ...]]:
    """The audit log, or these columns of it, oldest first."""
    return [tuple(getattr(row, name) for name in columns) for row in world.rows("audit_entry", **where)]
