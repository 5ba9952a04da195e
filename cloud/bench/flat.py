"""What the parts of the bench `storage` share: how much is measured, and what counts as flat."""

from collections.abc import Callable
from typing import Final, NamedTuple

from cloud.bench.machine import spent_s
from cloud.bench.report import Goal
from cloud.bench.servers import Postgres
from cloud.errors import SetupError

FLAT: Final = Goal(1.25, of="ratio", at_most=True)
BATCH: Final = 1_000


class Size(NamedTuple):
    """How much is measured. rows: of telemetry in a run; parts: of a run of telemetry, each way in
    turn; rounds: of twins, each of a batch.
    """

    twins: int = 1_000_000
    rows: int = 100_000
    spans: int = 400
    rounds: int = 20
    parts: int = 10


def size_of(messages: int | None) -> Size:
    """messages: for a quick look, so many twins, and the rest by it; None: all."""
    if messages is None:
        return Size()
    return Size(twins=max(BATCH, messages), rows=max(BATCH, messages // BATCH * BATCH), spans=10, rounds=2, parts=1)


def spent_us(server: Postgres, count: int, work: Callable[[], object]) -> float:
    """Processor time of the server for each of `count`, in microseconds. Raises SetupError when it does not run."""
    pid = server.pid
    if pid is None:
        msg = "PostgreSQL was stopped before it was measured"
        raise SetupError(msg)
    before = spent_s(pid)
    work()
    return (spent_s(pid) - before) * 1e6 / count
