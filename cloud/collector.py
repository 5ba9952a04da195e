"""How a worker's process treats the garbage collector: left out where nothing is to be found, called where there is.

A batch makes a hundred thousand objects that go with it, all by count of references. A failed try leaves what counts do
not find: an exception holds the frames that it came through, and they hold it.
"""

import gc
import threading
import traceback
from typing import Final

import sqlalchemy as sa
from sqlalchemy import event

SWEEP_S: Final = 5.0
"""From one look for what failed tries have left to the next. A look takes some ten milliseconds."""


def calm_collector() -> None:
    """A collector that looks through everything for circles after each few hundred of them would take half of the
    worker's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)


class Sweeper:
    """Collects while statements fail, and once after that; else never."""

    def __init__(self, engine: sa.Engine) -> None:
        self._failed = threading.Event()
        event.listen(engine, "handle_error", self._note)

    def _note(self, _context: object) -> None:
        self._failed.set()

    def sweep_until(self, stop: threading.Event) -> None:
        """Returns when `stop` is set."""
        owing = False
        while not stop.wait(SWEEP_S):
            # What failed just now may still be held by who waits for the next try: it is found the next time.
            failed = self._failed.is_set()
            self._failed.clear()
            if failed or owing:
                gc.collect()
            owing = failed


def let_go(error: BaseException | None) -> None:
    """Empties the frames that an error came through, and those of what caused it: they hold a whole batch, decoded,
    for as long as somebody keeps the error.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
