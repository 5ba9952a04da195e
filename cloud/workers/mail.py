"""The mail loop: mails that committed transactions decided on leave, at least once, and then go."""

import logging
import threading
from collections.abc import Callable

from cloud.db import Database, Transaction
from cloud.mail import service as mail
from cloud.mail.letters import message
from cloud.mail.outlets import MailFolder, Outlet, RefusedForGoodError
from cloud.metrics import catalogue
from cloud.metrics.meters import Meters
from cloud.secrets import Keys
from cloud.workers.rounds import Rounds

log = logging.getLogger("throughline.mail")
POLL_S = 1.0


class MailLoop:
    """Runs until `stop` is set; `wake` says that something waits. Any number may run: each leases what it sends.

    folder: cleaned in each round, whether mail goes there or to a server. sender: as in the header `From`.
    """

    def __init__(
        self,
        db: Database,
        keys: Keys,
        outlet: Outlet,
        folder: MailFolder,
        sender: str,
        stop: threading.Event,
        wake: threading.Event,
        meters: Meters | None = None,
    ) -> None:
        self._db = db
        self._keys = keys
        self._outlet = outlet
        self._folder = folder
        self._sender = sender
        self._stop = stop
        self._wake = wake
        self._meters = meters or Meters("work")
        self._rounds = Rounds("mail", "the mail waits for its next round", log, self._meters)

    def run(self) -> None:
        while not self._stop.is_set():
            if not self._rounds.go(self.send_due, 0):
                self._wake.wait(POLL_S)
                self._wake.clear()

    def send_due(self) -> int:
        """Sends what is due, and cleans the mail folder; how many mails were tried."""
        mail.clean(self._db, self._folder)
        with self._db.reading() as tx:
            if not mail.any_due(tx):
                return 0
        due = self._db.run(lambda tx: mail.lease(tx, self._keys))
        for one in due:
            outcome = self._try(one)
            self._db.run(outcome)
            mail.clean(self._db, self._folder)  # it may have been taken back while it was being written
        return len(due)

    def _try(self, one: mail.Due) -> Callable[[Transaction], object]:
        # Errors of a mail server quote addresses, so their kind alone is logged.
        try:
            made = message(one.letter, self._sender, one.id, self._db.clock())
            self._outlet.send(one.id, made)
        except RefusedForGoodError as error:
            log.error("a mail was refused for good, and is dropped: %s", type(error).__name__)  # noqa: TRY400 - see above
            self._meters.add(catalogue.MAIL_DONE, label="refused")
            return lambda tx: mail.note_sent(tx, one.id)
        except Exception as error:  # noqa: BLE001 - whatever ails one mail, those after it leave
            log.warning("a mail could not be sent, and is tried again: %s", type(error).__name__)
            self._meters.add(catalogue.MAIL_DONE, label="later")
            return lambda tx: mail.note_failed(tx, one.id, one.attempts)
        filed = isinstance(self._outlet, MailFolder)
        self._meters.add(catalogue.MAIL_DONE, label="filed" if filed else "sent")
        if filed:
            return lambda tx: mail.note_filed(tx, one.id)
        return lambda tx: mail.note_sent(tx, one.id)
