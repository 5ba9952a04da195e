"""What is left of a journey without its unit: the same, whatever the unit has said, and however far it has come."""

from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.lifecycle.facts import NOTHING
from cloud.lifecycle.parting import Step, apart, own_facts, own_moves, tells_of_the_machine
from cloud.lifecycle.rows import Journey
from cloud.lifecycle.rules import merge, stage_of
from cloud.lifecycle.stalls import StallKind
from cloud.record.events import Event, EventType
from tests.unit.cloud.lifecycle.test_laws import ANY, PRINTER, START, journals, merged

OF_THE_UNIT = {
    EventType.DEVICE_BIRTH,
    EventType.DEVICE_STATUS,
    EventType.DEVICE_EVENT,
    EventType.DEVICE_RESULT,
    EventType.DEVICE_FACTORY_RESET,
    EventType.INSTALL_STEP_DONE,
    EventType.PRODUCT_TRANSFERRED,
    EventType.PRODUCT_CLAIMED,
}
"""What happens to a unit, or to those who have it."""


def journey_of(events: list[Event]) -> Journey:
    facts = merged(events)
    return Journey(
        id="j",
        person_id="p",
        gtin="g",
        product_id="u",
        role="guest",
        facts=facts,
        stage=stage_of(facts, PRINTER).stage,
        stage_since=START + timedelta(hours=len(events)),
        stalls=(("silent", "k"),) if len(events) % 2 else (),
        version=len(events),
        opened_at=START,
        changed_at=START + timedelta(hours=len(events)),
    )


@settings(max_examples=200, deadline=None)
@given(journals(ANY), st.integers(0, 200))
def test_what_happens_to_the_unit_leaves_no_trace_in_what_is_left_without_it(events: list[Event], hours: int) -> None:
    now = START + timedelta(hours=hours)
    own = [event for event in events if event.type not in OF_THE_UNIT]
    with_unit, without = (apart(journey_of(some), PRINTER, now) for some in (events, own))
    assert msgspec.structs.replace(with_unit, version=0) == msgspec.structs.replace(without, version=0)


@settings(max_examples=100, deadline=None)
@given(journals(ANY))
def test_what_is_left_is_what_the_person_did_and_taking_the_unit_out_twice_is_taking_it_out_once(
    events: list[Event],
) -> None:
    left = own_facts(merged(events))
    assert own_facts(left) == left
    own = NOTHING
    for event in events:
        if event.type not in OF_THE_UNIT:
            own = merge(own, event, PRINTER)
    assert left == own


def test_moves_that_a_unit_brought_are_left_out_and_the_others_follow_on_each_other() -> None:
    told = [
        ("interested", "delivery", "ordered"),
        ("delivery", "install", "connected"),
        ("install", "support", "installed"),
        ("support", "install", "parcel_delivered"),
        ("install", "support", "installed"),
        ("support", "closed", "ended"),
    ]
    moves = [Step(*one, START + timedelta(hours=hour)) for hour, one in enumerate(told)]
    assert [(one.from_stage, one.to_stage) for one in own_moves(moves)] == [
        ("interested", "delivery"),
        ("delivery", "install"),
        ("install", "closed"),
    ]
    assert own_moves(moves[1:3]) == []
    assert not {"support"} & {stage for one in own_moves(moves) for stage in (one.from_stage, one.to_stage)}


def test_a_late_parcel_is_the_customers_own_trouble_and_every_other_stall_is_the_machines() -> None:
    told = {kind for kind in StallKind if tells_of_the_machine(EventType.JOURNEY_STALLED, {"kind": kind.value})}
    assert told == set(StallKind) - {StallKind.PARCEL_LATE}
    assert tells_of_the_machine(EventType.JOURNEY_RESUMED, {"kind": "silent"})
    assert not tells_of_the_machine(EventType.PRODUCT_SCANNED, {})
