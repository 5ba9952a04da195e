"""Where calls that may block are run: a bounded number of threads, never the event loop."""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """At most `limit` blocking calls at a time; further ones wait in line without a thread."""

    def __init__(self, limit: int = 16) -> None:
        self._limiter = CapacityLimiter(limit)

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The call's result, or its error."""
        return await to_thread.run_sync(partial(call, *args, **kwargs), limiter=self._limiter)
