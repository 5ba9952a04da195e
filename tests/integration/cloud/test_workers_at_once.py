"""Two workers' transactions on the same rows: they wait for each other in one order, or one of them tries again."""

import random
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from broker.contract.topics import Up, up_topic
from cloud.db import Transaction
from cloud.record import service as record
from cloud.twin import ingest, overruns
from cloud.twin import service as twin
from cloud.twin.overruns import Overrun
from tests.integration.cloud.world import READY, Device, Message, World, at_once

pytestmark = pytest.mark.postgres
WORKERS, BATCHES = 4, 12


def test_workers_with_the_same_devices_in_any_order_never_lock_each_other_out(postgres_world: World) -> None:
    world = postgres_world
    devices = [Device(world, world.unit().id) for _ in range(30)]
    said = {device: [device.birth(), *(device.status(READY) for _ in range(20))] for device in devices}

    def worker(number: int) -> int:
        order = random.Random(number)  # noqa: S311 - an order, and no secret
        stored = 0
        for _ in range(BATCHES):
            some = order.sample(devices, 20)
            batch: list[Message] = [order.choice(said[device]) for device in some]
            batch += [(up_topic(device.product_id, Up.STATUS), b"rubbish") for device in some[:5]]
            batch.append(("tl/v1/nobody/up/status", b"{}"))
            refused = {one.product_id: Overrun(up_topic(one.product_id, Up.STATUS), b"", False, 1) for one in some}
            # Once each, without another try: a deadlock would be seen.
            stored += world.db._once(lambda tx, batch=batch: ingest.take(tx, batch)).stored  # type: ignore[misc]  # noqa: SLF001 - see above
            world.db._once(lambda tx, refused=refused: overruns.note(tx, refused, "x"))  # type: ignore[misc]  # noqa: SLF001 - see above
        return stored

    found = at_once([lambda number=number: worker(number) for number in range(WORKERS)])  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    assert [one for one in found if isinstance(one, Exception)] == []
    different = {row.event_id for row in world.rows("journal")}
    assert sum(one for one in found if isinstance(one, int)) == len(world.rows("journal")) == len(different)
    rejected = {row.product_id: row.count for row in world.rows("reject_count", reason="over_limit")}
    assert sum(rejected.values()) == WORKERS * BATCHES * 20
    assert world.rows("reject_count", product_id="")[0].count == WORKERS * BATCHES


def test_units_are_locked_in_the_order_of_their_numbers_which_is_the_same_for_every_process(
    postgres_world: World,
) -> None:
    world, asked = postgres_world, []
    devices = [Device(world, world.unit().id) for _ in range(20)]

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if "pg_advisory_xact_lock" in statement:
            asked.append([int(number) for number in str(values[0]).strip("{}").split(",")])

    sa.event.listen(world.db.engine, "before_cursor_execute", note)
    world.take(*(device.birth() for device in devices))
    assert max(map(len, asked)) == len(devices), "all at once"
    assert asked == [sorted(numbers) for numbers in asked]


def test_a_batch_that_is_locked_out_by_somebody_who_takes_the_units_the_other_way_round_is_stored_all_the_same(
    postgres_world: World,
) -> None:
    world = postgres_world
    first, second = sorted((world.unit().id for _ in range(2)), key=record._lock_key)  # noqa: SLF001 - in the order of their locks
    said = [Device(world, one).birth() for one in (first, second)]
    held = threading.Barrier(2, timeout=30)
    tries: list[str] = []

    def other(tx: Transaction) -> None:
        record.lock(tx, {second})
        if "other" not in tries:
            tries.append("other")
            held.wait()
        record.lock(tx, {first})

    def batch(tx: Transaction) -> ingest.Taken:
        if "batch" not in tries:
            tries.append("batch")
            record.lock(tx, {first})
            held.wait()
        return ingest.take(tx, said)

    found = at_once([lambda: world.run(other), lambda: world.run(batch)])
    assert [one for one in found if isinstance(one, Exception)] == []
    assert world.read(lambda tx: {one: known.online for one, known in twin.read_many(tx, [first, second]).items()}) == {
        first: True,
        second: True,
    }
