"""A world on each database."""

import pytest

from cloud.db import Database
from cloud.secrets import Keys
from tests.integration.cloud.homes import Homes
from tests.integration.cloud.office import known, office, unit  # noqa: F401 - fixtures, for all tests here
from tests.integration.cloud.world import World
from tests.services import ManualClock


@pytest.fixture
def world(db: Database, keys: Keys, clock: ManualClock) -> World:
    return World(db, keys, clock)


@pytest.fixture
def sqlite_world(sqlite_db: Database, keys: Keys, clock: ManualClock) -> World:
    """A world on SQLite, for what does not depend on the database."""
    return World(sqlite_db, keys, clock)


@pytest.fixture
def postgres_world(postgres_db: Database, keys: Keys, clock: ManualClock) -> World:
    """A world on PostgreSQL, for what only several writers can show."""
    return World(postgres_db, keys, clock)


@pytest.fixture
def homes(world: World) -> Homes:
    """What people do with their units, on each database."""
    return Homes(world)
