"""What a person takes along: all that they gave and did, and nothing that is somebody else's."""

from typing import Any

import msgspec
import pytest
from sqlmodel import SQLModel

from mobile_menu.ports import ClaimRefusedError, ZoneState
from mobile_menu.rules.situation import Zone
from tests.integration.cloud.lives import held, live_through_everything
from tests.integration.cloud.world import World


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
    "command_ask.person_id": "commands_chosen",
    "proven_act.person_id": "proofs_of_place",
    "push_subscription.person_id": "push",
    "push_message.person_id": "push",
    "phone_session.person_id": "sessions",
    "member.person_id": "memberships",
    "invitation.person_id": "invitations",
    "transfer.person_id": "transfers",
    "transfer.receiver_id": "transfers",
    "claim_failure.person_id": "failed_attempts",
    "mail.person_id": "mail",
    "email_address.person_id": "email",
    "email_proof.person_id": "email",
    "served_menu.person_id": "menus",
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
