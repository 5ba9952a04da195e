"""The loop that takes telemetry into its series: a little at a time, and at rest for its share."""

import threading

import pytest

from cloud.twin import series
from cloud.twin.series_pace import EVERY_S
from cloud.twin.series_rules import Every
from cloud.workers import series as series_loop
from tests.integration.cloud.readings import counted, hour_of_readings, told
from tests.integration.cloud.world import Device, World


def test_the_loop_takes_a_little_at_a_time_says_whether_more_waits_and_writes_nothing_while_nothing_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series, "AT_ONCE", 100)
    monkeypatch.setattr(series_loop, "AT_ONCE_IN_SQLITE", 100)
    device = Device(world, world.unit().id)
    messages, readings = hour_of_readings(world, device)
    for number in range(0, 240, 60):
        world.take(*messages[number : number + 60])
    loop = series_loop.SeriesLoop(world.db, threading.Event(), 10)
    world.clock.advance(seconds=30)
    assert [loop.step() for _ in range(4)] == [30.0, 30.0, 30.0, 0.0]
    assert told(world, device.product_id, Every.DAY) == counted(readings, Every.DAY)
    writes: list[object] = []
    monkeypatch.setattr(world.db, "run", writes.append)
    assert loop.step() == 0.0
    assert writes == []


@pytest.mark.parametrize(("share_percent", "least_rest"), [(10, 9.0), (50, 1.0)])
def test_the_loop_rests_as_its_share_says_while_more_waits(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch, share_percent: int, least_rest: float
) -> None:
    rests: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            rests.append(timeout or 0.0)
            if len(rests) == 2:
                self.set()
            return True

    moments = iter([0.0, 2.0, 5.0, 6.0])
    monkeypatch.setattr(series_loop, "monotonic", lambda: next(moments))
    loop = series_loop.SeriesLoop(sqlite_world.db, Stop(), share_percent)
    late_s = iter([20.0, 0.0])
    monkeypatch.setattr(loop, "step", lambda: next(late_s))
    loop.run()
    assert rests == [pytest.approx(2.0 * least_rest), max(least_rest, EVERY_S)]


def test_a_round_that_fails_ends_no_loop(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()
    loop = series_loop.SeriesLoop(sqlite_world.db, stop, 100)

    def fail() -> bool:
        stop.set()
        message = "the database is away"
        raise OSError(message)

    monkeypatch.setattr(loop, "step", fail)
    loop.run()
    assert "the series wait for the next round: OSError" in caplog.text
