"""The loop that takes telemetry into its series, a little at a time, and never more than its share of the time."""

import logging
import threading
from time import monotonic

from cloud.db import Database
from cloud.metrics import catalogue
from cloud.metrics.meters import Meters
from cloud.twin import series
from cloud.twin.retention import FOR_EVER, Terms

log = logging.getLogger("throughline.series")
EVERY_S = 10.0
AT_ONCE_IN_SQLITE = 1_000
"""Messages; nobody else writes meanwhile."""


class SeriesLoop:
    """Runs until `stop` is set. Any number may run at once: each batch is taken by one.

    share_percent: how much of the time it may work. What it does not get done waits where it is, in the telemetry.
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
        self._meters = meters or Meters("work")
        self._terms = terms
        self._rest = 100 / share_percent - 1
        self._at_most = AT_ONCE_IN_SQLITE if db.is_sqlite else series.AT_ONCE

    def run(self) -> None:
        while not self._stop.is_set():
            began = monotonic()
            try:
                is_more = self.step()
            except Exception as error:  # noqa: BLE001 - a round that fails is tried again; the loop goes on
                log.warning("the series wait for the next round: %s", type(error).__name__)
                self._meters.add(catalogue.ROUNDS_FAILED, label="series")
                is_more = False
            rest_s = (monotonic() - began) * self._rest
            self._stop.wait(rest_s if is_more else max(rest_s, EVERY_S))

    def step(self) -> bool:
        """Takes some in; True when more may wait. While nothing waits, nothing is written."""
        with self._db.reading() as tx:
            if not series.is_behind(tx):
                return False
        self._db.run(lambda tx: series.roll(tx, self._at_most, self._terms))
        with self._db.reading() as tx:
            return series.is_behind(tx)
