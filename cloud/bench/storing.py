"""Messages through the whole system: published, stored, and each run checked: no figure counts what was lost."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from cloud.bench import messages, publisher
from cloud.bench.helper import running
from cloud.bench.machine import Meter
from cloud.bench.stand import Stand
from cloud.errors import SetupError
from cloud.record.bulk import among
from cloud.record.events import EventType
from cloud.record.service import journal
from cloud.twin.service import stream_table
from cloud.twin.telemetry import telemetry_table

GIVE_UP_S = 180.0
LOOK_S, LOOK_AT_MOST_S = 0.01, 0.5
WATCHED = 50
"""Devices whose watermarks are looked at again and again; then, once, all."""


class Run(NamedTuple):
    """Messages a second, and processor time of each part in microseconds a message."""

    rate: float
    parts: dict[str, float]


def stored(
    here: Stand,
    boot: int,
    count: int,
    *,
    product_ids: Sequence[str] = (),
    earlier: int = 0,
    workers: dict[str, int | None] | None = None,
) -> Run:
    """Ours. product_ids: who speaks, all units if not given. earlier: how many messages of this boot each of them has
    sent before. workers: those that are no service of the stand's.

    Raises SetupError when a message is missing, or there twice.
    """
    speakers = list(product_ids) or here.product_ids
    before = statuses_stored(here)
    orders = publisher.Orders(address=here.address, product_ids=speakers, boot=boot, count=count, earlier=earlier)
    expected = messages.last_seqs(speakers, count, earlier)
    with running("publisher", orders) as source:
        meter = Meter({**here.pids(), **(workers or {})})
        source.begin()
        last = await_stored(here, boot, expected)
        parts = meter.per_item_us(count)
        sent = source.result(publisher.Published)
    statuses = statuses_stored(here) - before
    _check(here, boot, expected, (statuses, messages.count_statuses(len(speakers), count, earlier)), count, earlier)
    return Run(count / (last - sent.first), {"publisher": sent.cpu_s * 1e6 / count, **parts})


def await_stored(here: Stand, boot: int, expected: dict[str, int]) -> float:
    """When the watermarks of this boot came to what is expected of each device, on the monotonic clock.

    The last to speak are looked at, the oftener the nearer their end is; when they are through, all are.
    """
    last = list(expected)[-WATCHED:]
    begun, end, start = low_of(here, boot, last), sum(expected[one] for one in last), time.monotonic()
    while True:
        now = time.monotonic()
        low = low_of(here, boot, last)
        if low >= end:
            now = time.monotonic()
            if low_of(here, boot) >= sum(expected.values()):
                return now
        if now - start > GIVE_UP_S:
            msg = f"{here.name}: {low_of(here, boot)} of {sum(expected.values())} were stored in {GIVE_UP_S:.0f} s"
            raise SetupError(msg)
        # Rows tell nobody that they came; the more are there, the sooner it is asked again.
        time.sleep(pause(now - start, (low - begun) / max(1, end - begun)))


def pause(passed_s: float, share: float) -> float:
    """How long to wait before the next look, when `share` was done in `passed_s`: half of what is left at this pace.
    Looking costs the database time, which would count as the system's.
    """
    if not 0 < share < 1:
        return LOOK_S if share >= 1 else LOOK_S * 5
    left_s = passed_s * (1 - share) / share
    return min(max(left_s / 2, LOOK_S), LOOK_AT_MOST_S)


def low_of(here: Stand, boot: int, product_ids: Sequence[str] = ()) -> int:
    """The sum of the watermarks of this boot: of these, or of all."""
    query = sa.select(sa.func.coalesce(sa.func.sum(stream_table.c.low), 0)).where(stream_table.c.boot == boot)
    with here.db.reading() as tx:
        if product_ids:
            query = query.where(among(tx, stream_table.c.product_id, product_ids))
        return int(tx.session.execute(query).scalar_one())


def statuses_stored(here: Stand) -> int:
    """How many statuses the journal has."""
    query = sa.select(sa.func.count()).where(journal.c.type == EventType.DEVICE_STATUS.value)
    with here.db.reading() as tx:
        return int(tx.session.execute(query).scalar_one())


def _check(
    here: Stand, boot: int, expected: dict[str, int], statuses: tuple[int, int], count: int, earlier: int
) -> None:
    """Each message once, each watermark at the last. statuses: stored, and sent. Raises SetupError."""
    table, (stored_statuses, wanted) = telemetry_table, statuses
    fresh = sa.and_(table.c.boot == boot, table.c.seq > earlier)
    marks = sa.select(stream_table.c.product_id, stream_table.c.low).where(stream_table.c.boot == boot)
    with here.db.reading() as tx:
        readings = [tuple(one) for one in tx.session.execute(sa.select(table.c.product_id, table.c.seq).where(fresh))]
        watermarks = {one.product_id: one.low for one in tx.session.execute(marks).all()}
    told = (stored_statuses, len(readings), len(set(readings)), watermarks == expected)
    if told != (wanted, count - wanted, count - wanted, True):
        msg = f"{here.name}: statuses, telemetry rows, different ones, watermarks: {told}; sent were {count}"
        raise SetupError(msg)


def check_steady(here: Stand, boot: int, sent: int, statuses: int, before: int, gone: tuple[int, int] = (0, 0)) -> None:
    """The same of a publisher without end: as many rows as messages, and as the watermarks say. gone: telemetry rows
    and statuses that were stored and counted, and are not there any more. Raises SetupError.
    """
    telemetry = sa.select(sa.func.count()).where(telemetry_table.c.boot == boot)
    with here.db.reading() as tx:
        readings = int(tx.session.execute(telemetry).scalar_one()) + gone[0]
    told = (low_of(here, boot), statuses_stored(here) - before + gone[1], readings)
    if told != (sent, statuses, sent - statuses):
        msg = (
            f"{here.name}: watermarks, statuses, telemetry rows: {told}; sent were {sent}, {statuses} of them statuses"
        )
        raise SetupError(msg)
