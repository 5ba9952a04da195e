"""The HTTP service put together: which routers, behind which guards, with what they share; and served."""

import asyncio
import contextlib
import functools
import logging
import socket
from collections.abc import AsyncIterator, Callable

import uvicorn
from fastapi import FastAPI

from broker.contract.topics import ALL_CHANGED
from cloud import api_page, broker_hook, brokers, resolver, security_txt, seen, too_often, trying
from cloud.accounts import Accounts
from cloud.announcing import Announcer, Listeners
from cloud.audit import api as audit_api
from cloud.body_limit import BodyLimit
from cloud.campaigns import api as campaigns_api
from cloud.care import api as care_api
from cloud.commerce import api as commerce_api
from cloud.compose import (
    Ready,
    broker_address,
    came_counter,
    lifetimes_of,
    make_clock,
    make_database,
    watch_database,
)
from cloud.content import api as content_api
from cloud.content.current import Contents
from cloud.content.pictures import Pictures
from cloud.contracts import serve_openapi
from cloud.control import api as control_api
from cloud.db import Database
from cloud.edge import Edge
from cloud.figures import CountResponses, Pushes
from cloud.file_limit import outage_handler, raise_file_limit
from cloud.headers import GuardedApp
from cloud.health import add_health
from cloud.http_server import server_config
from cloud.identity import api as identity_api
from cloud.identity import authority_files, devices_api
from cloud.identity import service as identity
from cloud.lifecycle import api as lifecycle_api
from cloud.limits import RateLimit, rate_limits
from cloud.mail import service as mail_room
from cloud.mail.setup import folder_of
from cloud.menus import Menus
from cloud.metrics import catalogue
from cloud.metrics.meters import Meters
from cloud.mqtt import Bus
from cloud.openapi import with_problems
from cloud.ownership import api as ownership_api
from cloud.parcel_stories import ParcelStories
from cloud.people import PeopleOfUnits
from cloud.problems import add_error_handlers
from cloud.proxies import Ours, Proxies
from cloud.public_cors import PublicCors
from cloud.registry import api as registry_api
from cloud.registry import labels_api, links_api
from cloud.secrets import Keys, load_keys
from cloud.settings import Settings
from cloud.showing import Record
from cloud.simulated_places import SimulatedPlaces
from cloud.subscriptions import Listening, Subscriptions
from cloud.tracing import UNTRACED, Tracing, tracing_of
from cloud.twin import api as twin_api
from cloud.twin import telemetry_api
from cloud.warm_lane import WarmLane
from cloud.web import MAX_BODY_BYTES, MAX_IMPORT_BYTES, Context
from mobile_menu import account_api, parcel_api, push_api, simulation_api, web_files
from mobile_menu import api as menu_api
from mobile_menu import openapi as menu_openapi
from mobile_menu import ownership_api as people_api
from mobile_menu.limits import Gate, Limits, usual_limits
from mobile_menu.live import LiveHub
from mobile_menu.picture_route import FindPicture
from mobile_menu.ports import TooManyAttemptsError
from mobile_menu.service import MenuService
from mobile_menu.threads import Threads

log = logging.getLogger("throughline")
PARTS = (
    registry_api,
    labels_api,
    links_api,
    identity_api,
    audit_api,
    content_api,
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
    trying,
)
"""Modules with routers, lowest capability first."""
IMPORT_PATH = "/api/v1/products/import"
"""The one call whose body may be large; it is read only when the caller may import."""
DESCRIPTION = "The backend of a connected product's whole life. MQTT: see `/asyncapi.json`."


def make_app(
    settings: Settings,
    db: Database,
    keys: Keys,
    *,
    tracing: Tracing | None = None,
    limits: Limits | None = None,
    rates: tuple[Gate, Gate] | None = None,
) -> FastAPI:
    """The one application, with a bus to the other processes.

    limits: how often one address may start sessions, claim and follow links; rates: how often an address, and a phone
    session, may call at all. The usual ones, unless given.
    """
    gates = limits or usual_limits()
    meters, contents = Meters("api"), Contents(db)
    record = Record(db, keys, lambda how: meters.add(catalogue.SHOWN, label=how))
    menus = Menus(
        db,
        keys,
        settings.url,
        lifetimes_of(settings),
        contents.heard,
        lambda proof: meters.add(catalogue.PROOFS, label=proof),
    )
    service = _service_of(db, menus, contents, record, meters)
    hub = LiveHub(
        service.changed,
        forget_sessions=service.forget_sessions,
        per_address=settings.address_streams,
        around=Pushes(meters, tracing or UNTRACED),
    )
    contents.switched = _switching(service, hub)
    listeners = Listeners(menus, hub, contents.look, record.forget)
    bus = _bus_of(settings, keys, listeners, meters)
    _watch(meters, db, hub, bus)
    clean = functools.partial(mail_room.clean, db, folder_of(settings))
    db.listeners.append(Announcer(bus, listeners, lambda: None, clean))
    app = _empty_app(settings, hub, bus, Listening(db, hub.sessions))
    context = Context(db, keys, settings, meters=meters, content=contents.current)
    _share(app, context, hub, gates)
    gates_of_all = rates or rate_limits(settings)
    _add_guards(app, settings, gates_of_all, keys.hook_token, meters)
    allowed = RateLimit(app, *gates_of_all, keys.hook_token)
    app.state.warm = WarmLane(service, allowed, meters, Ours(settings), https=settings.https)
    _add_phone_calls(app, context, service, hub, gates, Pictures(db, contents.count).find)
    _add_other_calls(app, bus)
    _describe_hot_routes(app)
    return app


def _service_of(db: Database, menus: Menus, contents: Contents, record: Record, meters: Meters) -> MenuService:
    return MenuService(
        menus,
        contents.current,
        db.clock,
        served=lambda how: meters.add(catalogue.MENUS, label=how),
        showing=record,
    )


def _switching(service: MenuService, hub: LiveHub) -> Callable[[], None]:
    """What happens when other content is published: no menu is what it was."""

    def switched() -> None:
        service.content_changed()
        hub.all_changed()

    return switched


def _watch(meters: Meters, db: Database, hub: LiveHub, bus: Bus) -> None:
    watch_database(meters, db)
    meters.watch(catalogue.STREAMS, lambda: len(hub))
    meters.watch(catalogue.CONNECTED, bus.connected.is_set, "bus")


def _bus_of(settings: Settings, keys: Keys, listeners: Listeners, meters: Meters) -> Bus:
    """Hears what the other processes changed; not started yet."""
    name = f"{settings.mqtt_username}-api-{identity.short_name()}"
    address, came = broker_address(settings, keys), came_counter(meters, "bus")
    return Bus(address, name, filters=(ALL_CHANGED,), heard=listeners.heard, came=came)


def _empty_app(settings: Settings, hub: LiveHub, bus: Bus, listening: Listening) -> GuardedApp:
    """An application that answers nothing yet; the bus and the streams live as long as it."""

    @contextlib.asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        bus.start()
        told = asyncio.create_task(listening.run(), name="listening")
        try:
            yield
        finally:
            told.cancel()
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


def _share(app: FastAPI, context: Context, hub: LiveHub, gates: Limits) -> None:
    """What the calls find in `app.state`."""
    db, keys, settings = context.db, context.keys, context.settings
    app.state.context = context
    app.state.hub = hub
    app.state.link_gate = gates.links
    app.state.judge = brokers.Judge(brokers.Registry(db, settings, keys), settings.mqtt_username)
    app.state.enrol_gate = Gate(devices_api.ENROLMENTS)
    app.state.authority = authority_files.AuthorityFiles(settings.keys_dir, keys)
    app.state.revocation_lists = devices_api.RevocationLists()


def _add_guards(app: FastAPI, settings: Settings, rates: tuple[Gate, Gate], hook_token: str, meters: Meters) -> None:
    """What every call passes, the last one added first: who it is that calls, how often, what it may carry."""
    addresses, sessions = rates
    app.add_middleware(BodyLimit, limit=MAX_BODY_BYTES, larger={IMPORT_PATH: MAX_IMPORT_BYTES})
    app.add_middleware(Edge)
    app.add_middleware(RateLimit, addresses=addresses, sessions=sessions, hook_token=hook_token)
    app.add_middleware(PublicCors)
    app.add_middleware(Proxies, settings=settings)
    app.add_middleware(CountResponses, meters=meters)


def _add_phone_calls(
    app: FastAPI, context: Context, service: MenuService, hub: LiveHub, gates: Limits, pictures: FindPicture
) -> None:
    """All under `/menu/v1`; the hot ones stand before everything else."""
    db, keys, settings = context.db, context.keys, context.settings
    threads, secure = Threads(), settings.https
    accounts = Accounts(db, keys, settings.url, lifetimes_of(settings))
    people = PeopleOfUnits(db, keys, settings.url)
    app.router.routes[:0] = menu_api.routes(service, hub, threads, pictures)
    simulated = SimulatedPlaces(db, keys, on=settings.simulated_beacons)
    app.include_router(
        menu_api.router(service, hub, threads, secure=secure, limits=gates, simulation=settings.simulated_beacons)
    )
    app.include_router(account_api.router(accounts, service, threads, secure=secure))
    app.include_router(push_api.router(Subscriptions(db, keys, settings.push_services), service, threads))
    app.include_router(people_api.router(service, people, hub, threads, gates.claims))
    app.include_router(parcel_api.router(service, ParcelStories(db), threads))
    app.include_router(simulation_api.router(service, simulated, threads))


def _add_other_calls(app: FastAPI, bus: Bus) -> None:
    """All that is not the phone's, and what is answered when a call fails."""
    for router in [one for part in PARTS for one in part.routers()]:
        app.include_router(router)
    app.router.routes += [*web_files.web_app(), *api_page.pages()]
    app.include_router(security_txt.router())
    add_health(app, bus)
    add_error_handlers(app)
    app.add_exception_handler(TooManyAttemptsError, too_often.refused)


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
    server = _Server(server_config(app, settings, warm=app.state.warm.answer), ready)
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
