"""Cases: an expert is called, answers, is read, and knows what was the case; and wishes that only a person can meet."""

from typing import Any

import pytest

from cloud import choices
from cloud.care import service as care
from cloud.errors import ConflictError
from cloud.lifecycle import service as lifecycle
from mobile_menu.content_loader import load_content, profiles
from mobile_menu.ports import ChosenItem
from tests.integration.cloud.running import owner_of_a_running_unit
from tests.integration.cloud.world import JAMMED, Phone, World, at_once


def thread(world: World, phone: Phone, journey_id: str) -> list[tuple[str, str]]:
    (case,) = world.menus.cases(phone.caller, journey_id, seen=False)
    return [(part.author, part.text) for part in case.messages]


def unread(world: World, phone: Phone, journey_id: str) -> int | None:
    case = world.menus.situation(phone.caller, journey_id).relation.case
    return None if case is None else case.unread


def test_a_case_is_opened_answered_read_and_closed(world: World) -> None:
    phone = world.phone()
    journey_id = world.begin(phone).id
    case = world.menus.open_case(phone.caller, journey_id, "it sings", b'{"items":[]}', None)
    assert world.read(lambda tx: lifecycle.causes_of_distress(tx, world.journey(phone))) == ("case_open",)
    world.run(lambda tx: care.reply(tx, world.keys, case.id, "expert", "turn it off"))
    assert unread(world, phone, journey_id) == 1
    assert thread(world, phone, journey_id) == [("customer", "it sings"), ("expert", "turn it off")]
    assert unread(world, phone, journey_id) == 1
    world.menus.cases(phone.caller, journey_id)
    assert unread(world, phone, journey_id) == 0
    world.run(lambda tx: care.close(tx, case.id))
    assert unread(world, phone, journey_id) is None
    assert world.read(lambda tx: lifecycle.causes_of_distress(tx, world.journey(phone))) == ()
    for late in (lambda tx: care.close(tx, case.id), lambda tx: care.reply(tx, world.keys, case.id, "expert", "x")):
        with pytest.raises(ConflictError):
            world.run(late)
    assert world.menus.open_case(phone.caller, journey_id, "again", b"", None).id != case.id


def test_a_second_cry_for_help_goes_into_the_open_case_also_at_once(world: World) -> None:
    phone = world.phone()
    journey_id = world.begin(phone).id
    found = at_once([lambda: world.menus.open_case(phone.caller, journey_id, "help", b"{}", None)] * 4)
    assert [one for one in found if isinstance(one, Exception)] == []
    assert thread(world, phone, journey_id) == [("customer", "help")] * 4
    (row,) = world.rows("support_case")
    assert row.version == 4


def test_answers_at_once_are_all_kept_and_all_counted(world: World) -> None:
    phone = world.phone()
    case = world.menus.open_case(phone.caller, world.begin(phone).id, "help", b"{}", None)
    works: list[Any] = [lambda: world.menus.add_message(phone.caller, case.id, "and?", None)] * 8
    works += [lambda: world.run(lambda tx: care.reply(tx, world.keys, case.id, "expert", "wait"))] * 2
    found = at_once(works)
    assert [one for one in found if isinstance(one, Exception)] == []
    assert len(world.rows("case_message")) == 11
    assert len(world.rows("journal", type="case.answered")) == 10
    assert world.rows("support_case")[0].version == 11


@pytest.mark.postgres
def test_a_case_that_changed_while_one_waited_for_it_is_seen_as_it_is_now(postgres_world: World) -> None:
    world, phone = postgres_world, postgres_world.phone()
    case = world.menus.open_case(phone.caller, world.begin(phone).id, "help", b"{}", None)
    with world.db.transaction() as tx:
        before = care.read(tx, case.id).version
        world.run(lambda other: care.reply(other, world.keys, case.id, "expert", "wait"))
        assert care.read(tx, case.id, lock=True).version == before + 1


def test_the_expert_gets_what_was_the_case_when_help_was_asked_for(world: World) -> None:
    phone, device = owner_of_a_running_unit(world)
    world.take(device.status(JAMMED))
    world.menus.open_case(phone.caller, world.journey(phone).id, "jam", b'{"items":["x"]}', None)
    (row,) = world.rows("support_case")
    seen = world.read(lambda tx: care.snapshot(tx, world.keys, care.read(tx, row.id)))
    assert (seen["stage"], seen["menu"]) == ("support", {"items": ["x"]})
    assert seen["twin"]["reported"]["reasons"][0] == ["media-jam-error"]
    assert "device.status" in {event["type"] for event in seen["timeline"]}


WISHES = [
    (ChosenItem(id="a", kind="setting", action="call", arguments={"topic": "parcel"}), "in touch: parcel"),
    (ChosenItem(id="b", kind="setting", action="cancel_order"), "asks to cancel the order"),
    (ChosenItem(id="c", kind="setting", action="return", arguments={"reason": "exchange"}), "product: exchange"),
]


@pytest.mark.parametrize(("item", "said"), WISHES, ids=[item.action for item, _ in WISHES])
def test_a_wish_that_only_a_person_can_meet_reaches_an_expert_who_answers_on_the_phone(
    world: World, item: ChosenItem, said: str
) -> None:
    phone = world.phone()
    journey_id = world.begin(phone).id
    world.order(journey=journey_id)
    world.menus.choose(phone.caller, journey_id, item, "once")
    world.menus.choose(phone.caller, journey_id, item, "once")
    (row,) = world.read(lambda tx: care.listing(tx, status="open", after=None, limit=10))
    ((author, text),) = thread(world, phone, journey_id)
    assert (author, text.endswith(said)) == ("customer", True)
    seen = world.read(lambda tx: care.snapshot(tx, world.keys, care.read(tx, row.id)))
    assert (seen["stage"], seen["menu"]) == ("delivery", None)
    assert {"order.changed", "return.requested" if item.action == "return" else "item.chosen"} <= {
        event["type"] for event in seen["timeline"]
    }
    world.run(lambda tx: care.reply(tx, world.keys, row.id, "expert", "we see to it"))
    assert unread(world, phone, journey_id) == 1


def test_wishes_go_into_the_conversation_that_is_open(world: World) -> None:
    phone = world.phone()
    journey_id = world.begin(phone).id
    world.menus.open_case(phone.caller, journey_id, "where is it?", b"{}", None)
    for item, _ in WISHES:
        world.menus.choose(phone.caller, journey_id, item, None)
    assert len(thread(world, phone, journey_id)) == 1 + len(WISHES)
    assert len(world.rows("support_case")) == 1


def test_what_content_asks_for_is_something_that_the_cloud_does_or_a_person() -> None:
    asked = {spec.order.do for name in profiles() for spec in load_content(name).items if spec.order}
    assert asked <= choices.ACTIONS.keys() | choices.WISHES.keys()
    assert asked >= choices.WISHES.keys()
