"""The faults: what is done while the crowd speaks."""

import random
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import psycopg

from broker.contract.topics import Up, up_topic
from broker.contract.watermark import MAX_RANGES
from tests.chaos.crowd import BACKLOG
from tests.chaos.network import Cable
from tests.chaos.script import POISON, Said, poisoned, said
from tests.chaos.speakers import Speaker, speakers
from tests.chaos.stands import Kind
from tests.chaos.trial import Trial

YEAR: Final = timedelta(days=365)
LEFT_BYTES: Final = 64 * 1024
POISON_EVERY: Final = 10
STRAY_DEVICES: Final = 10
BLOCK: Final = 16
FLOOD: Final = 2 * MAX_RANGES
"""At most: so many under way of one device are never too many, in whatever order workers store them."""


def worker(trial: Trial) -> None:
    """Once while it works, and once more as soon as its successor does."""
    with trial.crowd() as crowd:
        trial.said(crowd, 0.3)
        trial.system.kill("work")
        trial.moved(crowd)
        trial.system.kill("work")


def workers(trial: Trial) -> None:
    """With the HTTP service. Beside an external broker the supervisor dies with them, and is started again."""
    with trial.crowd() as crowd:
        trial.said(crowd, 0.4)
        if trial.stand.kind == "embedded":
            trial.system.kill("work", "api")
        else:
            trial.system.kill_supervisor()
            trial.system.start()


def broker(trial: Trial) -> None:
    """With messages in it that no worker has taken yet: it has acknowledged them, and nothing of them is on disk."""
    with trial.crowd() as crowd:
        trial.said(crowd, 0.2)
        with trial.held_workers():
            pace, crowd.rate = crowd.rate, 0.0
            wanted = min(0.9 * crowd.total, crowd.acknowledged + BACKLOG)  # more, and the broker would drop some itself
            trial.wait(lambda: crowd.acknowledged >= wanted, "acknowledgements")
            trial.system.kill("broker")
            crowd.rate = pace


def postgres(trial: Trial) -> None:
    """Twice, at a moment at which a connection is seen inside COMMIT."""
    server = trial.stand.postgres
    assert server is not None
    with trial.crowd() as crowd:
        for share in (0.3, 0.5):
            trial.said(crowd, share)
            with psycopg.connect(server.admin, autocommit=True) as connection:
                # A commit takes a tenth of a second now, and can be met in the middle.
                for name, value in (("commit_delay", "100000"), ("commit_siblings", "0")):
                    connection.execute(f"ALTER SYSTEM SET {name} = {value}")
                connection.execute("SELECT pg_reload_conf()")
                trial.wait(lambda: _commits(connection), "a commit")
                server.kill()
            server.resume()
            with psycopg.connect(server.admin, autocommit=True) as connection:
                connection.execute("ALTER SYSTEM RESET ALL")
                connection.execute("SELECT pg_reload_conf()")
            trial.moved(crowd)


def _commits(connection: "psycopg.Connection[tuple[object, ...]]") -> bool:
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'COMMIT' AND datname <> 'postgres'"
    )
    found = connection.execute(query).fetchone()
    return found is not None and bool(found[0])


def disk(trial: Trial) -> None:
    """Nothing can be written for a while; then somebody makes room."""
    own = trial.stand.disk
    assert own is not None
    with trial.crowd() as crowd:
        trial.said(crowd, 0.2)
        own.fill(LEFT_BYTES)
        try:
            trial.standing(crowd, 3.0)
        finally:
            own.make_room()
        server = trial.stand.postgres
        if server is not None:
            trial.note("PostgreSQL went on" if server.runs else "PostgreSQL ended itself, and was started again")


def away(trial: Trial) -> None:
    """PostgreSQL is stopped; SQLite is locked by somebody else."""
    with trial.crowd() as crowd:
        trial.said(crowd, 0.2)
        server = trial.stand.postgres
        if server is not None:
            server.stop()
            trial.sleep_while(crowd, trial.pause_s)
            server.resume()
        else:
            file = trial.system.data / "throughline.db"
            with closing(sqlite3.connect(file, isolation_level=None, timeout=60)) as other:
                other.execute("BEGIN EXCLUSIVE")
                trial.sleep_while(crowd, trial.pause_s)
                other.execute("ROLLBACK")
    trial.note(f"away for {trial.pause_s:.0f} s")


def _cut(cable: Cable) -> Callable[[Trial], None]:
    def cut(trial: Trial) -> None:
        network = trial.stand.network
        assert network is not None
        with trial.crowd() as crowd:
            trial.said(crowd, 0.2)
            network.cut(cable)
            trial.sleep_while(crowd, trial.pause_s)
            network.mend(cable)
        trial.note(f"cut for {trial.pause_s:.0f} s")

    cut.__doc__ = "Nothing comes through, and nobody is told."
    return cut


def poison(trial: Trial) -> None:
    """Every tenth message of half of the devices, and some that are no messages at all."""
    most = -(-trial.messages // len(trial.devices(trial.messages)))
    bad = frozenset(seq for seq in range(2, most + 1) if seq % POISON_EVERY == 3)

    def script(boot: int, seq: int) -> Said:
        return poisoned(boot, seq) if seq in bad else said(boot, seq)

    chosen = trial.speakers(trial.messages, script=script, refused=bad)
    with trial.crowd(chosen) as crowd:
        trial.said(crowd, 0.2)
        ids = [one.line.product_id for one in chosen[:STRAY_DEVICES]]
        crowd.stray((up_topic(one, Up.STATUS), payload) for one in ids for payload in POISON.values())
        crowd.stray((f"tl/v1/{word}/up/status", b"{}") for word in ("nobody", "0" * 26, "%2e%2e"))
    counted = trial.system.rows("SELECT sum(count) AS found FROM reject_count")[0].found
    wanted = sum(len(one.line.refused) for one in chosen) + len(ids) * len(POISON)
    if counted < wanted:
        trial.outcome.problems.append(f"{counted} rejects were counted of {wanted}")
    trial.note(f"{len(ids) * len(POISON) + 3} that are no messages")


def flood(trial: Trial) -> None:
    """One device says half of everything, as fast as the broker takes it; 999 others say a little."""
    ids = trial.stand.product_ids
    much = min(trial.messages // 2, FLOOD)
    few = max(1, (trial.messages - much) // (len(ids) - 1))
    boot = trial.stand.next_boot()
    loud = [_one(ids[0], boot, much)]
    polite = [_one(one, boot, few, follows=number % 2 == 0) for number, one in enumerate(ids[1:])]
    with trial.crowd(loud, rate=0, connections=1, window=4_096), trial.crowd(polite):
        pass


def _one(product_id: str, boot: int, total: int, *, follows: bool = False) -> Speaker:
    return speakers([product_id], boot, total, lambda: datetime.now(UTC), follows=lambda _: follows)[0]


def replay(trial: Trial) -> None:
    """All devices say everything a second time, the newest first, as after a store that was put back."""
    half = trial.speakers(trial.messages // 2)
    with trial.crowd(half):
        pass
    again = [Speaker(one.line, one.total, said, lambda: datetime.now(UTC)) for one in half]
    for one in again:
        one.next, one.again = one.total + 1, deque(range(one.total, 0, -1))
    with trial.crowd(again) as crowd:
        trial.wait(lambda: not any(one.again for one in again), "that all was said again")
        trial.wait(lambda: crowd.in_flight == 0, "that all was acknowledged again")
        trial.wait(lambda: _known_already(trial, half[0].line.boot) >= crowd.total, "that all was known already")


def _known_already(trial: Trial, boot: int) -> int:
    """How many messages of this boot came although they were there."""
    found = trial.system.rows("SELECT sum(duplicates) AS found FROM stream WHERE boot = :boot", boot=boot)
    return int(found[0].found or 0)


def clock(trial: Trial) -> None:
    """Devices whose clocks are right, a year back or a year ahead; and then the cloud's own is set back a year."""
    offsets = (timedelta(), -YEAR, YEAR, timedelta(days=-20_000))
    chosen = trial.speakers(trial.messages - trial.messages // 4)
    for number, one in enumerate(chosen):
        one.shift(offsets[number % len(offsets)])
    with trial.crowd(chosen) as crowd:
        trial.said(crowd, 0.4)
        trial.set_clock(-YEAR)
    trial.set_clock(timedelta())
    with trial.crowd(trial.speakers(trial.messages // 4)):
        pass


def alone(trial: Trial) -> None:
    """Two more workers, which were told nothing of the others and share with nobody; and again and again the database
    takes all locks away by which workers know of each other. Messages come out of order besides.
    """
    server = trial.stand.postgres
    assert server is not None
    chosen = trial.speakers(trial.messages)
    draw = random.Random(trial.messages)  # noqa: S311 - only an order
    for one in chosen:
        if not one.line.follows:
            one.next, one.again = one.total + 1, deque(_shuffled(one.total, draw))
    with trial.another_worker("lonely-1"), trial.another_worker("lonely-2"), trial.crowd(chosen) as crowd:
        for share in (0.2, 0.4, 0.6, 0.8):
            trial.said(crowd, share)
            with psycopg.connect(server.admin, autocommit=True) as connection:
                connection.execute(_TAKE_LOCKS)


_TAKE_LOCKS: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND state = 'idle'
"""
"""Of sessions that do nothing but hold them: a transaction's locks are not among them."""


def _shuffled(total: int, draw: random.Random) -> list[int]:
    """All numbers; each stays near its place."""
    numbers = []
    for start in range(1, total + 1, BLOCK):
        block = list(range(start, min(start + BLOCK, total + 1)))
        draw.shuffle(block)
        numbers += block
    return numbers


class Scenario(NamedTuple):
    """What is done, and where. promised: nothing is lost of devices that do not follow the watermark either. share: of
    a run's messages. pauses: seconds that something is away, in the test run and in a long one.
    """

    name: str
    title: str
    do: Callable[[Trial], None]
    stands: tuple[Kind, ...]
    promised: bool = True
    share: float = 1.0
    pauses: tuple[float, float] = (0.0, 0.0)


SCENARIOS: Final = (
    Scenario("worker", "SIGKILL of a worker, twice", worker, ("external", "embedded")),
    Scenario("workers", "SIGKILL of all workers and of the HTTP service", workers, ("external", "embedded")),
    Scenario(
        "broker", "SIGKILL of the broker, with a backlog", broker, ("external", "embedded"), promised=False, share=2.5
    ),
    Scenario("postgres", "SIGKILL of PostgreSQL in the middle of a commit, twice", postgres, ("external",)),
    Scenario("disk", "A full disk under the database", disk, ("external", "embedded")),
    Scenario("away", "The database is away", away, ("apart", "embedded"), pauses=(35.0, 60.0)),
    Scenario(
        "cut-broker", "The network is cut between worker and broker", _cut("broker"), ("apart",), pauses=(50.0, 60.0)
    ),
    Scenario(
        "cut-database",
        "The network is cut between worker and database",
        _cut("database"),
        ("apart",),
        pauses=(35.0, 60.0),
    ),
    Scenario("poison", "Poison messages", poison, ("external", "embedded")),
    Scenario("flood", "A flood from one device beside 999 polite ones", flood, ("external", "embedded")),
    Scenario("replay", "Devices say all of it a second time", replay, ("external", "embedded")),
    Scenario("clock", "Clocks that are a year off, the cloud's own too", clock, ("external", "embedded")),
    Scenario("alone", "Two more workers that know of nobody, and all locks lost, four times", alone, ("external",)),
)
WEIGHTS: Final[dict[Kind, float]] = {"external": 1.2, "embedded": 0.6, "apart": 1.2}


def shares(messages: int) -> dict[tuple[str, Kind], int]:
    """How many of a run's messages each trial gets."""
    weights = {(one.name, kind): one.share * WEIGHTS[kind] for one in SCENARIOS for kind in one.stands}
    whole = sum(weights.values())
    return {key: max(1, round(messages * weight / whole)) for key, weight in weights.items()}
