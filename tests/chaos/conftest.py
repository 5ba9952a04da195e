"""One system that is killed again and again."""

from collections.abc import Iterator

import pytest

from tests.system import System, embedded, external


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with embedded(tmp_path_factory.mktemp("chaos")) as running:
        yield running


@pytest.fixture(scope="module")
def external_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The same with Mosquitto and PostgreSQL."""
    with external(tmp_path_factory.mktemp("chaos-external")) as running:
        yield running


@pytest.fixture(
    params=["system", pytest.param("external_system", marks=[pytest.mark.mosquitto, pytest.mark.postgres])],
    ids=["embedded", "external"],
)
def any_system(request: pytest.FixtureRequest) -> System:
    found: System = request.getfixturevalue(request.param)
    return found
