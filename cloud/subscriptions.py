"""What the phone's push calls need of the record: `mobile_menu.push_ports.PushPort`; and which sessions have a stream
open, told to the record now and then by each process that serves streams.
"""

import asyncio
import logging
from collections.abc import Callable, Collection

from sqlalchemy.exc import SQLAlchemyError

from cloud.db import Database, Transaction
from cloud.identity import service as identity
from cloud.identity.tables import SessionRow
from cloud.push import browsers
from cloud.push.rules import LISTENS_EVERY, LISTENS_FOR, endpoint_is_allowed
from cloud.push.sealing import are_keys
from cloud.push.setup import public_key_of
from cloud.push.wording import language_of
from cloud.record import service as record
from cloud.secrets import Keys
from mobile_menu.ports import Caller, SessionRefusedError
from mobile_menu.push_ports import PushRefusedError, PushState, Subscription

log = logging.getLogger("throughline.push")


class Subscriptions:
    """The port. services: the push services that are known."""

    def __init__(self, db: Database, keys: Keys, services: tuple[str, ...]) -> None:
        self._db = db
        self._keys = keys
        self._services = services
        self._public_key = public_key_of(keys) if services else ""

    def state(self, caller: Caller) -> PushState:
        with self._db.reading() as tx:
            return PushState(public_key=self._public_key, on=browsers.is_subscribed(tx, caller.session_id))

    def subscribe(self, caller: Caller, wanted: Subscription) -> PushState:
        allowed = endpoint_is_allowed(wanted.endpoint, self._services)
        if not (allowed and are_keys(wanted.p256dh, wanted.auth) and browsers.is_zone(wanted.time_zone)):
            raise PushRefusedError
        address = browsers.Address(
            endpoint=wanted.endpoint,
            p256dh=wanted.p256dh,
            auth=wanted.auth,
            language=language_of(caller.language),
            time_zone=wanted.time_zone,
        )

        def do(tx: Transaction) -> None:
            record.lock(tx, {caller.person_id})
            row = tx.session.get(SessionRow, caller.session_id, populate_existing=True)
            if row is None or row.person_id != caller.person_id or identity.person_key(tx, row.person_id) is None:
                raise SessionRefusedError  # it has just ended, or changed hands
            browsers.subscribe(tx, self._keys, caller.person_id, caller.session_id, address)

        self._db.run(do)
        return PushState(public_key=self._public_key, on=True)

    def unsubscribe(self, caller: Caller) -> None:
        self._db.run(lambda tx: browsers.unsubscribe(tx, caller.session_id))


class Listening:
    """Tells the record which sessions have a stream open in this process. sessions: those of this moment."""

    def __init__(self, db: Database, sessions: Callable[[], Collection[str]]) -> None:
        self._db = db
        self._sessions = sessions
        self._before: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(LISTENS_EVERY.total_seconds())
            open_now = frozenset(self._sessions())
            try:
                await asyncio.to_thread(self.note, open_now)
            except SQLAlchemyError as error:
                log.warning("which pages are open is told again later: %s", type(error).__name__)

    def note(self, open_now: frozenset[str]) -> None:
        """Open streams count for a while; those that have closed since the last time do not any more."""
        closed, self._before = self._before - open_now, open_now
        with self._db.reading() as tx:
            told = browsers.subscribed_among(tx, open_now | closed)
        if not told:  # as almost always: then nobody else's writing has to wait for ours
            return

        def do(tx: Transaction) -> None:
            browsers.note_listening(tx, told & open_now, until=tx.now + LISTENS_FOR)
            browsers.note_listening(tx, told & closed, until=tx.now)

        self._db.run(do)
