"""How a device's session ends when somebody cancels it."""

import asyncio
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import aiomqtt
import pytest

from broker.contract.ids import new_id
from device_sim.chance import chance
from device_sim.memory import Memory
from device_sim.pulse import Pulse
from device_sim.session import Counters, Endpoint, Identity, Session, Tuning
from device_sim.stores import MemoryStore

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Mourner:
    """A client that waits for ever, and whose broker has gone when it is to leave."""

    def __init__(self, *_: object, **__: object) -> None:
        self._disconnected: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        msg = "Unexpected disconnection"
        raise aiomqtt.MqttError(msg)

    async def subscribe(self, *_: object, **__: object) -> None:
        await asyncio.Event().wait()


def session() -> Session:
    nothing: Any = lambda *_: None  # noqa: E731 - nobody is told anything
    return Session(
        Endpoint(port=1),
        Identity(new_id(NOW)),
        Memory(),
        MemoryStore(),
        hear=nothing,
        joined=nothing,
        pulse=Pulse(),
        clock=lambda: NOW,
        counters=Counters(),
        rng=chance("ends"),
        tuning=Tuning(backoff_base_s=0.001, backoff_max_s=0.001),
    )


async def test_a_session_that_is_cancelled_ends_although_its_client_says_something_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aiomqtt, "Client", Mourner)
    made = session()
    running = asyncio.create_task(made.run())
    while made.connection == 0:  # noqa: ASYNC110 - it has no event for it
        await asyncio.sleep(0)
    running.cancel()
    done, _ = await asyncio.wait([running], timeout=30)
    made.stop()
    assert done == {running}
    assert running.cancelled()
