"""The one page where the parts are put together, and the three services that they make: broker, api, work.

Other parts for a test? Call the same functions with them.
"""

import asyncio
import contextlib
import functools
import gc
import getpass
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import uvicorn
from fastapi import FastAPI

from broker import external
from broker.contract.topics import ALL_CHANGED, BROKER_QUEUE, OUTBOX_NUDGE
from cloud import api_page, broker_hook, brokers, resolver, schema, security_txt, seen, too_often
from cloud.accounts import Accounts
from cloud.announcing import Announcer, Listeners
from cloud.audit import api as audit_api
from cloud.audit import service as audit
from cloud.audit.subjects import Subject
from cloud.body_limit import BodyLimit
from cloud.broker_queue import MOSQUITTO, BrokerQueue
from cloud.campaigns import api as campaigns_api
from cloud.care import api as care_api
from cloud.clock import Clock, TravelClock, system_clock
from cloud.commerce import api as commerce_api
from cloud.commerce import service as commerce
from cloud.contracts import serve_openapi
from cloud.control import api as control_api
from cloud.control import service as control
from cloud.db import Database, Transaction, with_password
from cloud.edge import Edge
from cloud.errors import SetupError
from cloud.figures import CountResponses, Pushes
from cloud.file_limit import outage_handler, raise_file_limit
from cloud.headers import GuardedApp
from cloud.health import add_health
from cloud.http_server import server_config
from cloud.identity import api as identity_api
from cloud.identity import authority_files, devices_api, operators, phones
from cloud.identity import service as identity
from cloud.identity.permissions import OperatorRole
from cloud.ingesting import ingest_work
from cloud.lifecycle import api as lifecycle_api
from cloud.lifecycle import engine, watch
from cloud.limits import RateLimit, rate_limits
from cloud.mail import service as mail_room
from cloud.mail.setup import folder_of, outlet_of
from cloud.menus import Menus
from cloud.metrics import catalogue
from cloud.metrics.meters import Meters, Page
from cloud.metrics.page import MetricsServer
from cloud.mqtt import Address, Bus
from cloud.openapi import with_problems
from cloud.ownership import api as ownership_api
from cloud.people import PeopleOfUnits
from cloud.problems import add_error_handlers
from cloud.proxies import Proxies
from cloud.public_cors import PublicCors
from cloud.record import service as record
from cloud.registry import api as registry_api
from cloud.registry import labels_api, links_api
from cloud.secret_files import read_secret
from cloud.secrets import Keys, load_keys
from cloud.settings import Settings
from cloud.tracing import Tracing, tracing_of
from cloud.twin import api as twin_api
from cloud.twin import service as twin
from cloud.twin import spans, telemetry_api
from cloud.web import MAX_BODY_BYTES, MAX_IMPORT_BYTES, Context
from cloud.workers.mail import MailLoop
from cloud.workers.outbox import OutboxLoop
from cloud.workers.scheduler import HOUSEKEEPING, SchedulerLoop
from cloud.workers.series import SeriesLoop
from cloud.workers.sharing import IngestWork
from mobile_menu import account_api, web_files
from mobile_menu import api as menu_api
from mobile_menu import openapi as menu_openapi
from mobile_menu import ownership_api as people_api
from mobile_menu.content_loader import load_content
from mobile_menu.limits import Gate, Limits, usual_limits
from mobile_menu.live import LiveHub
from mobile_menu.ports import TooManyAttemptsError
from mobile_menu.service import MenuService
from mobile_menu.threads import Threads

log = logging.getLogger("throughline")
LEAVE_S = 20.0
"""How long a loop may take to end: ingest may hand its session on first."""
Ready = Callable[[int], None]
"""Told the port, once clients may come."""

PROJECTORS = (twin.project, engine.project)
REACTORS = (twin.react, watch.react, control.react, control.send_again, commerce.react)
PARTS = (
    registry_api,
    labels_api,
    links_api,
    identity_api,
    audit_api,
    devices_api,
    twin_api,
    telemetry_api,
    lifecycle_api,
    control_api,
    commerce_api,
    campaigns_api,
    care_api,
    broker_hook,
    ownership_api,
    resolver,
    seen,
)
"""Modules with routers, lowest capability first."""
IMPORT_PATH = "/api/v1/products/import"
"""The one call whose body may be large; it is read only when the caller may import."""
DESCRIPTION = "The backend of a connected product's whole life. MQTT: see `/asyncapi.json`."


def make_clock(settings: Settings) -> Clock:
    """The system's clock, or, where time may be travelled, the one that all processes share."""
    return TravelClock(settings.data_dir / "clock") if settings.time_travel else system_clock


def lifetimes_of(settings: Settings) -> phones.Lifetimes:
    """How long phones' tokens count."""
    return phones.Lifetimes(
        access=timedelta(minutes=settings.session_access_minutes), refresh=timedelta(days=settings.session_refresh_days)
    )


def make_database(settings: Settings, clock: Clock) -> Database:
    """The database with the engine in it."""
    url = settings.database
    if settings.database_password_file:
        url = with_password(url, read_secret(Path(settings.database_password_file)))
    return Database(url, clock, projectors=PROJECTORS, reactors=REACTORS)


class FirstStart(NamedTuple):
    """What a start made that is shown this once, and kept nowhere; None for what was there already.

    operator_key: of an admin. root_passphrase: opens the key of the certificate authority's root.
    """

    operator_key: str | None
    root_passphrase: str | None


def prepare(settings: Settings, show: Callable[[FirstStart], None] = lambda _made: None) -> FirstStart:
    """Keys, schema, and on the very first start an operator's key and, as the last thing, a certificate authority.

    show: is told of each of the two right after it was made, so that whatever fails later hides neither.
    """
    keys = load_keys(settings.keys_dir)
    db = make_database(settings, make_clock(settings))
    try:
        schema.upgrade(db)

        def first_key(tx: Transaction) -> str | None:
            record.lock(tx, {"first key"})
            record.set_timers(tx, dict.fromkeys((HOUSEKEEPING, spans.MAKING, spans.CLEARING), tx.now))
            if operators.has_keys(tx):
                return None
            issued = operators.issue_key(tx, "first start", OperatorRole.ADMIN)
            subject = Subject("key", issued.id)
            audit.note(tx, keys, audit.Act(actor=audit.SYSTEM, action="keys.first_start", subject=subject))
            return issued.token

        operator_key = db.run(first_key)
        show(FirstStart(operator_key, None))
        passphrase = authority_files.make_at_first_start(settings.keys_dir, keys, db.clock())
        show(FirstStart(None, passphrase))
        return FirstStart(operator_key, passphrase)
    finally:
        db.dispose()


def broker_address(settings: Settings, keys: Keys) -> Address:
    """Where the cloud finds the broker, and its own credential there. Raises SetupError."""
    brokers.check(settings)
    return Address(
        settings.mqtt_host,
        settings.mqtt_port,
        settings.mqtt_username,
        keys.mqtt_password,
        tls=settings.mqtt_tls,
        ca_file=settings.mqtt_ca_file,
    )


# --- the broker ---


async def serve_broker(settings: Settings, ready: Ready, stop: asyncio.Event) -> None:
    """Amqtt in this process. Raises PortTakenError, and what else `brokers.serve` raises."""
    keys = load_keys(settings.keys_dir)
    db = make_database(settings, make_clock(settings))
    try:
        await brokers.serve(settings, keys, db, ready, stop)
    finally:
        db.dispose()


def mosquitto_files_for(
    settings: Settings, keys: Keys, folder: Path, device_port: int, devices: Iterable[tuple[str, str]] = ()
) -> dict[str, str]:
    """Mosquitto's files for `folder`, by name, for a benchmark on this machine: devices come with passwords. The
    cloud's own listener is that of the settings; devices: (product id, password). Mosquitto stays the user that starts
    it.
    """
    listen = external.MosquittoSettings(
        directory=str(folder.absolute()),
        tls_port=0,
        plain_host=settings.mqtt_host,
        plain_port=device_port,
        service_host=settings.mqtt_host,
        service_port=settings.mqtt_port,
        user=getpass.getuser(),
    )
    return external.mosquitto_files(listen) | {
        external.DEVICE_PASSWORDS: external.password_file(devices),
        external.SERVICE_PASSWORDS: external.password_file([(settings.mqtt_username, keys.mqtt_password)]),
    }


# --- the HTTP service ---


def make_app(
    settings: Settings,
    db: Database,
    keys: Keys,
    *,
    tracing: Tracing | None = None,
    bus: Bus | None = None,
    limits: Limits | None = None,
    rates: tuple[Gate, Gate] | None = None,
) -> FastAPI:
    """The one application. bus: to the other processes; without one it hears of its own changes only.

    limits: how often one address may start sessions, claim and follow links; rates: how often an address, and a phone
    session, may call at all. The usual ones, unless given.
    """
    gates = limits or usual_limits()
    menus = Menus(db, keys, settings.url, lifetimes_of(settings))
    meters = Meters("api")
    service = MenuService(menus, load_content, db.clock, served=lambda how: meters.add(catalogue.MENUS, label=how))
    hub = LiveHub(
        service.changed,
        forget_sessions=service.forget_sessions,
        per_address=settings.address_streams,
        around=Pushes(meters, tracing or Tracing()),
    )
    listeners = Listeners(menus, hub)
    client_id = f"{settings.mqtt_username}-api-{identity.short_name()}"
    address = broker_address(settings, keys)
    own_bus = bus or Bus(
        address, client_id, filters=(ALL_CHANGED,), heard=listeners.heard, came=came_counter(meters, "bus")
    )
    watch_database(meters, db)
    meters.watch(catalogue.STREAMS, lambda: len(hub))
    meters.watch(catalogue.CONNECTED, own_bus.connected.is_set, "bus")
    clean = functools.partial(mail_room.clean, db, folder_of(settings))
    db.listeners.append(Announcer(own_bus, listeners, lambda: None, clean))
    app = _empty_app(settings, hub, own_bus)
    app.state.context = Context(db, keys, settings, meters=meters)
    app.state.hub = hub
    app.state.link_gate = gates.links
    app.state.judge = brokers.Judge(brokers.Registry(db, settings, keys), settings.mqtt_username)
    app.state.enrol_gate = Gate(devices_api.ENROLMENTS)
    app.state.authority = authority_files.AuthorityFiles(settings.keys_dir, keys)
    app.state.revocation_lists = devices_api.RevocationLists()
    _add_guards(app, settings, rates or rate_limits(settings), keys.hook_token, meters)
    _add_phone_calls(app, app.state.context, service, hub, gates)
    for router in [one for part in PARTS for one in part.routers()]:
        app.include_router(router)
    app.router.routes += [*web_files.web_app(), *api_page.pages()]
    app.include_router(security_txt.router())
    add_health(app, own_bus)
    add_error_handlers(app)
    app.add_exception_handler(TooManyAttemptsError, too_often.refused)
    _describe_hot_routes(app)
    return app


def _empty_app(settings: Settings, hub: LiveHub, bus: Bus) -> GuardedApp:
    """An application that answers nothing yet; the bus and the streams live as long as it."""

    @contextlib.asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        bus.start()
        try:
            yield
        finally:
            hub.close()
            await asyncio.to_thread(bus.close)

    app = GuardedApp(
        title="Throughline",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would go to whatever host the caller names, before anybody asks who calls
    )
    app.https = settings.https
    return app


def _add_guards(app: FastAPI, settings: Settings, rates: tuple[Gate, Gate], hook_token: str, meters: Meters) -> None:
    """What every call passes, the last one added first: who it is that calls, how often, what it may carry."""
    addresses, sessions = rates
    app.add_middleware(BodyLimit, limit=MAX_BODY_BYTES, larger={IMPORT_PATH: MAX_IMPORT_BYTES})
    app.add_middleware(Edge)
    app.add_middleware(RateLimit, addresses=addresses, sessions=sessions, hook_token=hook_token)
    app.add_middleware(PublicCors)
    app.add_middleware(Proxies, settings=settings)
    app.add_middleware(CountResponses, meters=meters)


def _add_phone_calls(app: FastAPI, context: Context, service: MenuService, hub: LiveHub, gates: Limits) -> None:
    """All under `/menu/v1`; the hot ones stand before everything else."""
    db, keys, settings = context.db, context.keys, context.settings
    threads, secure = Threads(), settings.https
    accounts = Accounts(db, keys, settings.url, lifetimes_of(settings))
    people = PeopleOfUnits(db, keys, settings.url)
    app.router.routes[:0] = menu_api.routes(service, hub, threads)
    app.include_router(menu_api.router(service, hub, threads, secure=secure, limits=gates))
    app.include_router(account_api.router(accounts, service, threads, secure=secure))
    app.include_router(people_api.router(service, people, hub, threads, gates.claims))


def _describe_hot_routes(app: FastAPI) -> None:
    made = app.openapi

    def whole() -> dict[str, object]:
        return with_problems(menu_openapi.openapi_extra(made()))

    app.openapi = whole  # type: ignore[method-assign]  # the documented way to extend the schema
    serve_openapi(app)


class _Server(uvicorn.Server):
    """uvicorn that says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Ready) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready(self.servers[0].sockets[0].getsockname()[1])


async def serve_api(settings: Settings, ready: Ready, stop: asyncio.Event) -> None:
    """The HTTP service in this process."""
    files = raise_file_limit()
    log.info("up to %d files may be open", files)
    asyncio.get_running_loop().set_exception_handler(outage_handler())
    keys = load_keys(settings.keys_dir)
    db = make_database(settings, make_clock(settings))
    tracing = tracing_of(settings, "api")
    app = make_app(settings, db, keys, tracing=tracing)
    hub: LiveHub = app.state.hub
    server = _Server(server_config(app, settings), ready)
    watch = asyncio.create_task(_stop_when_told(server, hub, stop), name="stop-watch")
    try:
        await server.serve()
    finally:
        watch.cancel()
        db.dispose()
        await asyncio.to_thread(tracing.close)


async def _stop_when_told(server: uvicorn.Server, hub: LiveHub, stop: asyncio.Event) -> None:
    """Streams first: uvicorn waits for those that are open."""
    await stop.wait()
    hub.close()
    server.should_exit = True


# --- the workers ---


def serve_work(settings: Settings, ready: Ready, stop: threading.Event) -> None:
    """Ingest, outbox, mail, series and scheduler in this process, each a thread, until `stop` is set."""
    keys = load_keys(settings.keys_dir)
    db = make_database(settings, make_clock(settings))
    address = broker_address(settings, keys)
    meters, tracing = Meters("work"), tracing_of(settings, "work")
    watch_database(meters, db)
    wake, mail_wake = threading.Event(), threading.Event()

    def nudged() -> None:
        wake.set()
        mail_wake.set()

    queue = queue_watch(settings, meters)

    def heard(topic: str, payload: bytes) -> None:
        if not queue.heard(topic, payload):
            nudged()

    bus = Bus(
        address,
        f"{settings.mqtt_username}-work-{identity.short_name()}",
        filters=(OUTBOX_NUDGE, *((BROKER_QUEUE,) if settings.broker == "embedded" else MOSQUITTO)),
        heard=heard,
        back=nudged,
        came=came_counter(meters, "bus"),
    )
    outbox = OutboxLoop(db, bus, stop, wake, meters)
    mail = MailLoop(db, keys, outlet_of(settings), folder_of(settings), settings.mail_sender, stop, mail_wake, meters)
    db.listeners.append(Announcer(bus, lambda _word: None, wake.set, mail_wake.set, tracing))
    ingest = ingest_work(settings, keys, db, address, stop, meters, tracing)
    meters.watch(catalogue.CONNECTED, bus.connected.is_set, "bus")
    terms = spans.Terms(settings.telemetry_days, settings.series_hour_days, settings.series_day_days)
    clearing = {spans.CLEARING[0]: lambda tx, _subject: spans.clear(tx, terms)}
    scheduler = SchedulerLoop(db, stop, meters, more=clearing)
    rolling = SeriesLoop(db, stop, settings.series_share_percent, meters)
    bus.start()
    calm_collector()
    work = {
        "ingest": ingest.run,
        "outbox": outbox.run,
        "scheduler": scheduler.run,
        "mail": mail.run,
        "series": rolling.run,
    }
    failed: list[str] = []
    threads = [
        threading.Thread(target=_guarded, args=(name, run, stop, failed), name=name) for name, run in work.items()
    ]
    with MetricsServer(settings.metrics_host, settings.metrics_port, Page(meters)):
        for thread in threads:
            thread.start()
        if _settled(ingest, bus, stop):
            ready(0)
        stop.wait()
    nudged()
    for thread in threads:
        thread.join(LEAVE_S)
    bus.close()
    db.dispose()
    tracing.close()
    if failed:
        raise SetupError(failed[0])


def queue_watch(settings: Settings, meters: Meters) -> BrokerQueue:
    """Tells of the broker's queue in the figures and the log."""

    def told(share: float, dropped: int) -> None:
        meters.put(catalogue.BROKER_QUEUE, share)
        meters.put(catalogue.BROKER_DROPPED, dropped)

    if settings.broker == "embedded":
        meters.put(catalogue.BROKER_QUEUE, 0.0)  # which it says within a second
    return BrokerQueue(settings.broker_queue_messages, settings.broker_queue_bytes, told)


def watch_database(meters: Meters, db: Database) -> None:
    """Counts how long each commit takes."""
    db.committed = functools.partial(meters.observe, catalogue.COMMIT)


def came_counter(meters: Meters, client: str) -> Callable[[], None]:
    """Counts the connections of a part of the process to the broker."""
    return functools.partial(meters.add, catalogue.CONNECTIONS, 1, client)


def calm_collector() -> None:
    """A batch makes a hundred thousand objects that go with it, all by count of references. A collector that looks
    through everything for circles after each few hundred of them would take half of the worker's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)


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
