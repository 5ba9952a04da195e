"""What is too long, too many, too deep or there twice is refused before anything is made of it."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from cloud.edge import MAX_HEADERS, MAX_PARAMETERS, MAX_URL_BYTES
from cloud.http_app import make_app
from cloud.json_shape import MAX_DEPTH
from cloud.settings import load_settings
from tests.http_service import client_of
from tests.integration.cloud.world import World

TOO_DEEP = b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1)


@pytest.fixture
def app(sqlite_world: World) -> Iterator[FastAPI]:
    made = make_app(load_settings(), sqlite_world.db, sqlite_world.keys)
    yield made
    made.state.hub.close()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as found:
        yield found


def refused(answer: httpx.Response, status: int, code: str) -> bool:
    kind = answer.headers["content-type"]
    return (answer.status_code, kind, answer.json()["code"]) == (status, "application/problem+json", code)


@pytest.mark.parametrize("path", ["/healthz?q=", "/", "/app/", "/01/09506000134352/21/", "/menu/v1/menu?journey="])
async def test_an_address_is_so_long_and_no_longer(client: httpx.AsyncClient, path: str) -> None:
    longest = path + "a" * (MAX_URL_BYTES - len(path) + ("?" in path))
    assert (await client.get(longest)).status_code != 414
    assert refused(await client.get(longest + "a"), 414, "too_large")


async def test_a_query_has_so_many_parameters_and_no_more(client: httpx.AsyncClient) -> None:
    most = "/healthz?" + "&".join(f"p{number}=1" for number in range(MAX_PARAMETERS))
    assert (await client.get(most)).status_code == 200
    assert refused(await client.get(most + "&p=1"), 422, "invalid")


async def test_a_request_has_so_many_headers_and_no_more(client: httpx.AsyncClient) -> None:
    own = len(client.build_request("GET", "/healthz").headers.raw)
    most = [(f"X-{number}", "1") for number in range(MAX_HEADERS - own)]
    assert (await client.get("/healthz", headers=most)).status_code == 200
    assert refused(await client.get("/healthz", headers=[*most, ("X-More", "1")]), 431, "too_large")


@pytest.mark.parametrize("name", ["Authorization", "Host", "Content-Length", "Content-Type"])
async def test_a_header_that_can_be_there_once_only_is_refused_twice(client: httpx.AsyncClient, name: str) -> None:
    request = client.build_request("POST", "/hooks/shop", content=b"")
    request.headers = httpx.Headers([*((n, v) for n, v in request.headers.items() if n != name.lower())])
    request.headers = httpx.Headers([*request.headers.multi_items(), (name, "1"), (name, "1")])
    assert refused(await client.send(request), 400, "invalid")


def takes_a_body(app: FastAPI) -> list[tuple[str, str]]:
    return [
        (method, path.replace("{", "").replace("}", ""))
        for path, calls in app.openapi()["paths"].items()
        for method, call in calls.items()
        if ("requestBody" in call or path.startswith("/hooks/")) and path != "/api/v1/products/import"
    ]


async def test_json_deeper_than_any_call_needs_is_refused_at_every_call_that_reads_a_body(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    calls: dict[str, Any] = {}
    for method, path in takes_a_body(app):
        answer = await client.request(method, path, content=TOO_DEEP, headers={"Content-Type": "application/json"})
        calls[f"{method} {path}"] = (answer.status_code, answer.json()["code"])
    # Without a credential, some calls refuse the caller before they look at what was sent; none looks into it.
    assert set(calls.values()) <= {(422, "invalid"), (401, "unauthenticated"), (401, "session_refused")}
    assert sum(found == (422, "invalid") for found in calls.values()) >= 15, calls


async def test_a_deep_body_is_refused_with_the_right_credential_too_and_changes_nothing(
    client: httpx.AsyncClient, sqlite_world: World
) -> None:
    phone = sqlite_world.phone()
    journey = sqlite_world.begin(phone).id
    deep: Any = "x"
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    body = json.dumps({"journey": journey, "text": deep})
    bearer = {"Authorization": f"Bearer {phone.token}", "Content-Type": "application/json"}
    answer = await client.post("/menu/v1/cases", content=body, headers=bearer)
    assert refused(answer, 422, "invalid")
    assert "nested deeper" in answer.json()["detail"]
    assert sqlite_world.rows("support_case") == []


async def test_a_client_that_leaves_in_the_midst_of_its_body_is_no_error_of_ours(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[dict[str, Any]] = []
    parts: Iterator[dict[str, Any]] = iter(())

    async def receive() -> dict[str, Any]:
        return next(parts)

    async def send(message: Any) -> None:
        said.append(message)

    for path in ("/hooks/shop", "/menu/v1/session", "/menu/v1/cases"):
        parts = iter([{"type": "http.request", "body": b'{"a":', "more_body": True}, {"type": "http.disconnect"}])
        headers = [(b"content-type", b"application/json"), (b"host", b"id.example")]
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": headers,
            "client": ("192.0.2.1", 5000),
            "server": ("id.example", 80),
            "scheme": "http",
            "http_version": "1.1",
            "root_path": "",
        }
        await app(scope, receive, send)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/01/09506000134352/21/A1", "GET, HEAD, OPTIONS"),
        ("/api/v1/products/x", "GET, PATCH"),
        ("/menu/v1/email", "GET, POST, DELETE"),
    ],
)
async def test_a_method_that_an_address_has_not_is_answered_with_all_that_it_has(
    client: httpx.AsyncClient, path: str, methods: str
) -> None:
    answer = await client.put(path)
    assert refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == methods
