"""Writes down what phones are shown, before they are shown it: those who compose at once share a transaction.

A menu is never refused for want of its record: whoever waits longer than `WAIT_S` for the database goes on, and the
writing is done later. What cannot be written at all is counted.
"""

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Final, NamedTuple

from cloud.db import Database
from cloud.secrets import Keys
from cloud.served import service
from cloud.served.service import Showing

log = logging.getLogger("throughline.served")
WAIT_S: Final = 1.0
"""How long a phone waits for its menu to be on record."""
AT_ONCE: Final = 64
"""Menus of one transaction."""
MOST_WAITING: Final = 2_000
"""Menus that wait to be written, at most: 10 MB. What comes beyond is counted as lost."""
REMEMBERED: Final = 50_000
"""Journeys whose last menu is known here: some 20 MB."""


class _Waiting(NamedTuple):
    """written: whether it is on record, once that is decided."""

    showing: Showing
    written: Future[bool]


class Writer:
    """For all threads of a process. told: hears `written`, `late` and `lost`, once for each menu that was new."""

    def __init__(self, db: Database, keys: Keys, told: Callable[[str], None] = lambda _: None) -> None:
        self._db = db
        self._keys = keys
        self._told = told
        self._lock = threading.Lock()
        self._waiting: deque[_Waiting] = deque()
        self._running = False
        self._known: OrderedDict[str, dict[str, tuple[str, int]]] = OrderedDict()
        """By journey and language."""

    def keep(self, showing: Showing, version: int) -> bool:
        """Whether the menu is on record, after `WAIT_S` at most. version: of the record when it was composed.

        The same menu at the same version as the last one from here is not asked about: in between no other process can
        have shown another, but by the time that has passed, and this one comes later.
        """
        mark = showing.etag, version
        with self._lock:
            known = self._known.get(showing.journey_id, {}).get(showing.language)
        if known == mark:
            return True
        written = self._is_last(showing, known) or self._write(showing)
        if written:
            self._remember(showing, mark)
        return written

    def _is_last(self, showing: Showing, known: tuple[str, int] | None) -> bool:
        """Whether it says what its journey was shown last. One that differs from the last one from here is most often
        new, and who writes it asks again: so the record is not asked twice.
        """
        if known is not None and known[0] != showing.etag:
            return False
        with self._db.looking() as tx:
            return service.last_etag(tx, showing.journey_id, showing.language) == showing.etag

    def forget(self, journey_ids: Iterable[str]) -> None:
        """Nothing of these journeys stays in memory."""
        with self._lock:
            for journey_id in journey_ids:
                self._known.pop(journey_id, None)

    def _remember(self, showing: Showing, mark: tuple[str, int]) -> None:
        with self._lock:
            self._known.setdefault(showing.journey_id, {})[showing.language] = mark
            self._known.move_to_end(showing.journey_id)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def _write(self, showing: Showing) -> bool:
        """Whether it is on record now."""
        waiting = _Waiting(showing, Future())
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                self._told("lost")
                return False
            self._waiting.append(waiting)
            first, self._running = not self._running, True
        if first:
            threading.Thread(target=self._empty, name="served menus").start()
        try:
            return waiting.written.result(WAIT_S)
        except TimeoutError:
            self._told("late")
            return False

    def _empty(self) -> None:
        """Writes until nothing waits: a thread that is there only while there is something to do."""
        while True:
            with self._lock:
                batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
                if not batch:
                    self._running = False
                    return
            self._write_all(batch)

    def _write_all(self, batch: list[_Waiting]) -> None:
        try:
            # It stands before its phone has it. Nobody is told that it is stored, so it need not wait for the disk.
            self._db.run(lambda tx: service.keep(tx, self._keys, [one.showing for one in batch]), durable=False)
        except Exception as error:  # noqa: BLE001 - whatever it is, the phones' menus must not fail for it
            if len(batch) > 1:  # one that cannot be written must not take the others with it
                for one in batch:
                    self._write_all([one])
                return
            log.warning("a menu that was shown could not be written down: %s", type(error).__name__)
            self._end(batch, written=False)
        else:
            self._end(batch, written=True)

    def _end(self, batch: list[_Waiting], *, written: bool) -> None:
        for one in batch:
            self._told("written" if written else "lost")
            one.written.set_result(written)
