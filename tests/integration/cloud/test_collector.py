"""What failed tries leave in a worker's memory is let go of, and nobody looks for it while nothing fails."""

import gc
import threading
import weakref
from collections.abc import Iterator
from typing import Any, cast

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from cloud.collector import Sweeper, let_go
from cloud.db import Transaction, make_engine
from cloud.lanes import Lane
from cloud.mqtt import Delivery
from cloud.twin import ingest
from cloud.workers.ingest import IngestLoop
from tests.integration.cloud.world import Device, World


class Thing:
    """Something that can be seen to go."""


class Looks(threading.Event):
    """Is set after so many waits, and does something in each."""

    def __init__(self, *during: Any) -> None:
        super().__init__()
        self._during = list(during)

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - nobody has to wait here
        if not self._during:
            return True
        self._during.pop(0)()
        return False


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """None of its own accord, as good as in a worker."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def engine() -> Iterator[sa.Engine]:
    """Of a database that is away."""
    away = make_engine("postgresql+psycopg://nobody@/none?host=/nowhere")
    yield away
    away.dispose()


def circle() -> "weakref.ref[Thing]":
    thing = Thing()
    vars(thing)["self"] = thing
    return weakref.ref(thing)


def fail(engine: sa.Engine) -> None:
    with pytest.raises(OperationalError):
        engine.connect()


def nothing() -> None:
    """Happens."""


def test_while_nothing_fails_nobody_looks_for_circles(engine: sa.Engine) -> None:
    left = circle()
    Sweeper(engine).sweep_until(Looks(nothing, nothing, nothing))
    assert left() is not None


def test_a_database_that_is_away_sets_off_a_look_and_one_more_for_what_was_still_held(engine: sa.Engine) -> None:
    left, later = circle(), list["weakref.ref[Thing]"]()
    Sweeper(engine).sweep_until(Looks(lambda: fail(engine), lambda: later.append(circle()), nothing))
    assert left() is None
    assert later[0]() is None


def test_when_it_is_well_again_nobody_looks_any_more(engine: sa.Engine) -> None:
    later = list["weakref.ref[Thing]"]()
    Sweeper(engine).sweep_until(Looks(lambda: fail(engine), nothing, lambda: later.append(circle()), nothing))
    assert later[0]() is not None


def test_an_error_that_is_let_go_of_holds_nothing_of_where_it_came_through_nor_does_its_cause() -> None:
    things: list[weakref.ref[Thing]] = []

    def inner() -> None:
        thing = Thing()
        things.append(weakref.ref(thing))
        raise ValueError

    def outer() -> None:
        thing = Thing()
        things.append(weakref.ref(thing))
        try:
            inner()
        except ValueError as error:
            raise KeyError from error

    with pytest.raises(KeyError) as caught:
        outer()
    assert [one() is not None for one in things] == [True, True]
    let_go(caught.value)
    assert [one() for one in things] == [None, None]


def test_a_batch_that_waits_for_the_database_is_not_kept_decoded_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, kept = threading.Event(), list["weakref.ref[Thing]"]()

    def failing(_tx: Transaction, _batch: Any, _memory: Any) -> None:
        if kept:
            assert kept[0]() is None
            stop.set()
        decoded = Thing()
        kept.append(weakref.ref(decoded))
        statement = "SELECT"
        raise OperationalError(statement, {}, Exception("it is away"))

    monkeypatch.setattr(ingest, "take", failing)
    loop = IngestLoop(world.db, cast("Lane", None), batch=10, wait_s=0, stop=stop)
    said = Device(world, world.unit().id).telemetry()
    assert not loop.store([Delivery(*said, mid=1, qos=1, generation=1)])
    assert len(kept) == 2
