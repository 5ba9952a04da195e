"""Fixtures: each broker, with passwords and with certificates, and all of them in turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.broker.harness import Wire, embedded_wire, mosquitto_wire


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Wire]:
    with embedded_wire(tmp_path) as wire:
        yield wire


@pytest.fixture
def embedded_tls(tmp_path: Path) -> Iterator[Wire]:
    with embedded_wire(tmp_path, secured=True) as wire:
        yield wire


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Wire]:
    with mosquitto_wire(tmp_path) as wire:
        yield wire


@pytest.fixture
def mosquitto_tls(tmp_path: Path) -> Iterator[Wire]:
    with mosquitto_wire(tmp_path, secured=True) as wire:
        yield wire


MOSQUITTO = pytest.mark.mosquitto


@pytest.fixture(params=["embedded", pytest.param("mosquitto", marks=MOSQUITTO)])
def wire(request: pytest.FixtureRequest) -> Wire:
    """The same on both brokers, devices with passwords."""
    found: Wire = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["embedded_tls", pytest.param("mosquitto_tls", marks=MOSQUITTO)])
def tls_wire(request: pytest.FixtureRequest) -> Wire:
    """The same on both brokers, devices with certificates."""
    found: Wire = request.getfixturevalue(request.param)
    return found


@pytest.fixture(
    params=[
        "embedded",
        "embedded_tls",
        pytest.param("mosquitto", marks=MOSQUITTO),
        pytest.param("mosquitto_tls", marks=MOSQUITTO),
    ]
)
def any_wire(request: pytest.FixtureRequest) -> Wire:
    """The same attack on both brokers, by both of their doors for devices."""
    found: Wire = request.getfixturevalue(request.param)
    return found
