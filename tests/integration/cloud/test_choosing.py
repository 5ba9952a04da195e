"""Items act: a command with its progress and its end in the menu, one of a kind at a time; proof that is used up."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from broker.contract.eid import ids_around
from cloud.commerce import partners
from cloud.control import asking
from cloud.control import service as control
from cloud.control.rules import SHOWN_FOR
from cloud.ownership import proofs
from cloud.registry.service import Registered
from mobile_menu.ports import (
    Chosen,
    ItemUnavailableError,
    ProofNeededError,
    ProofUsedError,
    TooManyAttemptsError,
    ZoneState,
)
from mobile_menu.rules.menu import Progress
from mobile_menu.rules.situation import Zone
from tests.integration.cloud.choosing import Chooser
from tests.integration.cloud.homes import Homes
from tests.integration.cloud.running import owner_of_a_running_unit
from tests.integration.cloud.sight import beacon_of
from tests.integration.cloud.world import READY, Device, Phone, World, at_once

WINDOW = timedelta(seconds=512)


def progress(chooser: Chooser, item_id: str = "clean-head") -> Progress | None:
    found = chooser.items().get(item_id)
    return None if found is None else found.progress


def state(chooser: Chooser, item_id: str = "clean-head") -> tuple[str, int | None] | None:
    found = progress(chooser, item_id)
    return None if found is None else (found.state, found.percent)


def owner(world: World) -> tuple[Chooser, Device]:
    phone, device = owner_of_a_running_unit(world)
    world.take(device.status(READY))
    return Chooser(world, phone), device


def said_by(error: type[Exception], call: Callable[[], Any]) -> Any:
    with pytest.raises(error) as raised:
        call()
    return raised.value


# --- progress ---


def test_a_command_goes_from_queued_to_done_in_the_menu_and_then_it_goes(world: World) -> None:
    chooser, device = owner(world)
    assert progress(chooser) is None
    chosen = chooser.choose("clean-head")
    seen = [state(chooser)]
    world.run(lambda tx: control.note_sent(tx, [str(chosen.command_id)]))
    seen.append(state(chooser))
    # Busy with it, it would not offer the cleaning: the command itself keeps the item there.
    world.take(device.status({"state": "processing", "reasons": ["none"]}))
    for said in ({}, {"percent": 25}, {"percent": 10}):
        world.take(device.result(str(chosen.command_id), "accepted", data=said))
        seen.append(state(chooser))
    world.take(device.status(READY))
    world.take(device.result(str(chosen.command_id), "done"))
    seen.append(state(chooser))
    assert seen == [
        ("queued", None),
        ("sent", None),
        ("accepted", None),
        ("running", 25),
        ("running", 25),
        ("done", None),
    ]
    world.clock.now += SHOWN_FOR
    assert progress(chooser) is None


def test_each_step_of_a_command_moves_the_version_so_that_every_process_composes_anew(world: World) -> None:
    chooser, device = owner(world)
    journey = world.journey(chooser.phone).id
    versions = [world.menus.version(journey)]
    chosen = chooser.choose("clean-head")
    steps: list[Callable[[], object]] = [
        lambda: world.run(lambda tx: control.note_sent(tx, [str(chosen.command_id)])),
        lambda: world.take(device.result(str(chosen.command_id), "accepted")),
        lambda: world.take(device.result(str(chosen.command_id), "done")),
    ]
    versions.append(world.menus.version(journey))
    for step in steps:
        step()
        versions.append(world.menus.version(journey))
    assert sorted(set(versions)) == versions


def test_the_word_about_a_command_ends_by_itself_and_the_situation_says_when(world: World) -> None:
    chooser, device = owner(world)
    chosen = chooser.choose("clean-head")
    world.take(device.result(str(chosen.command_id), "done"))
    journey = world.journey(chooser.phone).id
    assert world.menus.situation(chooser.phone.caller, journey).until == world.clock() + SHOWN_FOR


def test_a_device_that_is_offline_gets_the_command_when_it_comes_back_and_that_is_said(world: World) -> None:
    chooser, device = owner(world)
    chosen = chooser.choose("clean-head")
    world.take(device.presence("online"))
    world.take(device.presence("offline"))
    told = progress(chooser)
    assert told is not None
    assert (told.state, told.text) == (
        "queued",
        "The printer is offline. It does this if it is back within 10 minutes.",
    )
    world.clock.now += control.DEFAULT_LIFE
    assert state(chooser) == ("failed", None)  # before the scheduler has come round
    world.do_due()
    told = progress(chooser)
    assert told is not None
    assert told.text == "Not done: the printer did not answer in time"
    world.take(device.result(str(chosen.command_id), "done"))
    assert state(chooser) == ("failed", None)
    world.clock.now += SHOWN_FOR
    assert progress(chooser) is None


def test_a_failure_says_why_in_the_language_of_the_phone(world: World) -> None:
    chooser, device = owner(world)
    chosen = chooser.choose("clean-head")
    world.take(device.result(str(chosen.command_id), "failed", detail="media-empty-error"))
    told = progress(chooser)
    assert told is not None
    assert told.text.startswith("It did not work: ")
    german = Chooser(world, Phone(chooser.phone.token, world.menus.caller(chooser.phone.token, "de")))
    told = progress(german)
    assert told is not None
    assert told.text == "Das hat nicht geklappt: Kein Papier mehr"


# --- one of a kind ---


def test_a_second_choice_joins_the_command_that_runs_and_both_phones_see_it(world: World) -> None:
    chooser, device = owner(world)
    other = Chooser(world, world.another_phone_of(chooser.phone))
    found = at_once([lambda: chooser.choose("clean-head"), lambda: other.choose("clean-head")])
    assert all(isinstance(one, Chosen) for one in found)
    assert sorted(one.outcome for one in found if isinstance(one, Chosen)) == ["command_joined", "command_queued"]
    (row,) = world.rows("command")
    assert len(world.rows("outbox", command_id=row.id)) == 1
    world.take(device.result(row.id, "accepted", data={"percent": 50}))
    assert state(chooser) == state(other) == ("running", 50)


def test_once_it_has_ended_the_next_choice_is_a_new_command(world: World) -> None:
    chooser, device = owner(world)
    first = chooser.choose("clean-head")
    world.take(device.result(str(first.command_id), "done"))
    assert chooser.choose("clean-head").outcome == "command_queued"
    assert state(chooser) == ("queued", None)
    assert len(world.rows("command")) == 2


def test_a_command_whose_time_is_up_is_not_joined(world: World) -> None:
    chooser, _ = owner(world)
    chooser.choose("clean-head")
    world.clock.now += control.DEFAULT_LIFE
    assert chooser.choose("clean-head").outcome == "command_queued"


def test_another_kind_and_other_arguments_run_beside_it(world: World) -> None:
    chooser, _ = owner(world)
    journey = world.journey(chooser.phone)
    chooser.choose("clean-head")
    assert chooser.choose("test-page").outcome == "command_queued"
    unit = str(journey.product_id)
    deep = asking.Kind("clean_head", {"deep": True})
    assert world.run(lambda tx: asking.running(tx, unit, deep)) is None


def test_a_repeated_choice_gets_its_answer_also_when_the_command_and_the_item_have_gone(world: World) -> None:
    chooser, device = owner(world)
    first = chooser.choose("clean-head", "k1")
    world.take(device.result(str(first.command_id), "done"))
    world.take(device.status({"state": "processing", "reasons": ["none"]}))
    world.clock.now += SHOWN_FOR
    assert "clean-head" not in chooser.items()
    assert chooser.choose("clean-head", "k1") == first
    assert len(world.rows("command")) == 1


def test_what_the_menu_does_not_show_is_not_done(world: World) -> None:
    chooser, device = owner(world)
    world.take(device.status({"state": "processing", "reasons": ["none"]}))
    for item_id in ("clean-head", "cancel-job", "print-sample", "no-such-item"):
        with pytest.raises(ItemUnavailableError):
            chooser.choose(item_id)
    assert world.rows("command") == world.rows("command_ask") == []


def test_at_home_the_others_see_what_runs_and_only_who_chose_it_sees_its_end(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    device = Device(world, home.unit.id, boot=9)
    world.take(device.birth())
    world.take(device.status(READY))
    owner_, household, guest = (Chooser(world, one) for one in (home.owner, home.household, home.guest))
    chosen = owner_.choose("clean-head")
    assert state(household) == ("queued", None)
    assert progress(guest) is None
    world.take(device.result(str(chosen.command_id), "done"))
    assert state(owner_) == ("done", None)
    assert progress(household) is None


# --- proof ---


class Shop:
    """A demo unit that works, and people who stand at it."""

    def __init__(self, homes: Homes) -> None:
        self.homes = homes
        self.world = homes.world
        self.unit = self.demo()
        self.device = Device(self.world, self.unit.id, boot=2)
        self.beacon = beacon_of(self.world, self.unit)

    def demo(self) -> Registered:
        unit, shop = self.world.unit(), self.world.shop()
        self.world.set_up(unit)
        self.world.run(lambda tx: partners.place_in_shop(tx, unit.id, shop.id))
        return unit

    def visitor(self) -> Chooser:
        phone = self.world.phone()
        self.world.begin(phone)
        return Chooser(self.world, phone)

    def stands(self, chooser: Chooser, *heard: str) -> None:
        """The phone reports that it is at the unit, and what its beacon has sent."""
        journey = self.world.journey(chooser.phone).id
        zone = ZoneState(zone=Zone.HERE, subject_id=self.unit.id, since=self.world.clock(), heard_at=self.world.clock())
        self.world.menus.enter_zone(chooser.phone.caller, journey, zone, heard)

    def proves(self, chooser: Chooser) -> None:
        self.stands(chooser, *ids_around(self.beacon, self.world.clock()))

    def prints(self, chooser: Chooser) -> Chosen:
        """Proves, chooses, and the unit does it."""
        self.proves(chooser)
        chosen = chooser.choose("print-sample")
        self.world.take(self.device.result(str(chosen.command_id), "done"))
        return chosen


@pytest.fixture
def shop(homes: Homes) -> Shop:
    return Shop(homes)


def test_a_sample_is_printed_for_who_proves_to_stand_there_and_its_end_is_told(shop: Shop) -> None:
    chooser = shop.visitor()
    shop.stands(chooser)
    said_by(ProofNeededError, lambda: chooser.choose("print-sample"))
    assert shop.prints(chooser).outcome == "command_queued"
    told = progress(chooser, "print-sample")
    assert told == Progress(state="done", text="Your sample lies in the tray")


def test_one_proof_opens_one_action_once_and_the_same_id_reported_again_is_no_new_proof(shop: Shop) -> None:
    chooser = shop.visitor()
    heard = ids_around(shop.beacon, shop.world.clock())
    shop.prints(chooser)
    said_by(ProofUsedError, lambda: chooser.choose("print-sample"))
    shop.stands(chooser, *heard)
    said_by(ProofUsedError, lambda: chooser.choose("print-sample"))
    shop.world.clock.now += timedelta(minutes=5)
    shop.stands(chooser, *heard)  # within the time in which a clock that is a little off still sends it
    said_by(ProofUsedError, lambda: chooser.choose("print-sample"))
    assert len(shop.world.rows("command")) == 1


def test_the_next_id_of_the_beacon_is_a_new_proof(shop: Shop) -> None:
    chooser = shop.visitor()
    shop.prints(chooser)
    shop.world.clock.now += 2 * WINDOW
    assert shop.prints(chooser).outcome == "command_queued"


def test_a_repeated_call_gets_its_answer_and_uses_up_nothing(shop: Shop) -> None:
    chooser = shop.visitor()
    shop.proves(chooser)
    first = chooser.choose("print-sample", "k1")
    assert chooser.choose("print-sample", "k1") == first
    assert len(shop.world.rows("proven_act", action="print_sample")) == 1


def test_two_at_a_time_print_one_page_and_the_one_who_joins_keeps_their_proof(shop: Shop) -> None:
    one, other = shop.visitor(), shop.visitor()
    shop.proves(one)
    shop.proves(other)
    first, second = one.choose("print-sample"), other.choose("print-sample")
    assert (first.outcome, second.outcome) == ("command_queued", "command_joined")
    shop.world.take(shop.device.result(str(first.command_id), "done"))
    assert state(one, "print-sample") == state(other, "print-sample") == ("done", None)
    assert other.choose("print-sample").outcome == "command_queued"


def test_a_stranger_at_the_unit_sees_nothing_of_what_another_prints_or_has_printed(shop: Shop) -> None:
    printing, stranger = shop.visitor(), shop.visitor()
    shop.proves(printing)
    chosen = printing.choose("print-sample")
    shop.stands(stranger)
    assert (state(printing, "print-sample"), state(stranger, "print-sample")) == (("queued", None), None)
    shop.world.take(shop.device.result(str(chosen.command_id), "done"))
    assert (state(printing, "print-sample"), state(stranger, "print-sample")) == (("done", None), None)


def test_a_phone_prints_three_samples_an_hour_and_is_told_how_long_to_wait(shop: Shop) -> None:
    chooser = shop.visitor()
    begin = shop.world.clock()
    for _ in range(proofs.PHONE_PER_HOUR):
        shop.prints(chooser)
        shop.world.clock.now += 2 * WINDOW
    shop.proves(chooser)
    error = said_by(TooManyAttemptsError, lambda: chooser.choose("print-sample"))
    assert error.retry_after_s == (begin + proofs.HOUR - shop.world.clock()).total_seconds()
    shop.world.clock.now = begin + proofs.HOUR
    assert shop.prints(chooser).outcome == "command_queued"


def test_a_unit_prints_so_many_samples_an_hour_for_all_and_leaving_does_not_make_room(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proofs, "UNIT_PER_HOUR", 4)
    for _ in range(4):
        visitor = shop.visitor()
        shop.prints(visitor)
        shop.world.menus.opt_out(visitor.phone.token)
    assert shop.world.rows("command") == shop.world.rows("command_ask") == []
    assert {row.person_id for row in shop.world.rows("proven_act")} == {None}
    late = shop.visitor()
    shop.proves(late)
    said_by(TooManyAttemptsError, lambda: late.choose("print-sample"))


def test_what_a_proof_opened_and_who_chose_what_is_in_the_export_and_forgotten_after_a_day(shop: Shop) -> None:
    chooser = shop.visitor()
    shop.prints(chooser)
    out = shop.world.menus.export(chooser.phone.caller)
    assert [one["action"] for one in out["proofs_of_place"]] == [proofs.STOOD, "print_sample"]
    assert [one["item_id"] for one in out["commands_chosen"]] == ["print-sample"]
    shop.world.clock.now += timedelta(days=1, seconds=1)
    shop.world.run(proofs.forget_old)
    shop.world.run(asking.forget_old)
    assert shop.world.rows("proven_act") == shop.world.rows("command_ask") == []
