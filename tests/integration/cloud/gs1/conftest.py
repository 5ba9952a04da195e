"""A resolver with a unit whose model, lot and self have links; somebody who reads, and the operator who writes."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import FastAPI

from cloud.registry.service import Registered
from tests.integration.cloud.resolving import bearer, client, link, made_app, put
from tests.integration.cloud.world import GTIN, World


@pytest.fixture
def app(sqlite_world: World) -> Iterator[FastAPI]:
    yield from made_app(sqlite_world)


@pytest.fixture
def unit(sqlite_world: World) -> Registered:
    return sqlite_world.unit()


@pytest.fixture
async def machine(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app) as found:
        yield found


@pytest.fixture
async def operator(app: FastAPI, sqlite_world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, **bearer(sqlite_world)) as found:
        yield found


@pytest.fixture
async def linked(operator: httpx.AsyncClient, unit: Registered) -> Registered:
    """A unit whose model, lot L1 and self have links."""
    await put(
        operator,
        f"models/{GTIN}/links",
        link("gs1:pip", "pip-en", "en", media_type="text/html"),
        link("gs1:pip", "pip-de", "de", media_type="text/html"),
        link("gs1:faqs", "faqs"),
    )
    await put(operator, f"models/{GTIN}/lots/L1/links", link("gs1:recallStatus", "recall"))
    await put(operator, f"products/{unit.id}/links", link("gs1:dpp", "passport", media_type="application/vc"))
    return unit
