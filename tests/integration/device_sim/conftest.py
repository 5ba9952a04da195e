"""Fixtures: a broker that can be killed, the cloud of a page, a device's identity."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.contract.ids import new_id
from device_sim.session import Identity
from tests.integration.device_sim.tiny_cloud import Mosquitto, TinyCloud, eventually


@pytest.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    await broker.start()
    yield broker
    broker.kill()


@pytest.fixture
async def cloud(mosquitto: Mosquitto) -> AsyncIterator[TinyCloud]:
    tiny = TinyCloud(mosquitto.endpoint)
    task = asyncio.create_task(tiny.run())
    await eventually(lambda: tiny.ready, "the cloud listens")
    yield tiny
    tiny.over = True
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.fixture
def identity() -> Identity:
    return Identity(new_id(datetime.now(UTC)), "secret")
