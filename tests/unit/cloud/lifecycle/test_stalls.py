"""When standing still becomes a stall, when it is looked at again, and what trouble does to marketing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.contract.messages import Json
from cloud.lifecycle.distress import CALM, calm_until, distress, unhappy_until
from cloud.lifecycle.facts import NOTHING, Facts
from cloud.lifecycle.parcels import leading_parcel, parcel_state
from cloud.lifecycle.rules import merge
from cloud.lifecycle.stalls import Machine, Stall, StallKind, Stalls, changes, stalls
from cloud.record.events import Event, ParcelStatus
from cloud.registry.profiles import load_profile
from mobile_menu.rules.situation import Level, ParcelState

PRINTER = load_profile("printer")
START = datetime(2026, 11, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
ORDER = ("order.changed", {"order_id": "A1", "version": 1, "status": "placed"})
CANCELLED = ("order.changed", {"order_id": "A1", "version": 2, "status": "cancelled"})
CLAIM = ("product.claimed", {"epoch": 0, "role": "owner", "how": "code"})
STEPS = tuple(
    ("install.step_done", {"epoch": 0, "step": step.id, "witness": "expert"}) for step in PRINTER.required_steps
)
QUIET = Stalls()

Said = tuple[str, dict[str, Json]]


def known(*said: Said) -> Facts:
    facts = NOTHING
    for place, (kind, data) in enumerate(said):
        facts = merge(facts, Event(id=f"e{place}", type=kind, at=START, source="cloud", data=data), PRINTER)
    return facts


def scan(status: str, hours: float = 0, promised: float | None = None, code: str = "EZ1") -> Said:
    data: dict[str, Json] = {"tracking_code": code, "carrier": "ups", "status": status}
    data["status_at"] = (START + hours * HOUR).isoformat()
    if promised is not None:
        data["promised_at"] = (START + promised * HOUR).isoformat()
    return "parcel.changed", data


def look(facts: Facts, hours: float, machine: Machine | None = None) -> Stalls:
    return stalls(facts, machine or Machine(last_seen=START), PRINTER, START, START + hours * HOUR)


def kinds(found: Stalls) -> tuple[str, ...]:
    return tuple(stall.kind for stall in found.active)


def test_a_parcel_is_late_when_its_promised_date_and_the_grace_have_passed_and_not_before() -> None:
    facts = known(ORDER, scan("in_transit", promised=24))
    assert look(facts, 35.9) == Stalls(active=(), next_due=START + 36 * HOUR)
    assert look(facts, 36).active[0].since == START + 36 * HOUR
    assert kinds(look(facts, 36)) == ("parcel_late",)
    assert look(facts, 36).next_due is None


@pytest.mark.parametrize("status", ["failed", "returning", "stale"])
def test_a_parcel_that_failed_stalls_at_once(status: str) -> None:
    assert kinds(look(known(ORDER, scan(status, 2, promised=90)), 2)) == ("parcel_late",)


@pytest.mark.parametrize("status", ["delivered", "available_for_pickup", "cancelled"])
def test_a_parcel_that_came_or_will_not_come_is_not_late(status: str) -> None:
    assert "parcel_late" not in kinds(look(known(ORDER, scan(status, promised=1)), 90))


def test_a_parcel_is_not_late_when_the_printer_is_on() -> None:
    birth = ("device.birth", {"boot": 1, "seq": 1, "epoch": 0})
    assert kinds(look(known(ORDER, scan("in_transit", promised=1), birth), 30)) == ()


def test_the_parcel_of_a_cancelled_order_is_not_waited_for() -> None:
    assert kinds(look(known(ORDER, CANCELLED, scan("in_transit", promised=1)), 90)) == ()


def test_a_parcel_without_a_promised_date_is_never_late() -> None:
    assert look(known(ORDER, scan("in_transit")), 9000) == QUIET


def test_a_new_promised_date_starts_a_new_wait_with_a_key_of_its_own() -> None:
    first = look(known(ORDER, scan("in_transit", 0, promised=1)), 60)
    moved = known(ORDER, scan("in_transit", 0, promised=1), scan("in_transit", 20, promised=72))
    assert look(moved, 60).active == ()
    assert look(moved, 90).active[0].key != first.active[0].key


def test_an_installation_is_stuck_after_48_hours() -> None:
    assert look(known(CLAIM), 47) == Stalls(next_due=START + 48 * HOUR)
    assert look(known(CLAIM), 48).active == (Stall(StallKind.INSTALL_STUCK, "epoch-0", START + 48 * HOUR),)


def test_a_fault_is_unattended_after_30_minutes_also_while_the_printer_is_off() -> None:
    began = START + HOUR
    machine = Machine(level=Level.OFFLINE, error_since=began, last_seen=began)
    assert "fault_unattended" not in kinds(look(known(*STEPS), 1.49, machine))
    assert look(known(*STEPS), 1.49, machine).next_due == began + timedelta(minutes=30)
    assert kinds(look(known(*STEPS), 1.5, machine)) == ("fault_unattended",)


def test_a_printer_is_silent_after_24_hours_without_contact_in_support() -> None:
    assert look(known(*STEPS), 23.9).next_due == START + 24 * HOUR
    assert kinds(look(known(*STEPS), 24)) == ("silent",)
    assert kinds(look(known(CLAIM), 24)) == ()


def test_a_unit_that_was_never_heard_of_is_silent_from_the_stage_on() -> None:
    assert kinds(look(known(*STEPS), 24, Machine())) == ("silent",)


@pytest.mark.parametrize("end", ["journey.closed", "person.erased"])
def test_nothing_stalls_after_the_end(end: str) -> None:
    facts = known(CLAIM, ORDER, scan("failed"), *STEPS, (end, {"reason": "retired"}))
    machine = Machine(level=Level.ERROR, error_since=START, last_seen=START)
    assert look(facts, 900, machine) == QUIET
    assert distress(facts, machine, QUIET, START) == ()


def test_a_sleeping_journey_is_never_looked_at() -> None:
    assert look(NOTHING, 9000).next_due is None
    assert look(known(ORDER), 9000).next_due is None


def test_a_stall_is_told_once_and_resumed_once() -> None:
    stuck = look(known(CLAIM), 50)
    begun = changes([], stuck)
    assert [(stall.kind, stall.key) for stall in begun.begun] == [("install_stuck", "epoch-0")]
    told = [("install_stuck", "epoch-0")]
    assert changes(told, stuck) == ((), ())
    assert changes(told, QUIET).ended == (("install_stuck", "epoch-0"),)
    assert changes([], QUIET) == ((), ())


@given(hours=st.floats(0, 100), promised=st.floats(0, 60), error=st.none() | st.floats(0, 60))
def test_until_it_is_due_nothing_stalls_and_when_it_is_due_something_does(
    hours: float, promised: float, error: float | None
) -> None:
    machine = Machine(error_since=None if error is None else START + error * HOUR, last_seen=START)
    for facts in (known(ORDER, scan("in_transit", promised=promised)), known(CLAIM), known(*STEPS)):
        found = look(facts, hours, machine)
        if found.next_due is not None:
            just_before = found.next_due - timedelta(microseconds=1)
            assert stalls(facts, machine, PRINTER, START, just_before).active == found.active
            assert len(stalls(facts, machine, PRINTER, START, found.next_due).active) > len(found.active)


def test_an_open_case_is_distress_until_its_newest_version_is_closed() -> None:
    opened = ("case.opened", {"case_id": "c", "version": 1})
    closed = ("case.closed", {"case_id": "c", "version": 3})
    answered = ("case.answered", {"case_id": "c", "version": 2})
    assert distress(known(opened), Machine(), QUIET, START) == ("case_open",)
    assert distress(known(answered, opened), Machine(), QUIET, START) == ("case_open",)
    assert distress(known(closed, opened, answered), Machine(), QUIET, START) == ()


@pytest.mark.parametrize(
    "machine",
    [Machine(level=Level.ERROR), Machine(level=Level.OFFLINE, error_since=START)],
    ids=["now in error", "went off in error"],
)
def test_an_unresolved_error_is_distress_at_once_for_whoever_has_the_unit(machine: Machine) -> None:
    assert distress(known(CLAIM), machine, QUIET, START) == ("fault",)
    assert distress(known(ORDER), machine, QUIET, START) == ()


def test_a_late_parcel_is_distress() -> None:
    facts = known(ORDER, scan("failed"))
    assert distress(facts, Machine(), look(facts, 1), START + HOUR) == ("parcel",)


@pytest.mark.parametrize(
    ("kind", "score", "unhappy"),
    [
        ("nps", 0, True),
        ("nps", 6, True),
        ("nps", 7, False),
        ("csat", 1, True),
        ("csat", 2, True),
        ("csat", 3, False),
        ("ces", 1, False),
    ],
)
def test_a_low_answer_is_distress_for_14_days(kind: str, score: int, unhappy: bool) -> None:
    facts = known(("survey.answered", {"kind": kind, "score": score}))
    day = timedelta(days=1)
    expected = ("unhappy",) if unhappy else ()
    assert distress(facts, Machine(), QUIET, START + 13.9 * day) == expected
    assert distress(facts, Machine(), QUIET, START + 14 * day) == ()
    assert unhappy_until(facts, START) == (START + 14 * day if unhappy else None)


def test_a_later_better_answer_ends_the_distress_of_an_earlier_one() -> None:
    low = Event(id="a", type="survey.answered", at=START, source="phone", data={"kind": "nps", "score": 2})
    high = Event(id="b", type="survey.answered", at=START + HOUR, source="phone", data={"kind": "nps", "score": 9})
    facts = merge(merge(NOTHING, high, PRINTER), low, PRINTER)
    assert distress(facts, Machine(), QUIET, START + HOUR) == ()


def test_all_causes_are_named_in_their_order() -> None:
    facts = known(
        CLAIM, ("case.opened", {"case_id": "c", "version": 1}), ("survey.answered", {"kind": "csat", "score": 1})
    )
    late = Stalls(active=(Stall(StallKind.PARCEL_LATE, "k", START),))
    causes = distress(facts, Machine(level=Level.ERROR), late, START)
    assert causes == ("case_open", "fault", "parcel", "unhappy")


def test_marketing_waits_for_a_day_of_calm() -> None:
    assert calm_until(START) == START + CALM == START + timedelta(days=1)


@pytest.mark.parametrize(
    ("scans", "state"),
    [
        ((), ParcelState.NONE),
        ((scan("label_created"),), ParcelState.LABEL),
        ((scan("in_transit", promised=90),), ParcelState.MOVING),
        ((scan("in_transit", promised=1),), ParcelState.LATE),
        ((scan("out_for_delivery"),), ParcelState.OUT_FOR_DELIVERY),
        ((scan("failed", promised=1),), ParcelState.FAILED),
        ((scan("unknown", 9), scan("label_created", 1)), ParcelState.LABEL),
        ((scan("failed", 1), scan("in_transit", 2)), ParcelState.MOVING),
        ((scan("in_transit", 1), scan("out_for_delivery", 1)), ParcelState.OUT_FOR_DELIVERY),
        ((scan("failed", 1), scan("delivered", 5, code="EZ2")), ParcelState.DELIVERED),
        ((scan("failed", 1), scan("in_transit", 5, code="EZ2")), ParcelState.MOVING),
    ],
)
def test_the_menu_hears_of_the_parcel_that_matters(scans: tuple[Said, ...], state: ParcelState) -> None:
    assert parcel_state(known(ORDER, *scans), PRINTER, START + 50 * HOUR) is state


@pytest.mark.parametrize("status", ParcelStatus)
def test_every_status_of_a_parcel_has_a_place(status: ParcelStatus) -> None:
    facts = known(scan(status.value))
    leading = leading_parcel(facts)
    assert leading is not None
    assert leading.status is status
    assert isinstance(parcel_state(facts, PRINTER, START), ParcelState)
