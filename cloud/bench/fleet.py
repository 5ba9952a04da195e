"""`fleet`: whether a million devices in the registry and in the twin's table make each message dearer."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from cloud.bench import fill, stand
from cloud.bench.customer import spoken
from cloud.bench.machine import describe
from cloud.bench.options import Bench, Options, Step
from cloud.bench.report import Goal, Row, row
from cloud.bench.servers import NOT_FOUND, programs_here
from cloud.bench.stand import Stand
from cloud.bench.storing import Run, stored
from cloud.errors import SetupError

METHOD = (
    "Two deployments of Mosquitto and PostgreSQL at once, one idle while the other is measured, in turn, measured as "
    "in `ingest`. One has {devices:,} devices, all of which speak. The other has {registered:,}: registry, twin, last "
    "contact, watermark and known facts of each, made by COPY from one unit's own rows; the journal has no past. Of "
    "these, drawn at random over the whole table, {devices:,} speak as those of the first do, and in turn {many:,} "
    "others, of which each sends at least one message a run. A device's stream goes on from run to run. One run to "
    "warm up, {runs} counted."
)
FLAT = Goal(0.9, of="ratio")
MANY, MESSAGES = 100_000, 40_000
ALL_BOOT, FEW_BOOT, MANY_BOOT = 10, 11, 12


def bench(options: Options, step: Step) -> Bench:
    """See the module."""
    programs = programs_here()
    many = min(MANY, options.registered - options.devices)
    if many < 1:
        msg = "more devices must be registered than speak"
        raise SetupError(msg)
    method = METHOD.format(devices=options.devices, registered=options.registered, many=many, runs=options.runs)
    if programs is None:
        return Bench(rows=(), machine=describe(), method=method, notes=(NOT_FOUND,))
    with (
        stand.one_server(("work",), options.devices, programs) as small,
        stand.one_server(("work",), 1, programs) as large,
    ):
        rows = on_stands(small, large, options, many, step)
    machine = describe(mosquitto=programs.mosquitto, postgres=programs.postgres)
    notes = ("every message of every run was stored exactly once; every watermark stood at the last message",)
    return Bench(rows=rows, machine=machine, method=method, notes=notes)


class Way(NamedTuple):
    """Who speaks where, in which boot; rounds: how many messages each of them sends in a run."""

    here: Stand
    boot: int
    speaking: Sequence[str]
    rounds: int

    def run(self, number: int) -> Run:
        """The devices go on where they were: they start once, and not for each run."""
        count = self.rounds * len(self.speaking)
        return stored(self.here, self.boot, count, product_ids=self.speaking, earlier=number * self.rounds)


def on_stands(small: Stand, large: Stand, options: Options, many: int, step: Step) -> tuple[Row, ...]:
    """All of `small` speak. `large` is filled from its first unit; of these, as many speak, and then many others."""
    devices, count = len(small.units), options.messages or MESSAGES
    spoken(large, large.units[0].id)
    every = fill.fill(large, fill.unit_parts(large.units[0].id), options.registered, step)
    some, others = drawn(every, devices, many)
    ways = {
        f"{devices:,} devices": Way(small, ALL_BOOT, small.product_ids, max(1, count // devices)),
        f"{len(every):,} devices, {devices:,} speak": Way(large, FEW_BOOT, some, max(1, count // devices)),
        f"{len(every):,} devices, {many:,} speak": Way(large, MANY_BOOT, others, max(1, count // many)),
    }
    return _rows(_in_turn(ways, options.runs, step))


def _in_turn(ways: dict[str, Way], runs: int, step: Step) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {what: [] for what in ways}
    for number in range(runs + 1):
        for what, way in ways.items():
            step(what if number else "warming up", max(0, number - 1), runs)
            found[what].append(way.run(number))
    return {what: own[1:] for what, own in found.items()}


def _rows(found: dict[str, list[Run]]) -> tuple[Row, ...]:
    (base, first), *others = found.items()
    beside = [run.rate for run in first]
    rows = [row(f"durable, {base}", "msg/s", beside, parts=[run.parts for run in first])]
    for what, runs in others:
        rates, parts = [run.rate for run in runs], [run.parts for run in runs]
        rows.append(
            row(f"durable, {what}", "msg/s", rates, reference=base, reference_runs=beside, goal=FLAT, parts=parts)
        )
    return tuple(rows)


def drawn(every: Sequence[str], some: int, others: int) -> tuple[list[str], list[str]]:
    """So many, and so many others, from anywhere in the list; the same in each run of the bench."""
    found = random.Random(some).sample(list(every), some + others)  # noqa: S311 - picks who speaks, the same in each run; no secret is made of it
    return found[:some], found[some:]
