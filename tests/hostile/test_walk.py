"""Every call of the OpenAPI as every role: the short round. The long one is `python -m tests.hostile walk`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import Response

from tests.hostile.deployment import Deployment, deployed
from tests.hostile.rounds import BROKER, NO_RIGHT, SHORT, SHORT_WITH_EDGES, SIGNED, Plan, do, overstepped
from tests.hostile.walking import problem_flaws, walk
from tests.services import Postgres

pytestmark = pytest.mark.timeout(400)

HOOKS = {
    "POST /hooks/shop",
    "POST /hooks/carrier/{carrier}",
    "POST /hooks/broker/auth",
    "POST /hooks/broker/acl",
}


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Deployment]:
    with deployed(tmp_path) as found:
        yield found


@pytest.fixture
def on_postgres(tmp_path: Path, postgres_server: Postgres) -> Iterator[Deployment]:
    name = postgres_server.create()
    try:
        with deployed(tmp_path, postgres_server.url(name)) as found:
            yield found
    finally:
        postgres_server.drop(name)


def go(to: Deployment, plan: Plan) -> None:
    """One round, and that it was a round at all."""
    walks = do(to, plan)
    failures = {kind: f"{one.role}: {kind}\n{how}" for one in walks for kind, how in one.failures.items()}
    assert not failures, "\n\n".join(failures.values())
    assert [said for one in walks for said in one.errors] == []
    assert overstepped(walks) == []
    for one in walks:
        assert one.role in NO_RIGHT or one.granted or one.role in {SIGNED, BROKER}, f"{one.role} was locked out"
        assert one.cases >= 2 * len(one.operations)
    with to.caller("admin") as admin:
        assert admin.get("/api/v1/keys").status_code == 200, "the walk locked itself out"


def test_no_call_as_any_role_breaks_the_contract_on_sqlite(on_sqlite: Deployment) -> None:
    go(on_sqlite, SHORT)


def test_each_hook_takes_what_comes_with_its_own_credential(on_sqlite: Deployment) -> None:
    walks = do(on_sqlite, SHORT._replace(roles=(SIGNED, BROKER)))
    assert set().union(*(one.done for one in walks)) == HOOKS


@pytest.mark.postgres
def test_no_call_at_its_edges_breaks_the_contract_on_postgresql(on_postgres: Deployment) -> None:
    go(on_postgres, SHORT_WITH_EDGES)


def test_the_walk_finds_what_is_planted(on_sqlite: Deployment) -> None:
    def crash(number: int) -> dict[str, float]:
        return {"inverse": 1 / number}

    def leak() -> dict[str, str]:
        return on_sqlite.secrets()

    def wrong_form() -> dict[str, str]:
        return {"number": None}  # type: ignore[dict-item]  # the fault

    def unsaid() -> Response:
        return Response("{}", 418, media_type="application/problem+json")

    def open_door() -> None:
        """Says that it wants a key, and does not look at it."""

    locked: dict[str, Any] = {"security": [{"HTTPBearer": []}]}
    for name, call in (("crash", crash), ("leak", leak), ("unsaid", unsaid)):
        on_sqlite.app.add_api_route(f"/planted/{name}", call)
    form: dict[int | str, Any] = {
        200: {"content": {"application/json": {"schema": {"properties": {"number": {"type": "integer"}}}}}}
    }
    on_sqlite.app.add_api_route("/planted/form", wrong_form, responses=form, response_model=None)
    on_sqlite.app.add_api_route("/api/planted", open_door, openapi_extra=locked)
    found = walk(on_sqlite, "nobody", examples=20, coverage=True, only=("/planted/", "/api/planted"))
    kinds = " ".join(found.failures)
    for said in (
        "/planted/crash: not_a_server_error: 500",
        "/planted/leak: shows the admin's token: 200",
        "/planted/form: response_schema_conformance: 200",
        "/planted/unsaid: status_code_conformance: 418",
        "/planted/unsaid: not the members of a problem: 418",
    ):
        assert said in kinds, kinds
    assert overstepped([found]) == ["GET /api/planted: granted to nobody"]


def test_the_judge_of_errors_knows_what_no_error_may_be() -> None:
    media = "application/problem+json"
    good = b'{"type":"about:blank","title":"t","status":404,"detail":"d","code":"not_found"}'
    assert list(problem_flaws(404, media, good)) == []
    assert list(problem_flaws(404, "application/json", good)) == ["an error as application/json"]
    assert list(problem_flaws(403, media, good)) == ["another status in the body", "a code of another status"]
    assert list(problem_flaws(404, media, good.replace(b"not_found", b"conflict"))) == ["a code of another status"]
    assert list(problem_flaws(404, media, b'{"status":404}')) == ["not the members of a problem"]
    assert list(problem_flaws(404, media, good.replace(b'"d"', b'"Traceback (most"'))) == ["a trace"]
