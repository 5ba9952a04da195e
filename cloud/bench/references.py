"""What ingest is measured beside, with the same publisher: subscribers that do less, on the same broker and on stock
amqtt.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from cloud.bench import drain, publisher
from cloud.bench.helper import running
from cloud.bench.machine import Meter
from cloud.bench.servers import running_amqtt
from cloud.bench.stand import Stand
from cloud.bench.storing import GIVE_UP_S, Run
from cloud.errors import SetupError
from cloud.mqtt import Address
from cloud.supervisor import free_port

PREFIX = "bench"
"""The topics' first level, which the worker does not hear."""
FILTER = f"tl/{PREFIX}/+/up/#"
SUBSCRIBED_S = 1.0


class Broker(NamedTuple):
    """Where a reference's messages pass. pids: of what works meanwhile, by part."""

    address: Address
    pids: dict[str, int | None]


def broker_of(here: Stand) -> Broker:
    """The stand's own."""
    return Broker(here.address, without_work(here))


@contextmanager
def stock_amqtt(here: Stand) -> Iterator[Broker]:
    """A broker that is amqtt and nothing of ours. The bench's clients come as who they are at the stand's."""
    port = free_port()
    with running_amqtt(port) as pid:
        yield Broker(here.address._replace(host="127.0.0.1", port=port), {"amqtt": pid})


def drained(here: Stand, boot: int, count: int, *, through: Broker | None = None, database_url: str = "") -> Run:
    """A subscriber in Python that only counts; with a database, the way of the tutorials. through: another broker than
    the stand's. Raises SetupError when messages are missing.
    """
    broker = through or broker_of(here)
    orders = drain.Orders(
        address=broker.address, topic=FILTER, count=count, silent_s=GIVE_UP_S, database_url=database_url
    )
    source_orders = _source(here, broker.address, boot, count)
    with running("drain", orders) as sink, running("publisher", source_orders) as source:
        meter = Meter(broker.pids)
        source.begin()
        done = sink.result(drain.Drained)
        sent = source.result(publisher.Published)
        parts = {"publisher": sent.cpu_s * 1e6 / count, **meter.per_item_us(count)}
    return Run(count / (done.last - sent.first), {**parts, "subscriber": done.cpu_s * 1e6 / count})


def drained_by_c(here: Stand, boot: int, count: int, program: Path) -> Run:
    """Mosquitto's own client, written in C: QoS 1, each message acknowledged at once, a session that persists as the
    worker's does. It writes each payload out, to nowhere.
    """
    command = _subscriber(here, program, "-t", FILTER, "-q", "1", "-c", "-C", str(count))
    with running("publisher", _source(here, here.address, boot, count)) as source:
        sink = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own arguments
        try:
            time.sleep(SUBSCRIBED_S)  # it does not say when it is subscribed
            meter = Meter(without_work(here))
            source.begin()
            sent = source.result(publisher.Published)
            spent_s = _end_of(sink)
            last = time.monotonic()
            parts = {"publisher": sent.cpu_s * 1e6 / count, **meter.per_item_us(count)}
        finally:
            sink.kill()
            sink.wait()
    # What persists would fill up with what others are sent.
    leave = _subscriber(here, program, "-t", FILTER, "-E")
    subprocess.run(leave, check=True, timeout=GIVE_UP_S)  # noqa: S603 - our own arguments
    return Run(count / (last - sent.first), {**parts, "subscriber": spent_s * 1e6 / count})


def _subscriber(here: Stand, program: Path, *options: str) -> list[str]:
    at = here.address
    name = f"{at.username}-bench-sub"
    where = ["-h", at.host, "-p", str(at.port), "-u", at.username, "-P", at.password, "-i", name]
    return [str(program), *where, *options]


def _end_of(process: "subprocess.Popen[bytes]") -> float:
    """Waits for its end; the processor seconds that it took in its whole life. Raises SetupError."""
    until = time.monotonic() + GIVE_UP_S
    while time.monotonic() < until:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode == 0:
                return usage.ru_utime + usage.ru_stime
            break
        time.sleep(0.005)  # `wait4` with a deadline: there is none, and the usage is lost to whoever waits otherwise
    msg = "mosquitto_sub failed, or did not get all that was sent"
    raise SetupError(msg)


def without_work(here: Stand) -> dict[str, int | None]:
    """The parts that have to do with a reference; the worker is idle meanwhile."""
    return {name: pid for name, pid in here.pids().items() if not name.startswith("work")}


def _source(here: Stand, address: Address, boot: int, count: int) -> publisher.Orders:
    return publisher.Orders(address=address, product_ids=here.product_ids, boot=boot, count=count, prefix=PREFIX)


def own_database(here: Stand) -> str:
    """Where the tutorials' way stores: a file of its own on SQLite; tables of its own on PostgreSQL."""
    return here.settings.database_url or f"sqlite:///{here.settings.data_dir / 'tutorial.db'}"
