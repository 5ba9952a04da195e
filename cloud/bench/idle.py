"""`idle`: what it costs to be there: connected devices that say nothing, and journeys in which nothing happens."""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import sqlalchemy as sa

from cloud.bench import fill, silent, stand
from cloud.bench.customer import Customer, moved_in
from cloud.bench.helper import Helper, running
from cloud.bench.machine import Meter, describe
from cloud.bench.options import Bench, Options, Step
from cloud.bench.report import Goal, Row, row
from cloud.bench.servers import NOT_FOUND, programs_here
from cloud.bench.stand import Stand
from cloud.bench.waiting import await_that
from cloud.db import Transaction
from cloud.errors import SetupError
from cloud.file_limit import raise_file_limit
from cloud.lifecycle import watch
from cloud.lifecycle.service import journey_table
from cloud.record import service as record

METHOD = (
    "Mosquitto and PostgreSQL, worker, API and supervisor. {connections:,} devices are connected, without TLS, each "
    "subscribed to its own topics, and send nothing but a PINGREQ within every {keepalive} s. The database has "
    "{registered:,} journeys, made by COPY from a real one: person, journey, its timer, which falls due in one to "
    "sixty days, and the unit with its twin. After {quiet:g} s of rest, processor time is read at the beginning and at "
    "the end of {runs} spans of {span:.0f} s each; nothing else looks into the database. It was vacuumed before: what "
    "autovacuum does after a million new rows is no cost of being idle."
)
UNDER = Goal(2.0, at_most=True)
KEEPALIVE_S = 60
QUIET_S = 8.0
GIVE_UP_S = 60.0
BROKER = "mosquitto"
SUPERVISOR = "supervisor"


def bench(options: Options, step: Step) -> Bench:
    """See the module."""
    programs = programs_here()
    span_s = options.minutes * 60 / options.runs
    method = METHOD.format(
        connections=options.connections,
        keepalive=KEEPALIVE_S,
        registered=options.registered,
        quiet=QUIET_S,
        runs=options.runs,
        span=span_s,
    )
    if programs is None:
        return Bench(rows=(), machine=describe(), method=method, notes=(NOT_FOUND,))
    raise_file_limit()  # for what is started from here
    with stand.one_server(("work", "api"), 1, programs) as here:
        rows, notes = on_stand(here, moved_in(here), options, step)
    machine = describe(mosquitto=programs.mosquitto, postgres=programs.postgres)
    return Bench(rows=rows, machine=machine, method=method, notes=notes)


def on_stand(here: Stand, customer: Customer, options: Options, step: Step) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Rows and notes of a deployment. customer: whose journey is copied."""
    span_s = options.minutes * 60 / options.runs
    every = _asleep(here, customer, options.registered, step)
    with _connected(here, every, options.connections, step) as crowd:
        step("resting", 0, options.runs)
        time.sleep(QUIET_S)  # the rest that METHOD promises: what connecting set off has ended by then
        shares = [_spent(here, span_s, number, options.runs, step) for number in range(options.runs)]
        held = crowd.finish(silent.Held)
    if held.connected != options.connections or not held.answers:
        msg = f"{held.connected} of {options.connections} devices were still connected; {held.answers} pings answered"
        raise SetupError(msg)
    return rows_of(shares), (
        f"all stayed connected; the broker answered {held.answers:,} of {held.pings:,} pings by the end",
    )


def _asleep(here: Stand, customer: Customer, count: int, step: Step) -> list[str]:
    """So many journeys that wait for nothing but their timer; the ids of their units, which are theirs too."""
    query = sa.select(journey_table.c.person_id).where(journey_table.c.id == customer.journey_id)

    def person(tx: Transaction) -> str:
        record.set_timers(tx, {(watch.TIMER, customer.journey_id): tx.now + timedelta(days=1)})
        return str(tx.session.execute(query).scalar_one())

    parts = fill.journey_parts(customer.journey_id, here.db.run(person), customer.product_id)
    return fill.fill(here, parts, count, step)


@contextmanager
def _connected(here: Stand, every: list[str], count: int, step: Step) -> Iterator[Helper]:
    step("connecting", 0, count)
    ids = [*every, *(f"{one:026}" for one in range(count - len(every)))][:count]
    devices = [silent.Device(one, secrets.token_urlsafe(16)) for one in ids]
    here.let_in((one.product_id, one.password) for one in devices)
    host, port = here.device_address
    orders = silent.Orders(host=host, port=port, devices=devices, keepalive_s=KEEPALIVE_S)
    # Mosquitto reads its files when it comes to it, all at once: who is last in them shows that it has.
    await_that(partial(_comes_in, orders, devices[-1]), lambda: "the broker refused the devices", within_s=GIVE_UP_S)
    with running("silent", orders) as crowd:
        yield crowd


def _comes_in(orders: silent.Orders, device: silent.Device) -> bool:
    try:
        silent.connect(orders, device).close()
    except ConnectionError:
        return False
    return True


def _spent(here: Stand, span_s: float, number: int, runs: int, step: Step) -> dict[str, float]:
    """Percent of a core of each part. The supervisor is this process."""
    step("nothing happens", number, runs)
    meter, begun = Meter(here.pids() | {SUPERVISOR: os.getpid()}), time.monotonic()
    own = time.process_time()
    time.sleep(span_s)  # what is measured is that nothing happens
    own, passed = time.process_time() - own, time.monotonic() - begun
    spent = meter.seconds() | {SUPERVISOR: own}  # and not that of its children
    return {name: 100 * seconds / passed for name, seconds in spent.items()}


def rows_of(shares: list[dict[str, float]]) -> tuple[Row, ...]:
    """Of each run, the percent of a core of each part: their sums, and each."""
    ours = [sum(share for name, share in one.items() if name != BROKER) for one in shares]
    every = [sum(one.values()) for one in shares]
    return (
        row("all but the broker", "% of a core", ours, goal=UNDER),
        row("all", "% of a core", every, goal=UNDER),
        *[row(name, "% of a core", [one[name] for one in shares]) for name in shares[0]],
    )
