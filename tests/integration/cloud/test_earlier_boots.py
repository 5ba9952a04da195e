"""Many devices that still send for an older boot: their watermarks are asked for together, and each gets its own."""

from typing import Any

import pytest
import sqlalchemy as sa

from cloud.db import Transaction
from cloud.record.bulk import put_many
from cloud.twin import watermarks
from cloud.twin.service import stream_table
from tests.integration.cloud.world import World

UNITS, BOOTS = 12, (1, 2, 4)


def filled(world: World) -> list[str]:
    """Units; each boot of each unit is stored up to a number of its own, and one more boot says so with a hole."""
    made = [world.unit().id for _ in range(UNITS)]

    def fill(tx: Transaction) -> None:
        rows = [
            {"product_id": one, "boot": boot, "low": low_of(number, boot), "above": above_of(boot), "duplicates": 0}
            | {"given_up": 0}
            for number, one in enumerate(made)
            for boot in BOOTS
        ]
        put_many(tx, stream_table, rows)

    world.run(fill)
    return made


def low_of(number: int, boot: int) -> int:
    return 100 * number + boot


def above_of(boot: int) -> list[list[int]]:
    return [[5_000, 5_001]] if boot == 2 else []


@pytest.mark.parametrize("at_once", [1, 7, 5_000])
def test_every_device_gets_its_own_whatever_boots_the_others_ask_for(
    world: World, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    product_ids = filled(world)
    monkeypatch.setattr(watermarks, "PAIRS_AT_ONCE", at_once)
    asked = {one: set([(1,), (2,), (1, 2, 3), (5,)][number % 4]) for number, one in enumerate(product_ids)}
    found = world.read(lambda tx: watermarks.read(tx, asked))
    expected = {
        (one, boot): (low_of(number, boot), tuple(map(tuple, above_of(boot))))
        for number, one in enumerate(product_ids)
        for boot in BOOTS
        if boot in asked[one] or boot == max(BOOTS)
    }
    assert {key: (known.low, known.above) for key, known in found.now.items()} == expected
    assert found.newest == {one: max(4, *asked[one]) for one in product_ids}


@pytest.mark.postgres
def test_postgresql_is_asked_with_as_many_parameters_for_all_as_for_one(postgres_world: World) -> None:
    world, numbers = postgres_world, list[int]()
    product_ids = filled(world)

    def note(_connection: Any, _cursor: Any, _statement: str, values: Any, *_: Any) -> None:
        numbers.append(len(values))

    sa.event.listen(world.db.engine, "before_cursor_execute", note)
    for some in (product_ids[:1], product_ids):
        world.read(lambda tx, some=some: watermarks.read(tx, {one: {1, 2} for one in some}))  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    half = len(numbers) // 2
    assert half == 2
    assert numbers[:half] == numbers[half:]
