"""Figures of what fails or stands still, which a system that is well does not show."""

import http.client
import smtplib
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from broker.contract.messages import MAX_PAYLOAD_BYTES
from cloud.control import service as control
from cloud.courier import Courier, Fate
from cloud.db import Transaction
from cloud.figures import FROM_DATABASE, DatabaseFigures
from cloud.intake import Intake
from cloud.lanes import Lane
from cloud.mail import service as mail
from cloud.mail.letters import Letter
from cloud.mail.outlets import MailFolder, RefusedForGoodError
from cloud.metrics import catalogue as c
from cloud.metrics.catalogue import Metric
from cloud.metrics.meters import Meters, Page
from cloud.metrics.page import WORKERS, MetricsServer
from cloud.mqtt import Address, Delivery
from cloud.publish_packets import Outgoing
from cloud.record import service as record
from cloud.twin import ingest, series
from cloud.twin.memory import Memory
from cloud.workers import scheduler
from cloud.workers.ingest import IngestLoop
from cloud.workers.mail import MailLoop
from cloud.workers.outbox import OutboxLoop
from cloud.workers.scheduler import SchedulerLoop
from tests.integration.cloud.world import Device, World
from tests.ports import free_port

LETTER = Letter(kind="verify", to="her@example.com", language="en", link="https://a.example/x", minutes=30)


def told(meters: Meters, metric: Metric, label: str = "") -> float | None:
    """What a scrape would say of it; None: nothing."""
    for family in text_string_to_metric_families(Page(meters)().decode()):
        for sample in family.samples:
            if sample.name in {metric.full_name, f"{metric.full_name}_count"} and label in {
                *sample.labels.values(),
                "",
            }:
                return float(sample.value)
    return None


class DeafCourier:
    """To a broker that takes everything but what is for `deaf`."""

    connected = True

    def open(self) -> bool:
        return True

    def deliver(self, messages: Sequence[Outgoing]) -> list[Fate]:
        return [Fate.LEFT if topic == "tl/v1/deaf" else Fate.TAKEN for topic, _, _ in messages]

    def close(self) -> None:
        """It has nothing to close."""


class OnceFull:
    """A database that is full at the first try."""

    def __init__(self) -> None:
        self.tries = 0
        self._take = ingest.take

    def __call__(self, tx: Transaction, batch: list[tuple[str, bytes]], memory: Memory) -> ingest.Taken:
        self.tries += 1
        if self.tries == 1:
            statement = "COMMIT"
            raise OperationalError(statement, {}, Exception("the disk is full"))
        return self._take(tx, batch, memory)


def test_a_batch_that_fails_at_first_is_counted_as_a_failed_try_and_once_as_stored(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, meters = sqlite_world, Meters("work")
    device = Device(world, world.unit().id)
    batch = [Delivery(*device.telemetry(), mid=mid, qos=1, generation=1) for mid in range(1, 101)]
    monkeypatch.setattr(ingest, "take", OnceFull())
    loop = IngestLoop(world.db, cast("Lane", None), batch=10, wait_s=0, stop=threading.Event(), meters=meters)
    assert loop.store(batch)
    assert told(meters, c.INGEST_FAILED) == 1
    assert told(meters, c.STORED) == 100
    assert told(meters, c.BATCH) == told(meters, c.TRANSACTION) == 1
    assert told(meters, c.RECEIPT_LAG) == told(meters, c.DEVICE_LAG) == 100, "a few were timed, for all of them"


def test_what_waits_in_a_worker_is_seen() -> None:
    intake, meters = Intake(Address("127.0.0.1", 1, "u", "p"), "one", 100), Meters("work")
    meters.watch(c.WAITING, intake.waiting)
    meters.watch(c.WAITING_BYTES, intake.waiting_bytes)
    intake.lanes[0].put(Delivery("tl/v1/x/up/status", b"12345", 1, 1, 1))
    assert (told(meters, c.WAITING), told(meters, c.WAITING_BYTES)) == (1, 5)


def test_messages_that_do_not_leave_are_counted_by_what_became_of_them(sqlite_world: World) -> None:
    world, meters = sqlite_world, Meters("work")
    unit = world.unit()
    world.run(lambda tx: record.send(tx, "tl/v1/deaf", b"1"))
    world.run(lambda tx: record.send(tx, "tl/v1/old", b"1", expires_at=tx.now))
    world.run(lambda tx: record.send(tx, "tl/v1/fine", b"1"))
    world.run(lambda tx: record.send(tx, "tl/v1/fine/too", b"1"))
    world.run(lambda tx: control.queue(tx, unit.id, "identify", {}))
    large = {"payload": b"x" * (MAX_PAYLOAD_BYTES + 1)}
    world.run(
        lambda tx: tx.session.execute(sa.update(record.outbox).where(record.outbox.c.command_id != "").values(large))
    )
    OutboxLoop(world.db, cast("Courier", DeafCourier()), threading.Event(), threading.Event(), meters).send_due()
    assert [told(meters, c.OUTBOX_DONE, one) for one in ("sent", "left", "expired", "oversize")] == [2, 1, 1, 1]


async def test_what_waits_in_the_database_is_read_when_somebody_asks(world: World) -> None:
    meters = Meters("api")
    figures = DatabaseFigures(world.db, meters)
    await figures.look()
    assert told(meters, c.OUTBOX) == told(meters, c.OUTBOX_AGE) == told(meters, c.TIMERS_DUE) == 0
    world.run(lambda tx: record.send(tx, "tl/v1/x", b"1"))
    world.run(lambda tx: record.set_timers(tx, {("watch", "a"): tx.now}))
    world.take(Device(world, world.unit().id).telemetry())
    person = world.phone().person_id
    world.run(lambda tx: mail.queue(tx, world.keys, person, LETTER, tx.now + timedelta(hours=1)))
    world.clock.advance(seconds=90)
    await figures.look()
    assert told(meters, c.OUTBOX) == 2, "the batch's row of watermarks, too"
    assert told(meters, c.OUTBOX_AGE) == 90
    assert told(meters, c.SERIES_LATE) == 90
    assert told(meters, c.TIMERS_DUE) == 1
    assert told(meters, c.MAILS) == 1
    assert told(meters, c.ANSWERS) == 1
    world.run(series.roll)
    await figures.look()
    assert told(meters, c.SERIES_LATE) == 0


async def test_while_the_database_is_away_the_scrape_says_so_and_nothing_false(sqlite_world: World) -> None:
    meters = Meters("api")
    figures = DatabaseFigures(sqlite_world.db, meters)
    await figures.look()
    with sqlite_world.db.transaction() as tx:
        tx.session.execute(sa.text("ALTER TABLE outbox RENAME TO gone"))
    await figures.look()
    assert told(meters, c.ANSWERS) == 0
    assert [metric.name for metric in FROM_DATABASE if told(meters, metric) is not None] == []


class Refusing:
    """A mail server that has a bad day, or refuses for good."""

    def __init__(self) -> None:
        self.error: Exception = smtplib.SMTPServerDisconnected("her@example.com")

    def send(self, _mail_id: str, _message: EmailMessage) -> None:
        raise self.error


def test_mails_that_do_not_leave_are_counted_by_what_became_of_them(sqlite_world: World, tmp_path: Path) -> None:
    world, meters, outlet = sqlite_world, Meters("work"), Refusing()
    stop, wake = threading.Event(), threading.Event()
    loop = MailLoop(world.db, world.keys, outlet, MailFolder(tmp_path), "a@b.example", stop, wake, meters)
    person = world.phone().person_id
    world.run(lambda tx: mail.queue(tx, world.keys, person, LETTER, tx.now + timedelta(hours=9)))
    loop.send_due()
    assert told(meters, c.MAIL_DONE, "later") == 1
    outlet.error = RefusedForGoodError()
    world.clock.advance(hours=1)
    loop.send_due()
    assert told(meters, c.MAIL_DONE, "refused") == 1


@pytest.mark.parametrize("name", ["mail", "outbox", "scheduler"])
def test_a_round_that_fails_as_a_whole_is_counted(
    sqlite_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    world, meters, stop, wake = sqlite_world, Meters("work"), threading.Event(), threading.Event()
    loops: dict[str, MailLoop | OutboxLoop | SchedulerLoop] = {
        "mail": MailLoop(
            world.db, world.keys, MailFolder(tmp_path), MailFolder(tmp_path), "a@b.example", stop, wake, meters
        ),
        "outbox": OutboxLoop(world.db, cast("Courier", DeafCourier()), stop, wake, meters),
        "scheduler": SchedulerLoop(world.db, stop, meters),
    }
    loop, work = loops[name], {"mail": "send_due", "outbox": "send_due", "scheduler": "do_due"}[name]

    def failing() -> int:
        stop.set()
        wake.set()
        raise KeyError

    monkeypatch.setattr(loop, work, failing)
    loop.run()
    assert told(meters, c.ROUNDS_FAILED, name) == 1


def test_a_duty_that_fails_is_counted_and_so_is_how_late_it_was(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, meters = sqlite_world, Meters("work")

    def failing(_tx: Transaction, subject: str) -> None:
        raise KeyError(subject)

    monkeypatch.setattr(scheduler, "DUTIES", {"bad": failing})
    world.run(lambda tx: record.set_timers(tx, {("bad", "a"): tx.now}))
    world.clock.advance(seconds=100)
    SchedulerLoop(world.db, threading.Event(), meters).do_due()
    assert told(meters, c.DUTIES, "failed") == 1
    assert told(meters, c.LATENESS) == 1


# --- where a worker's figures are read ---


@pytest.fixture
def served() -> Iterator[MetricsServer]:
    with MetricsServer("127.0.0.1", free_port(), Page(Meters("work"))) as server:
        assert server.port is not None
        yield server


def fetched(server: MetricsServer, path: str, method: str = "GET") -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_worker_answers_a_scrape_and_nothing_else(served: MetricsServer) -> None:
    assert fetched(served, "/metrics") == fetched(served, "/metrics?x=1") == 200
    assert fetched(served, "/") == 404
    assert fetched(served, "/metrics", "POST") == 501


def test_a_page_that_points_a_name_of_its_own_at_this_machine_reads_no_figures_of_a_worker(
    served: MetricsServer,
) -> None:
    for host, status in (("evil.example", 403), (f"localhost:{served.port}", 200), ("", 403)):
        asked = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
        asked.request("GET", "/metrics", headers={"Host": host})
        assert asked.getresponse().status == status, host
        asked.close()


def test_who_sends_what_is_no_request_does_not_end_the_figures(served: MetricsServer) -> None:
    for junk in (b"\x00\xff\r\n\r\n", b"GET\r\n", b"GET /metrics HTTP/9.9\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", served.port or 0), timeout=20) as line:
            line.sendall(junk)
            line.shutdown(socket.SHUT_WR)
            while line.recv(4096):
                pass
    assert fetched(served, "/metrics") == 200


def test_the_next_worker_of_a_machine_takes_the_next_port(served: MetricsServer) -> None:
    with MetricsServer("127.0.0.1", served.port or 0, Page(Meters("work"))) as second:
        assert second.port is not None
        assert (served.port or 0) < second.port < (served.port or 0) + WORKERS
        assert fetched(second, "/metrics") == 200


def test_a_worker_that_finds_no_port_works_unseen_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with MetricsServer("192.0.2.1", 9, Page(Meters("work"))) as server:  # an address of nobody here
        assert server.port is None
    assert "nobody can read this worker's figures" in caplog.text
    with MetricsServer("127.0.0.1", 0, Page(Meters("work"))) as silent:
        assert silent.port is None
