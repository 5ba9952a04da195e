"""A phone service that does what the test says: the real page over real HTTP, with the answers laid in by hand."""

import asyncio
import contextlib
import itertools
import json
import socket
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

import mobile_menu
from mobile_menu.content_loader import find_picture
from mobile_menu.rules.menu import Menu
from mobile_menu.web_files import web_app
from tests.browser import view_menus
from tests.system import until

WEB = Path(mobile_menu.__file__).parent / "web"
PICTURES = WEB.parent / "content" / "printer" / "pictures"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def problem(status: int, code: str, detail: str = "") -> JSONResponse:
    body = {"title": code, "detail": detail, "code": code, "status": status}
    return JSONResponse(body, status, media_type="application/problem+json")


class FakeService:
    """journeys, menus, threads: what it knows. calls: every POST as (path, body, Idempotency-Key).

    refusals: problems to answer POSTs with, by path, once each. answers: what a POST is answered with, by path.
    stream_ids: the Last-Event-ID of each live line.
    """

    def __init__(self) -> None:
        self.journeys: list[dict[str, Any]] = []
        self.menus: dict[str, Menu] = {}
        self.threads: list[dict[str, Any]] = []
        self.calls: list[tuple[str, Any, str]] = []
        self.refusals: dict[str, deque[Response]] = {}
        self.outcomes: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, Any] = {}
        self.on_choose: Callable[[str], None] = lambda _: None
        self.parcels: dict[str, dict[str, Any]] = {}
        self.simulates = False
        self.tokens: set[str] = set()
        self.refreshes: dict[str, str] = {}
        self.email: str | None = None
        self.mail_limited = False
        self.pushes = True
        self.subscribed: dict[str, Any] | None = None
        self.lasts_s = 900
        self.deleted: set[str] = set()
        self.stream_ids: list[str] = []
        self.fails_all = False
        self._done: dict[str, dict[str, Any]] = {}
        self._site: ASGIApp = Starlette(routes=web_app(WEB))
        self._numbers = itertools.count(1)
        self._lines: dict[asyncio.Queue[tuple[str, str] | None], str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    # What a test does

    def serve(self, menu: Menu, **summary: str) -> None:
        """Knows this journey and its menu from now on."""
        self.menus[menu.journey] = menu
        known = {"stage": menu.stage, "role": "owner", "model_name": menu.title, "profile": "printer"}
        self.journeys = [one for one in self.journeys if one["id"] != menu.journey]
        self.journeys.append({"id": menu.journey, "serial": "SN123", "product_id": "p-1", **known, **summary})

    def push(self, menu: Menu) -> None:
        """Changes the menu and tells the open phones."""
        self.menus[menu.journey] = menu  # whoever listens from now on begins with it
        self._tell(("menu", json.dumps(msgspec.to_builtins(menu))))

    def send(self, event: str, value: Any) -> None:
        """Tells the open phones; waits until one listens."""
        self._wait_for_a_line()
        self._tell((event, json.dumps(value)))

    def expire(self) -> None:
        """Every access token's time is over, and the open lines say so."""
        self._wait_for_a_line()
        self.tokens.clear()
        self.send("renew", {})
        self._tell(None)

    def break_lines(self) -> None:
        """Ends every live line, as a proxy would."""
        self._tell(None)

    def answer(self, text: str) -> None:
        """An expert answers in the open conversation."""
        self._wait_for_a_line()
        self.answer_unheard(text)
        self.send("case", self.threads[-1])

    def answer_unheard(self, text: str) -> None:
        """An expert answers while no line is open."""
        thread = self.threads[-1]
        thread["messages"].append(self._message("expert", text))
        thread["status"] = "answered"

    def refuse(self, path: str, status: int, code: str, detail: str = "") -> None:
        self.refusals.setdefault(path, deque()).append(problem(status, code, detail))

    def publish(self, folder: Path) -> None:
        """Serves the page from these files from now on, as after an update of the service."""
        self._site = Starlette(routes=web_app(folder))

    def posts(self, path: str) -> list[Any]:
        return [body for called, body, _ in self.calls if called == path]

    def _wait_for_a_line(self) -> None:
        """A page can be used before its line is open, and what nobody hears is not said again."""
        until(lambda: self._lines, "a live line")

    def lines(self) -> list[str]:
        """The journeys of the lines that are open, one for each line."""
        return list(self._lines.values())

    def _tell(self, event: tuple[str, str] | None) -> None:
        assert self._loop is not None

        def put() -> None:
            for line in self._lines:
                line.put_nowait(event)

        self._loop.call_soon_threadsafe(put)

    # What the page asks

    async def session(self, request: Request) -> Response:
        self.calls.append((request.url.path, None, request.headers["idempotency-key"]))
        return JSONResponse(self._pair(), 201)

    async def refresh(self, request: Request) -> Response:
        """Each refresh token once, and without the real one's grace: what it was for is gone when it comes again."""
        body = await request.json()
        self.calls.append(("/session/refresh", body, request.headers["idempotency-key"]))
        if refused := self.refusals.get("/session/refresh"):
            return refused.popleft()
        await asyncio.sleep(0.2)  # long enough for two that do not wait for each other to meet
        if self.refreshes.pop(body["refresh_token"], None) is None:
            return problem(401, "session_refused")
        return JSONResponse(self._pair())

    def _pair(self) -> dict[str, Any]:
        token, refresh = f"token-{next(self._numbers)}", f"refresh-{next(self._numbers)}"
        self.tokens.add(token)
        self.refreshes[refresh] = token
        ends = {"expires_at": "2027-01-01T00:00:00Z", "refresh_expires_at": "2027-01-01T00:00:00Z"}
        return {"token": token, "refresh_token": refresh, "expires_in_s": self.lasts_s, **ends}

    async def get(self, request: Request) -> Response:  # noqa: C901, PLR0911 - one answer for each route
        if refused := self._refused(request):
            return refused
        journey = request.query_params.get("journey", "")
        match request.url.path.removeprefix("/menu/v1"):
            case "/journeys":
                known = {"items": self.journeys, "next": None}
                return JSONResponse({**known, "simulation": True} if self.simulates else known)
            case "/menu" if journey in self.menus:
                return JSONResponse(msgspec.to_builtins(self.menus[journey]))
            case "/cases":
                return JSONResponse({"items": [one for one in self.threads if one["journey_id"] == journey]})
            case "/parcel" if journey in self.parcels:
                return JSONResponse(self.parcels[journey])
            case "/simulation" if self.simulates:
                return JSONResponse({**view_menus.SIMULATION, "journey": journey})
            case "/email":
                return JSONResponse({"address": self.email, "verified_at": None})
            case "/sessions":
                kinds = {"s-1": "phone", "s-2": "phone", "s-3": "visit"}
                items = [
                    {"id": one, "kind": kind, "refreshed_at": NOON.isoformat(), "current": one == "s-1"}
                    for one, kind in kinds.items()
                    if f"/sessions/{one}" not in self.deleted
                ]
                return JSONResponse({"items": items})
            case "/push":
                return JSONResponse(self._push_state())
            case "/export":
                return JSONResponse({"person": {"journeys": self.journeys}})
            case _:
                return problem(404, "journey_unknown")

    async def picture(self, request: Request) -> Response:
        """A picture of a guide, by its digest as real menus have it, or by its name; without a session."""
        found = find_picture(request.path_params["name"])
        if found is not None:
            return Response(found.body, media_type="image/svg+xml")
        return FileResponse(PICTURES / f"{request.path_params['name']}.svg", media_type="image/svg+xml")

    async def live(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        journey = request.query_params["journey"]
        if journey not in self.menus:
            return problem(404, "journey_unknown")
        self._loop = asyncio.get_running_loop()
        self.stream_ids.append(request.headers.get("last-event-id", ""))
        return StreamingResponse(self._events(journey), media_type="text/event-stream")

    async def _events(self, journey: str) -> AsyncIterator[str]:
        line: asyncio.Queue[tuple[str, str] | None] = asyncio.Queue()
        self._lines[line] = journey
        try:
            first = json.dumps(msgspec.to_builtins(self.menus[journey]))
            event: tuple[str, str] | None = ("menu", first)
            while event is not None:
                yield f"id: {next(self._numbers)}\nevent: {event[0]}\ndata: {event[1]}\n\n"
                event = await line.get()
        finally:
            del self._lines[line]

    async def post(self, request: Request) -> Response:  # noqa: C901, PLR0911, PLR0912 - one answer for each route
        path = request.url.path.removeprefix("/menu/v1")
        body = await request.json()
        self.calls.append((path, body, request.headers["idempotency-key"]))
        if refused := self._refused(request, path):
            return refused
        if path in self.answers:
            return JSONResponse(self.answers[path])
        match path.strip("/").split("/"):
            case ["items", item]:
                self.on_choose(item)
                chosen = {"item_id": item, "outcome": "noted", "command_id": None, "detail": ""}
                return JSONResponse(chosen | self.outcomes.get(item, {}))
            case ["context"]:
                return JSONResponse(view_menus.placed(body, self.menus[body["journey"]]))
            case ["claims"]:
                return JSONResponse({"journey_id": next(iter(self.menus)), "product_id": "p-1", "role": "owner"}, 201)
            case ["cases"] | ["cases", _, "messages"]:
                return JSONResponse(self._once(request, lambda: self._say(body)), 201)
            case ["email"]:
                return JSONResponse({"sent": not self.mail_limited, "expires_in_s": 1800}, 202)
            case ["email", "verify"] if body["token"] == "tle_good":
                self.email = "ada@example.com"
                return JSONResponse({"address": self.email, "joined": False})
            case ["email", "verify"]:
                return problem(403, "email_link_refused")
            case ["sessions", "end-others"]:
                self.deleted |= {"/sessions/s-2", "/sessions/s-3"}
                return JSONResponse({"ended": 2})
            case ["session", "end"]:
                return Response(status_code=204)
            case ["opt-out"]:
                return JSONResponse({"receipt": "r-1", "wiped": {"journeys": 1, "cases": 2}, "signature": "MEUCIQ"})
            case _:
                return problem(404, "not_found")

    async def put_push(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        self.subscribed = await request.json()
        return JSONResponse(self._push_state())

    def _push_state(self) -> dict[str, Any]:
        return {"public_key": "BCVxsr7N_eNgVRqv" if self.pushes else "", "on": self.subscribed is not None}

    async def delete(self, request: Request) -> Response:
        path = request.url.path.removeprefix("/menu/v1")
        if refused := self._refused(request):
            return refused
        self.deleted.add(path)
        if path == "/email":
            self.email = None
        if path == "/push":
            self.subscribed = None
        return Response(status_code=204)

    def _once(self, request: Request, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The same key, the same effect, however often it is sent; as the real one has it."""
        key = request.headers["idempotency-key"]
        if key not in self._done:
            self._done[key] = act()
        return self._done[key]

    def _say(self, body: dict[str, str]) -> dict[str, Any]:
        if not self.threads:
            opened = {"id": "c-1", "journey_id": body["journey"], "status": "open", "messages": []}
            self.threads.append({**opened, "opened_at": NOON.isoformat()})
        self.threads[-1]["messages"].append(self._message("customer", body["text"]))
        return self.threads[-1]

    def _message(self, author: str, text: str) -> dict[str, str]:
        return {"id": f"m-{next(self._numbers)}", "author": author, "text": text, "at": NOON.isoformat()}

    def _refused(self, request: Request, path: str = "") -> Response | None:
        if self.fails_all:
            return problem(503, "unavailable")
        if self.refusals.get(path):
            return self.refusals[path].popleft()
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        return None if bearer in self.tokens else problem(401, "session_refused")

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._site(scope, receive, send)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/menu/v1/session", self.session, methods=["POST"]),
                Route("/menu/v1/session/refresh", self.refresh, methods=["POST"]),
                Route("/menu/v1/live", self.live),
                Route("/menu/v1/pictures/{name}.svg", self.picture),
                Route("/menu/v1/push", self.put_push, methods=["PUT"]),
                Route("/menu/v1/{path:path}", self.get, methods=["GET"]),
                Route("/menu/v1/{path:path}", self.post, methods=["POST"]),
                Route("/menu/v1/{path:path}", self.delete, methods=["DELETE"]),
                Mount("/", self._page),
            ]
        )


class Running:
    """The service on a free port, in a thread; `stop` takes it off the network, as a broken one would be."""

    def __init__(self, service: FakeService) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(service.app(), log_level="critical", lifespan="off", timeout_graceful_shutdown=0)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="fake-service")
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._server.serve([self._socket]))

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
