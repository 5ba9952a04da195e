"""How the doctor looks: it reads, asks and tries out, and changes nothing but a queue that it makes itself.

Each part ends with findings, whatever fails in it; none keeps the others from being looked at.
"""

import os
import resource
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from cryptography import x509
from sqlalchemy.exc import SQLAlchemyError

from broker.contract.topics import BROKER_QUEUE, INTERNAL_PREFIX
from cloud import brokers, schema
from cloud.broker_queue import MOSQUITTO, BrokerQueue
from cloud.clock import system_clock
from cloud.db import Database, check_reach
from cloud.doctor import checks, mosquitto, rules
from cloud.doctor.checks import Finding, State, bad, ok, warn
from cloud.errors import SetupError
from cloud.file_limit import PLENTY
from cloud.identity import operators
from cloud.identity.authority_files import OFFLINE_ROOT, ROOT_KEY, TRUST, authority_dir
from cloud.intake import Intake
from cloud.mail.setup import outlet_of
from cloud.mqtt import Address, Bus, take_over
from cloud.secret_files import read_secret
from cloud.settings import Settings

ASK_S: Final = 5.0
TELLS_S: Final = 2.0
"""Mosquitto retains what it says of itself, and the embedded broker says it every second."""
SETTLED_S: Final = 1.0
"""Nothing came for so long: nothing more will."""
PROBES: Final = 1_200
"""More than Mosquitto lets wait by default."""
POSTGRESQL: Final = (
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "server_encoding",
    "max_connections",
    "max_locks_per_transaction",
)
CLOCK_WARNS_S, CLOCK_FAILS_S = 1.0, 30.0
HTTP_WARNS_S, HTTP_FAILS_S = 3.0, 60.0
"""The header tells whole seconds."""
Look = Callable[[], Iterator[Finding]]


def look_over(settings: Settings, database: Callable[[], Database], config: Path | None) -> list[Finding]:
    """All findings, in the order of the checks. database: opens it; config: Mosquitto's file or folder, or None.

    Raises nothing that a deployment could be the cause of.
    """
    parts: tuple[Look, ...] = (
        lambda: of_settings(settings),
        lambda: of_machine(settings),
        lambda: of_files(settings),
        lambda: of_public_address(settings),
        lambda: of_database(settings, database),
        lambda: of_broker(settings),
        lambda: of_mosquitto(config, settings) if config is not None else iter(()),
    )
    found = [finding for part in parts for finding in part()]
    return sorted(found, key=lambda one: checks.CHECKS.index(one.check))


# --- what needs no service ---


def of_settings(settings: Settings) -> Iterator[Finding]:
    """Public address, mail, doors."""
    yield from rules.public_url(settings.url, settings.public_url, settings.trusted_proxies)
    yield from rules.switches(time_travel=settings.time_travel, plain_devices=settings.plain_devices)
    yield rules.metrics_address(settings.metrics_host, settings.metrics_port)
    fault = ""
    try:
        outlet_of(settings)
    except SetupError as error:
        fault = error.detail
    yield rules.mail(settings.smtp_host, settings.mail_sender, fault)


def of_machine(settings: Settings) -> Iterator[Finding]:
    """Disk, files, time zone."""
    where = next(one for one in (settings.data_dir.absolute(), *settings.data_dir.absolute().parents) if one.exists())
    usage = shutil.disk_usage(where)
    yield rules.disk(usage.free, usage.total)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)  # the HTTP service raises its soft limit to this one
    yield rules.files(PLENTY if hard == resource.RLIM_INFINITY else hard)
    name = os.environ.get("TZ", "")
    yield rules.time_zone(name, known=not name or _is_zone(name))


def _is_zone(name: str) -> bool:
    if name.startswith(("/", ":/")):
        return Path(name.lstrip(":")).is_file()
    try:
        ZoneInfo(name.lstrip(":"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def of_files(settings: Settings) -> Iterator[Finding]:
    """Secrets, and certificates' ends."""
    try:
        yield rules.secrets(*_secret_files(settings))
    except OSError as error:
        yield bad(checks.SECRETS, f"{error.filename} cannot be looked at: {error.strerror}; be the services' user")
        return
    offline = settings.keys_dir / OFFLINE_ROOT / ROOT_KEY
    yield (warn if offline.exists() else ok)(checks.OFFLINE_ROOT, str(offline) if offline.exists() else "not here")
    folder = authority_dir(settings.keys_dir)
    found = [*folder.glob("*.pem"), settings.keys_dir / "tls" / "server.pem"]
    ends: dict[str, datetime] = {}
    for path in found:
        inside = _ends_in(path)
        if inside and path.name != TRUST:  # which names the others again, and those of before
            ends[path.name] = min(inside)
    yield rules.ends(ends, system_clock())


def _secret_files(settings: Settings) -> tuple[list[str], list[str], int]:
    """Those that others may read, those of somebody else, and how many there are."""
    named = [settings.database_password_file, settings.smtp_password_file]
    inside = [path for path in settings.keys_dir.rglob("*") if path.is_file() and not _is_public(path)]
    folders = [path for path in (settings.keys_dir,) if path.is_dir()]
    database = [settings.database_file] if not settings.database_url and settings.database_file.exists() else []
    paths = [*inside, *folders, *database, *(Path(one) for one in named if one and Path(one).exists())]
    states = {path: path.stat() for path in paths}
    loose = [str(path) for path, state in states.items() if stat.S_IMODE(state.st_mode) & 0o077]
    foreign = [str(path) for path, state in states.items() if state.st_uid not in {os.geteuid(), 0}]
    return sorted(loose), sorted(foreign), len(inside)


def _is_public(path: Path) -> bool:
    """Certificates and nothing else."""
    try:
        text = path.read_bytes()
    except OSError:
        return False
    return b"BEGIN CERTIFICATE" in text and b"PRIVATE KEY" not in text


def _ends_in(path: Path) -> list[datetime]:
    try:
        return [one.not_valid_after_utc for one in x509.load_pem_x509_certificates(path.read_bytes())]
    except (OSError, ValueError):
        return []


def of_public_address(settings: Settings) -> Iterator[Finding]:
    """Whether it leads here, and what its clock says."""
    if not settings.public_url:
        return
    try:
        before = time.time()
        answer = httpx.get(f"{settings.url}/healthz", timeout=ASK_S, follow_redirects=False)
        said = parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (httpx.HTTPError, KeyError, ValueError) as error:
        yield warn(checks.CLOCK_PUBLIC, f"{settings.url} does not answer as it should: {type(error).__name__}")
        return
    if answer.status_code != 200:
        yield warn(checks.CLOCK_PUBLIC, f"{settings.url}/healthz answers {answer.status_code}")
        return
    middle = (before + time.time()) / 2
    yield rules.clock(checks.CLOCK_PUBLIC, said + 0.5 - middle, HTTP_WARNS_S, HTTP_FAILS_S)


# --- the database ---


def of_database(settings: Settings, database: Callable[[], Database]) -> Iterator[Finding]:
    """Its settings, its clock, its tables, and what is in them that matters here."""
    try:
        db = database()
    except SetupError as error:
        yield bad(checks.DATABASE_ANSWERS, error.detail)
        return
    try:
        check_reach(db.engine)
        yield ok(checks.DATABASE_ANSWERS, db.engine.dialect.name)
        yield from _engine(db, settings)
        made = _migrations(db)
        yield made
        if made.state is State.OK:
            with db.reading() as tx:
                known = operators.has_admin(tx, settings.key_max_age)
            yield (ok if known else bad)(checks.ADMIN, "yes" if known else "none that is valid and whole")
    except SetupError as error:
        yield bad(checks.DATABASE_ANSWERS, error.detail)
    except SQLAlchemyError as error:
        yield bad(checks.DATABASE_ANSWERS, type(error).__name__)
    finally:
        db.dispose()


def _engine(db: Database, settings: Settings) -> Iterator[Finding]:
    with db.engine.connect() as connection:
        if db.is_sqlite:
            journal = connection.execute(sa.text("PRAGMA journal_mode")).scalar_one()
            synchronous = connection.execute(sa.text("PRAGMA synchronous")).scalar_one()
            yield from rules.sqlite(str(journal), int(synchronous))
            return
        said = {name: str(connection.execute(sa.text(f"SHOW {name}")).scalar_one()) for name in POSTGRESQL}
        version = int(connection.execute(sa.text("SHOW server_version_num")).scalar_one())
        yield from rules.postgresql(said, version, settings.ingest_workers + 1)
        shape = settings.ingest_workers, settings.ingest_lanes, settings.ingest_batch, settings.ingest_window
        yield rules.locks(said, rules.locked(*shape))
        before = time.time()
        theirs: datetime = connection.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
        apart = theirs.timestamp() - (before + time.time()) / 2
        yield rules.clock(checks.CLOCK_DATABASE, apart, CLOCK_WARNS_S, CLOCK_FAILS_S)


def _migrations(db: Database) -> Finding:
    with db.engine.connect() as connection:
        now = MigrationContext.configure(connection).get_current_revision()
        scripts = ScriptDirectory.from_config(schema.config(connection))
        head = scripts.get_current_head() or ""
        return rules.migrations(now, head, frozenset(one.revision for one in scripts.walk_revisions()))


# --- the broker ---


def of_broker(settings: Settings) -> Iterator[Finding]:
    """Whether it lets us in, how full it is and, of one that is not ours, what it keeps for a worker that is away."""
    said: list[tuple[float, int]] = []
    queue = BrokerQueue(settings.broker_queue_messages, settings.broker_queue_bytes, lambda *one: said.append(one))

    def heard(topic: str, payload: bytes) -> None:
        queue.heard(topic, payload)

    topics = (BROKER_QUEUE,) if settings.broker == "embedded" else MOSQUITTO
    try:
        address = _address(settings)
        bus = Bus(address, f"{address.username}-doctor-{secrets.token_hex(4)}", filters=topics, heard=heard)
    except SetupError as error:
        yield bad(checks.BROKER_ANSWERS, error.detail)
        return
    bus.start()
    try:
        where = f"{address.host}:{address.port}"
        if not bus.connected.wait(ASK_S):
            yield bad(checks.BROKER_ANSWERS, f"{where} does not let us in")
            return
        yield ok(checks.BROKER_ANSWERS, where)
        if not settings.emqx_url:  # which says it in other words
            yield _room(said)
        if settings.broker == "external":
            yield from _queue(address, bus)
    finally:
        bus.close()


def _address(settings: Settings) -> Address:
    """Where it is, and as whom. Raises SetupError; makes no secret that is missing."""
    brokers.check(settings)
    return Address(
        settings.mqtt_host,
        settings.mqtt_port,
        settings.mqtt_username,
        read_secret(settings.keys_dir / "mqtt-password"),
        tls=settings.mqtt_tls,
        ca_file=settings.mqtt_ca_file,
    )


def _room(said: list[tuple[float, int]]) -> Finding:
    """said: filled while the broker speaks."""
    until = time.monotonic() + TELLS_S
    while not said and time.monotonic() < until:
        time.sleep(0.05)  # the client's thread fills a list, and sets no event
    return rules.room(*said[-1]) if said else rules.room(None, 0)


def _queue(address: Address, bus: Bus) -> Iterator[Finding]:
    """Leaves a session, fills its queue a little, comes back, and counts. The session goes again."""
    name = f"doctor-{secrets.token_hex(4)}"
    topic = f"{INTERNAL_PREFIX}doctor/{name}"
    try:
        if not _visit(address, name, topic):
            yield bad(checks.BROKER_QUEUE, "no session could be left behind")
            return
        taken = sum(bus.deliver([(topic, b"", False)] * PROBES, timeout_s=ASK_S * 2))
        intake = Intake(address, name, PROBES * 2, topic_filter=topic)
        intake.start()
        lane, waited = intake.lanes[0], 0
        # What comes before anything is acknowledged is what may be in flight.
        batch = lane.take(PROBES * 2, SETTLED_S, ASK_S)
        in_flight = len(batch)
        while batch:
            waited += len(batch)
            lane.acknowledge(batch)
            batch = lane.take(PROBES * 2, 0.0, SETTLED_S)
        intake.close()
    finally:
        take_over(address, [f"{address.username}-{name}"], 0.0)
    enough = waited >= taken and taken == PROBES
    seen = f"{waited} of {taken} messages waited"
    yield ok(checks.BROKER_QUEUE, seen) if enough else bad(checks.BROKER_QUEUE, seen)
    yield mosquitto.inflight_of(in_flight)


def _visit(address: Address, name: str, topic: str) -> bool:
    intake = Intake(address, name, 1, topic_filter=topic)
    intake.start()
    came = intake.connected.wait(ASK_S)
    intake.close()
    return came


def of_mosquitto(config: Path, settings: Settings) -> Iterator[Finding]:
    """Its configuration, and the files that it names."""
    path = config / "mosquitto.conf" if config.is_dir() else config
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        yield bad(checks.MOSQUITTO_FILE, f"{path}: {error.strerror}")
        return
    found = mosquitto.read(text)
    if not found.more:
        yield ok(checks.MOSQUITTO_FILE, str(path))
    yield from mosquitto.judge(found)
    yield mosquitto.bound(found, settings.broker_queue_messages)
    lists = [one.options["crlfile"] for one in found.listeners if "crlfile" in one.options]
    asks = any(one.options.get("require_certificate") == "true" for one in found.listeners)
    if asks or lists:
        yield rules.revocation_list(_list_ends(Path(lists[0])) if lists else None, system_clock())
    own = [one.options["certfile"] for one in found.listeners if "certfile" in one.options]
    ends = {Path(one).name: end for one in own for end in _ends_in(Path(one))[:1]}
    if own:
        yield rules.ends(ends, system_clock())


def _list_ends(path: Path) -> datetime | None:
    """When the first of the lists in the file is out of date."""
    try:
        blocks = path.read_bytes().split(b"-----END X509 CRL-----")[:-1]
        ends = [x509.load_pem_x509_crl(one.strip() + b"\n-----END X509 CRL-----\n").next_update_utc for one in blocks]
    except (OSError, ValueError):
        return None
    return min((end or datetime.max.replace(tzinfo=UTC) for end in ends), default=None)
