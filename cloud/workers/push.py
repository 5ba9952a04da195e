"""The push loop: words that committed transactions decided on leave for push services, at least once."""

import logging
import threading
from collections.abc import Callable

from cloud.db import Database, Transaction
from cloud.metrics import catalogue
from cloud.metrics.meters import Meters
from cloud.push import service as push
from cloud.push.outlet import Gone, Later, Outlet, Refused, Taken
from cloud.secrets import Keys
from cloud.workers.rounds import Rounds

log = logging.getLogger("throughline.push")
POLL_S = 1.0


class PushLoop:
    """Runs until `stop` is set. Any number may run: each leases what it sends."""

    def __init__(
        self, db: Database, keys: Keys, outlet: Outlet, stop: threading.Event, meters: Meters | None = None
    ) -> None:
        self._db = db
        self._keys = keys
        self._outlet = outlet
        self._stop = stop
        self._meters = meters or Meters("work")
        self._rounds = Rounds("push", "push messages wait for their next round", log, self._meters)

    def run(self) -> None:
        while not self._stop.is_set():
            if not self._rounds.go(self.send_due, 0):
                self._stop.wait(POLL_S)
        self._outlet.close()

    def send_due(self) -> int:
        """Sends what is due; how many messages were looked at."""
        with self._db.reading() as tx:
            if not push.any_due(tx):
                return 0
        looked, due = self._db.run(lambda tx: push.lease(tx, self._keys))
        for one in due:
            self._db.run(self._try(one))
        return looked

    def _try(self, one: push.Due) -> Callable[[Transaction], None]:
        # An endpoint is somebody's: no log and no figure says which it was.
        match self._outlet.send(one.parcel, self._db.clock()):
            case Taken():
                self._meters.add(catalogue.PUSH_DONE, label="sent")
                return lambda tx: push.note_sent(tx, one)
            case Gone():
                self._meters.add(catalogue.PUSH_DONE, label="gone")
                return lambda tx: push.note_gone(tx, one)
            case Refused(status):
                log.warning("a push service refused a message for good: HTTP %d", status)
                self._meters.add(catalogue.PUSH_DONE, label="refused")
                return lambda tx: push.note_refused(tx, one)
            case Later(wait):
                self._meters.add(catalogue.PUSH_DONE, label="later")
                return lambda tx: push.note_later(tx, one, wait)
