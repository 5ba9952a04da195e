"""What stands still for too long: it is told once, ends when it goes on, and its timers survive their schedulers."""

from datetime import timedelta

from cloud.lifecycle import service as lifecycle
from cloud.record import service as record
from cloud.record.events import ParcelStatus
from cloud.twin import service as twin
from tests.integration.cloud.running import owner_of_a_running_unit
from tests.integration.cloud.world import CLEARED, JAMMED, Device, World, at_once


def stalls_told(world: World) -> list[tuple[str, str]]:
    found = [row for row in world.rows("journal") if row.type in {"journey.stalled", "journey.resumed"}]
    return [(row.type.removeprefix("journey."), row.data["kind"]) for row in found]


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
