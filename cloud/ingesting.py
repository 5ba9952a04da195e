"""How the ingest of one process is put together: which seats it may take, what it subscribes to, who stores it."""

import functools
import threading
from collections.abc import Callable
from typing import Final

from broker.contract.topics import ALL_UP
from cloud.db import Database
from cloud.errors import SetupError
from cloud.fairness import Limit
from cloud.intake import Intake
from cloud.metrics import catalogue
from cloud.metrics.meters import Meters
from cloud.mqtt import Address, take_over
from cloud.secrets import Keys
from cloud.settings import Settings
from cloud.tracing import Tracing
from cloud.twin.overruns import minute_of
from cloud.workers.ingest import IngestLoop
from cloud.workers.seats import Seats
from cloud.workers.sharing import IngestWork, Session

FIRST_SEAT: Final = "work-1"


def check_workers(settings: Settings) -> None:
    """Raises SetupError for several workers where there can be one."""
    if settings.ingest_workers == 1:
        return
    if settings.broker == "embedded":
        msg = (
            f"{settings.ingest_workers} ingest workers need a broker that shares a subscription between them; the "
            f"embedded one does not: use Mosquitto or EMQX (THROUGHLINE_BROKER=external), or one worker"
        )
        raise SetupError(msg, workers=settings.ingest_workers)
    if settings.database.startswith("sqlite"):
        msg = (
            f"{settings.ingest_workers} ingest workers need PostgreSQL: SQLite has one writer at a time, so that a "
            f"second worker would only wait for the first"
        )
        raise SetupError(msg, workers=settings.ingest_workers)


def seat_names(settings: Settings) -> tuple[str, ...]:
    """Those that this process may take, in their order."""
    if settings.broker == "embedded":
        return (FIRST_SEAT,)  # whatever its name is: who stands by takes the same session over
    if settings.worker_name:
        return (settings.worker_name,)
    return tuple(f"work-{number}" for number in range(1, settings.ingest_workers + 1))


def shared_filter(keys: Keys) -> str:
    """What the workers share. Mosquitto lets everybody subscribe to everything, and a message that is dealt to a device
    which may not read it is lost; so the group has a name that only this deployment knows.
    """
    return f"$share/{keys.mac('the group of the ingest workers').hex()[:32]}/{ALL_UP}"


def in_words(limit: Limit) -> str:
    """What one device may say, for the operator."""
    parts = [f"{most:,} {what}" for most, what in zip(limit, ("messages", "bytes"), strict=True) if most]
    return " or ".join(parts)


def ingest_work(
    settings: Settings,
    keys: Keys,
    db: Database,
    address: Address,
    stop: threading.Event,
    meters: Meters | None = None,
    tracing: Tracing | None = None,
) -> IngestWork:
    """Raises SetupError, as `check_workers` does."""
    check_workers(settings)
    meters = meters or Meters("work")
    shared = settings.ingest_workers > 1
    work = IngestWork(
        Seats(db, seat_names(settings), alone=not shared),
        _sessions(settings, keys, db, address, meters, tracing),
        lambda name: not take_over(address, [f"{address.username}-{name}"], 0.0),
        stop,
        shared=shared,
    )
    meters.watch(catalogue.WAITING, work.waiting)
    meters.watch(catalogue.WAITING_BYTES, work.waiting_bytes)
    meters.watch(catalogue.CONNECTED, work.is_connected, "ingest")
    return work


def _subscriptions(settings: Settings, keys: Keys) -> tuple[str, tuple[str, ...]]:
    """The filter that a session subscribes to, and those that it may have from before and gives up."""
    group = shared_filter(keys)
    wanted, other = (group, ALL_UP) if settings.ingest_workers > 1 else (ALL_UP, group)
    return wanted, () if settings.broker == "embedded" else (other,)


def _sessions(
    settings: Settings, keys: Keys, db: Database, address: Address, meters: Meters, tracing: Tracing | None
) -> Callable[[str, bool], Session]:
    """Makes the session of a seat, by its name; true for one that subscribes no more, and only takes what waits."""
    came = functools.partial(meters.add, catalogue.CONNECTIONS, 1, "ingest")
    wanted, not_wanted = _subscriptions(settings, keys)
    lanes = 1 if db.is_sqlite else settings.ingest_lanes  # SQLite has one writer at a time
    limit = Limit(settings.device_messages_per_minute, settings.device_bytes_per_minute)
    allowed = in_words(limit)
    batch, wait_s = settings.ingest_batch, settings.ingest_wait_ms / 1000

    def session(name: str, leaving: bool) -> Session:
        intake = Intake(
            address,
            name,
            settings.ingest_window,
            lanes=lanes,
            topic_filter=wanted,
            came=came,
            not_wanted=not_wanted,
            leaving=leaving,
            limit=limit,
            minute=lambda: minute_of(db.clock()),
        )
        ended = threading.Event()
        loops = [
            IngestLoop(
                db, lane, batch=batch, wait_s=wait_s, stop=ended, meters=meters, tracing=tracing, allowed=allowed
            )
            for lane in intake.lanes
        ]
        return Session(name, intake, loops, ended)

    return session
