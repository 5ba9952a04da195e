"""Stalls and their timers, cases, commands, desired settings, and the same call twice."""

from datetime import timedelta
from typing import Any

import pytest

from broker.contract.codec import decode_down
from broker.contract.messages import Command, Desired
from broker.contract.stages import Stage
from broker.contract.topics import Down
from cloud import choices
from cloud.care import service as care
from cloud.control import service as control
from cloud.errors import ConflictError, KeyReusedError, NotFoundError, StaleError
from cloud.lifecycle import service as lifecycle
from cloud.record import service as record
from cloud.record.events import ParcelStatus
from cloud.twin import service as twin
from mobile_menu.content_loader import load_content, profiles
from mobile_menu.ports import CaseThread, Chosen, ChosenItem
from mobile_menu.rules.compose import compose_menu
from tests.integration.cloud.world import CLEARED, JAMMED, Device, Phone, World, at_once


def stalls_told(world: World) -> list[tuple[str, str]]:
    found = [row for row in world.rows("journal") if row.type in {"journey.stalled", "journey.resumed"}]
    return [(row.type.removeprefix("journey."), row.data["kind"]) for row in found]


def owner_of_a_running_unit(world: World) -> tuple[Phone, Device]:
    phone, unit = world.phone(), world.unit()
    world.set_up(unit)
    world.claim(phone, unit)
    device = Device(world, unit.id, boot=2)
    world.take(device.birth())
    return phone, device


# --- stalls ---


def test_a_late_parcel_is_told_once_and_ends_when_it_arrives(world: World) -> None:
    phone = world.phone()
    journey = world.begin(phone)
    world.order(journey=journey.id, tracking_code="T-1")
    world.parcel(promised_at=world.clock() + timedelta(hours=5))
    world.clock.advance(hours=16)
    assert world.do_due() == []
    world.clock.advance(hours=1)
    assert world.do_due() == [("stall", journey.id)]
    assert world.do_due() == []
    assert stalls_told(world) == [("stalled", "parcel_late")]
    assert world.read(lambda tx: lifecycle.causes_of_distress(tx, world.journey(phone))) == ("parcel",)
    world.parcel(status=ParcelStatus.DELIVERED)
    assert stalls_told(world) == [("stalled", "parcel_late"), ("resumed", "parcel_late")]


def test_an_installation_that_stands_still_is_told_and_resumes_when_it_is_done(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    world.claim(phone, unit)
    world.clock.advance(hours=48)
    world.do_due()
    assert stalls_told(world) == [("stalled", "install_stuck")]
    assert world.journey(phone).stalls == (("install_stuck", "epoch-0"),)
    world.set_up(unit)
    assert stalls_told(world)[-1] == ("resumed", "install_stuck")
    assert world.journey(phone).stalls == ()


def test_a_fault_that_nobody_attends_to_is_told_and_a_second_one_is_told_again(world: World) -> None:
    _phone, device = owner_of_a_running_unit(world)
    for round_ in (1, 2):
        world.take(device.status(JAMMED))
        world.clock.advance(minutes=31)
        world.do_due()
        world.take(device.status(CLEARED))
        world.clock.advance(minutes=1)
        assert stalls_told(world) == [("stalled", "fault_unattended"), ("resumed", "fault_unattended")] * round_


def test_a_device_that_went_offline_and_stays_away_is_told_and_comes_back(world: World) -> None:
    _phone, device = owner_of_a_running_unit(world)
    world.take(device.presence("offline", connection=1))
    world.clock.advance(hours=24)
    world.do_due()
    assert stalls_told(world) == [("stalled", "silent")]
    world.take(Device(world, device.product_id, boot=3).birth())
    assert stalls_told(world) == [("stalled", "silent"), ("resumed", "silent")]


def test_a_device_that_died_with_its_broker_is_silent_though_no_will_took_it_offline(world: World) -> None:
    phone, device = owner_of_a_running_unit(world)
    world.take(device.presence("online", connection=1))
    assert world.read(lambda tx: twin.read(tx, device.product_id)).online is True
    for _ in range(3):
        world.clock.advance(hours=24)
        world.do_due()
    assert stalls_told(world) == [("stalled", "silent")], "once, as long as it lasts"
    key = world.journey(phone).stalls
    world.take(device.presence("online", connection=1))
    world.clock.advance(hours=1)
    world.do_due()
    assert world.journey(phone).stalls == key, "what a broker has kept and says again is no sign of life"
    world.take(device.presence("online", connection=2))
    assert stalls_told(world) == [("stalled", "silent"), ("resumed", "silent")]


def test_a_device_that_sends_nothing_but_telemetry_is_not_silent(world: World) -> None:
    _phone, device = owner_of_a_running_unit(world)
    for _ in range(5):
        world.clock.advance(hours=13)
        world.take(device.telemetry())
        world.do_due()
    assert stalls_told(world) == []


def test_telemetry_ends_a_silence_at_the_next_look_and_a_second_silence_is_told_again(world: World) -> None:
    _phone, device = owner_of_a_running_unit(world)
    told: list[tuple[str, str]] = []
    for _ in range(2):
        world.clock.advance(hours=24)
        world.do_due()
        told.append(("stalled", "silent"))
        assert stalls_told(world) == told
        world.take(device.telemetry())
        world.clock.advance(hours=1)
        world.do_due()
        told.append(("resumed", "silent"))
        assert stalls_told(world) == told


def test_two_schedulers_at_once_do_a_timer_once(world: World) -> None:
    world.claim(world.phone(), world.unit())
    world.clock.advance(hours=48)
    found = at_once([world.do_due] * 4)
    assert sorted(len(one) for one in found if isinstance(one, list)) == [0, 0, 0, 1]
    assert stalls_told(world) == [("stalled", "install_stuck")]


def test_a_timer_of_a_scheduler_that_died_is_taken_over_when_its_lease_runs_out(world: World) -> None:
    world.claim(world.phone(), world.unit())
    world.clock.advance(hours=48)
    leased = world.run(lambda tx: record.lease_due(tx, lease=timedelta(seconds=30)))
    assert len(leased) == 1
    world.clock.advance(seconds=29)
    assert world.do_due() == []
    world.clock.advance(seconds=1)
    assert world.do_due() == [(one.kind, one.subject) for one in leased]
    assert stalls_told(world) == [("stalled", "install_stuck")]


def test_a_sleeping_journey_has_no_timer(world: World) -> None:
    world.begin(world.phone())
    assert world.rows("timer") == []


# --- what a machine tells of its use ---


def shown(world: World, phone: Phone) -> dict[str, str]:
    situation = world.menus.situation(phone.caller, world.journey(phone).id)
    menu = compose_menu(situation, load_content("printer")).menu
    return {item.id: item.detail for section in menu.sections for item in section.items}


def test_tips_speak_of_the_use_as_soon_as_the_machine_has_told_of_it(world: World) -> None:
    phone, device = owner_of_a_running_unit(world)
    assert {"tips", "usage"} & shown(world, phone).keys() == {"tips"}
    world.take(device.status({"pages_total": 1204}))
    found = shown(world, phone)
    assert {"tips", "usage"} & found.keys() == {"usage"}
    assert found["usage"] == "1,204 pages so far"


# --- cases ---


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


# --- commands and desired settings ---


def test_a_command_goes_from_queued_over_sent_and_accepted_to_done(world: World) -> None:
    unit = world.unit()
    device = Device(world, unit.id)
    row = world.run(lambda tx: control.queue(tx, unit.id, "identify", {"seconds": 3}))
    (out,) = world.rows("outbox", command_id=row.id)
    said = decode_down(Down.COMMAND, out.payload)
    assert isinstance(said, Command)
    assert (said.id, said.name, said.arguments, said.expires_at) == (row.id, "identify", {"seconds": 3}, row.expires_at)
    states = [row.status]
    world.run(lambda tx: control.note_sent(tx, [row.id]))
    states.append(world.read(lambda tx: control.read(tx, row.id)).status)
    for answer in ("accepted", "done"):
        world.take(device.result(row.id, answer, data={"took": 1}))
        states.append(world.read(lambda tx: control.read(tx, row.id)).status)
    assert states == ["queued", "sent", "accepted", "done"]
    assert world.rows("timer") == []
    world.take(device.result(row.id, "failed"))
    assert world.read(lambda tx: control.read(tx, row.id)).status == "done"


def test_a_command_that_nobody_answers_expires_and_a_late_answer_changes_nothing(world: World) -> None:
    unit = world.unit()
    row = world.run(lambda tx: control.queue(tx, unit.id, "identify", {}))
    world.clock.now += control.DEFAULT_LIFE
    assert world.do_due() == [("command", row.id)]
    world.take(Device(world, unit.id).result(row.id, "done"))
    ended = world.read(lambda tx: control.read(tx, row.id))
    assert (ended.status, ended.ended_at) == ("expired", row.expires_at)
    assert world.do_due() == []


def test_an_answer_to_somebody_elses_command_or_to_none_is_history_and_nothing_more(world: World) -> None:
    unit, other = world.unit(), world.unit()
    row = world.run(lambda tx: control.queue(tx, unit.id, "identify", {}))
    device = Device(world, other.id)
    assert world.take(*(device.result(name, "done") for name in (row.id, "x\0y", "", "z" * 128))).stored == 4
    assert world.read(lambda tx: control.read(tx, row.id)).status == "queued"
    with pytest.raises(NotFoundError):
        world.run(lambda tx: control.queue(tx, "01jd0000000000000000000000", "identify", {}))


def test_wishes_are_merged_versioned_and_told_as_a_whole(world: World) -> None:
    unit = world.unit()
    world.run(lambda tx: twin.desire(tx, unit.id, {"sleep": 5, "tray": "a4"}, 0, "w1"))
    world.run(lambda tx: twin.desire(tx, unit.id, {"sleep": None, "duplex": True}, 1, "w2"))
    (row,) = world.rows("outbox", slot=f"desired:{unit.id}")
    assert decode_down(Down.DESIRED, row.payload) == Desired(version=2, settings={"tray": "a4", "duplex": True})
    assert row.retain


def test_a_wish_on_an_old_version_is_told_so_at_once_and_changes_nothing(world: World) -> None:
    unit, tries = world.unit(), []
    world.run(lambda tx: twin.desire(tx, unit.id, {"sleep": 5}, None, "w1"))

    def late(tx: Any) -> Desired:
        tries.append(1)
        return twin.desire(tx, unit.id, {"sleep": 9}, 0, "w2")

    with pytest.raises(StaleError):
        world.run(late)
    assert tries == [1]
    assert world.read(lambda tx: twin.read(tx, unit.id)).desired == {"sleep": 5}
    with pytest.raises(NotFoundError):
        world.run(lambda tx: twin.desire(tx, "01jd0000000000000000000000", {}, None, "w3"))


def test_of_wishes_at_once_on_one_version_one_wins(world: World) -> None:
    unit = world.unit()
    works = [
        lambda name=name: world.run(lambda tx: twin.desire(tx, unit.id, {name: 1}, 0, name)) for name in ("a", "b", "c")
    ]
    found = at_once(works)
    assert sum(isinstance(one, Desired) for one in found) == 1
    assert sum(isinstance(one, StaleError) for one in found) == 2
    assert world.read(lambda tx: twin.read(tx, unit.id)).desired_version == 1


# --- the same call twice ---

PRINT = ChosenItem(id="print", kind="action", action="command", arguments={"name": "print_test_page"})


def test_the_same_key_gives_the_same_answer_and_has_its_effect_once(world: World) -> None:
    phone, _device = owner_of_a_running_unit(world)
    journey_id = world.journey(phone).id
    first = world.menus.choose(phone.caller, journey_id, PRINT, "k")
    assert world.menus.choose(phone.caller, journey_id, PRINT, "k") == first
    assert world.menus.answered(phone.caller, journey_id, "print", "k") == first
    assert world.menus.answered(phone.caller, journey_id, "print", "other") is None
    assert len(world.rows("command")) == 1
    with pytest.raises(KeyReusedError):
        world.menus.choose(phone.caller, journey_id, ChosenItem(id="call", kind="a", action="call"), "k")
    world.clock.advance(hours=25)
    assert world.menus.choose(phone.caller, journey_id, PRINT, "k") != first


def test_the_same_key_at_once_has_one_effect(world: World) -> None:
    phone, _device = owner_of_a_running_unit(world)
    journey_id = world.journey(phone).id
    found = at_once([lambda: world.menus.choose(phone.caller, journey_id, PRINT, "k")] * 5)
    assert [one for one in found if not isinstance(one, Chosen)] == []
    assert len({repr(one) for one in found}) == 1
    assert len(world.rows("command")) == 1


def test_a_key_belongs_to_its_person(world: World) -> None:
    threads = []
    for _ in range(2):
        phone = world.phone()
        threads.append(world.menus.open_case(phone.caller, world.begin(phone).id, "help", b"{}", "k"))
    assert all(isinstance(one, CaseThread) for one in threads)
    assert threads[0].id != threads[1].id
    world.clock.advance(hours=25)
    world.run(record.forget_old_answers)
    assert world.rows("idempotency") == []


def test_a_stored_answer_cannot_be_read_from_the_database(world: World) -> None:
    phone = world.phone()
    world.menus.open_case(phone.caller, world.begin(phone).id, "my secret", b"{}", "k")
    assert all(b"secret" not in row.body for row in world.rows("idempotency"))
    assert world.journey(phone).stage == Stage.INTERESTED
