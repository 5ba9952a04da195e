"""What it costs to tell devices how far they are stored: the same load with the telling, and without it, in turn."""

from collections.abc import Iterator
from contextlib import contextmanager

from cloud.bench import worker
from cloud.bench.helper import Helper, running
from cloud.bench.options import Step
from cloud.bench.report import Row, row
from cloud.bench.stand import Stand
from cloud.bench.storing import Run, stored
from cloud.settings import as_environment

TOLD, UNTOLD = "told how far they are stored", "not told"
LEAVE_S = 30.0
WARM_UP = 8
"""A fresh process's first messages, this part of a run, are not counted."""


def in_turn(here: Stand, boot: int, count: int, runs: int, step: Step) -> list[Row]:
    """On a stand without a worker of its own; boots from `boot` on. The same but for the one thing."""
    found: dict[str, list[Run]] = {TOLD: [], UNTOLD: []}
    for number in range(runs):
        for what, own in found.items():
            step(f"{here.name}, devices {what}", number, runs)
            with working(here, tells=what == TOLD) as process:
                own += [_one(here, process, boot, count)]
            boot += 2
    told, untold = ([one.rate for one in found[what]] for what in (TOLD, UNTOLD))
    return [
        row(
            f"{here.name}: durable, devices {TOLD}",
            "msg/s",
            told,
            reference=UNTOLD,
            reference_runs=untold,
            parts=[one.parts for one in found[TOLD]],
        ),
        row(f"{here.name}: durable, devices {UNTOLD}", "msg/s", untold, parts=[one.parts for one in found[UNTOLD]]),
    ]


def _one(here: Stand, process: Helper, boot: int, count: int) -> Run:
    workers: dict[str, int | None] = {"work": process.pid}
    stored(here, boot, max(len(here.units), count // WARM_UP), workers=workers)
    return stored(here, boot + 1, count, workers=workers)


@contextmanager
def working(here: Stand, *, tells: bool) -> Iterator[Helper]:
    orders = worker.Orders(environment=as_environment(here.settings), tells=tells)
    with running("worker", orders) as process:
        yield process
        process.leave(LEAVE_S)
