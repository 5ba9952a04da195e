"""Open phones: how soon a change is on all of them, and what they take of memory while nothing happens."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import Final, NamedTuple

import msgspec

from broker.contract.codec import encode
from broker.contract.messages import Status
from broker.contract.topics import Up, up_topic
from cloud.bench import crowds, frames, latency, phones
from cloud.bench.customer import Customer, moved_in
from cloud.bench.helper import Helper, running
from cloud.bench.machine import resident_mib
from cloud.bench.options import Step
from cloud.bench.publisher import Line, publish_all
from cloud.bench.report import Goal, Row, row
from cloud.bench.stand import Stand
from cloud.errors import SetupError

PHONES: Final = 1_000
IDLE_PHONES: Final = 5_000
CHANGES, FEW, WARM_UP, FIRST = 10, 2, 2, 100
"""Changes are even in number: each time begins and ends without a jam. Few where each takes seconds."""
SETTLED_S: Final = 0.3
REST_S: Final = 20.0
"""More than a heartbeat: each stream has had one."""
OWNER, SHOP = 2, 3
"""Numbers of the stand's units; those of the many are the last."""
UNITS: Final = 10 + PHONES
LAST: Final = Goal(250.0, at_most=True)
EACH: Final = Goal(15.0, at_most=True)
METHOD: Final = (
    "Live: phones, each with an open stream and a session of its own, in one process. A device on a connection of its "
    "own says that its paper is jammed, and then that it is not; measured is from before the bytes are sent until the "
    "last of the phones has the whole new menu that says so, the median of a run's changes. One journey: they are all "
    "with the same person, {changes} changes a run; else {few}. Demo unit: each has a journey of its own with the one "
    "unit in a shop, so that as many menus are composed. All at once: each has a journey with a unit of its own, and "
    "all of these say it at the same moment. Idle: {idle:,} phones, each with a journey of its own; what a fresh API "
    "process has in memory, menus and sessions that it keeps with it, {rest:g} s after the last has come, and before "
    "the first."
)


Say = Callable[[bool], object]
"""Says that there is a jam, or none."""


class Scene(NamedTuple):
    """Who holds the phones, and what speaks."""

    name: str
    held: list[phones.Phone]
    speaking: Callable[[], AbstractContextManager[Say]]
    changes: int
    goal: Goal | None = None


def on_stand(here: Stand, runs: int, step: Step, count: int = PHONES) -> list[Row]:
    """How soon changes are on `count` phones; the stand has so many units, and a few more."""
    owner, shop = moved_in(here, OWNER), crowds.demo_unit(here, SHOP)
    many = here.product_ids[-count:]
    crowds.spoken(here, many)
    scenes = (
        Scene("one journey", crowds.of_one_journey(here, owner, count), partial(_printer, here, owner), CHANGES, LAST),
        Scene(
            "a journey each with one demo unit",
            crowds.of_units(here, [shop.product_id] * count),
            partial(_printer, here, shop),
            FEW,
        ),
        Scene("a unit each, all at once", crowds.of_units(here, many), partial(_fleet, here, many), FEW),
    )
    return [one for scene in scenes for one in _rows_of(here, scene, runs, step)]


def _rows_of(here: Stand, scene: Scene, runs: int, step: Step) -> list[Row]:
    name = f"{len(scene.held):,} phones, {scene.name}: last"
    with _open(here, scene.held) as crowd, scene.speaking() as say:
        _changes(crowd, say, WARM_UP)
        found = []
        for number in range(runs):
            step(name, number, runs)
            found.append(_changes(crowd, say, scene.changes))
    return [
        row(name, "ms", [median(one) for one in found], goal=scene.goal),
        row(f"{name}, slowest change", "ms", [max(one) for one in found]),
    ]


@contextmanager
def _open(here: Stand, held: list[phones.Phone]) -> Iterator[Helper]:
    orders = phones.Orders(host=here.settings.host, port=here.settings.port, phones=held)
    with running("phones", orders) as crowd:
        yield crowd


@contextmanager
def _printer(here: Stand, customer: Customer) -> Iterator[Say]:
    printer = latency.Printer(here, customer)
    try:
        yield lambda jammed: printer.say(jammed=jammed)
    finally:
        printer.close()


@contextmanager
def _fleet(here: Stand, product_ids: list[str]) -> Iterator[Say]:
    """All of them by one connection."""
    seq = 1_000

    def say(jammed: bool) -> None:
        nonlocal seq
        seq += 1
        payload = _status(seq, jammed=jammed)
        every = [
            frames.publish(up_topic(one, Up.STATUS), payload, frames.packet_id(at))
            for at, one in enumerate(product_ids)
        ]
        line = Line(here.address, f"{here.address.username}-bench-fleet", every, len(every))
        try:
            publish_all([line])
        finally:
            line.socket.close()

    yield say


def _status(seq: int, *, jammed: bool) -> bytes:
    state = ("stopped", ["media-jam-error"]) if jammed else ("idle", ["none"])
    reported = {"state": state[0], "reasons": state[1]}
    return encode(Status(boot=latency.BOOT, seq=seq, at=datetime.now(UTC), epoch=0, reported=reported))


def _changes(crowd: Helper, say: Say, count: int) -> list[float]:
    """Milliseconds of each change until the last phone had it."""
    took = []
    for number in range(count):
        jammed = number % 2 == 0
        crowd.tell(msgspec.json.encode(phones.Wanted(latency.JAM, jammed)).decode())
        crowd.await_ready()
        start = time.monotonic()
        say(jammed)
        took.append((max(crowd.result(phones.Heard).at) - start) * 1000)
        time.sleep(SETTLED_S)  # so that no change is behind the work for another
    return took


def idle_on_stand(here: Stand, step: Step, count: int = IDLE_PHONES, rest_s: float = REST_S, number: int = SHOP) -> Row:
    """What each of `count` open phones takes of the API process's memory. Of a process that has had none: what others
    have left behind would be used again, and not seen. number: of the stand's unit.
    """
    shop = crowds.demo_unit(here, number)
    step(f"{count:,} phones are made", 0, 1)
    first, held = (crowds.of_units(here, [shop.product_id] * number) for number in (FIRST, count))
    with _open(here, first):
        time.sleep(SETTLED_S)  # threads, connections and code that any phone brings are there
    before = _memory(here)
    step(f"{count:,} phones come", 0, 1)
    with _open(here, held):
        time.sleep(rest_s)  # the rest that METHOD promises
        after = _memory(here)
    return row(
        f"{count:,} open phones, idle: memory of each", "kB", [(after - before) * 2**20 / 1000 / count], goal=EACH
    )


def _memory(here: Stand) -> float:
    pid = here.pids()["api"]
    if pid is None:
        msg = "the API process is not there"
        raise SetupError(msg)
    return resident_mib(pid)
