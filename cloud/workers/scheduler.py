"""The scheduler: timers that fell due, claimed by lease, each in a transaction of its own. Nobody scans all rows."""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta

from cloud.control import asking
from cloud.control import service as control
from cloud.db import Database, Transaction
from cloud.identity import addresses, endings
from cloud.identity.devices import forget_ended as forget_certificates
from cloud.lifecycle import watch
from cloud.metrics import catalogue
from cloud.metrics.meters import Meters
from cloud.ownership import attempts, invitations, members, proofs, transfers
from cloud.push import service as push
from cloud.record import service as record
from cloud.twin import spans
from cloud.workers.rounds import Rounds

log = logging.getLogger("throughline.scheduler")
Duty = Callable[[Transaction, str], None]
"""Told the subject of its timer."""
POLL_S = 0.5
LEASE = timedelta(seconds=30)
HOUSEKEEPING = ("housekeeping", "all")
HOUSEKEEPING_EVERY = timedelta(hours=1)


def keep_house(tx: Transaction, _subject: str) -> None:
    """Deletes what is kept for a time only, and comes again."""
    record.forget_old_answers(tx)
    attempts.forget_old(tx)
    proofs.forget_old(tx)
    asking.forget_old(tx)
    push.forget_old(tx)
    invitations.forget_expired(tx)
    addresses.forget_old(tx)
    endings.forget_ended(tx)
    forget_certificates(tx)
    record.set_timers(tx, {HOUSEKEEPING: tx.now + HOUSEKEEPING_EVERY})


DUTIES: Mapping[str, Duty] = {
    watch.TIMER: watch.look_again,
    control.TIMER: control.expire,
    members.TIMER: members.expire,
    transfers.TIMER: transfers.expire,
    HOUSEKEEPING[0]: keep_house,
    spans.MAKING[0]: spans.make_ahead,
}
"""What is done when a timer of a kind falls due. Each duty sets its timer anew, or takes it away."""
PERIODS: record.Periods = {
    HOUSEKEEPING[0]: HOUSEKEEPING_EVERY,
    spans.MAKING[0]: spans.EVERY,
    spans.CLEARING[0]: spans.EVERY,
}
"""How often the duties come that come again. All other timers stand for a time that somebody was told."""


class SchedulerLoop:
    """Runs until `stop` is set. Any number may run at once. more: duties that depend on the deployment's settings."""

    def __init__(
        self,
        db: Database,
        stop: threading.Event,
        meters: Meters | None = None,
        *,
        more: Mapping[str, Duty] | None = None,
    ) -> None:
        self._db = db
        self._stop = stop
        self._meters = meters or Meters("work")
        self._rounds = Rounds("scheduler", "the timers wait for the next round", log, self._meters)
        self._more = more or {}

    def run(self) -> None:
        while not self._stop.is_set():
            if not self._rounds.go(self.do_due, 0):
                self._stop.wait(POLL_S)

    def do_due(self) -> int:
        """Does what is due; how many duties were done."""
        with self._db.reading() as tx:
            if not record.any_due(tx, PERIODS):
                return 0
        due = self._db.run(lambda tx: record.lease_due(tx, PERIODS, lease=LEASE))
        for one in due:
            self._meters.observe(catalogue.LATENESS, max(0.0, (self._db.clock() - one.due_at).total_seconds()))
            duty = DUTIES.get(one.kind) or self._more.get(one.kind)
            if duty is None:
                log.error("no duty for timers of kind %s", one.kind)
                continue
            self._do(duty, one.subject)
        return len(due)

    def _do(self, duty: Duty, subject: str) -> None:
        try:
            self._db.run(lambda tx: duty(tx, subject))
        except Exception as error:  # noqa: BLE001 - one duty that fails must not keep the others
            # The lease runs out, and it is tried again.
            log.warning("a timer waits for its next try: %s", type(error).__name__)
            self._meters.add(catalogue.DUTIES, label="failed")
        else:
            self._meters.add(catalogue.DUTIES, label="done")
