"""Where the parts are put together: the clock, the database with the engine in it, the first start, and the broker. The
HTTP service is `cloud/http_app.py`'s, the workers `cloud/work.py`'s. Other parts for a test? Call the same functions
with them.
"""

import asyncio
import functools
import getpass
import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from broker import external
from cloud import brokers, schema
from cloud.audit import service as audit
from cloud.audit.subjects import Subject
from cloud.clock import Clock, TravelClock, system_clock
from cloud.commerce import service as commerce
from cloud.control import service as control
from cloud.db import Database, Transaction, with_password
from cloud.identity import authority_files, operators, phones
from cloud.identity.permissions import OperatorRole
from cloud.lifecycle import engine, watch
from cloud.metrics import catalogue
from cloud.metrics.meters import Meters
from cloud.mqtt import Address
from cloud.push import service as push
from cloud.record import service as record
from cloud.secret_files import read_secret
from cloud.secrets import Keys, load_keys
from cloud.settings import Settings
from cloud.twin import service as twin
from cloud.twin import spans
from cloud.workers.scheduler import HOUSEKEEPING

log = logging.getLogger("throughline")
Ready = Callable[[int], None]
"""Told the port, once clients may come."""
PROJECTORS = (twin.project, engine.project)
REACTORS = (twin.react, watch.react, control.react, control.send_again, commerce.react, push.react)


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


def watch_database(meters: Meters, db: Database) -> None:
    """Counts how long each commit takes."""
    db.committed = functools.partial(meters.observe, catalogue.COMMIT)


def came_counter(meters: Meters, client: str) -> Callable[[], None]:
    """Counts the connections of a part of the process to the broker."""
    return functools.partial(meters.add, catalogue.CONNECTIONS, 1, client)
