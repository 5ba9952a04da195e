"""Where the HTTP service's figures come from: what passes through it, what is pushed, and what the database knows."""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Final

import anyio
import anyio.to_thread
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.audit import service as audit
from cloud.db import Database, Transaction
from cloud.identity import devices
from cloud.mail.service import mail_table
from cloud.metrics import catalogue
from cloud.metrics.catalogue import Metric
from cloud.metrics.meters import Meters
from cloud.record.service import outbox, timer
from cloud.tracing import Tracing
from cloud.twin import series
from mobile_menu.live import Push

LOOK_S: Final = 3.0
"""A database that is slower says nothing in this scrape: Prometheus waits ten seconds, and the rest is worth having."""
FROM_DATABASE: Final = (
    catalogue.OUTBOX, catalogue.OUTBOX_AGE, catalogue.MAILS, catalogue.TIMERS_DUE, catalogue.REVOCATIONS,
    catalogue.AUDIT_HEAD, catalogue.SERIES_LATE,
)  # fmt: skip


class CountResponses:
    """ASGI, around everything else: each response, by the class of its status."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._meters.add(catalogue.RESPONSES, label=f"{message['status'] // 100}xx")
            await send(message)

        await self._app(scope, receive, counted)


class Pushes:
    """Around each delivery of news to a stream."""

    def __init__(self, meters: Meters, tracing: Tracing) -> None:
        self._meters = meters
        self._tracing = tracing

    @contextlib.contextmanager
    def __call__(self, push: Push) -> Iterator[None]:
        try:
            with self._tracing.push(push):
                yield
        finally:
            self._meters.observe(catalogue.PUSH, time.monotonic() - push.since)


class DatabaseFigures:
    """What is read from the database, once for each scrape, and by one at a time however many ask."""

    def __init__(self, db: Database, meters: Meters) -> None:
        self._db = db
        self._meters = meters
        self._looking = threading.Lock()

    async def look(self) -> None:
        """Puts the figures into the meters; what cannot be read now is left out of them."""
        found: dict[Metric, float] | None = None
        with anyio.move_on_after(LOOK_S):
            found = await anyio.to_thread.run_sync(self._read, abandon_on_cancel=True)
        self._meters.put(catalogue.ANSWERS, 0 if found is None else 1)
        for metric in FROM_DATABASE:
            self._meters.put(metric, None if found is None else found[metric])

    def _read(self) -> dict[Metric, float] | None:
        if not self._looking.acquire(blocking=False):
            return None
        try:
            with self._db.reading() as tx:
                return _figures(tx)
        except SQLAlchemyError:
            return None
        finally:
            self._looking.release()


def _figures(tx: Transaction) -> dict[Metric, float]:
    def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> float:
        return float(tx.session.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one())

    oldest = tx.session.execute(sa.select(sa.func.min(outbox.c.not_before).label("due"))).scalar()
    return {
        catalogue.OUTBOX: count(outbox),
        catalogue.OUTBOX_AGE: 0.0 if oldest is None else max(0.0, (tx.now - oldest).total_seconds()),
        catalogue.MAILS: count(mail_table, mail_table.c.sent_at.is_(None)),
        catalogue.TIMERS_DUE: count(timer, timer.c.due_at <= tx.now),
        catalogue.REVOCATIONS: devices.newest_mark(tx),
        catalogue.AUDIT_HEAD: audit.newest(tx).seq,
        catalogue.SERIES_LATE: max(0.0, (tx.now - series.complete_to(tx)).total_seconds()),
    }
