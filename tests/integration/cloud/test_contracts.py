"""The contracts that machines read: whole, and made once however often they are asked for."""

from typing import Any

import httpx
import msgspec
import pytest

from cloud import http_app, openapi
from cloud.contracts import Kept
from cloud.http_app import make_app
from cloud.settings import load_settings
from tests.integration.cloud.world import World


async def test_the_openapi_is_made_once_however_often_anybody_asks_for_it(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[dict[str, Any]] = []

    def counted(document: dict[str, Any]) -> dict[str, Any]:
        made.append(openapi.with_problems(document))
        return made[-1]

    monkeypatch.setattr(http_app, "with_problems", counted)
    app = make_app(load_settings(), sqlite_world.db, sqlite_world.keys)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://id.example") as anybody:
        answers = [await anybody.get("/openapi.json") for _ in range(3)]
    app.state.hub.close()
    assert [one.status_code for one in answers] == [200] * 3
    assert len(made) == 1
    assert {one.content for one in answers} == {msgspec.json.encode(made[0])}


def test_a_document_that_is_kept_is_made_when_it_is_asked_for_first() -> None:
    made: list[int] = []

    def make() -> dict[str, int]:
        made.append(1)
        return {"a": 1}

    kept = Kept(make)
    assert made == []
    assert [bytes(kept.answer().body) for _ in range(3)] == [b'{"a":1}'] * 3
    assert made == [1]


def test_every_call_says_which_problems_it_may_answer_with_and_saying_it_twice_changes_nothing(
    sqlite_world: World,
) -> None:
    app = make_app(load_settings(), sqlite_world.db, sqlite_world.keys)
    document = app.openapi()
    app.state.hub.close()
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            said = {status for status, one in call["responses"].items() if int(status) >= 400}
            assert {"422", "429", "503"} <= said, f"{method} {path}"
            assert ("413" in said) == ("requestBody" in call), f"{method} {path}"
            assert not call.get("security") or {"401", "403", "404"} <= said, f"{method} {path}"
            forms = [one.get("content", {}) for status, one in call["responses"].items() if int(status) >= 400]
            assert all(form.get("application/problem+json") == problem for form in forms), f"{method} {path}"
    once = openapi.with_problems(document)
    assert openapi.with_problems(once) == once
    assert "HTTPValidationError" not in document["components"]["schemas"]
