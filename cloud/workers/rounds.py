"""The rounds of a worker's loop: one that fails is told and counted, and the loop goes on."""

import logging
from collections.abc import Callable
from typing import TypeVar

from cloud.metrics import catalogue
from cloud.metrics.meters import Meters

Answer = TypeVar("Answer")


class Rounds:
    """loop: its name in the figures. waits: what the log says when a round has failed."""

    def __init__(self, loop: str, waits: str, log: logging.Logger, meters: Meters) -> None:
        self._loop = loop
        self._waits = waits
        self._log = log
        self._meters = meters

    def go(self, work: Callable[[], Answer], otherwise: Answer) -> Answer:
        """What a round of work gives, or `otherwise` when it fails.

        The log is told the error's class alone: its words may be somebody's data.
        """
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the round is tried again, and the loop goes on
            self._log.warning("%s: %s", self._waits, type(error).__name__)
            self._meters.add(catalogue.ROUNDS_FAILED, label=self._loop)
            return otherwise
