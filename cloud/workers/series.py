"""The loop that takes telemetry into its series, a little at a time, and no more than its share of the time."""

import logging
import threading
from time import monotonic

from cloud.db import Database
from cloud.metrics.meters import Meters
from cloud.twin import series
from cloud.twin.retention import FOR_EVER, Terms
from cloud.twin.series_pace import rest_s
from cloud.workers.rounds import Rounds

log = logging.getLogger("throughline.series")
AT_ONCE_IN_SQLITE = 2_000
"""Messages; nobody else writes meanwhile."""


class SeriesLoop:
    """Runs until `stop` is set. Any number may run at once: each batch is taken by one.

    share_percent: how much of the time it may work, and more when it falls behind, as `series_pace` says. What it does
    not get done waits where it is, in the telemetry.
    terms: how long the deployment keeps what comes of it.
    """

    def __init__(
        self,
        db: Database,
        stop: threading.Event,
        share_percent: int,
        meters: Meters | None = None,
        *,
        terms: Terms = FOR_EVER,
    ) -> None:
        self._db = db
        self._stop = stop
        self._rounds = Rounds("series", "the series wait for the next round", log, meters or Meters("work"))
        self._terms = terms
        self._share = share_percent / 100
        self._at_most = AT_ONCE_IN_SQLITE if db.is_sqlite else series.AT_ONCE

    def run(self) -> None:
        while not self._stop.is_set():
            began = monotonic()
            late_s = self._rounds.go(self.step, 0.0)
            self._stop.wait(rest_s(monotonic() - began, late_s, self._share))

    def step(self) -> float:
        """Takes some in; the age of the oldest that still waits, in seconds. Writes nothing while nothing waits."""
        with self._db.reading() as tx:
            if not series.is_behind(tx):
                return 0.0
        self._db.run(lambda tx: series.roll(tx, self._at_most, self._terms))
        with self._db.reading() as tx:
            return (tx.now - series.complete_to(tx)).total_seconds()
