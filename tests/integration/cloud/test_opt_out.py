"""Leaving: afterwards no row, no file and no later webhook holds the person, and the product works on."""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from broker.contract.codec import decode_down
from broker.contract.messages import StageNotice
from broker.contract.stages import Role, Stage
from broker.contract.topics import Down
from cloud.campaigns import service as campaigns
from cloud.care import service as care
from cloud.commerce import coupons
from cloud.consent import service as consent
from cloud.control import service as control
from cloud.errors import NotFoundError
from cloud.identity import phones
from cloud.identity import service as identity
from cloud.lifecycle import service as lifecycle
from cloud.lifecycle import watch
from cloud.people import PeopleOfUnits
from cloud.record.events import Channel, OrderStatus, ParcelStatus
from cloud.registry.service import Registered
from cloud.twin import series
from cloud.twin import service as twin
from cloud.vault import canonical_json, verify
from mobile_menu.ownership_ports import LinkRefusedError
from mobile_menu.ports import ChosenItem, ClaimRefusedError, JourneyUnknownError, SessionRefusedError, ZoneState
from mobile_menu.rules.situation import Zone
from tests.integration.cloud.homes import Homes
from tests.integration.cloud.test_replay import check, projections
from tests.integration.cloud.world import GTIN, JAMMED, Device, Phone, World, at_once

ORDER, PARCEL = "order-4711-marker", "parcel-0815-marker"
NAME, STREET = "Ada Marker-Lovelace", "12 Marker Street"
QUESTION, ANSWER = "my marker printer sings", "marker: turn it off"
KEY = "idempotency-marker-key"


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


def test_nobody_finds_the_person_in_any_column_of_any_table_afterwards(world: World) -> None:
    left = live_through_everything(world)
    before = everything(world)
    assert held(before, left.visible) == set(left.visible)
    assert held(before, left.hidden) == set()
    world.menus.opt_out(left.phone.token)
    assert held(everything(world), left.visible | left.hidden) == set()


def test_nobody_finds_the_person_in_the_bytes_of_the_files_afterwards(sqlite_world: World) -> None:
    world = sqlite_world
    crowd(world, 12)
    left = live_through_everything(world)
    crowd(world, 12)
    assert held(files_of(world), left.visible) == set(left.visible)
    world.menus.opt_out(left.phone.token)
    assert held(files_of(world), left.visible | left.hidden) == set()
    crowd(world, 3)
    assert held(files_of(world), left.visible | left.hidden) == set()


def test_a_friend_who_followed_the_persons_link_keeps_no_trace_of_them_and_still_counts(world: World) -> None:
    left = live_through_everything(world)
    code = left.visible["referral"].decode()
    friends = [world.phone(), world.phone()]
    for friend in friends:
        world.run(lambda tx, who=friend.person_id: campaigns.follow(tx, world.keys, code, who))  # type: ignore[misc]  # a loop's lambda
    world.menus.opt_out(left.phone.token)
    assert held(everything(world), left.visible | left.hidden) == set()
    marks = [row.data["referral"] for row in world.rows("journal", type="referral.followed")]
    assert marks == [campaigns.mark_of(world.keys, code)] * 2
    assert [world.journey(friend).stage for friend in friends] == [Stage.ENGAGED] * 2
    touches = [world.journey(friend).facts.first_touch for friend in friends]
    assert [touch and touch.subject_id for touch in touches] == marks


def test_the_product_its_twin_and_its_devices_history_are_still_there(world: World) -> None:
    left = live_through_everything(world)
    world.take(Device(world, left.unit.id, boot=9).telemetry(), Device(world, left.unit.id, boot=10).telemetry())
    world.run(series.roll)
    measured = {table: world.rows(table) for table in ("telemetry", "telemetry_minute", "telemetry_day")}
    assert all(measured.values())
    words = {row.event_id for row in world.rows("journal") if row.source == "device"}
    twins, facts, readings = world.rows("twin"), world.rows("unit_facts"), world.rows("stream")
    (product,) = world.rows("product")
    world.menus.opt_out(left.phone.token)
    assert {row.event_id for row in world.rows("journal") if row.source == "device"} == words
    assert (world.rows("twin"), world.rows("unit_facts"), world.rows("stream")) == (twins, facts, readings)
    assert {table: world.rows(table) for table in measured} == measured
    (after,) = world.rows("product")
    assert after._asdict() == {**product._asdict(), "owner_person_id": None}


def test_the_device_works_on_and_its_next_owner_can_claim_it(world: World) -> None:
    left = live_through_everything(world)
    world.menus.opt_out(left.phone.token)
    device = Device(world, left.unit.id, boot=2)
    assert world.take(device.birth(), device.telemetry()).stored == 2
    assert world.read(lambda tx: twin.read(tx, left.unit.id)).presence.boot == 2
    heir = world.phone()
    assert world.claim(heir, left.unit).role is Role.OWNER


def test_the_receipt_verifies_with_the_public_key_alone_and_names_nobody(world: World) -> None:
    left = live_through_everything(world)
    receipt = world.menus.opt_out(left.phone.token)
    text = msgspec.json.encode(receipt)
    public = world.keys.signer.public_key
    assert verify(msgspec.json.decode(text), public)
    assert not verify({**receipt, "wiped": {}}, public)
    assert held(canonical_json(receipt), left.visible | left.hidden) == set()
    counts = receipt["wiped"]
    assert {name: counts[name] for name in ("journey", "support_case", "case_message", "shop_order", "parcel")} == {
        "journey": 1,
        "support_case": 1,
        "case_message": 4,
        "shop_order": 1,
        "parcel": 1,
    }
    assert counts["journal_links"] > 10
    assert counts["person_key"] == counts["ownership"] == counts["coupon"] == counts["referral"] == 1


def test_a_second_call_gets_the_same_receipt_also_by_the_persons_other_phone(world: World) -> None:
    left = live_through_everything(world)
    other = world.another_phone_of(left.phone)
    receipt = world.menus.opt_out(left.phone.token)
    assert world.menus.opt_out(left.phone.token) == receipt
    assert world.menus.opt_out(other.token) == receipt
    assert len(world.rows("erasure_receipt")) == 1
    with pytest.raises(SessionRefusedError):
        world.menus.opt_out("tls_never_one")


def test_two_calls_at_once_are_one_erasure(world: World) -> None:
    left = live_through_everything(world)
    other = world.another_phone_of(left.phone)
    found = at_once([lambda: world.menus.opt_out(left.phone.token), lambda: world.menus.opt_out(other.token)])
    assert found[0] == found[1]
    assert isinstance(found[0], dict)


def test_every_token_of_the_person_ends_at_once(world: World) -> None:
    left = live_through_everything(world)
    other = world.another_phone_of(left.phone)
    world.menus.opt_out(left.phone.token)
    for token in (left.phone.token, other.token):
        with pytest.raises(SessionRefusedError):
            world.menus.caller(token, "en")
    assert world.read(lambda tx: phones.visit_of(tx, left.visit)) is None


def test_webhooks_about_the_order_and_the_parcel_store_nothing_afterwards(world: World) -> None:
    left = live_through_everything(world)
    world.menus.opt_out(left.phone.token)
    before = everything(world)
    assert not world.order(ORDER, version=9, tracking_code=PARCEL, journey=left.journey_id, customer={"name": NAME})
    assert not world.parcel(PARCEL, ParcelStatus.DELIVERED)
    assert everything(world) == before


def test_what_was_on_its_way_when_the_person_left_is_refused_and_stores_nothing(world: World) -> None:
    left = live_through_everything(world)
    world.menus.opt_out(left.phone.token)
    before = everything(world)
    caller = left.phone.caller
    with pytest.raises(JourneyUnknownError):
        world.menus.choose(caller, left.journey_id, item("note"), None)
    with pytest.raises(JourneyUnknownError):
        world.menus.open_case(caller, left.journey_id, QUESTION, b"{}", "late")
    with pytest.raises(SessionRefusedError):
        world.claim(left.phone, left.unit)
    with pytest.raises(IntegrityError):  # what nobody thought of, the database itself refuses
        world.run(lambda tx: lifecycle.journey_with(tx, left.phone.person_id, GTIN, None, "phone"))
    assert everything(world) == before


def test_a_timer_of_the_persons_journey_goes_also_when_it_is_due(world: World) -> None:
    phone, other = world.phone(), world.phone()
    for one in (phone, other):
        world.claim(one, world.unit())
    gone, stays = world.journey(phone).id, world.journey(other).id
    assert {row.subject for row in world.rows("timer")} == {gone, stays}
    world.clock.advance(hours=49)
    world.menus.opt_out(phone.refresh_token)
    assert [row.subject for row in world.rows("timer")] == [stays]
    assert world.do_due() == [(watch.TIMER, stays)]


def test_a_replay_after_an_erasure_equals_what_is_there(world: World) -> None:
    guest = world.phone()
    left = live_through_everything(world, guest)
    world.menus.opt_out(left.phone.token)
    world.claim(guest, left.unit)
    world.take(Device(world, left.unit.id, boot=2).birth())
    check(world)
    assert [row["person_id"] for row in projections(world)["journey"]] == [guest.person_id]


def test_others_keep_what_is_theirs(world: World) -> None:
    left = live_through_everything(world)
    guest = world.phone()
    journey = world.run(lambda tx: lifecycle.open_journey(tx, guest.person_id, GTIN, left.unit.id, Role.GUEST, "phone"))
    world.menus.open_case(guest.caller, journey.id, "mine", b"{}", None)
    world.order("other", journey=journey.id)
    world.menus.opt_out(left.phone.token)
    assert world.journey(guest).facts.orders.keys() == {"other"}
    assert [case.messages[0].text for case in world.menus.cases(guest.caller, journey.id)] == ["mine"]
    assert [row.id for row in world.rows("shop_order")] == ["other"]
    owned = world.rows("product", id=left.unit.id)
    assert owned[0].owner_person_id is None


def test_a_guest_who_leaves_takes_nothing_from_the_owner(world: World) -> None:
    owner, guest, unit = world.phone(), world.phone(), world.unit()
    world.claim(owner, unit)
    world.run(lambda tx: lifecycle.open_journey(tx, guest.person_id, GTIN, unit.id, Role.GUEST, "phone"))
    world.menus.opt_out(guest.token)
    (row,) = world.rows("outbox", slot=f"stage:{unit.id}")
    assert isinstance(decode_down(Down.STAGE, row.payload), StageNotice)
    assert world.rows("product")[0].owner_person_id == owner.person_id


def test_the_owners_stage_is_taken_off_the_broker(world: World) -> None:
    left = live_through_everything(world)
    heard: list[Any] = []
    world.db.listeners.append(heard.append)
    world.menus.opt_out(left.phone.token)
    (row,) = world.rows("outbox", slot=f"stage:{left.unit.id}")
    assert (row.payload, row.retain) == (b"", True)
    assert [changes.erased for changes in heard] == [{left.journey_id}]


def test_an_owner_of_before_who_leaves_takes_nothing_off_the_display_of_the_owner_of_now(world: World) -> None:
    homes, heir = Homes(world), world.phone()
    home = homes.home()
    homes.hand_over(home.owner, heir, home.unit)
    world.menus.opt_out(home.owner.token)
    notice = decode_down(Down.STAGE, homes.said_to(home.unit, "stage").payload)
    assert isinstance(notice, StageNotice)


def test_whoever_claims_what_an_owner_has_left_begins_anew_with_it_and_nobody_of_before_is_with_it(
    world: World,
) -> None:
    homes, heir = Homes(world), world.phone()
    home = homes.home()
    waiting = world.run(lambda tx: control.queue(tx, home.unit.id, "identify", {})).id
    before = world.journey(home.household).facts.epoch
    world.menus.opt_out(home.owner.token)
    assert world.rows("command", name="wipe_user_data") == []  # who is still there goes on using it
    world.claim(heir, home.unit)
    journey = world.journey(heir)
    assert (journey.facts.epoch, journey.stage) == (before + 1, Stage.INSTALL)
    assert world.rows("command", id=waiting)[0].status == "failed"
    assert [row.status for row in world.rows("command", name="wipe_user_data")] == ["queued"]
    assert all(world.journey(phone).closed for phone in (home.household, home.guest, home.onlooker))
    with pytest.raises(ClaimRefusedError):  # the code of before has ended with it
        world.claim(home.household, home.unit)
    world.claim(heir, home.unit, homes.people.new_claim_code(heir.caller, home.unit.id, None).claim_code)
    assert len(world.rows("command", name="wipe_user_data")) == 1  # that was the owner again, and nothing begins
    check(world)


def test_an_export_before_leaving_holds_what_the_person_gave_and_did(world: World) -> None:
    left = live_through_everything(world)
    found = msgspec.json.encode(world.menus.export(left.phone.caller))
    wanted = {name: left.hidden[name] for name in ("name", "street", "question", "answer")}
    wanted |= {name: left.visible[name] for name in ("journey", "order", "parcel", "coupon", "referral")}
    assert held(found, wanted) == set(wanted)
    assert left.phone.person_id.encode() not in found


EXPORTED = {
    "journal.person_id": "touchpoints",
    "journey.person_id": "journeys",
    "support_case.person_id": "cases",
    "shop_order.person_id": "orders",
    "coupon.person_id": "coupons",
    "referral.person_id": "referrals",
    "command.person_id": "commands",
    "phone_session.person_id": "sessions",
    "member.person_id": "memberships",
    "invitation.person_id": "invitations",
    "transfer.person_id": "transfers",
    "transfer.receiver_id": "transfers",
    "claim_failure.person_id": "failed_attempts",
    "mail.person_id": "mail",
    "email_address.person_id": "email",
    "email_proof.person_id": "email",
    "product.owner_person_id": "journeys",  # the owner's journey names the unit and the role
}
NOT_EXPORTED = {"outbox.person_id": "a message on its way to a device, which the journal and the commands tell of"}


def test_every_column_that_names_a_person_is_in_the_export_or_says_why_not(world: World) -> None:
    found = {
        f"{table.name}.{key.parent.name}"
        for table in SQLModel.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "person"
    }
    assert found == set(EXPORTED) | set(NOT_EXPORTED)
    assert set(EXPORTED.values()) <= set(world.menus.export(world.phone().caller))


def test_an_export_holds_the_place_the_failed_attempts_and_the_mail_that_waits(world: World) -> None:
    phone, shop, unit = world.phone(), world.shop(), world.unit()
    journey = world.begin(phone)
    world.menus.enter_zone(phone.caller, journey.id, ZoneState(zone=Zone.SHOP, subject_id=shop.id), ())
    with pytest.raises(ClaimRefusedError):
        world.claim(phone, unit, "00000-00000")
    world.accounts.ask_email(phone.caller, "ada@example.com", "en")
    found: Any = world.menus.export(phone.caller)
    (one,) = found["journeys"]
    assert one["zone"]["subject_id"] == shop.id
    assert one["stalls"] == []
    assert "proven_until" in one
    assert [row["at"] for row in found["failed_attempts"]] == [world.clock()]
    assert [row["to"] for row in found["mail"]] == ["ada@example.com"]
    assert b"#email=" not in msgspec.json.encode(found)


def test_an_erasure_that_fails_half_way_has_not_happened(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    left = live_through_everything(world)
    before = everything(world)

    def fails(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(consent, "_tell", fails)
    with pytest.raises(RuntimeError):
        world.menus.opt_out(left.phone.token)
    assert everything(world) == before


def test_a_coupon_of_somebody_who_left_is_no_coupon_at_the_till(world: World) -> None:
    left, shop = live_through_everything(world), world.shop()
    world.menus.opt_out(left.phone.token)
    with pytest.raises(NotFoundError):
        world.run(lambda tx: coupons.redeem(tx, left.visible["coupon"].decode(), shop.id))
