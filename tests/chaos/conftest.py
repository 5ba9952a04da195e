"""One system that is killed again and again."""

from collections.abc import Iterator

import pytest

from tests.system import System, embedded


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with embedded(tmp_path_factory.mktemp("chaos")) as running:
        yield running
