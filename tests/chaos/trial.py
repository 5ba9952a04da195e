"""One fault on one deployment: the crowd speaks, the fault happens, and the books are compared when all is quiet."""

import os
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import psutil
import sqlalchemy as sa

from cloud.db import Database, Transaction
from cloud.twin import series
from cloud.twin.telemetry import telemetry_table
from tests.chaos.charts import EXAMPLES, Cell, Point, Sum, charted, differing
from tests.chaos.crowd import Crowd
from tests.chaos.ledger import Line, Reckoning, reckon, stored
from tests.chaos.script import Known, folded
from tests.chaos.speakers import Speaker, speakers
from tests.chaos.stands import Stand
from tests.system import ROOT, until

PATIENCE_S: Final = 150.0
"""For what the system does by itself. Generous: the machine may be busy with others."""
RATES: Final = {"embedded": 2_000.0, "external": 4_000.0, "apart": 4_000.0}
"""Messages a second, so that a fault finds the system at work, and no queue is longer than the broker may keep it."""
STEADY_S: Final = 1.5
SAMPLE: Final = 3
DEVICES: Final = (50, 1_000)


@dataclass
class Outcome:
    """What came of a trial, in figures; `problems` are what should not have been, in words."""

    fault: str
    stand: str
    said: int = 0
    acknowledged: int = 0
    said_again: int = 0
    refused: int = 0
    lost: int = 0
    lost_unheard: int = 0
    lied: int = 0
    doubled: int = 0
    invented: int = 0
    twins: int = 0
    twins_wrong: int = 0
    series: int = 0
    series_wrong: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Trial:
    """messages: how many are said. pause_s: how long what is taken away stays away. promised: devices that do not
    follow the watermark lose nothing either. noted: told how many were said.
    """

    def __init__(
        self,
        stand: Stand,
        fault: str,
        messages: int,
        *,
        pause_s: float,
        promised: bool,
        noted: Callable[[int], None] = lambda _n: None,
    ) -> None:
        self.stand = stand
        self.system = stand.system
        self.messages = messages
        self.pause_s = pause_s
        self._promised = promised
        self.outcome = Outcome(fault, stand.name)
        self.lines: list[Line] = []
        self._noted = noted
        self._crowds: list[Crowd] = []

    # --- who speaks ---

    def devices(self, messages: int) -> list[str]:
        """So many units that each has some fifty messages to say, or more."""
        least, most = DEVICES
        return self.stand.product_ids[: min(most, max(least, messages // least))]

    def speakers(self, messages: int, **options: Any) -> list[Speaker]:
        """Devices that say so many messages together, in a boot of their own; every second one follows."""
        ids = self.devices(messages)
        given = {"follows": lambda number: number % 2 == 0, "at": lambda: datetime.now(UTC), **options}
        return speakers(ids, self.stand.next_boot(), -(-messages // len(ids)), **given)

    @contextmanager
    def crowd(self, some: list[Speaker] | None = None, *, rate: float | None = None, **options: Any) -> Iterator[Crowd]:
        """They speak while the block runs, and until all that can be confirmed is confirmed."""
        chosen = self.speakers(self.messages) if some is None else some
        crowd = Crowd(self.stand.address, f"{self.outcome.fault}-{len(self._crowds)}", chosen, **options)
        crowd.rate = RATES[self.stand.kind] if rate is None else rate
        known = {id(line) for line in self.lines}
        self.lines += [one.line for one in chosen if id(one.line) not in known]
        self._crowds.append(crowd)
        crowd.start()
        try:
            yield crowd
            self.settle(crowd)
        finally:
            crowd.end()

    # --- waiting for it ---

    def wait(self, question: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
        """Until the answer is true; fails when it never is, or when the crowd has failed."""

        def asked() -> bool:
            self._noted(sum(crowd.said for crowd in self._crowds))
            for crowd in self._crowds:
                if crowd.failed is not None:
                    raise crowd.failed
            return bool(question())

        until(asked, f"{what} ({self.outcome.fault}, {self.stand.name})", patience_s)

    def said(self, crowd: Crowd, share: float) -> None:
        """Until this share of the messages is said."""
        patience = PATIENCE_S + crowd.total / 500
        self.wait(lambda: crowd.said >= share * crowd.total, f"{share:.0%} of the messages", patience)

    def moved(self, crowd: Crowd) -> None:
        """Until something more is stored."""
        before = crowd.unconfirmed - crowd.said
        self.wait(lambda: crowd.unconfirmed - crowd.said != before or crowd.unconfirmed == 0, "a watermark")

    def standing(self, crowd: Crowd, seconds: float) -> None:
        """Until nothing more was stored for so long, although there is something to store."""
        seen: list[tuple[int, float]] = [(-1, 0.0)]

        def stands() -> bool:
            confirmed = crowd.said - crowd.unconfirmed
            if confirmed != seen[0][0]:
                seen[0] = (confirmed, time.monotonic())
            return crowd.unconfirmed > 0 and time.monotonic() - seen[0][1] > seconds

        self.wait(stands, "that nothing is stored any more")

    def sleep_while(self, crowd: Crowd, seconds: float) -> None:
        """The crowd speaks on for so long, as far as it can."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() >= end, f"time while {crowd.name} speaks", seconds + PATIENCE_S)

    def settle(self, crowd: Crowd) -> None:
        """Until all that can be confirmed is confirmed, and the database has been still for a moment."""
        patience = PATIENCE_S + crowd.total / 500

        def settled() -> bool:
            self.keep()
            return not crowd.waiting_for

        try:
            self.wait(settled, "that all is confirmed", patience)
        except AssertionError as error:
            self.outcome.problems.append(str(error))
        # A device that does not ask may never hear of its last watermark; so the database is asked about all of them.
        end = time.monotonic() + patience
        while self._promised and time.monotonic() < end and self._still_to_come():
            time.sleep(0.25)  # the database tells no news; the loop has a deadline
        last, since = -1, time.monotonic()
        while time.monotonic() - since < STEADY_S and time.monotonic() < since + patience:
            count = sum(self.count(line.boot) for line in _one_of_each_boot(self.lines))
            last, since = (count, time.monotonic()) if count != last else (last, since)
            time.sleep(0.25)  # the database tells no news; the loop has a deadline

    def _still_to_come(self) -> bool:
        """Something that was said and can be stored is not there."""
        wanted: Counter[int] = Counter()
        for line in self.lines:
            wanted[line.boot] += line.said - len(line.refused)
        return any(self.count(boot) < number for boot, number in wanted.items())

    def count(self, boot: int) -> int:
        """Messages of this boot that are stored."""
        return sum(sum(numbers.values()) for numbers in stored(self.system, boot).values())

    # --- what happens ---

    def keep(self) -> None:
        """Does what the keeper of a server does: starts a PostgreSQL that has given up."""
        postgres, disk = self.stand.postgres, self.stand.disk
        if postgres is not None and not postgres.runs and not (disk and disk.is_full):
            postgres.resume()

    def note(self, what: str) -> None:
        self.outcome.notes.append(what)

    def workers(self) -> list[psutil.Process]:
        """The processes that ingest, all of them."""
        found: list[psutil.Process] = []

        def are_there() -> bool:
            found[:] = self.system.processes_of("work")
            return len(found) == self.stand.workers

        self.wait(are_there, "all workers")
        return found

    @contextmanager
    def held_workers(self) -> Iterator[None]:
        """They stand still, so that what comes for them waits."""
        processes = self.workers()
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def set_clock(self, offset: timedelta) -> None:
        """Sets the clock of every process of the deployment, back too: what nobody should do, and operators do."""
        with (self.system.data / "clock").open("r+b") as file:
            file.write(struct.pack("<d", offset.total_seconds()))

    @contextmanager
    def another_worker(self, name: str) -> Iterator[None]:
        """A second `throughline work` that nobody told of the first."""
        own = {"THROUGHLINE_MQTT_PORT": str(self.system.mqtt_port), "THROUGHLINE_INGEST_WORKERS": "1"}
        log = (self.system.folder / f"{name}-{time.monotonic_ns()}.err").open("wb")
        command = [sys.executable, "-m", "cloud", "work", "--name", name, "--data-dir", str(self.system.data)]
        with log:
            process = subprocess.Popen(  # noqa: S603 - our own program
                command, env={**self.system.environment(), **own}, stdout=subprocess.PIPE, stderr=log, cwd=ROOT
            )
        assert process.stdout is not None
        try:
            os.set_blocking(process.stdout.fileno(), False)
            heard = bytearray()
            self.wait(lambda: _has_said(process, heard, b"ready"), "the other worker")
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait(20)
            process.stdout.close()

    # --- the books ---

    def close(self, seconds: float) -> None:
        """Compares the ledger with the database, and the twins and the series with their references."""
        outcome = self.outcome
        outcome.seconds = round(seconds, 1)
        for boot in sorted({line.boot for line in self.lines}):
            own = [line for line in self.lines if line.boot == boot]
            found = stored(self.system, boot)
            self._book(reckon(own, found))
            for line in own:
                known = self.stand.known.get(line.product_id, Known({}))
                self.stand.known[line.product_id] = folded(known, boot, found.get(line.product_id, {}))
        outcome.said = sum(line.said for line in self.lines)
        outcome.acknowledged = sum(len(line.acknowledged) for line in self.lines)
        outcome.refused = sum(len(line.refused) for line in self.lines)
        outcome.said_again = sum(crowd.resent for crowd in self._crowds)
        self._compare_twins({line.product_id for line in self.lines})
        self._compare_series()

    def _book(self, found: Reckoning) -> None:
        for name, numbers in found._asdict().items():
            setattr(self.outcome, name, getattr(self.outcome, name) + len(numbers))
            if numbers and name != "lost_unheard":
                self.outcome.problems.append(f"{name}: {len(numbers)}, such as {numbers[:5]}")

    def _compare_twins(self, product_ids: set[str]) -> None:
        rows = {
            row.product_id: row for row in self.system.rows("SELECT product_id, reported, firmware, boot FROM twin")
        }
        self.outcome.twins = len(product_ids)
        for product_id in sorted(product_ids):
            wanted, row = self.stand.known[product_id], rows.get(product_id)
            found = Known({}) if row is None else Known(_values(row.reported), row.firmware, row.boot)
            if found != wanted:
                self.outcome.twins_wrong += 1
                self.outcome.problems.append(f"twin {product_id}: {_difference(found, wanted)}")
        with self.stand.operator() as operator:
            for product_id in sorted(product_ids)[:SAMPLE]:
                said = operator.get(f"/api/v1/products/{product_id}/twin").raise_for_status().json()
                if Known(said["reported"], said["firmware"], said["boot"]) != self.stand.known[product_id]:
                    self.outcome.problems.append(f"the API says of twin {product_id}: {said['reported']}")

    def _compare_series(self) -> None:
        """Those of the whole deployment. What waits for them still is taken in here: the workers would, in a while."""
        db = Database(self.system.database_url, self.system.clock)
        try:
            while db.run(series.roll):
                pass
            with db.reading() as tx:
                wanted, found = charted(_points(tx)), _cells(tx)
        finally:
            db.dispose()
        wrong = differing(found, wanted)
        self.outcome.series, self.outcome.series_wrong = len(wanted), len(wrong)
        if wrong:
            self.outcome.problems.append(f"series: {len(wrong)}, such as {wrong[:EXAMPLES]}")


def _points(tx: Transaction) -> list[Point]:
    table = telemetry_table
    query = sa.select(table.c.product_id, table.c.boot, table.c.seq, table.c.time)
    return [Point(*row) for row in tx.session.execute(query)]


def _cells(tx: Transaction) -> dict[Cell, Sum]:
    """As the rows say, read without the product's own forms."""
    return {
        Cell(every.value, row.product_id, row.start, name, unit): Sum(count, low, high, total, last)
        for every, (_, table) in series.TABLES.items()
        for row in tx.session.execute(sa.select(table))
        for name, unit, count, low, high, total, last, *_ in msgspec.json.decode(row.fields)
    }


def _one_of_each_boot(lines: Iterable[Line]) -> list[Line]:
    return list({line.boot: line for line in lines}.values())


def _has_said(process: "subprocess.Popen[bytes]", heard: bytearray, word: bytes) -> bool:
    assert process.stdout is not None
    assert process.poll() is None, "the other worker gave up"
    heard += process.stdout.read() or b""
    return word in heard


def _values(reported: str) -> dict[str, Any]:
    return {name: field[0] for name, field in msgspec.json.decode(reported).items() if field[0] is not None}


def _difference(found: Known, wanted: Known) -> str:
    names = sorted(found.reported.keys() | wanted.reported.keys())
    wrong = {
        name: (found.reported.get(name), wanted.reported.get(name))
        for name in names
        if found.reported.get(name) != wanted.reported.get(name)
    }
    return f"{wrong} {found[1:]} {wanted[1:]}"
