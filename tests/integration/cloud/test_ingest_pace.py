"""The ingest loop goes by the time that its transactions take."""

import threading
from collections.abc import Sequence
from typing import cast

import pytest

from cloud import pace
from cloud.lanes import Lane, Refused
from cloud.mqtt import Delivery
from cloud.workers.ingest import IngestLoop
from tests.integration.cloud.world import Device, World

MOST = 1_000


class Source:
    """A lane that has so many messages each time, and writes down what was asked of it."""

    def __init__(self, device: Device, numbers: Sequence[int], stop: threading.Event) -> None:
        self._device = device
        self._numbers = list(numbers)
        self._stop = stop
        self.asked: list[tuple[int, float]] = []

    def take(self, limit: int, wait_s: float) -> list[Delivery]:
        self.asked.append((limit, wait_s))
        if not self._numbers:
            self._stop.set()
            return []
        count = min(limit, self._numbers.pop(0))
        return [Delivery(*self._device.telemetry(), mid, 1, 1) for mid in range(1, count + 1)]

    def refused(self) -> Refused | None:
        return None

    def acknowledge(self, batch: Sequence[Delivery]) -> None:
        pass


def asked(world: World, numbers: Sequence[int]) -> list[tuple[int, float]]:
    stop = threading.Event()
    source = Source(Device(world, world.unit().id), numbers, stop)
    IngestLoop(world.db, cast("Lane", source), batch=MOST, wait_s=0.005, stop=stop).run()
    return source.asked


def test_a_full_batch_that_takes_too_long_is_followed_by_a_smaller_one_and_any_other_by_none(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "AIM_S", 0.0)
    assert [size for size, _ in asked(sqlite_world, [MOST])] == [MOST, MOST // 2]
    assert [size for size, _ in asked(sqlite_world, [10] * 4)] == [MOST] * 5
    monkeypatch.setattr(pace, "AIM_S", 3_600.0)
    assert [size for size, _ in asked(sqlite_world, [MOST])] == [MOST] * 2


def test_a_message_that_comes_alone_does_not_wait_for_company_and_those_that_come_together_do(
    sqlite_world: World,
) -> None:
    assert [wait for _, wait in asked(sqlite_world, [1, 2, 3, 40, 1])] == [0.0, 0.0, 0.0, 0.005, 0.005, 0.0]
