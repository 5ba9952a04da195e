"""The guard of a broker that is not embedded: who may be in no more is cut off while connected, and stays out.

Mosquitto learns of a revocation from its files, on SIGHUP, and even then ends no connection. So the order matters: the
revocation list first, then the signal, then the session is taken over, which ends it; and the place is held for a
moment, to see that nobody comes back who slipped in between. EMQX asks the hook at each connection, so that ending the
session is enough. A certificate that came to its end needs no list, as the end stands in it; but Mosquitto looks at it
once, at the handshake, so that its session is ended too, and lets its device resume that handshake without a look: the
signal makes it forget all of them. Which certificate a session began with, no broker tells: who has a newer one comes
back with that. What is not done is tried again, over restarts of the broker, of the database and
of the guard.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Final, Protocol

from cloud.db import Database
from cloud.identity import devices
from cloud.identity import service as identity
from cloud.mosquitto_enforcer import State

log: Final = logging.getLogger("throughline.guard")

POLL_S: Final = 1.0
REWRITE_S: Final = 3600.0
"""How often the files are written anew without cause: long before the revocation list runs out, and so that renewed
certificates arrive."""
OLD_AT_ONCE: Final = 100
"""Of those that ended before the guard knew of anything, so many at a time: who is revoked now does not wait long."""
TRIES_BEFORE_TRUST: Final = 2
"""Who comes back so often, and has a valid credential, has come back with that."""


class Enforcer(Protocol):
    """What the guard can do to a broker."""

    def state(self) -> State:
        """What was done when the guard last ran."""
        ...

    def remember(self, state: State) -> None: ...

    def refuse(self, ended: Collection[str]) -> None:
        """From now on whoever was revoked cannot come in, nor by a certificate whose grace is over. ended: news.

        Raises OSError, SetupError; then again later.
        """
        ...

    def cut(self, product_ids: Collection[str]) -> set[str]:
        """Ends their sessions; those that are in again, or that could not be ended."""
        ...


class Guard:
    """What is to be done is remembered by the broker's enforcer only when all of it is done."""

    def __init__(self, db: Database, enforcer: Enforcer, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._enforcer = enforcer
        self._clock = clock
        known = enforcer.state()
        self._mark = known.mark
        self._looked = datetime.fromtimestamp(known.looked, UTC) if known.looked else None
        self._knows_nothing = self._mark == 0
        self._open: dict[str, int] = {}  # what is to be done, with how often it was tried
        self._expired: set[str] = set()  # those of them whose certificate has ended by itself
        self._old: list[str] = []  # what was ended before we knew of anything, the oldest first
        self._rewrite_at = clock()
        self._news = True  # something is to be remembered

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
        self._ask()
        self._take_old()
        if self._open or self._clock() >= self._rewrite_at:
            self._enforcer.refuse(tuple(self._open))
            self._rewrite_at, self._news = self._clock() + REWRITE_S, True
        if self._open:
            self._cut()
        if self._news and not self._open and not self._old and self._looked is not None:
            self._enforcer.remember(State(self._mark, self._looked.timestamp()))
            self._news = False

    def _ask(self) -> None:
        """What has ended since the last look. Raises what the database raises."""
        with self._db.reading() as tx:
            mark, ended = devices.ended_after(tx, self._mark)
            if not ended and devices.newest_mark(tx) < self._mark:
                log.warning("the database is older than what the guard remembers; it begins anew")
                self._knows_nothing, self._open = True, {}
                mark, ended = devices.ended_after(tx, 0)
            lapsed, first_look = devices.lapsed_after(tx, self._looked), self._looked is None
            self._news = self._news or bool(mark != self._mark or lapsed)
            self._mark, self._looked = mark, tx.now
        if first_look:
            self._old = [one.product_id for one in lapsed]
            lapsed = []
        if self._knows_nothing:
            self._old, self._knows_nothing, self._rewrite_at = [*self._old, *ended], False, self._clock()
            ended = []
        self._take(ended, lapsed)

    def _take(self, ended: list[str], lapsed: list[devices.Lapsed]) -> None:
        """The news, before what is tried already."""
        expired = {one.product_id for one in lapsed if not one.early} - set(ended)
        # Who comes back although the broker itself refuses what has expired, has come back with something else.
        news = dict.fromkeys(ended, 0) | {
            one.product_id: TRIES_BEFORE_TRUST - 1 if one.product_id in expired else 0 for one in lapsed
        }
        self._expired = (self._expired | expired) - (set(news) - expired)
        self._open = news | {one: tries for one, tries in self._open.items() if one not in news}

    def _take_old(self) -> None:
        """The newest of the old ones, but for units that were enrolled again since: those are let be."""
        while self._old and len(self._open) < OLD_AT_ONCE:
            product_id = self._old.pop()
            if product_id not in self._open and not self._may_connect(product_id):
                self._open[product_id] = 0

    def _cut(self) -> None:
        still_in = self._enforcer.cut(tuple(self._open))
        tried = {product_id: times + 1 for product_id, times in self._open.items()}
        returned = [one for one in still_in if tried[one] >= TRIES_BEFORE_TRUST]
        trusted = {one for one in returned if self._may_connect(one)}
        for product_id in set(tried) - still_in:
            log.info("%s %s and is cut off", product_id, self._why(product_id))
        self._open = {product_id: tried[product_id] for product_id in still_in - trusted}
        for product_id, times in self._open.items():
            if times.bit_count() == 1:
                why = self._why(product_id)
                log.warning("%s %s and could not be cut off yet (%d tries)", product_id, why, times)
        self._expired &= set(self._open)

    def _why(self, product_id: str) -> str:
        return "has a certificate that came to its end" if product_id in self._expired else "was revoked"

    def _may_connect(self, product_id: str) -> bool:
        """It was given a new certificate or password since."""
        with self._db.reading() as tx:
            password = identity.device_secret(tx, product_id)
            live = devices.live_certificates(tx, product_id)
            return (password is not None and not password[1]) or any(one.valid_until > tx.now for one in live)
