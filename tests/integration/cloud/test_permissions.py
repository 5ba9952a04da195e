"""Every operator's call with every kind of key, against a table that people wrote."""

import csv
import inspect
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from broker.contract.ids import new_id
from cloud.audit.verifying import verify
from cloud.identity import operators
from cloud.identity.permissions import OperatorRole, Permission
from tests.house.asked import asked, permissions_of, routes
from tests.http_service import every_route
from tests.integration.cloud.operators import application, client, issue, log
from tests.integration.cloud.world import GTIN, World

MATRIX = Path(__file__).parents[2] / "data" / "permission_matrix.csv"
NARROW = ("units", "commands.read")
"""The scopes of the matrix's narrow key, which is an operator's."""
ONE_OF = {"gtin": GTIN, "form": "svg", "lot": "L1", "profile": "printer", "version": "1", "file": "x.toml"}
"""What stands for the parameters that are no ids."""

ONLY_READS = {
    "['POST'] /api/v1/labels",
    "['POST'] /api/v1/content/{profile}/drafts/{draft_id}/check",
    "['POST'] /api/v1/journeys/{journey_id}/menu/what-if",
    "['POST'] /api/v1/menu/preview",
}
"""Calls that change nothing for all that they are POST."""


def matrix() -> dict[str, dict[str, bool]]:
    """Whether a call is allowed, by the call and the kind of key."""
    with MATRIX.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {value for row in rows for name, value in row.items() if name != "call"} == {"yes", "no"}
    return {row.pop("call"): {name: value == "yes" for name, value in row.items()} for row in rows}


@pytest.fixture
def app(sqlite_world: World) -> Iterator[FastAPI]:
    made = application(sqlite_world)
    yield made
    made.state.hub.close()


def path_of(call: str, world: World) -> tuple[str, str]:
    """(method, path) with something in every place: nothing that is there, so that nothing is changed by asking."""
    method, path = call.split(" ")

    def fill(found: re.Match[str]) -> str:
        return new_id(world.clock()) if found[1].endswith("_id") else ONE_OF[found[1]]

    return method, re.sub(r"\{(\w+)\}", fill, path)


async def answers(app: FastAPI, world: World, token: str | None) -> dict[str, httpx.Response]:
    """What each call of the matrix answers to this token."""
    async with client(app, token) as caller:
        found = {}
        for call in matrix():
            method, path = path_of(call, world)
            found[call] = await caller.request(method, path, json=None if method == "GET" else {})
        return found


def test_the_matrix_names_every_operators_call_and_no_other(app: FastAPI) -> None:
    contract = {f"{method} {path}" for method, path in every_route(app) if path.startswith("/api/")}
    assert contract | {"GET /metrics"} == set(matrix())


def test_every_operators_call_asks_for_exactly_one_permission() -> None:
    found = asked()
    wrong = {call: wanted for call, wanted in found.items() if len(wanted) != call[1].startswith("/api/")}
    assert wrong == {}


def test_every_permission_of_the_table_is_asked_for() -> None:
    used = {one for wanted in asked().values() for one in wanted} | {Permission.FIGURES_READ}
    assert set(Permission) - used == set()


def test_every_call_that_may_change_something_goes_through_the_one_place_that_writes_the_log() -> None:
    wrong = []
    for route in routes():
        code = inspect.getsource(route.endpoint)
        writes = "call.write(" in code or "call.repeatable(" in code
        call = f"{sorted(route.methods or ())} {route.path}"
        if permissions_of(route) and writes is (route.methods == {"GET"} or call in ONLY_READS):
            wrong.append(call)
        if permissions_of(route) and "call.context.db" in code:
            wrong.append(f"{call} opens a transaction of its own")
    assert wrong == []


async def test_each_kind_of_key_is_let_to_exactly_what_the_matrix_says(app: FastAPI, sqlite_world: World) -> None:
    world, wrong, refused = sqlite_world, [], 0
    kinds = {role.value: issue(world, role) for role in OperatorRole}
    kinds["narrow"] = issue(world, OperatorRole.OPERATOR, NARROW)
    for kind, key in kinds.items():
        for call, answer in (await answers(app, world, key.token)).items():
            allowed = answer.status_code not in {401, 403}
            refused += not allowed
            if allowed is not matrix()[call][kind] or answer.status_code >= 500:
                wrong.append(f"{kind}: {call} answers {answer.status_code} {answer.text[:200]}")
            if not allowed and answer.json()["code"] != "forbidden":
                wrong.append(f"{kind}: {call} is refused as {answer.json()['code']}")
    assert wrong == []
    assert refused == sum(not value for row in matrix().values() for value in row.values())
    assert len(log(world, "seq", outcome="forbidden")) == refused, "every refusal is in the log"
    assert verify(world.db).broken is None


async def test_who_holds_no_valid_key_is_let_to_nothing(app: FastAPI, sqlite_world: World) -> None:
    world = sqlite_world
    ends = world.clock() + timedelta(hours=1)
    expired, revoked = issue(world, expires_at=ends), issue(world)
    world.run(lambda tx: operators.revoke_key(tx, revoked.id))
    world.clock.advance(hours=1)
    phone = world.phone().token
    whole = issue(world).token
    nobody = {
        "nobody": None,
        "expired": expired.token,
        "revoked": revoked.token,
        "a phone": phone,
        "garbage": "garbage",
        "cut": whole[:-1],
        "longer": whole + "A",
        "other case": whole.swapcase(),
    }
    before = world.rows("audit_entry")
    for kind, token in nobody.items():
        for call, answer in (await answers(app, world, token)).items():
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), f"{kind}: {call}"
            assert answer.headers["www-authenticate"].startswith("Bearer"), f"{kind}: {call}"
    assert world.rows("audit_entry") == before, "what a stranger tries is in no log that is for ever"
