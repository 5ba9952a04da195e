"""The guard of a broker that is not embedded: whoever was revoked is cut off while connected, and stays out.

Mosquitto learns of a revocation from its files, on SIGHUP, and even then ends no connection. So the order matters: the
revocation list first, then the signal, then the session is taken over, which ends it; and the place is held for a
moment, to see that nobody comes back who slipped in between. EMQX asks the hook at each connection, so that ending the
session is enough. What is not done is tried again, over restarts of the broker, of the database and of the guard.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import Final, Protocol

from cloud.db import Database
from cloud.identity import devices
from cloud.identity import service as identity

log: Final = logging.getLogger("throughline.guard")

POLL_S: Final = 1.0
REWRITE_S: Final = 3600.0
"""How often the files are written anew without cause: long before the revocation list runs out, and so that renewed
certificates arrive."""
TRIES_BEFORE_TRUST: Final = 2
"""Who comes back so often, and has a valid credential, has come back with that."""


class Enforcer(Protocol):
    """What the guard can do to a broker."""

    def mark(self) -> int:
        """Up to where it was done when the guard last ran; 0 when nobody knows."""
        ...

    def remember(self, mark: int) -> None: ...

    def refuse(self, ended: Collection[str]) -> None:
        """From now on whoever was revoked cannot come in. ended: news. Raises OSError, SetupError; then again later."""
        ...

    def cut(self, product_ids: Collection[str]) -> set[str]:
        """Ends their sessions; those that are in again, or that could not be ended."""
        ...


class Guard:
    """ended: what is to be done, with how often it was tried."""

    def __init__(self, db: Database, enforcer: Enforcer, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._enforcer = enforcer
        self._clock = clock
        self._mark = enforcer.mark()
        self._open: dict[str, int] = {}
        self._rewrite_at = clock()

    def run(self, stop: threading.Event, ready: Callable[[], None]) -> None:
        """Looks once a second until `stop` is set. ready: called after the first look that succeeded."""
        told = False
        while not stop.is_set():
            try:
                self.look()
            except Exception:
                log.warning("could not look after the broker; trying again", exc_info=True)
            else:
                if not told:
                    ready()
                    told = True
            stop.wait(POLL_S)

    def look(self) -> None:
        """One round. Raises what database and files raise."""
        with self._db.reading() as tx:
            mark, ended = devices.ended_after(tx, self._mark)
        self._open |= dict.fromkeys(ended, 0)
        self._mark = mark
        if self._open or self._clock() >= self._rewrite_at:
            self._enforcer.refuse(tuple(self._open))
            self._rewrite_at = self._clock() + REWRITE_S
        if self._open:
            self._cut()
        if not self._open and self._enforcer.mark() != self._mark:
            self._enforcer.remember(self._mark)

    def _cut(self) -> None:
        still_in = self._enforcer.cut(tuple(self._open))
        tried = {product_id: times + 1 for product_id, times in self._open.items()}
        returned = [one for one in still_in if tried[one] >= TRIES_BEFORE_TRUST]
        trusted = {one for one in returned if self._may_connect(one)}
        for product_id in set(tried) - still_in:
            log.info("%s was revoked and is cut off", product_id)
        self._open = {product_id: tried[product_id] for product_id in still_in - trusted}
        for product_id, times in self._open.items():
            if times.bit_count() == 1:
                log.warning("%s was revoked and could not be cut off yet (%d tries)", product_id, times)

    def _may_connect(self, product_id: str) -> bool:
        """It was given a new certificate or password since."""
        with self._db.reading() as tx:
            password = identity.device_secret(tx, product_id)
            return (password is not None and not password[1]) or bool(devices.live_certificates(tx, product_id))
