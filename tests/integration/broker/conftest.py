"""Fixtures: each broker, and both in turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.broker.harness import Wire, embedded_wire, mosquitto_wire


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Wire]:
    with embedded_wire(tmp_path) as wire:
        yield wire


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Wire]:
    with mosquitto_wire(tmp_path) as wire:
        yield wire


@pytest.fixture(params=["embedded", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
def wire(request: pytest.FixtureRequest) -> Wire:
    """The same attack on both brokers."""
    found: Wire = request.getfixturevalue(request.param)
    return found
