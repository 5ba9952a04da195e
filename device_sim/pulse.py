"""A way to wait until something is so, for facts that several tasks change."""

import asyncio
from collections.abc import Callable

from device_sim.errors import LateError


class Pulse:
    """Whoever changes a fact beats; whoever waits for one looks again at each beat."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def beat(self) -> None:
        self._next.set()
        self._next = asyncio.Event()

    async def until(self, holds: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Returns once `holds()`. Raises LateError, naming `what`, after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                while not holds():
                    await self._next.wait()
        except TimeoutError:
            msg = f"{what}: not within {timeout_s:g} s"
            raise LateError(msg) from None
