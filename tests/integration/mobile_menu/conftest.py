"""The menu service on a real server, over the record in memory."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from broker.contract.errors import ThroughlineError
from broker.contract.stages import Role
from mobile_menu import account_api, push_api
from mobile_menu.api import router, routes
from mobile_menu.limits import Limits
from mobile_menu.live import LiveHub
from mobile_menu.openapi import openapi_extra
from mobile_menu.threads import Threads
from mobile_menu.web_files import web_app
from tests.unit.mobile_menu.fake_accounts import FakeAccounts
from tests.unit.mobile_menu.fake_pushes import FakePushes
from tests.unit.mobile_menu.fake_record import Clock, FakeRecord, service_over

STATUS = {
    "session_refused": 401,
    "proof_needed": 403,
    "foreign_origin": 403,
    "claim_refused": 403,
    "journey_unknown": 404,
    "item_unavailable": 409,
    "too_many_streams": 429,
    "too_many_attempts": 429,
}


def problem(status: int, code: str, **more: object) -> JSONResponse:
    return JSONResponse({"status": status, "code": code, **more}, status, media_type="application/problem+json")


def small_app(
    record: FakeRecord, clock: Clock, limits: Limits | None = None, *, secure: bool = False, **hub_settings: Any
) -> tuple[FastAPI, LiveHub]:
    """What `cloud/compose.py` does, without the rest."""
    service = service_over(record, clock)
    hub = LiveHub(service.changed, forget_sessions=service.forget_sessions, **hub_settings)
    threads = Threads()
    app = FastAPI()
    app.router.routes[:0] = routes(service, hub, threads)
    app.include_router(router(service, hub, threads, secure=secure, limits=limits))
    app.include_router(account_api.router(FakeAccounts(clock), service, threads, secure=secure))
    app.include_router(push_api.router(FakePushes(), service, threads))
    app.router.routes.extend(web_app())

    @app.exception_handler(ThroughlineError)
    async def refused(request: Request, error: ThroughlineError) -> JSONResponse:  # noqa: ARG001  # the framework's signature
        waits = error.facts.get("retry_after_s")
        answer = problem(STATUS[error.code], error.code)
        if waits is not None:
            answer.headers["retry-after"] = str(waits)
        return answer

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:  # noqa: ARG001  # the same
        pointers = ["/" + "/".join(map(str, wrong["loc"][1:])) for wrong in error.errors()]
        return problem(422, "invalid", pointers=pointers)

    plain = app.openapi
    app.openapi = lambda: openapi_extra(plain())  # type: ignore[method-assign]  # how FastAPI says to extend it
    return app, hub


@dataclass
class Served:
    """url: where it listens. hub, record, clock: its inside, to be moved by the test."""

    url: str
    hub: LiveHub
    record: FakeRecord
    clock: Clock


class _Server:
    """uvicorn in a thread of its own, so that nudges truly come from another thread."""

    def __init__(self, app: FastAPI, hub: LiveHub) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self._hub = hub
        self._started = threading.Event()
        config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=5)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="uvicorn")

    def _run(self) -> None:
        async def serve() -> None:
            self._started.set()
            await self._server.serve([self.socket])

        asyncio.run(serve())

    def start(self) -> None:
        self._thread.start()
        self._started.wait(10)

    def stop(self) -> None:
        self._hub.close()
        self._server.should_exit = True
        self._thread.join(20)
        self.socket.close()
        assert not self._thread.is_alive()


@pytest.fixture
def record() -> FakeRecord:
    record = FakeRecord()
    record.add("j1", "anna", "p-anna")
    record.add("j1", "ben", "p-ben", Role.HOUSEHOLD)
    record.add("j2", "carl", "p-carl")
    return record


@pytest.fixture
def heartbeat_s() -> float:
    """Long, so that only nudges speak; a test of heartbeats says otherwise."""
    return 3600.0


@pytest.fixture
def served(record: FakeRecord, heartbeat_s: float) -> Iterator[Served]:
    clock = Clock()
    app, hub = small_app(record, clock, heartbeat_s=heartbeat_s)
    server = _Server(app, hub)
    server.start()
    yield Served(server.url, hub, record, clock)
    server.stop()


@pytest.fixture
async def phone(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with phone_of(served, "anna") as client:
        yield client


def phone_of(served: Served, token: str) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=served.url, headers=headers, timeout=timedelta(seconds=10).total_seconds())
