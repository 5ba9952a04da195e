"""The whole HTTP service for tests: clients from any address, and on a real socket under the guard that it has."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import uvicorn
from fastapi import FastAPI
from starlette.routing import Route

from cloud.http_server import Guard, server_config
from cloud.settings import load_settings

BROWSER = {"Accept": "text/html", "User-Agent": "Mozilla/5.0"}
"""What a person's browser sends, and a machine does not."""


def client_of(app: FastAPI, host: str = "192.0.2.1", **headers: str | bytes) -> httpx.AsyncClient:
    """A client in this process; `host` is its address."""
    encoded = {name.encode(): value.encode() if isinstance(value, str) else value for name, value in headers.items()}
    transport = httpx.ASGITransport(app=app, client=(host, 5000), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://id.example", headers=encoded)


def every_route(app: FastAPI) -> set[tuple[str, str]]:
    """(method, path) of all that the application answers: what OpenAPI knows, and what it does not."""
    known = {(method.upper(), path) for path, calls in app.openapi()["paths"].items() for method in calls}
    plain = [one for one in app.router.routes if isinstance(one, Route)]
    return known | {(method, one.path) for one in plain for method in one.methods or ()}


@dataclass
class Served:
    """guard: of the server; its limits may be changed by the test."""

    port: int
    guard: Guard

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        """A bare connection; reading from it waits so long and no longer."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)


@contextlib.contextmanager
def serving(app: FastAPI, guard: Guard | None = None, at: socket.socket | None = None) -> Iterator[Served]:
    """The application on a free port of this machine, in a thread of its own. at: a socket that listens already."""
    own = guard or Guard()
    listening = at or socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(server_config(app, load_settings(), own))
    started = threading.Event()

    async def serve() -> None:
        serving = asyncio.create_task(server.serve([listening]))
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        started.set()
        await serving

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="http")
    thread.start()
    try:
        assert started.wait(30)
        yield Served(listening.getsockname()[1], own)
    finally:
        app.state.hub.close()
        server.should_exit = True
        thread.join(30)
        listening.close()
        assert not thread.is_alive()
