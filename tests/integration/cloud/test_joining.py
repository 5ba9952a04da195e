"""What follows when two have proven one address: they are one person, wholly or not at all."""

import msgspec
import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from broker.contract.stages import Role, Stage
from cloud import joining
from cloud.campaigns import service as campaigns
from cloud.consent import service as consent
from cloud.identity import phones
from cloud.lifecycle import service as lifecycle
from cloud.record.events import Channel, ParcelStatus
from tests.integration.cloud.joined import ADA, again, ask, item, live_a_little, prove
from tests.integration.cloud.lives import everything
from tests.integration.cloud.test_replay import check, projections
from tests.integration.cloud.world import GTIN, Device, Phone, World

NOT_PEOPLE = {"token_hash", "access_hash", "last_access_hash", "refresh_hash", "previous_refresh_hash", "answer_key"}


def test_two_with_one_address_become_one_person_with_everything_of_both(world: World) -> None:
    first, second = world.phone(), world.phone()
    live_a_little(world, first, 1)
    live_a_little(world, second, 2)
    prove(world, first)
    assert prove(world, second).joined
    second = again(world, second)
    assert second.person_id == first.person_id
    assert [row.id for row in world.rows("person")] == [first.person_id]
    assert len(world.menus.journeys(second.caller)) == 2
    export = world.menus.export(second.caller)
    said = msgspec.json.encode(export).decode()
    for words in ("help 1", "help 2", "answer 1", "answer 2", "Name 1", "Name 2", "order-1", "order-2", ADA):
        assert words in said
    assert len(export["commands"]) == len(export["coupons"]) == len(export["referrals"]) == 2
    assert {row.owner_person_id for row in world.rows("product")} == {first.person_id}
    check(world)


def test_what_was_answered_under_a_key_is_answered_again_after_two_became_one(world: World) -> None:
    first, second = world.phone(), world.phone()
    journey = world.claim(second, world.unit()).journey_id
    command = item("command", name="print_test_page")
    chosen = world.menus.choose(second.caller, journey, command, "key-1")
    prove(world, first)
    prove(world, second)
    assert world.menus.choose(again(world, second).caller, journey, command, "key-1") == chosen
    assert len(world.rows("command")) == 1


def test_the_phones_and_the_visits_of_both_lead_to_the_one_person(world: World) -> None:
    first = world.phone()
    opened = world.menus.start_session(None, None)
    assert opened.visit is not None
    started = opened.started
    second = Phone(started.token, world.menus.caller(started.token, "en"), started.refresh_token)
    prove(world, first)
    heard: list[set[str]] = []
    world.db.listeners.append(lambda changes: heard.append(set(changes.sessions)))
    prove(world, second)
    assert {first.caller.session_id, second.caller.session_id} <= set().union(*heard)
    assert len(world.accounts.sessions(first.caller)) == 2
    fresh = world.accounts.refresh(second.refresh_token, None)
    assert world.menus.caller(fresh.token, "en").person_id == first.person_id
    visit = world.read(lambda tx: phones.visit_of(tx, opened.visit.token))  # type: ignore[union-attr]  # asserted above
    assert visit is not None
    assert visit.person_id == first.person_id


def test_two_are_never_one_by_an_address_that_only_one_has_proven(world: World) -> None:
    first, second, third = world.phone(), world.phone(), world.phone()
    prove(world, first)
    ask(world, second)
    world.order("o-1", journey=world.begin(third).id, customer={"email": ADA})
    assert len({again(world, phone).person_id for phone in (first, second, third)}) == 3
    assert not prove(world, second, "bob@example.com").joined


def test_after_the_address_was_taken_away_it_joins_nobody(world: World) -> None:
    first, second = world.phone(), world.phone()
    prove(world, first)
    world.accounts.remove_email(first.caller)
    assert not prove(world, second).joined


def test_who_has_left_does_not_come_back_by_their_address_and_what_is_late_stays_out(world: World) -> None:
    first, second = world.phone(), world.phone()
    live_a_little(world, first, 1)
    prove(world, first)
    world.menus.opt_out(first.token)
    assert not prove(world, second).joined
    assert world.menus.journeys(second.caller) == []
    assert not world.order("order-1", version=9, customer={"name": "Name 1"})
    assert not world.parcel("parcel-1", ParcelStatus.DELIVERED)


def test_leaving_after_two_became_one_wipes_both_and_every_token_of_both_gets_the_receipt(world: World) -> None:
    first, second = world.phone(), world.phone()
    live_a_little(world, first, 1)
    live_a_little(world, second, 2)
    shared = world.begin(first).id, world.begin(second).id
    prove(world, first)
    prove(world, second)
    gone = second.person_id
    receipt = world.menus.opt_out(second.token)
    assert world.menus.opt_out(first.token) == receipt
    assert world.rows("person") == world.rows("journey") == world.rows("journey_alias") == world.rows("mail") == []
    left = everything(world)
    for trace in (first.person_id, gone, *shared, "order-1", "parcel-2"):
        assert trace.encode() not in left
    check(world)


def test_the_address_and_its_links_are_wiped_with_the_person(world: World) -> None:
    phone = world.phone()
    prove(world, phone)
    token = ask(world, phone, "other@example.com")
    kept = [row.mac for row in world.rows("email_address")] + [row.mac for row in world.rows("email_proof")]
    kept += [row.address for row in world.rows("email_address")]
    world.menus.opt_out(phone.token)
    left = everything(world)
    assert [one for one in (*kept, token.encode(), ADA.encode()) if one in left] == []
    assert world.rows("email_address") == world.rows("email_proof") == world.rows("mail") == []


# --- journeys of both ---


def test_journeys_with_the_same_model_become_one_with_the_facts_of_both(world: World) -> None:
    first, second = world.phone(), world.phone()
    campaign = world.run(
        lambda tx: campaigns.create_campaign(
            tx, name="C", stage=Stage.INTERESTED, gtin=GTIN, channel=Channel.WEB, target="", allowed_hosts=()
        )
    )
    world.begin(first)
    clicked = world.run(lambda tx: campaigns.click(tx, campaign.id, second.person_id))[1]
    world.order("o-1", journey=clicked.id)
    prove(world, first)
    prove(world, second)
    (one,) = world.menus.journeys(again(world, second).caller)
    assert one.stage is Stage.DELIVERY
    assert {row.journey_id for row in world.rows("move")} == {one.id}
    assert world.rows("shop_order")[0].journey_id == one.id
    check(world)


def test_what_a_shop_still_sends_for_the_old_journey_finds_the_one_that_goes_on(world: World) -> None:
    first, second = world.phone(), world.phone()
    begun = {world.begin(first).id, world.begin(second).id}
    prove(world, first)
    prove(world, second)
    (one,) = world.menus.journeys(first.caller)
    (old,) = begun - {one.id}
    world.order("late", journey=old)
    assert world.rows("shop_order")[0].journey_id == one.id
    assert world.menus.journeys(first.caller)[0].stage is Stage.DELIVERY
    check(world)


def test_an_owner_and_a_guest_of_one_unit_who_are_one_are_its_owner(world: World) -> None:
    owner, guest = world.phone(), world.phone()
    unit = world.unit()
    world.claim(owner, unit)
    world.run(lambda tx: lifecycle.open_journey(tx, guest.person_id, GTIN, unit.id, Role.GUEST, "phone"))
    prove(world, guest)
    prove(world, owner)
    (one,) = world.menus.journeys(again(world, owner).caller)
    assert (one.role, one.product_id) == (Role.OWNER, unit.id)
    assert world.rows("product")[0].owner_person_id == guest.person_id
    device = Device(world, unit.id, boot=3)
    world.take(device.birth())
    check(world)


def test_one_journey_keeps_one_coupon(world: World) -> None:
    first, second = world.phone(), world.phone()
    for phone in (first, second):
        world.menus.choose(phone.caller, world.begin(phone).id, item("coupon"), None)
    prove(world, first)
    prove(world, second)
    assert len(world.rows("coupon")) == 1


def test_three_who_become_one_after_another_are_one_and_replay_to_it(world: World) -> None:
    people = [world.phone() for _ in range(3)]
    for phone in people:
        world.begin(phone)
        prove(world, phone)
    assert len(world.rows("person")) == len(world.rows("journey")) == 1
    assert {row.journey_id for row in world.rows("journey_alias")} == {world.rows("journey")[0].id}
    assert len(world.rows("journey_alias")) == 2
    check(world)


# --- nothing is forgotten ---


def columns_that_name_a_person() -> set[str]:
    return {
        f"{table.name}.{key.parent.name}"
        for table in SQLModel.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "person"
    }


def test_every_column_that_names_a_person_is_moved() -> None:
    assert columns_that_name_a_person() == joining.MOVED | joining.OWN_WAY


def test_every_column_that_names_a_journey_is_moved_or_follows_by_itself() -> None:
    found = {f"{table.name}.journey_id" for table in SQLModel.metadata.tables.values() if "journey_id" in table.columns}
    by_itself = {"journal.journey_id", "move.journey_id", "journey_alias.journey_id"}
    assert found == joining.WITH_JOURNEY | by_itself


def test_every_sealed_column_of_a_person_is_sealed_anew() -> None:
    of_people = {name.partition(".")[0] for name in columns_that_name_a_person()} | {"case_message"}
    binary = {
        (table, column.name)
        for table in of_people
        for column in SQLModel.metadata.tables[table].columns
        if isinstance(column.type, sa.LargeBinary)
    }
    known = {(one.table, one.column) for one in joining.SEALED}
    hashes = {
        *(("phone_session", name) for name in NOT_PEOPLE),
        ("phone_session", "answer"),  # sealed under the vault's own key: it belongs to the session
        ("product", "claim_hash"),
        ("product", "beacon_key"),
        ("outbox", "payload"),
        ("email_address", "address"),  # the one who stays has it
        ("email_address", "mac"),
        ("email_proof", "token_hash"),
        ("email_proof", "mac"),
        ("invitation", "code_hash"),
        ("transfer", "code_hash"),
        ("claim_failure", "subject"),
        ("claim_failure", "source"),
        ("mail", "counted"),
        ("push_subscription", "mac"),
    }
    assert binary == known | hashes


def test_becoming_one_leaves_no_half_behind_when_a_table_was_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = world.phone(), world.phone()
    live_a_little(world, second, 1)
    prove(world, first)
    token = ask(world, second)
    monkeypatch.setattr(joining, "MOVED", joining.MOVED - {"coupon.person_id"})
    before, live = everything(world), projections(world)
    with pytest.raises(Exception, match=r"FOREIGN KEY|foreign key"):
        world.accounts.verify_email(second.caller, token)
    assert everything(world) == before
    assert projections(world) == live


def test_the_journal_says_that_two_became_one_and_names_nobody(world: World) -> None:
    first, second = world.phone(), world.phone()
    prove(world, first)
    prove(world, second)
    (event,) = world.rows("journal", type="person.joined")
    assert (event.data, event.person_id) == ({}, first.person_id)
    assert second.person_id.encode() not in everything(world)
    assert consent.person_scope(second.person_id).encode() not in everything(world)
