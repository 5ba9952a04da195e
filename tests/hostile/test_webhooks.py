"""Shops and carriers, and who plays them: whatever comes, however often, late and in whatever order, ends where the
clean story ends; and what is not signed for this body, by this sender, at this time, does nothing.
"""

import asyncio
import itertools
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cloud.commerce.signatures import TOLERANCE
from cloud.db import Database
from cloud.http_app import make_app
from cloud.lifecycle import service as lifecycle
from cloud.lifecycle.parcels import leading_parcel
from cloud.secrets import Keys
from cloud.settings import load_settings
from device_sim.carrier import Parcel, Status, moved, signature, tracker_event
from device_sim.shop import Order, OrderStatus, order_body, signed_headers
from tests.conftest import postgres_copy, sqlite_copy
from tests.hostile.deployment import open_wide, wide_limits
from tests.integration.cloud.world import GTIN, World
from tests.services import ManualClock, Postgres

LIMIT_S: Final = int(TOLERANCE.total_seconds())
VERSIONS: Final[tuple[OrderStatus, ...]] = ("placed", "fulfilled", "fulfilled", "cancelled")
WAY: Final[tuple[Status, ...]] = ("pre_transit", "in_transit", "out_for_delivery", "delivered")
FORGED: Final = "whsec_" + "A" * 44

versions = st.integers(1, len(VERSIONS))
steps = st.one_of(
    st.tuples(st.just("order"), versions, st.sampled_from([0, 0, 0, 299, 300, 301, -299, -300, -301, 86_400])),
    st.tuples(st.just("scan"), st.integers(1, len(WAY)), st.just(0)),
    st.tuples(st.just("again"), st.integers(0, 50), st.just(0)),
    st.tuples(st.just("swap"), st.integers(0, 50), st.integers(0, 50)),
    st.tuples(st.just("forge"), versions, st.just(0)),
    st.tuples(st.just("unsigned"), versions, st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([1, 299, 300, 301]), st.just(0)),
)
Step = tuple[str, int, int]


class Sent(msgspec.Struct, frozen=True):
    """One message as it went over the wire. at: the signed time, None for the carrier's, who signs none."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: datetime | None


class Story:
    """An order and its parcel in one world, told by messages; and what of them counts."""

    def __init__(self, app: FastAPI, db: Database, keys: Keys, clock: ManualClock) -> None:
        self.world = World(db, keys, clock)
        self._app = app
        self.begun = clock()
        self.phone = self.world.phone()
        self.journey = self.world.begin(self.phone).id
        self.sent: list[Sent] = []
        self.taken: list[Sent] = []
        self._numbers = itertools.count(1)

    # --- what is sent ---

    def order(self, version: int, at: datetime, secret: str) -> Sent:
        order = Order(
            order_id="A-1",
            gtin=GTIN,
            placed_at=self.begun - timedelta(days=2),
            version=version,
            status=VERSIONS[version - 1],
            journey=self.journey,
            tracking_code="T-1",
            carrier="SimParcel",
        )
        body = order_body(order)
        return Sent("/hooks/shop", signed_headers(secret, f"msg_{next(self._numbers)}", at, body), body, at)

    def scan(self, step: int) -> Sent:
        """The carrier's word after so many steps of the way."""
        parcel = Parcel(tracking_code="T-1")
        for number, status in enumerate(WAY[:step]):
            parcel = moved(parcel, status, self.begun - timedelta(hours=24 - number))
        event = tracker_event(parcel, f"evt_{next(self._numbers)}", self.begun)
        body = msgspec.json.encode(event)
        headers = {"X-Hmac-Signature": signature(self.world.keys.carrier_secret, body)}
        return Sent("/hooks/carrier/easypost", headers, body, None)

    async def tell(self, http: httpx.AsyncClient, message: Sent) -> tuple[int, str]:
        headers = {"content-type": "application/json", **message.headers}
        answer = await http.post(message.path, content=message.body, headers=headers)
        return answer.status_code, answer.json().get("code", "")

    # --- one step, and what must come of it ---

    async def take(self, http: httpx.AsyncClient, step: Step) -> None:
        kind, first, second = step
        now = self.world.clock()
        match kind:
            case "wait":
                self.world.clock.advance(seconds=first)
            case "order":
                at = now + timedelta(seconds=second)
                await self.expect(http, self.order(first, at, self.world.keys.shop_secret))
            case "scan":
                await self.expect(http, self.scan(first))
            case "again" if self.sent:
                await self.expect(http, self.sent[first % len(self.sent)], known=True)
            case "swap" if self.sent:
                one, other = self.sent[first % len(self.sent)], self.sent[second % len(self.sent)]
                if one.path == other.path and one.body != other.body:
                    swapped = replace(one, body=other.body)
                    assert await self.tell(http, swapped) == (401, "bad_signature")
            case "forge":
                assert await self.tell(http, self.order(first, now, FORGED)) == (401, "bad_signature")
            case "unsigned":
                bare = replace(self.order(first, now, self.world.keys.shop_secret), headers={})
                assert await self.tell(http, bare) == (401, "bad_signature")
            case _:
                pass

    async def expect(self, http: httpx.AsyncClient, message: Sent, *, known: bool = False) -> None:
        in_time = message.at is None or abs(self.world.clock() - message.at) <= TOLERANCE
        assert await self.tell(http, message) == ((200, "") if in_time else (401, "bad_signature"))
        if not known:
            self.sent.append(message)
        if in_time and message not in self.taken:
            self.taken.append(message)

    async def tells(self, how: list[Step]) -> None:
        self._app.state.context = replace(self._app.state.context, db=self.world.db)
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://id.example") as http:
            for step in how:
                await self.take(http, step)

    # --- where it ended ---

    def end(self) -> dict[str, Any]:
        """All that the messages may have changed; when we heard of it, and under which id, is not part of it."""
        journey = self.world.read(lambda tx: lifecycle.read(tx, self.journey))
        leading = leading_parcel(journey.facts)
        return {
            "stage": journey.stage,
            "orders": {name: (one.version, one.status) for name, one in journey.facts.orders.items()},
            "parcels": {
                code: {status: scan.at for status, scan in one.scans.items()}
                for code, one in journey.facts.parcels.items()
            },
            "leading": None if leading is None else (leading.status, leading.scan.at),
            "rows": [(row.id, row.version, row.status) for row in self.world.rows("shop_order")],
            "parcel rows": [(row.tracking_code, row.status, row.status_at) for row in self.world.rows("parcel")],
        }


async def cleanly(story: Story, taken: list[Sent]) -> None:
    """What counted of another story, told once each and in order, by whom it is signed now."""
    orders = {msgspec.json.decode(one.body)["data"]["version"] for one in taken if one.at is not None}
    scans = {len(msgspec.json.decode(one.body)["result"]["tracking_details"]) for one in taken if one.at is None}
    await story.tells(
        [*(("order", number, 0) for number in sorted(orders)), *(("scan", one, 0) for one in sorted(scans))]
    )


def both_end_alike(one: Story, other: Story, how: list[Step]) -> None:
    asyncio.run(one.tells(how))
    asyncio.run(cleanly(other, one.taken))
    assert one.end() == other.end()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> Iterator[FastAPI]:
    """The application of all stories; each puts its own database into it."""
    db = Database(f"sqlite:///{tmp_path_factory.mktemp('webhooks') / 'none.db'}", ManualClock())
    made = make_app(load_settings(), db, keys, limits=wide_limits())
    open_wide(made)
    yield made
    made.state.hub.close()
    db.dispose()


many = st.lists(steps, min_size=1, max_size=14)
once = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@once
@given(how=many)
def test_what_shops_and_carriers_say_badly_ends_as_what_they_say_well(
    app: FastAPI, sqlite_template: Path, keys: Keys, how: list[Step]
) -> None:
    bad, good = ManualClock(), ManualClock()
    with (
        tempfile.TemporaryDirectory() as folder,
        sqlite_copy(sqlite_template, Path(folder) / "bad.db", bad) as one,
        sqlite_copy(sqlite_template, Path(folder) / "good.db", good) as other,
    ):
        both_end_alike(Story(app, one, keys, bad), Story(app, other, keys, good), how)


@pytest.mark.postgres
def test_the_same_on_postgresql_by_a_long_bad_story(
    app: FastAPI, postgres_server: Postgres, postgres_template: str, keys: Keys
) -> None:
    bad, good = ManualClock(), ManualClock()
    how: list[Step] = [
        ("order", 3, 0),
        ("scan", 4, 0),
        ("order", 1, 300),
        ("wait", 300, 0),
        ("again", 0, 0),
        ("order", 2, -301),
        ("scan", 1, 0),
        ("again", 1, 0),
        ("wait", 301, 0),
        ("again", 0, 0),
        ("swap", 0, 2),
        ("swap", 1, 4),
        ("forge", 4, 0),
        ("unsigned", 4, 0),
        ("scan", 2, 0),
        ("order", 4, 86_400),
        ("order", 2, 0),
    ]
    with (
        postgres_copy(postgres_server, postgres_template, bad) as one,
        postgres_copy(postgres_server, postgres_template, good) as other,
    ):
        story = Story(app, one, keys, bad)
        both_end_alike(story, Story(app, other, keys, good), how)
        assert story.end()["orders"] == {"A-1": (3, "fulfilled")}
        assert len(story.world.rows("journal", type="order.changed")) == 3


def test_a_message_counts_until_the_last_second_of_its_time(
    app: FastAPI, sqlite_db: Database, keys: Keys, clock: ManualClock
) -> None:
    story = Story(app, sqlite_db, keys, clock)
    asyncio.run(story.tells([("order", 1, LIMIT_S), ("order", 2, -LIMIT_S), ("order", 3, LIMIT_S + 1)]))
    assert len(story.taken) == 2
    assert story.end()["orders"] == {"A-1": (2, "fulfilled")}
