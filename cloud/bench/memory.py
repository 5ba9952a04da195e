"""`memory`: whether a worker's memory stays as it is, at full speed for long, and while the database is away."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psutil

from cloud.bench import days, stand, steady
from cloud.bench.days import Days
from cloud.bench.helper import Helper, running
from cloud.bench.machine import describe, resident_mib
from cloud.bench.options import Bench, Options, Step
from cloud.bench.report import Goal, Row, row
from cloud.bench.servers import NOT_FOUND, programs_here
from cloud.bench.stand import Stand
from cloud.bench.storing import GIVE_UP_S, check_steady, low_of, statuses_stored
from cloud.bench.trends import FLAT_PERCENT, LONG_ENOUGH_S, SETTLING, Sample, Trend, settled, too_short, trend
from cloud.bench.waiting import await_that
from cloud.errors import SetupError

METHOD = (
    "Mosquitto and PostgreSQL. {devices:,} devices send without end, as fast as is stored: the publisher is always "
    "{ahead:,} messages ahead, so that the worker is never idle, and Mosquitto's queue neither empty nor full. It has "
    "one connection: of each that has something to say Mosquitto takes one packet in turn, and where it is short of "
    "the processor, eight that publish would keep it from the worker's acknowledgements. {days}What "
    "the worker has in memory (resident, shared pages included) is sampled {samples} times a minute for {minutes:g} "
    "minutes; then PostgreSQL is stopped for {away:g} minutes, while the publisher goes on until it is so far ahead, "
    "and is started again; at last everything must be stored exactly once. Through the samples of each time, without "
    "its first {settling:.0%}, a line is laid by least squares: flat is what rises by at most {flat:g}% of its own "
    "level from the first of them to the last. A time of less than {enough:g} minutes is still settling, and is not "
    "judged: the goal is about `--minutes 60 --away-minutes 10`."
)
SHORT_DAYS = (
    "A day of the deployment lasts {minutes:g} minutes, for the devices' clocks too: its own retention drops telemetry "
    "after a day, and the journal, which no deployment forgets, is emptied each day by the bench, so that the disk "
    "stays as it is; what goes is counted before. "
)
NO_RISE = Goal(FLAT_PERCENT, at_most=True)
AHEAD, BOOT = 20_000, 20
SAMPLE_S = 0.5
"""Of a minute; in a long run they are further apart."""
SAMPLES_AT_MOST = 2_000
ROOM_LEFT = 4 * 2**30
"""Bytes that the disk must have left: what is stored stays until the end."""


class Watched(NamedTuple):
    """One time of the run. rate: messages stored a second."""

    trend: Trend
    highest: float
    rate: float
    span_s: float


def bench(options: Options, step: Step) -> Bench:
    """See the module."""
    programs = programs_here()
    if programs is None:
        return Bench(rows=(), machine=describe(), method="", notes=(NOT_FOUND,))
    own = days.SETTINGS if options.day_minutes else stand.NOTHING
    with stand.one_server(("work",), options.devices, programs, own=own) as here:
        rows, notes = on_stand(here, options, step)
    method = METHOD.format(
        devices=options.devices,
        ahead=AHEAD,
        samples=round(60 / sample_every(options.minutes * 60)),
        minutes=options.minutes,
        away=options.away_minutes,
        settling=SETTLING,
        flat=FLAT_PERCENT,
        enough=LONG_ENOUGH_S / 60,
        days=SHORT_DAYS.format(minutes=options.day_minutes) if options.day_minutes else "",
    )
    machine = describe(mosquitto=programs.mosquitto, postgres=programs.postgres)
    return Bench(rows=rows, machine=machine, method=method, notes=notes)


def on_stand(here: Stand, options: Options, step: Step) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Rows and notes of a deployment, whose PostgreSQL goes away and comes back."""
    postgres, before = here.servers.postgres, statuses_stored(here)
    if postgres is None:
        msg = "there is no PostgreSQL here that could go away"
        raise SetupError(msg)
    orders = steady.Orders(address=here.address, product_ids=here.product_ids, boot=BOOT, connections=1)
    with _days_of(here, options) as turning, running("steady", orders) as source:
        _let_on(here, source, turning)
        full = _watch(here, options.minutes * 60, lambda: _let_on(here, source, turning), step, "full speed")
        if turning:
            turning.finish()
        allowed = _let_on(here, source, turning)
        here.db.engine.dispose()
        postgres.stop()
        away = _watch(here, options.away_minutes * 60, lambda: allowed, step, "the database away")
        postgres.start()
        sent = source.finish(steady.Sent)
    _await_all(here, sent.messages)
    gone = turning.gone() if turning else days.Gone()
    check_steady(here, BOOT, sent.messages, sent.statuses, before, gone)
    rows = (*_rows("at full speed", full), *_rows("with the database away", away))
    stored = f"every one of {sent.messages:,} messages was stored exactly once, those sent to no database too"
    notes = (f"at full speed, {full.rate:,.0f} msg/s were stored", stored, *_turned(turning, gone))
    return rows, (*notes, *_unjudged(full, away))


@contextmanager
def _days_of(here: Stand, options: Options) -> Iterator[Days | None]:
    if not options.day_minutes:
        yield None
        return
    with Days(here, BOOT, options.day_minutes * 60) as turning:
        yield turning


def _turned(turning: Days | None, gone: days.Gone) -> tuple[str, ...]:
    if turning is None:
        return ()
    return (
        f"the clock went a day on {turning.turned} times: retention took {gone.readings:,} telemetry messages",
        f"{gone.statuses:,} statuses went with the journal's past",
    )


def _unjudged(full: Watched, away: Watched) -> tuple[str, ...]:
    """Says so, and what to ask for instead."""
    short = [name for name, one in (("--minutes", full), ("--away-minutes", away)) if too_short(one.span_s)]
    wanted = f"{' and '.join(short)} of {LONG_ENOUGH_S / 60:g} or more"
    return (f"too short to tell whether it is flat: {wanted} would tell",) if short else ()


def _let_on(here: Stand, source: Helper, turning: Days | None) -> int:
    """Lets the publisher be so far ahead of what is stored; how many messages are allowed now."""
    allowed = low_of(here, BOOT) + AHEAD
    if turning is None:
        source.tell(str(allowed))
    else:
        turning.look()
        source.tell(f"{allowed} {turning.ahead.total_seconds()}")
    return allowed


def _watch(here: Stand, span_s: float, go_on: Callable[[], int], step: Step, what: str) -> Watched:
    """Samples the worker's memory. go_on: called meanwhile; tells how many messages are allowed.

    Raises SetupError when the worker is another one at the end, or the disk is full.
    """
    start, first, every = time.monotonic(), go_on(), sample_every(span_s)
    pid, allowed = here.pids()["work"], first
    samples: list[Sample] = []
    while (passed := time.monotonic() - start) < span_s or len(samples) < 4:
        step(what, int(passed), int(span_s))
        if pid is None or here.pids()["work"] != pid:
            msg = f"{what}: the worker ended"
            raise SetupError(msg)
        samples.append(Sample(passed, resident_mib(pid)))
        allowed = go_on()
        _leave_room(here)
        time.sleep(every)  # from one sample to the next
    passed = time.monotonic() - start
    return Watched(trend(settled(samples)), max(one.value for one in samples), (allowed - first) / passed, passed)


def sample_every(span_s: float) -> float:
    """Seconds from one sample to the next."""
    return max(min(SAMPLE_S, span_s / 20), span_s / SAMPLES_AT_MOST)


def _leave_room(here: Stand) -> None:
    free = psutil.disk_usage(str(here.settings.data_dir)).free
    if free < ROOM_LEFT:
        msg = f"the disk has {free / 2**30:.1f} GiB left, and the bench leaves the rest: fewer --minutes"
        raise SetupError(msg)


def _await_all(here: Stand, count: int) -> None:
    await_that(
        lambda: low_of(here, BOOT) >= count,
        lambda: f"{low_of(here, BOOT)} of {count} messages were stored once the database was back",
        within_s=GIVE_UP_S,
        every_s=0.2,
    )


def _rows(when: str, found: Watched) -> tuple[Row, ...]:
    line, goal = found.trend, None if too_short(found.span_s) else NO_RISE
    return (
        row(f"worker {when}: rise over {line.span_s / 60:.1f} minutes", "%", [line.rise_percent], goal=goal),
        row(f"worker {when}: slope", "MiB/h", [line.an_hour]),
        row(f"worker {when}: level", "MiB", [line.level]),
        row(f"worker {when}: highest", "MiB", [found.highest]),
    )
