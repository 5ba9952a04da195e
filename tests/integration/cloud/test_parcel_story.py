"""Where is my printer: every scan that a carrier sent, for the one whose parcel it is, until they leave."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import permutations
from typing import Any, get_args

import httpx
import pytest

from cloud.http_app import make_app
from cloud.parcel_stories import MOST_SCANS, ParcelStories
from cloud.record.events import ParcelStatus
from cloud.settings import load_settings
from cloud.situations import situation_of
from device_sim.carrier import Carrier
from device_sim.carrier import Parcel as SentParcel
from mobile_menu.parcel_ports import ParcelStory, ScanStatus
from mobile_menu.ports import JourneyUnknownError
from mobile_menu.rules.situation import ParcelState
from tests.integration.cloud.world import BASE, Phone, World

DAY = timedelta(days=1)
LINK = "https://track.example/T-1"


def ordered(world: World) -> tuple[Phone, str]:
    """A customer whose order is fulfilled with parcel T-1."""
    phone = world.phone()
    journey = world.begin(phone)
    world.order(journey=journey.id, tracking_code="T-1")
    return phone, journey.id


def story_of(world: World, phone: Phone, journey: str) -> ParcelStory:
    return ParcelStories(world.db).parcel(phone.caller, journey)


def told(story: ParcelStory) -> list[tuple[str, str, str]]:
    return [(scan.status, scan.place, scan.detail) for scan in story.scans]


def test_both_houses_have_the_same_words_for_a_scan() -> None:
    assert set(get_args(ScanStatus)) == {status.value for status in ParcelStatus}


def test_every_scan_is_told_newest_first_with_place_promise_and_the_carriers_page(world: World) -> None:
    phone, journey = ordered(world)
    begun = world.clock()
    first, later = begun + 2 * DAY, begun + 4 * DAY
    world.parcel(status=ParcelStatus.LABEL_CREATED, status_at=begun, promised_at=first, tracking_url=LINK)
    world.parcel(status_at=begun + timedelta(hours=5), place="Utrecht, NL", detail="Sorted", promised_at=first)
    world.parcel(status_at=begun + timedelta(hours=9), place="Lyon, FR", detail="Sorted", promised_at=later)

    story = story_of(world, phone, journey)

    assert told(story) == [
        ("in_transit", "Lyon, FR", "Sorted"),
        ("in_transit", "Utrecht, NL", "Sorted"),
        ("label_created", "", ""),
    ]
    assert (story.state, story.status, story.current_at) == (ParcelState.MOVING, "in_transit", story.scans[0].at)
    assert (story.promised_at, story.first_promised_at) == (later, first)
    assert (story.tracking_code, story.tracking_url, story.carrier) == ("T-1", LINK, "post")
    assert world.read(lambda tx: situation_of(tx, journey, "en", BASE)).parcel.tracking_url == LINK


def test_a_promise_that_was_kept_is_not_said_twice(world: World) -> None:
    phone, journey = ordered(world)
    world.parcel(promised_at=world.clock() + DAY)
    assert story_of(world, phone, journey).first_promised_at is None


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_scans_in_any_order_and_twice_tell_the_same_story(sqlite_world: World, order: tuple[int, ...]) -> None:
    world = sqlite_world
    phone, journey = ordered(world)
    begun = world.clock()
    statuses = (ParcelStatus.LABEL_CREATED, ParcelStatus.IN_TRANSIT, ParcelStatus.OUT_FOR_DELIVERY)
    for number in (*order, *order):
        world.parcel(status=statuses[number], status_at=begun + number * timedelta(hours=1), place=f"P{number}")

    story = story_of(world, phone, journey)

    assert told(story) == [("out_for_delivery", "P2", ""), ("in_transit", "P1", ""), ("label_created", "P0", "")]
    assert story.status == "out_for_delivery"


def test_a_parcel_that_is_past_its_day_is_late_and_one_that_failed_says_so(world: World) -> None:
    phone, journey = ordered(world)
    world.parcel(promised_at=world.clock() + DAY)
    world.clock.advance(days=5)
    assert story_of(world, phone, journey).state is ParcelState.LATE
    world.parcel(status=ParcelStatus.FAILED, detail="Nobody there")
    story = story_of(world, phone, journey)
    assert (story.state, story.status, story.scans[0].detail) == (ParcelState.FAILED, "failed", "Nobody there")


def test_without_a_parcel_the_story_is_empty(sqlite_world: World) -> None:
    phone = sqlite_world.phone()
    journey = sqlite_world.begin(phone).id
    assert story_of(sqlite_world, phone, journey) == ParcelStory(journey=journey)


def test_a_carrier_that_never_ends_fills_no_phone(sqlite_world: World) -> None:
    phone, journey = ordered(sqlite_world)
    begun = sqlite_world.clock()
    for number in range(MOST_SCANS + 5):
        sqlite_world.parcel(status_at=begun + timedelta(minutes=number))
    story = story_of(sqlite_world, phone, journey)
    assert len(story.scans) == MOST_SCANS
    assert story.scans[0].at == story.current_at


def test_somebody_elses_parcel_is_as_unknown_as_none(world: World) -> None:
    _, journey = ordered(world)
    world.parcel()
    with pytest.raises(JourneyUnknownError):
        story_of(world, world.phone(), journey)


def test_nothing_of_the_parcel_is_left_when_its_receiver_leaves(world: World) -> None:
    phone, journey = ordered(world)
    world.parcel(place="Markerton, XX", tracking_url=LINK + "-marker")
    assert "Markerton" in str(world.rows("journal"))
    world.menus.opt_out(phone.token)
    kept = str(world.rows("journal")) + str(world.rows("journey")) + str(world.rows("parcel"))
    assert "Markerton" not in kept
    assert "-marker" not in kept
    with pytest.raises(JourneyUnknownError):
        story_of(world, phone, journey)


@pytest.fixture
async def client(sqlite_world: World) -> AsyncIterator[httpx.AsyncClient]:
    settings = load_settings(tracking_hosts=("track.example",))
    transport = httpx.ASGITransport(app=make_app(settings, sqlite_world.db, sqlite_world.keys))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as made:
        yield made


async def scanned(world: World, transport: httpx.AsyncBaseTransport, *statuses: str) -> None:
    """The carrier's own webhooks, signed."""
    async with Carrier(BASE, world.keys.carrier_secret, clock=world.clock, transport=transport) as carrier:
        parcel = SentParcel(tracking_code="T-1")
        for status in statuses:
            parcel = await carrier.move(parcel, status)  # type: ignore[arg-type]  # the carrier's own words


async def test_the_carriers_webhook_ends_as_a_story_on_the_phone(
    client: httpx.AsyncClient, sqlite_world: World
) -> None:
    phone, journey = ordered(sqlite_world)
    await scanned(sqlite_world, client._transport, "pre_transit", "in_transit")  # noqa: SLF001  # the same application

    headers = {"authorization": f"Bearer {phone.token}"}
    answer = await client.get("/menu/v1/parcel", params={"journey": journey}, headers=headers)
    body: dict[str, Any] = answer.json()

    assert answer.headers["cache-control"] == "no-store"
    assert [(scan["status"], scan["place"]) for scan in body["scans"]] == [
        ("in_transit", "Utrecht, NL"),
        ("label_created", "Rotterdam, NL"),
    ]
    assert body["tracking_url"] == "https://track.example/T-1"


async def test_a_tracking_page_on_a_host_that_was_not_allowed_is_not_shown(sqlite_world: World) -> None:
    phone, journey = ordered(sqlite_world)
    app = make_app(load_settings(), sqlite_world.db, sqlite_world.keys)
    await scanned(sqlite_world, httpx.ASGITransport(app=app), "in_transit")
    story = story_of(sqlite_world, phone, journey)
    assert (story.status, story.tracking_url) == ("in_transit", "")


@pytest.mark.parametrize("way", ["nobody", "stranger", "no journey"])
async def test_who_may_not_see_it_is_told_a_stable_code(
    client: httpx.AsyncClient, sqlite_world: World, way: str
) -> None:
    _, journey = ordered(sqlite_world)
    headers = {} if way == "nobody" else {"authorization": f"Bearer {sqlite_world.phone().token}"}
    params = {} if way == "no journey" else {"journey": journey}
    answer = await client.get("/menu/v1/parcel", params=params, headers=headers)
    expected = {
        "nobody": (401, "session_refused"),
        "stranger": (404, "journey_unknown"),
        "no journey": (422, "invalid"),
    }
    assert (answer.status_code, answer.json()["code"]) == expected[way]
