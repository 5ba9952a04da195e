"""`ingest`: how many messages a second the real system takes in for good, from the publisher's first byte to the last
row's commit, beside what the same broker gives a subscriber that does nothing, and beside the way of the tutorials.
"""

import subprocess
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from cloud.bench import drain, messages, publisher, stand
from cloud.bench.helper import running
from cloud.bench.machine import Meter, describe, found
from cloud.bench.options import Bench, Options, Step
from cloud.bench.report import Goal, Row, row
from cloud.bench.servers import mosquitto_program, postgres_programs
from cloud.bench.stand import Stand
from cloud.errors import SetupError
from cloud.record.events import EventType
from cloud.record.service import journal
from cloud.twin.service import stream_table
from cloud.twin.telemetry import telemetry_table

METHOD = (
    "The real processes on free ports. A publisher of its own process sends frames that were made before (status and "
    "telemetry in turn, about 250 bytes, QoS 1, {devices:,} devices over 8 connections of a service user, 1,024 "
    "unacknowledged at most). Counted is from its first byte until the last row is committed, seen by looking into the "
    "database every 10 ms; the worker acknowledges after the commit. Each run is checked: every message stored exactly "
    "once, every watermark at its device's last message. The references run in turn with ours, on the same broker, "
    "with the same publisher and the worker idle: mosquitto_sub with five times as many messages, because it is over "
    "so soon, the tutorial way with a twentieth. One run to warm up, {runs} counted."
)
BARE, C_SUBSCRIBER, TUTORIAL = "bare paho subscriber", "mosquitto_sub", "a commit for each message (SQLModel, paho)"
FAN_IN = Goal(0.4, of="ratio")
DURABLE = Goal(15_000)
GIVE_UP_S = 180.0
LOOK_S = 0.01
MESSAGES = {"embedded": 6_000, "one server": 20_000}


class Run(NamedTuple):
    """Messages a second, and processor time of each part in microseconds a message."""

    rate: float
    parts: dict[str, float]


def bench(options: Options, step: Step) -> Bench:
    """See the module."""
    mosquitto, postgres = mosquitto_program(), postgres_programs()
    rows: list[Row] = []
    notes = ["every message of every run was stored exactly once; every watermark stood at the last message"]
    with ExitStack() as stack:
        here = stack.enter_context(stand.embedded(("work",), options.devices))
        rows += on_stand(here, options.messages or MESSAGES["embedded"], options.runs, step)
    if mosquitto is not None and postgres is not None:
        with stand.one_server(("work",), options.devices, mosquitto, postgres) as here:
            rows += on_stand(here, options.messages or MESSAGES["one server"], options.runs, step)
    else:
        notes.append("Mosquitto and PostgreSQL were not both found, and so not measured")
    machine = describe(mosquitto=mosquitto, postgres=postgres / "postgres" if postgres else None)
    return Bench(
        rows=tuple(rows),
        machine=machine,
        method=METHOD.format(devices=options.devices, runs=options.runs),
        notes=tuple(notes),
    )


def on_stand(here: Stand, count: int, runs: int, step: Step) -> list[Row]:
    """The rows of one deployment."""
    subscriber = found("mosquitto_sub") if "mosquitto" in here.servers else None
    ours: list[Run] = []
    beside: dict[str, list[Run]] = {BARE: [], TUTORIAL: []}
    if subscriber:
        beside[C_SUBSCRIBER] = []
    step(f"{here.name}, warming up", 0, runs)
    stored(here, 0, max(2 * len(here.units), count // 4))
    for number in range(1, runs + 1):
        step(here.name, number - 1, runs)
        ours.append(stored(here, number, count))
        beside[BARE].append(drained(here, number, count))
        if subscriber:
            # So fast that the same number would be over before it could be timed.
            beside[C_SUBSCRIBER].append(drained_by_c(here, number, 5 * count, subscriber))
        beside[TUTORIAL].append(drained(here, number, max(200, count // 20), database_url=_own_database(here)))
    step(here.name, runs, runs)
    return _rows(here, ours, beside)


def _rows(here: Stand, ours: list[Run], beside: dict[str, list[Run]]) -> list[Row]:
    what = f"{here.name}: durable"
    found_rows = [
        row(
            what,
            "msg/s",
            _rates(ours),
            reference=name,
            reference_runs=_rates(others),
            goal=FAN_IN if name == C_SUBSCRIBER else None,
            parts=[one.parts for one in ours] if name == BARE else (),
        )
        for name, others in beside.items()
    ]
    if "mosquitto" in here.servers:
        found_rows.insert(0, row(what, "msg/s", _rates(ours), goal=DURABLE))
    return found_rows + [
        row(f"{here.name}: {name}", "msg/s", _rates(others), parts=[one.parts for one in others])
        for name, others in beside.items()
    ]


def _rates(runs: Iterable[Run]) -> list[float]:
    return [one.rate for one in runs]


def stored(here: Stand, boot: int, count: int) -> Run:
    """Ours. Raises SetupError when a message is missing, or there twice."""
    before = _statuses(here)
    orders = publisher.Orders(address=here.address, product_ids=here.product_ids, boot=boot, count=count)
    with running("publisher", orders) as source:
        meter = Meter(here.pids())
        source.begin()
        last = _await_stored(here, boot, count)
        parts = meter.per_item_us(count)
        sent = source.result(publisher.Published)
    _check(here, boot, count, _statuses(here) - before)
    return Run(count / (last - sent.first), {"publisher": sent.cpu_s * 1e6 / count, **parts})


def _await_stored(here: Stand, boot: int, count: int) -> float:
    """When the watermarks of this boot add up to the count, on the monotonic clock."""
    query = sa.select(sa.func.coalesce(sa.func.sum(stream_table.c.low), 0)).where(stream_table.c.boot == boot)
    until = time.monotonic() + GIVE_UP_S
    while True:
        with here.db.reading() as tx:
            done = int(tx.session.execute(query).scalar_one())
        now = time.monotonic()
        if done >= count:
            return now
        if now > until:
            msg = f"{here.name}: {done} of {count} messages were stored in {GIVE_UP_S:.0f} s"
            raise SetupError(msg)
        time.sleep(LOOK_S)


def _statuses(here: Stand) -> int:
    query = sa.select(sa.func.count()).where(journal.c.type == EventType.DEVICE_STATUS.value)
    with here.db.reading() as tx:
        return int(tx.session.execute(query).scalar_one())


def _check(here: Stand, boot: int, count: int, statuses: int) -> None:
    """Each message once, each watermark at the last. Raises SetupError."""
    table, devices = telemetry_table, len(here.units)
    own = sa.select(table.c.product_id, table.c.seq).where(table.c.boot == boot)
    marks = sa.select(stream_table.c.product_id, stream_table.c.low).where(stream_table.c.boot == boot)
    with here.db.reading() as tx:
        readings = [tuple(one) for one in tx.session.execute(own).all()]
        watermarks = {one.product_id: one.low for one in tx.session.execute(marks).all()}
    expected = {
        product_id: len(range(at, count, devices)) for at, product_id in enumerate(here.product_ids) if at < count
    }
    wanted = messages.count_statuses(devices, count)
    told = (statuses, len(readings), len(set(readings)), watermarks == expected)
    if told != (wanted, count - wanted, count - wanted, True):
        msg = f"{here.name}: statuses, telemetry rows, different ones, watermarks: {told}; sent were {count}"
        raise SetupError(msg)


def drained(here: Stand, boot: int, count: int, *, database_url: str = "") -> Run:
    """A reference in Python, on topics that the worker does not hear."""
    topic = "tl/bench/+/up/#"
    orders = drain.Orders(address=here.address, topic=topic, count=count, database_url=database_url)
    source_orders = _beside(here, boot, count)
    with running("drain", orders) as sink, running("publisher", source_orders) as source:
        meter = Meter({name: pid for name, pid in here.pids().items() if name != "work"})
        source.begin()
        done = sink.result(drain.Drained)
        sent = source.result(publisher.Published)
        parts = {"publisher": sent.cpu_s * 1e6 / count, **meter.per_item_us(count)}
    return Run(count / (done.last - sent.first), {**parts, "subscriber": done.cpu_s * 1e6 / count})


def drained_by_c(here: Stand, boot: int, count: int, program: Path) -> Run:
    """Mosquitto's own client, written in C; its output goes nowhere."""
    at = here.address
    options = [
        "-h",
        at.host,
        "-p",
        str(at.port),
        "-u",
        at.username,
        "-P",
        at.password,
        "-i",
        f"{at.username}-bench-sub",
    ]
    command = [str(program), *options, "-t", "tl/bench/+/up/#", "-q", "1", "-C", str(count)]
    with (
        running("publisher", _beside(here, boot, count)) as source,
        subprocess.Popen(command, stdout=subprocess.DEVNULL) as sink,  # noqa: S603 - our own arguments
    ):
        time.sleep(1)  # it does not say when it is subscribed
        meter = Meter({name: pid for name, pid in here.pids().items() if name != "work"})
        source.begin()
        sent = source.result(publisher.Published)
        if sink.wait(GIVE_UP_S) != 0:
            msg = "mosquitto_sub failed"
            raise SetupError(msg)
        last = time.monotonic()
        parts = {"publisher": sent.cpu_s * 1e6 / count, **meter.per_item_us(count)}
    return Run(count / (last - sent.first), parts)


def _beside(here: Stand, boot: int, count: int) -> publisher.Orders:
    return publisher.Orders(address=here.address, product_ids=here.product_ids, boot=boot, count=count, prefix="bench")


def _own_database(here: Stand) -> str:
    """A file of its own on SQLite; tables of its own on PostgreSQL."""
    return here.settings.database_url or f"sqlite:///{here.settings.data_dir / 'tutorial.db'}"
