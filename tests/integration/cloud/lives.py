"""A person who has lived through everything that leaves a trace, for tests of leaving and of taking along."""

from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from broker.contract.stages import Role, Stage
from cloud.campaigns import service as campaigns
from cloud.care import service as care
from cloud.control import service as control
from cloud.identity import phones
from cloud.identity import service as identity
from cloud.lifecycle import service as lifecycle
from cloud.lifecycle import watch
from cloud.people import PeopleOfUnits
from cloud.record.events import Channel, OrderStatus, ParcelStatus
from cloud.registry.service import Registered
from cloud.subscriptions import Subscriptions
from mobile_menu.ownership_ports import LinkRefusedError
from mobile_menu.ports import ChosenItem, ClaimRefusedError, ZoneState
from mobile_menu.push_ports import Subscription
from mobile_menu.rules.situation import Zone
from tests.integration.cloud.world import GTIN, JAMMED, Device, Phone, World
from tests.push_service import Browser

ORDER, PARCEL = "order-4711-marker", "parcel-0815-marker"
NAME, STREET = "Ada Marker-Lovelace", "12 Marker Street"
QUESTION, ANSWER = "my marker printer sings", "marker: turn it off"
KEY = "idempotency-marker-key"
ENDPOINT = "https://push.example.com/marker-of-a-browser"


class Left(NamedTuple):
    """Somebody of whom everything is known. visible: what stands in rows as it is; hidden: what is only sealed."""

    phone: Phone
    visit: str
    unit: Registered
    journey_id: str
    visible: dict[str, bytes]
    hidden: dict[str, bytes]


def item(action: str, **arguments: str) -> ChosenItem:
    return ChosenItem(id=f"item_{action}", kind="note", action=action, arguments=dict(arguments))


def live_through_everything(world: World, guest: Phone | None = None) -> Left:
    """One person leaves a trace in every place that can hold one. guest: uses the same unit meanwhile."""
    unit = world.unit()
    visit = world.run(lambda tx: phones.open_visit(tx, identity.new_person(tx, world.keys)))
    started = world.menus.start_session(visit.token, KEY).started
    phone = Phone(started.token, world.menus.caller(started.token, "en"))
    campaign = world.run(
        lambda tx: campaigns.create_campaign(
            tx, name="C", stage=Stage.INTERESTED, gtin=GTIN, channel=Channel.WEB, target="", allowed_hosts=()
        )
    )
    journey_id = world.run(lambda tx: campaigns.click(tx, campaign.id, phone.person_id))[1].id
    buy(world, journey_id, unit)
    codes = install(world, phone, unit, journey_id)
    people = PeopleOfUnits(world.db, world.keys, "https://id.example")
    people.invite(phone.caller, unit.id, "guest", None, f"{KEY}-invite")
    people.start_transfer(phone.caller, unit.id, f"{KEY}-transfer")
    with pytest.raises(LinkRefusedError):
        people.accept(phone.caller, "tli_guess", "192.0.2.1", None)
    if guest is not None:
        world.run(lambda tx: lifecycle.open_journey(tx, guest.person_id, GTIN, unit.id, Role.GUEST, "phone"))
    world.clock.advance(hours=60)
    world.do_due()
    fresh = world.accounts.refresh(started.refresh_token, None)  # who comes back after days has a new token first
    phone = Phone(fresh.token, phone.caller, fresh.refresh_token)
    return Left(phone, visit.token, unit, journey_id, *traces(world, phone, journey_id, codes))


def buy(world: World, journey_id: str, unit: Registered) -> None:
    customer = {"name": NAME, "street": STREET}
    late = world.clock()
    world.parcel(PARCEL, ParcelStatus.LABEL_CREATED, detail="for Marker Street")
    world.order(ORDER, version=1, tracking_code=PARCEL, customer=customer)
    world.order(ORDER, version=2, status=OrderStatus.FULFILLED, journey=journey_id, customer=customer)
    world.parcel(PARCEL, ParcelStatus.IN_TRANSIT, promised_at=late)
    world.clock.advance(hours=20)
    assert world.do_due() == [(watch.TIMER, journey_id)]
    world.order(ORDER, version=3, status=OrderStatus.FULFILLED, serial=unit.serial)


def install(world: World, phone: Phone, unit: Registered, journey_id: str) -> dict[str, str]:
    caller, menus = phone.caller, world.menus
    with pytest.raises(ClaimRefusedError):
        world.claim(phone, unit, "00000-00000")
    world.claim(phone, unit, key=f"{KEY}-claim")
    device = Device(world, unit.id)
    world.take(device.birth())
    menus.enter_zone(caller, journey_id, ZoneState(zone=Zone.HERE, subject_id=unit.id), ())
    coupon = menus.choose(caller, journey_id, item("coupon"), "c1").detail
    share = menus.choose(caller, journey_id, item("share"), "c2").detail
    command = menus.choose(caller, journey_id, item("command", name="print_test_page"), "c3").command_id or ""
    by_operator = world.run(lambda tx: control.queue(tx, unit.id, "identify", {}, journey_id=journey_id))
    for action in ("return", "call", "note"):
        menus.choose(caller, journey_id, item(action), None)
    menus.choose(caller, journey_id, item("step", step="unpack"), None)
    browser = Browser.new()
    told = Subscription(endpoint=ENDPOINT, p256dh=browser.p256dh, auth=browser.auth, time_zone="Europe/Berlin")
    Subscriptions(world.db, world.keys, ("push.example.com",)).subscribe(caller, told)
    case = menus.open_case(caller, journey_id, QUESTION, b'{"menu":"marker"}', "c4")
    world.run(lambda tx: care.reply(tx, world.keys, case.id, "expert", ANSWER))
    world.take(device.result(command, "accepted"), device.status(JAMMED))
    return {"coupon": coupon, "referral": share.removeprefix("/r/"), "case": case.id, "command": by_operator.id}


def traces(
    world: World, phone: Phone, journey_id: str, codes: dict[str, str]
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    sealed = {
        "message": world.rows("case_message", case_id=codes["case"])[0].text,
        "snapshot": world.rows("support_case", id=codes["case"])[0].snapshot,
        "customer": world.rows("shop_order", id=ORDER)[0].customer,
        "sealed endpoint": world.rows("push_subscription", person_id=phone.person_id)[0].address,
        "person key": world.rows("person", id=phone.person_id)[0].key,
        "session": world.rows("phone_session", person_id=phone.person_id)[0].token_hash,
    }
    visible = {
        "person": phone.person_id.encode(),
        "journey": journey_id.encode(),
        "order": ORDER.encode(),
        "parcel": PARCEL.encode(),
        "coupon": codes["coupon"].encode(),
        "referral": codes["referral"].encode(),
        "case": codes["case"].encode(),
        "key": KEY.encode(),
        "street in the carrier's words": b"for Marker Street",
        **sealed,
    }
    words = {"name": NAME, "street": STREET, "question": QUESTION, "answer": ANSWER, "token": phone.token}
    words["endpoint"] = ENDPOINT
    return visible, {name: text.encode() for name, text in words.items()}


def everything(world: World) -> bytes:
    """Every column of every table, as the database gives it, with no decoding of ours."""
    found = []
    with world.db.reading() as tx:
        for name in SQLModel.metadata.tables:
            rows = tx.session.execute(sa.text(f"SELECT * FROM {name}"))  # noqa: S608 - a name of our own
            found += [f"\n{name}: ".encode() + b"|".join(as_bytes(value) for value in row) for row in rows]
    return b"".join(found)


def as_bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def held(haystack: bytes, needles: dict[str, bytes]) -> set[str]:
    return {name for name, needle in needles.items() if needle in haystack}


def files_of(world: World) -> bytes:
    path = Path(str(world.db.engine.url.database))
    return b"".join(part.read_bytes() for part in path.parent.glob(f"{path.name}*"))


def crowd(world: World, count: int) -> None:
    """Others live too, so that rows move between pages."""
    for number in range(count):
        phone = world.phone()
        journey = world.begin(phone)
        world.order(f"other-{number}-{world.clock().timestamp()}", journey=journey.id, customer={"name": "Bob"})
        world.menus.open_case(phone.caller, journey.id, "hello " * 40, b"{}", None)
