"""The contracts as machines read them. Each is encoded once: they are large, and anybody may ask for them without a
credential, so that making one anew for each call would let few callers keep the whole process busy.
"""

from collections.abc import Callable

import msgspec
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class Kept:
    """A document that never changes while the process lives; made when it is asked for the first time."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._make = make
        self._body = b""

    def answer(self) -> Response:
        self._body = self._body or msgspec.json.encode(self._make())
        return Response(self._body, media_type="application/json")


def serve_openapi(app: FastAPI) -> None:
    """Answers `/openapi.json` in place of the framework, which would encode the document for each call."""
    kept = Kept(app.openapi)  # asked for the first time when every route is there

    async def openapi(_request: Request) -> Response:
        return kept.answer()

    app.router.routes.insert(0, Route("/openapi.json", openapi, include_in_schema=False))
