"""Web push says what is still so when it leaves, and no more than enough when much has waited."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cloud.care import service as care
from cloud.push import service as push
from cloud.push.rules import A_DAY
from cloud.record.events import ParcelStatus
from cloud.subscriptions import Listening
from tests.integration.cloud.pushing import Told, answered, cert, told, words
from tests.integration.cloud.running import owner_of_a_running_unit
from tests.integration.cloud.world import JAMMED, READY, World

__all__ = ["cert", "told"]


def test_a_fault_that_is_over_before_the_morning_is_not_told(told: Told) -> None:
    world = told.world
    phone, device = owner_of_a_running_unit(world)
    told.subscribe(phone)
    world.take(device.status(JAMMED))
    world.clock.advance(minutes=31)
    world.do_due()
    assert words(told) == ["fault"]
    world.take(device.status(READY))
    world.do_due()
    assert words(told) == []
    assert told.send() == 0


@pytest.mark.parametrize("status", [ParcelStatus.DELIVERED, ParcelStatus.ATTEMPT_FAILED])
def test_a_parcel_that_comes_today_is_told_of_only_until_it_has_come_or_will_not(
    told: Told, status: ParcelStatus
) -> None:
    world, phone = told.world, told.world.phone()
    told.subscribe(phone)
    world.order(journey=world.begin(phone).id, tracking_code="T-1", carrier="post")
    world.parcel(status=ParcelStatus.OUT_FOR_DELIVERY, status_at=world.clock())
    assert words(told) == ["parcel_out"]
    world.clock.advance(seconds=1)
    world.parcel(status=status, status_at=world.clock())
    assert "parcel_out" not in words(told)


def test_an_answer_that_was_read_before_its_message_left_is_not_told(told: Told) -> None:
    phone = told.world.phone()
    told.subscribe(phone)
    journey = answered(told.world, phone)
    told.world.menus.cases(phone.caller, journey)
    assert told.send() == 0
    assert words(told) == []


def test_an_answer_that_nobody_read_is_told_when_a_page_that_was_open_is_open_no_more(told: Told) -> None:
    phone = told.world.phone()
    told.subscribe(phone)
    listening = Listening(told.world.db, tuple)
    listening.note(frozenset({phone.caller.session_id}))
    answered(told.world, phone)
    assert told.send() == 0
    assert words(told) == ["answer"]
    listening.note(frozenset())
    assert told.send() == 1


def reply(world: World, case_id: str) -> None:
    world.run(lambda tx: care.reply(tx, world.keys, case_id, "expert", "Open the door"))


def waiting_together(told: Told, count: int) -> None:
    """So many answers, in as many journeys of one phone, that wait for its morning, which comes."""
    world, phone = told.world, told.world.phone()
    told.subscribe(phone)
    world.clock.now = world.clock().replace(hour=22)
    for number in range(count):
        journey = (world.begin_with(phone, world.unit()) if number else world.begin(phone)).id
        reply(world, world.menus.open_case(phone.caller, journey, f"Help {number}", b"", None).id)
    assert len(words(told)) == count
    assert told.send() == 0
    world.clock.advance(hours=10)


def test_four_a_day_leave_of_those_too_that_have_waited_together(told: Told) -> None:
    waiting_together(told, A_DAY + 3)
    assert told.send() == A_DAY


def test_two_loops_that_take_from_one_phone_at_the_same_time_take_four_together(told: Told) -> None:
    waiting_together(told, 2 * A_DAY)
    world, both = told.world, threading.Barrier(2)

    def take() -> int:
        both.wait(30)
        return len(world.run(lambda tx: push.lease(tx, world.keys, A_DAY))[1])

    with ThreadPoolExecutor(2) as threads:
        taken = [one.result(60) for one in [threads.submit(take), threads.submit(take)]]
    assert sum(taken) == A_DAY
