"""Node-RED beside ingest: what a good user of it would build, storing the same messages in the same PostgreSQL. Two
flows: one that appends what comes, and one that stores about what ours does.

Its flow, its settings and the lock of its packages lie in `tests/bench/node-red/`, where `npm ci` installs them. It
acknowledges a message to the broker when it has it in memory, long before it is stored.
"""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from cloud.bench import publisher
from cloud.bench.helper import ROOT, running
from cloud.bench.machine import Meter, found
from cloud.bench.references import SUBSCRIBED_S, without_work
from cloud.bench.stand import Stand
from cloud.bench.storing import GIVE_UP_S, Run, pause
from cloud.bench.waiting import await_that
from cloud.db import Database
from cloud.errors import SetupError
from cloud.supervisor import free_port

HOME = ROOT / "tests" / "bench" / "node-red"
INSTALL = "npm ci --prefix tests/bench/node-red"
START_WITHIN_S = 60.0
TABLES = (
    """CREATE TABLE IF NOT EXISTS bench_node_red (
        id bigserial PRIMARY KEY, topic text NOT NULL, payload text NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now()
    )""",
    """CREATE TABLE IF NOT EXISTS bench_node_red_once (
        id bigserial, device text NOT NULL, kind text NOT NULL, boot bigint NOT NULL, seq bigint NOT NULL,
        at timestamptz NOT NULL, received_at timestamptz NOT NULL DEFAULT now(), payload text NOT NULL,
        PRIMARY KEY (device, boot, seq)
    )""",
    """CREATE TABLE IF NOT EXISTS bench_node_red_newest (
        device text PRIMARY KEY, boot bigint NOT NULL, seq bigint NOT NULL, payload text NOT NULL
    ) WITH (fillfactor = 50)""",
)


class Flow(NamedTuple):
    """One of its two. prefix: the first level of the topics that it hears. table: where its rows go. same: what two
    rows have in common that are of one message.
    """

    prefix: str
    table: str
    same: str


APPEND = Flow("nodered", "bench_node_red", "topic, payload")
"""Topic and payload as they come."""
STATE = Flow("noderedstate", "bench_node_red_once", "device, boot, seq")
"""Parsed; each message once, however often it comes; and each device's newest state."""


class NodeRed(NamedTuple):
    """A running one."""

    pid: int


def missing(home: Path = HOME) -> str:
    """Why it cannot be measured; empty when it can."""
    if found("node") is None or found("npm") is None:
        return "Node-RED was not measured: Node.js and npm are not here"
    if not (home / "node_modules" / "node-red" / "red.js").exists():
        return f"Node-RED was not measured: it is not installed; `{INSTALL}` does that"
    return ""


def version(home: Path = HOME) -> str:
    """Of the installed one."""
    told = json.loads((home / "node_modules" / "node-red" / "package.json").read_text())
    return str(told["version"])


@contextmanager
def running_node_red(here: Stand, home: Path = HOME) -> Iterator[NodeRed]:
    """Node-RED with the flow, subscribed. Raises SetupError."""
    for table in TABLES:
        _run(here.db, table)
    with tempfile.TemporaryDirectory(prefix="tl-node-red-") as name:
        folder, at = Path(name), here.address
        (folder / "flows.json").write_text((home / "flows.json").read_text())
        # With `credentialSecret: false` they are plain; the folder is this user's alone, and goes with the bench.
        credentials = {"broker": {"user": at.username, "password": at.password}}
        (folder / "flows_cred.json").write_text(json.dumps(credentials))
        own = {
            "BENCH_PORT": str(free_port()),
            "BENCH_DATABASE_HOST": str(here.db.engine.url.query["host"]),
            "BENCH_BROKER_HOST": at.host,
            "BENCH_BROKER_PORT": str(at.port),
        }
        log = folder / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603 - our own arguments
                _command(home, folder), cwd=folder, env=os.environ | own, stdout=out, stderr=out
            )
        try:
            _await_connected(process, log)
            yield NodeRed(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _command(home: Path, folder: Path) -> list[str]:
    program = home / "node_modules" / "node-red" / "red.js"
    return [str(found("node")), str(program), "--userDir", str(folder), "--settings", str(home / "settings.js")]


def _await_connected(process: "subprocess.Popen[bytes]", log: Path) -> None:
    """It says so in its log, and subscribes with the same breath."""

    def said() -> str:
        return log.read_text(errors="replace")

    await_that(
        lambda: "Connected to broker" in said(),
        lambda: f"Node-RED did not start: {said()[-2000:]}",
        within_s=START_WITHIN_S,
        over=lambda: process.poll() is not None,
    )
    time.sleep(SUBSCRIBED_S)  # of its subscription it says nothing


def stored_by(there: NodeRed, here: Stand, flow: Flow, count: int) -> Run:
    """From the publisher's first byte to the last row. Raises SetupError when a message is missing, or there twice."""
    _run(here.db, f"TRUNCATE {flow.table} RESTART IDENTITY")
    orders = publisher.Orders(
        address=here.address, product_ids=here.product_ids, boot=1, count=count, prefix=flow.prefix
    )
    with running("publisher", orders) as source:
        meter = Meter({**without_work(here), "node-red": there.pid})
        source.begin()
        last = _await_rows(here, flow, count)
        parts = meter.per_item_us(count)
        sent = source.result(publisher.Published)
    query = f"SELECT count(*) FROM (SELECT DISTINCT {flow.same} FROM {flow.table}) AS one"  # noqa: S608 - names of the flows of this module
    rows, different = _rows_of(here, flow), _scalar(here.db, query)
    if (rows, different) != (count, count):
        msg = f"Node-RED stored {rows} rows, {different} of them different; sent were {count}"
        raise SetupError(msg)
    return Run(count / (last - sent.first), {"publisher": sent.cpu_s * 1e6 / count, **parts})


def _await_rows(here: Stand, flow: Flow, count: int) -> float:
    start = time.monotonic()
    while True:
        now = time.monotonic()
        # The sequence first: counting reads all.
        done = _scalar(here.db, f"SELECT last_value FROM {flow.table}_id_seq")  # noqa: S608 - a table of the flows of this module
        if done >= count:
            now = time.monotonic()
            if _rows_of(here, flow) >= count:
                return now
        if now - start > GIVE_UP_S:
            msg = f"Node-RED stored {_rows_of(here, flow)} of {count} messages in {GIVE_UP_S:.0f} s"
            raise SetupError(msg)
        # Its rows tell nobody that they came; the more are there, the sooner it is asked again.
        time.sleep(pause(now - start, min(1.0, done / count)))


def _rows_of(here: Stand, flow: Flow) -> int:
    return _scalar(here.db, f"SELECT count(*) FROM {flow.table}")  # noqa: S608 - a table of the flows of this module


def _run(db: Database, statement: str) -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.text(statement))


def _scalar(db: Database, query: str) -> int:
    with db.engine.connect() as connection:
        return int(connection.execute(sa.text(query)).scalar_one())
