"""What the resolver's tests share: a service at `https://id.example`, a browser, a machine, an operator."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from cloud.http_app import make_app
from cloud.identity import operators
from cloud.identity.permissions import OperatorRole
from cloud.settings import load_settings
from tests.integration.cloud.world import World

BASE = "https://id.example"
BROWSER = {
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "User-Agent": "Mozilla/5.0 (Linux; Android 15; Pixel 9) Mobile Safari/537.36",
}
LINKSET = "application/linkset+json"
VOC = "https://ref.gs1.org/voc/"


def made_app(world: World, **settings: Any) -> Iterator[FastAPI]:
    """The application; for a fixture."""
    made = make_app(load_settings(public_url=BASE, **settings), world.db, world.keys)
    yield made
    made.state.hub.close()


@asynccontextmanager
async def client(app: FastAPI, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, client=("192.0.2.1", 5000), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers) as found:
        yield found


def bearer(world: World, role: OperatorRole = OperatorRole.OPERATOR) -> dict[str, str]:
    return {"Authorization": f"Bearer {world.run(lambda tx: operators.issue_key(tx, 'test', role)).token}"}


def link(kind: str, name: str, *languages: str, **more: Any) -> dict[str, Any]:
    """A link as an operator sends it."""
    return {"type": kind, "href": f"https://x.example/{name}", "title": name, "hreflang": list(languages), **more}


async def put(operator: httpx.AsyncClient, path: str, *links: dict[str, Any]) -> None:
    answer = await operator.put(f"/api/v1/{path}", json={"links": list(links)})
    assert answer.status_code == 200, answer.text
