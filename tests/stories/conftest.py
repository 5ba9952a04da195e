"""One system of each kind for all the stories of a run: people, units and markers are each test's own."""

from collections.abc import Iterator

import pytest

from tests.system import System, embedded, external


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Amqtt and SQLite."""
    with embedded(tmp_path_factory.mktemp("embedded")) as running:
        yield running
    went_well(running)


@pytest.fixture(scope="session")
def external_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Mosquitto and PostgreSQL."""
    with external(tmp_path_factory.mktemp("external")) as running:
        yield running
    went_well(running)


def went_well(system: System) -> None:
    """Whatever the stories did to it, nothing in it failed: what clients do wrong is no error of ours."""
    lines = system.said().decode(errors="replace").splitlines()
    assert [line for line in lines if " ERROR " in line or "Traceback" in line] == []


@pytest.fixture(
    params=["system", pytest.param("external_system", marks=[pytest.mark.mosquitto, pytest.mark.postgres])],
    ids=["embedded", "external"],
)
def any_system(request: pytest.FixtureRequest) -> System:
    """The same story on both."""
    found: System = request.getfixturevalue(request.param)
    return found
