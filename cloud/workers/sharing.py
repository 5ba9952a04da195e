"""One process's part of the ingest: it takes a seat, serves the session of that seat, and looks after abandoned ones.

Workers share a subscription of the broker, which deals each message to one of them, whether that one is there or not.
So a session never stays behind alone: who leaves in order takes its subscription back and empties its session, and
what a killed one left is emptied by another. The last one stays subscribed, so that what comes meanwhile waits for the
next start. A broker that cannot share has one worker at a time; the others stand by.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from cloud.errors import SetupError
from cloud.intake import Intake
from cloud.workers.ingest import IngestLoop
from cloud.workers.seats import Seats
from cloud.workers.turn import Turn

log = logging.getLogger("throughline.ingest")
LOOK_S: Final = 1.0
"""How often a worker looks for a seat, whether it still has its own, and for abandoned ones."""
ABANDONED_S: Final = 5.0
"""A worker that ended may be back so soon; then another empties its session."""
LEAVE_S: Final = 6.0
"""How long a worker that is told to leave may take to store what waits in its session. `up` waits for eight."""
END_S: Final = 10.0


class Session:
    """A session at the broker, and the threads that store what comes from it."""

    def __init__(self, name: str, intake: Intake, loops: Sequence[IngestLoop], ended: threading.Event) -> None:
        self.name = name
        self.intake = intake
        self._ended = ended
        self.failed: list[str] = []
        self._threads = [
            threading.Thread(target=self._guarded, args=(loop,), name=f"{name} {number}")
            for number, loop in enumerate(loops, start=1)
        ]

    def start(self) -> None:
        self.intake.start()
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Ends the threads, then the connection; the session stays at the broker."""
        self._ended.set()
        for thread in self._threads:
            thread.join(END_S)
        self.intake.close()

    def _guarded(self, loop: IngestLoop) -> None:
        try:
            loop.run()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process must not go on with a part missing
            self.failed.append(type(error).__name__)


class IngestWork:
    """Runs until `stop` is set. shared: workers share one subscription; else there is one at a time.

    open_session: (seat, whether it is only to be emptied) -> a session that is not started. end_session: ends a
    session at the broker that nobody is connected to; whether that was done.
    """

    def __init__(
        self,
        seats: Seats,
        open_session: Callable[[str, bool], Session],
        end_session: Callable[[str], bool],
        stop: threading.Event,
        *,
        shared: bool,
    ) -> None:
        self._seats = seats
        self._open_session = open_session
        self._end_session = end_session
        self._stop = stop
        self._shared = shared
        self._abandoned: dict[str, float] = {}  # since when
        self._session: Session | None = None
        self._emptied: tuple[Session, Turn] | None = None
        self.seat: str | None = None
        """None while it stands by."""
        self.settled = threading.Event()
        """It is connected, or it stands by."""

    def run(self) -> None:
        """Raises SetupError when a part of it fails, or when its seat was taken by somebody else."""
        name = self._take_seat()
        if name is None:
            return
        self._session = session = self._open_session(name, False)
        session.start()
        try:
            self._serve(session)
            if self._shared:
                self._leave(session)
        finally:
            session.close()
            self._let_go()
            self._seats.give_up()

    def waiting(self) -> int:
        """Messages that were taken from the broker and not yet handed to who stores them."""
        return sum(one.intake.waiting() for one in self._sessions())

    def waiting_bytes(self) -> int:
        """Of their payloads."""
        return sum(one.intake.waiting_bytes() for one in self._sessions())

    def is_connected(self) -> bool | None:
        """To the broker, in its own seat; None while it stands by."""
        session = self._session
        return None if session is None else session.intake.connected.is_set()

    def _sessions(self) -> list[Session]:
        emptied = self._emptied
        return [one for one in (self._session, emptied and emptied[0]) if one is not None]

    def _take_seat(self) -> str | None:
        """The seat's name; None when it was told to stop before there was one."""
        while not self._stop.is_set():
            try:
                name = self._seats.take()
            except SQLAlchemyError as error:
                log.warning("no seat yet: %s", type(error).__name__)
            else:
                if name is not None:
                    log.info("ingest takes the seat %s", name)
                    self.seat = name
                    return name
                if not self.settled.is_set():
                    log.info("ingest stands by: as many workers as may be are there")
                    self.settled.set()
            self._stop.wait(LOOK_S)
        return None

    def _serve(self, session: Session) -> None:
        told = False
        while not self._stop.is_set():
            if not told and session.intake.connected.wait(0.1):
                told = self._tell_joined(session)
            if session.failed:
                msg = f"storing what devices say ended: {session.failed[0]}"
                raise SetupError(msg)
            self._look(session.name)
            if told:
                self._stop.wait(LOOK_S)

    def _tell_joined(self, session: Session) -> bool:
        try:
            self._seats.joined(session.name)
        except SQLAlchemyError:
            return False
        self.settled.set()
        return True

    def _look(self, own: str) -> None:
        """Raises SetupError when the seat is another process's."""
        try:
            if not self._seats.still_held():
                msg = f"the seat {own} was taken by another worker while the database was away"
                raise SetupError(msg)
            self._look_after_others(own)
        except SQLAlchemyError as error:
            log.warning("the seats wait for the next look: %s", type(error).__name__)

    def _look_after_others(self, own: str) -> None:
        if self._emptied is not None:
            session, turn = self._emptied
            if session.intake.drained.is_set() or session.failed:
                self._emptied = None
                self._end(session)
                turn.give_up()
            return
        now = time.monotonic()
        found = self._seats.abandoned(own)
        self._abandoned = {name: self._abandoned.get(name, now) for name in found}
        for name, since in self._abandoned.items():
            turn = self._seats.turn(name)
            if now - since >= ABANDONED_S and turn.take():
                self._empty(name, turn)
                return

    def _empty(self, name: str, turn: Turn) -> None:
        """Stores what waits in a session that nobody serves."""
        log.warning("the worker of the seat %s is gone; what waits for it is stored here", name)
        self._seats.retire(name)
        session = self._open_session(name, True)
        self._emptied = session, turn
        session.start()

    def _leave(self, session: Session) -> None:
        """Hands the work on to the other workers, if there are any; else the session stays as it is."""
        try:
            if not self._seats.begin_leaving(session.name):
                return
            session.intake.leave()
            if session.intake.drained.wait(LEAVE_S):
                self._end(session)
            else:
                log.warning("ingest leaves before all that waits for it is stored; another worker stores the rest")
        except SQLAlchemyError as error:
            log.warning("ingest leaves as it is: %s", type(error).__name__)

    def _end(self, session: Session) -> None:
        """Ends an empty session. Raises the database's errors; then another worker ends it."""
        session.close()
        if session.intake.drained.is_set() and self._end_session(session.name):
            self._seats.forget(session.name)

    def _let_go(self) -> None:
        """Of a session that is being emptied: another worker goes on."""
        if self._emptied is not None:
            session, turn = self._emptied
            session.close()
            turn.give_up()
