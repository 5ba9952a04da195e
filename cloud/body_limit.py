"""How much of a request's body is read, and how deep and wide it may be: the same for all, signed in or not."""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.json_shape import shape_problem


class BodyLimit:
    """ASGI middleware: reading on above the limit raises the 413 that leaves as a problem.

    limit: bytes; larger: those of the paths that may take more. A body whose declared length is above the limit is
    not read at all. The larger ones are no JSON as a whole; the shape of all others is looked at.
    """

    def __init__(self, app: ASGIApp, limit: int, larger: Mapping[str, int]) -> None:
        self._app = app
        self._limit = limit
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._larger.get(scope["path"], self._limit)
        declared = Headers(scope=scope).get("content-length", "")
        whole = scope["path"] not in self._larger
        parts: list[bytes] = []
        size = 0

        async def limited() -> Message:
            nonlocal size
            if declared.isdecimal() and int(declared[:20]) > limit:
                raise _too_large(limit)
            message = await receive()
            if message["type"] == "http.request":
                part = message.get("body", b"")
                size += len(part)
                if size > limit:
                    raise _too_large(limit)
                if whole and part:
                    parts.append(part)
                if parts and not message.get("more_body", False):
                    _check_shape(b"".join(parts))
            return message

        await self._app(scope, limited, send)


def _too_large(limit: int) -> HTTPException:
    """An HTTPException: what else a body raises while it is read, the framework takes for bad JSON."""
    return HTTPException(413, f"The body is larger than {limit} bytes.", {"Connection": "close"})


def _check_shape(body: bytes) -> None:
    """Raises an HTTPException, for the reason below."""
    found = shape_problem(body)
    if found:
        raise HTTPException(422, found)
