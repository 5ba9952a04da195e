"""A worker put together: ingest, outbox, mail, push, series and scheduler, each a thread of one process."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from broker.contract.topics import BROKER_QUEUE, OUTBOX_NUDGE
from cloud.announcing import Announcer
from cloud.broker_queue import MOSQUITTO, BrokerQueue
from cloud.collector import Sweeper, calm_collector
from cloud.compose import Ready, broker_address, came_counter, make_clock, make_database, watch_database
from cloud.courier import Courier
from cloud.db import Database, Transaction
from cloud.errors import SetupError
from cloud.identity import service as identity
from cloud.ingesting import ingest_work
from cloud.mail.setup import folder_of, outlet_of
from cloud.metrics import catalogue
from cloud.metrics.meters import Meters, Page
from cloud.metrics.page import MetricsServer
from cloud.mqtt import Address, Bus
from cloud.push.setup import push_services_of
from cloud.record import service as record
from cloud.secrets import Keys, load_keys
from cloud.served import service as served
from cloud.settings import Settings
from cloud.tracing import tracing_of
from cloud.twin import spans
from cloud.twin.retention import Terms
from cloud.workers.mail import MailLoop
from cloud.workers.outbox import OutboxLoop
from cloud.workers.push import PushLoop
from cloud.workers.scheduler import SchedulerLoop
from cloud.workers.series import SeriesLoop
from cloud.workers.sharing import IngestWork

LEAVE_S = 20.0
"""How long a loop may take to end: ingest may hand its session on first."""


class _Wake(NamedTuple):
    """What lets the loops look at once, and not only when their time has come."""

    outbox: threading.Event
    mail: threading.Event

    def all(self) -> None:
        self.outbox.set()
        self.mail.set()


def serve_work(settings: Settings, ready: Ready, stop: threading.Event) -> None:
    """Ingest, outbox, mail, push, series and scheduler in this process, each a thread, until `stop` is set."""
    keys = load_keys(settings.keys_dir)
    db = make_database(settings, make_clock(settings))
    address = broker_address(settings, keys)
    meters, tracing = Meters("work"), tracing_of(settings, "work")
    watch_database(meters, db)
    sweeper = Sweeper(db.engine)
    wake = _Wake(threading.Event(), threading.Event())
    bus = _bus_of(settings, address, meters, wake)
    others = _loops_beside_ingest(settings, keys, db, address, stop, wake, meters)
    db.listeners.append(Announcer(bus, lambda _word: None, wake.outbox.set, wake.mail.set, tracing))
    ingest = ingest_work(settings, keys, db, address, stop, meters, tracing)
    meters.watch(catalogue.CONNECTED, bus.connected.is_set, "bus")
    bus.start()
    calm_collector()
    failed: list[str] = []
    threads = _threads_of({"ingest": ingest.run, **others}, stop, failed)
    with MetricsServer(settings.metrics_host, settings.metrics_port, Page(meters)):
        for thread in threads:
            thread.start()
        if _settled(ingest, bus, stop):
            ready(0)
        sweeper.sweep_until(stop)
    wake.all()
    for thread in threads:
        thread.join(LEAVE_S)
    bus.close()
    db.dispose()
    tracing.close()
    if failed:
        raise SetupError(failed[0])


def _bus_of(settings: Settings, address: Address, meters: Meters, wake: _Wake) -> Bus:
    """Hears of news and of the broker's queue; not started yet."""
    queue = queue_watch(settings, meters)

    def heard(topic: str, payload: bytes) -> None:
        if not queue.heard(topic, payload):
            wake.all()

    return Bus(
        address,
        f"{settings.mqtt_username}-work-{identity.short_name()}",
        filters=(OUTBOX_NUDGE, *((BROKER_QUEUE,) if settings.broker == "embedded" else MOSQUITTO)),
        heard=heard,
        back=wake.all,
        came=came_counter(meters, "bus"),
    )


def _loops_beside_ingest(
    settings: Settings, keys: Keys, db: Database, address: Address, stop: threading.Event, wake: _Wake, meters: Meters
) -> dict[str, Callable[[], None]]:
    """By the names of their threads."""
    terms = Terms(settings.telemetry_days, settings.series_hour_days, settings.series_day_days)
    shown = timedelta(days=settings.shown_days)

    def clear(tx: Transaction, _subject: str) -> None:
        spans.clear(tx, terms)
        if served.forget_old(tx, shown):
            record.set_timers(tx, {spans.CLEARING: tx.now})

    courier = Courier(address, came=came_counter(meters, "outbox"))
    mail = MailLoop(db, keys, outlet_of(settings), folder_of(settings), settings.mail_sender, stop, wake.mail, meters)
    return {
        "outbox": OutboxLoop(db, courier, stop, wake.outbox, meters).run,
        "scheduler": SchedulerLoop(db, stop, meters, more={spans.CLEARING[0]: clear}).run,
        "mail": mail.run,
        "push": PushLoop(db, keys, push_services_of(settings, keys), stop, meters).run,
        "series": SeriesLoop(db, stop, settings.series_share_percent, meters, terms=terms).run,
    }


def _threads_of(
    work: dict[str, Callable[[], None]], stop: threading.Event, failed: list[str]
) -> list[threading.Thread]:
    """Not started yet. failed: takes what is said of each that ends by an error."""
    return [threading.Thread(target=_guarded, args=(name, run, stop, failed), name=name) for name, run in work.items()]


def queue_watch(settings: Settings, meters: Meters) -> BrokerQueue:
    """Tells of the broker's queue in the figures and the log."""

    def told(share: float, dropped: int) -> None:
        meters.put(catalogue.BROKER_QUEUE, share)
        meters.put(catalogue.BROKER_DROPPED, dropped)

    if settings.broker == "embedded":
        meters.put(catalogue.BROKER_QUEUE, 0.0)  # which it says within a second
    return BrokerQueue(settings.broker_queue_messages, settings.broker_queue_bytes, told)


def _guarded(name: str, run: Callable[[], None], stop: threading.Event, failed: list[str]) -> None:
    """A loop that ends by an error takes the process with it: its supervisor starts a new one, whole."""
    try:
        run()
    except Exception as error:  # noqa: BLE001 - whatever it is, the process must not go on with a part missing
        failed.append(f"the {name} loop ended: {type(error).__name__}")
        stop.set()


def _settled(ingest: IngestWork, bus: Bus, stop: threading.Event) -> bool:
    while not stop.is_set():
        if ingest.settled.wait(0.1) and bus.connected.wait(0.1):
            return True
    return False
