"""Those who act beside a browser: printers, shops, carriers and operators, on a loop of their own in a thread.

Playwright's synchronous pages hold the thread of the test, and no other loop may run there.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Final, Self, TypeVar

Given = TypeVar("Given")
PATIENCE_S: Final = 60.0


class Outside:
    """Runs what others do while the test waits for it; whoever was let in leaves at the end of the block."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="outside")
        self._guests = AsyncExitStack()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            self.do(self._guests.aclose())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(PATIENCE_S)
            self._loop.close()

    def do(self, work: Coroutine[Any, Any, Given]) -> Given:
        """What the coroutine gives. Raises what it raises, and TimeoutError after a minute."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def let_in(self, guest: AbstractAsyncContextManager[Given]) -> Given:
        """Enters the guest's block, which ends with this one."""
        return self.do(self._guests.enter_async_context(guest))

    def at_end(self, work: Callable[[], Awaitable[object]]) -> None:
        """Does this too before it ends."""
        self._guests.push_async_callback(work)
