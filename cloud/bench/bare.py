"""The reference beside the menu: a Starlette route that returns the same bytes and no more, under the same uvicorn.

`python -m cloud.bench.bare` reads its orders as a line of JSON, says `ready` and serves until it is ended.
"""

import asyncio
import sys

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cloud.bench.helper import say


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int
    body: bytes


async def serve(orders: Orders) -> None:
    async def menu(_request: Request) -> Response:
        return Response(orders.body, media_type="application/json")

    app = Starlette(routes=[Route("/menu", menu)])
    config = uvicorn.Config(
        app, host=orders.host, port=orders.port, log_config=None, access_log=False, server_header=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(), name="bare")
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn sets a flag, and no event
        await asyncio.sleep(0.01)
    say("ready")
    await serving


def main() -> None:
    """See the module."""
    asyncio.run(serve(msgspec.json.decode(sys.stdin.readline(), type=Orders)))


if __name__ == "__main__":
    main()
