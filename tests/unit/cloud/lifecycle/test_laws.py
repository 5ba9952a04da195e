"""The laws: any order, any repetition, the same facts and stage; closed stays closed; JSON loses nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.contract.messages import Json
from broker.contract.stages import Stage
from cloud.lifecycle.facts import NOTHING, Facts, decode_facts, encode_facts, join
from cloud.lifecycle.intake import OF_THE_MACHINE, WITHOUT_FACTS, facts_of
from cloud.lifecycle.parcels import standings
from cloud.lifecycle.rules import merge, stage_of, steps_done
from cloud.record.event_data import Problem, data_of
from cloud.record.events import CloseReason, Event, EventType, OrderStatus, ParcelStatus
from cloud.registry.profiles import load_profile

PRINTER = load_profile("printer")
START = datetime(2026, 11, 1, tzinfo=UTC)

# Small ranges on purpose: collisions of versions, times and epochs are what the laws are about.
times = st.integers(0, 6).map(lambda hours: START + timedelta(hours=hours))
small = st.integers(0, 3)
epochs = st.integers(0, 2)
reasons = st.lists(st.sampled_from(["media-empty-error", "toner-empty-warning", "toner-low", "none"]), max_size=2)


def _device(**more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Json]]:
    return st.fixed_dictionaries({"boot": small, "seq": st.integers(1, 4), "epoch": st.none() | epochs, **more})


_REPORTED = st.fixed_dictionaries(
    {},
    optional={
        "reasons": reasons,
        "state": st.sampled_from(["idle", "stopped"]),
        "supplies": st.lists(st.builds(lambda level: {"name": "k", "level_percent": level}, st.integers(-3, 2))),
    },
)
_STEPS = st.sampled_from([step.id for step in PRINTER.steps])
_CASES = st.fixed_dictionaries({"case_id": st.sampled_from(["c1", "c2"]), "version": small})
_NONE: st.SearchStrategy[dict[str, Json]] = st.just({})
_CAMPAIGN = st.fixed_dictionaries({"campaign_id": st.sampled_from(["x", "y"])})
_STALL = st.fixed_dictionaries({"kind": st.just("silent"), "key": st.just("k")})

DATA_OF: dict[EventType, st.SearchStrategy[dict[str, Json]]] = {
    EventType.CAMPAIGN_VIEWED: _CAMPAIGN,
    EventType.CAMPAIGN_CLICKED: _CAMPAIGN,
    EventType.PRODUCT_SCANNED: _NONE,
    EventType.REFERRAL_FOLLOWED: st.fixed_dictionaries({"referral": st.just("r")}),
    EventType.COUPON_ISSUED: st.just({"coupon_id": "k", "amount": 1, "currency": "USD"}),
    EventType.COUPON_REDEEMED: st.just({"coupon_id": "k"}),
    EventType.DEMO_TRIED: st.just({"product_id": "d"}),
    EventType.PROOF_DOUBTED: st.just({"product_id": "d", "other_id": "e", "passed_s": 60}),
    EventType.ORDER_CHANGED: st.fixed_dictionaries(
        {"order_id": st.sampled_from(["a", "b"]), "version": small, "status": st.sampled_from(list(OrderStatus))}
    ),
    EventType.PARCEL_CHANGED: st.fixed_dictionaries(
        {
            "tracking_code": st.sampled_from(["p", "q"]),
            "carrier": st.just("ups"),
            "status": st.sampled_from(list(ParcelStatus)),
            "status_at": times.map(datetime.isoformat),
            "promised_at": st.none() | times.map(datetime.isoformat),
        }
    ),
    EventType.PRODUCT_CLAIMED: st.fixed_dictionaries(
        {"epoch": epochs, "role": st.sampled_from(["owner", "household"]), "how": st.just("code")}
    ),
    EventType.PRODUCT_TRANSFERRED: st.fixed_dictionaries({"epoch": epochs}),
    EventType.DEVICE_BIRTH: _device(),
    EventType.DEVICE_STATUS: _device(reported=_REPORTED),
    EventType.DEVICE_EVENT: _device(name=st.sampled_from(["page_printed", "help_requested"])),
    EventType.DEVICE_RESULT: _device(command_id=st.just("c"), status=st.just("done")),
    EventType.DEVICE_FACTORY_RESET: _device(),
    EventType.INSTALL_STEP_DONE: st.fixed_dictionaries(
        {"epoch": epochs, "step": _STEPS, "witness": st.sampled_from(["device", "customer", "expert"])}
    ),
    EventType.RETURN_REQUESTED: st.fixed_dictionaries({"version": small}),
    EventType.RETURN_RECEIVED: st.fixed_dictionaries({"version": small}),
    EventType.JOURNEY_CLOSED: st.fixed_dictionaries({"reason": st.sampled_from(list(CloseReason))}),
    EventType.CASE_OPENED: _CASES,
    EventType.CASE_ANSWERED: _CASES,
    EventType.CASE_CLOSED: _CASES,
    EventType.SURVEY_ANSWERED: st.fixed_dictionaries(
        {"kind": st.sampled_from(["nps", "csat"]), "score": st.integers(1, 5)}
    ),
    EventType.JOURNEY_STALLED: _STALL,
    EventType.PRODUCT_LEFT: _NONE,
    EventType.PERSON_ERASED: _NONE,
}
ENDINGS = {EventType.JOURNEY_CLOSED, EventType.PERSON_ERASED}


def _events_of(kind: EventType, data: st.SearchStrategy[dict[str, Json]]) -> st.SearchStrategy[Event]:
    sources = st.sampled_from(["device", "phone", "shop", "operator"])
    return st.builds(
        lambda number, at, source, values: Event(id=f"{number:03}", type=kind, at=at, source=source, data=values),
        st.integers(0, 999),
        times,
        sources,
        data,
    )


ANY = st.one_of([_events_of(kind, data) for kind, data in DATA_OF.items()])
LIVING = st.one_of([_events_of(kind, data) for kind, data in DATA_OF.items() if kind not in ENDINGS])


def journals(events: st.SearchStrategy[Event]) -> st.SearchStrategy[list[Event]]:
    """Events with ids of their own, as the journal guarantees."""
    return st.lists(events, max_size=25, unique_by=lambda event: event.id)


def merged(events: list[Event]) -> Facts:
    facts = NOTHING
    for event in events:
        facts = merge(facts, event, PRINTER)
    return facts


@given(event=ANY)
def test_every_generated_event_is_well_formed(event: Event) -> None:
    assert not isinstance(data_of(event), Problem)


def test_every_type_that_makes_facts_is_generated() -> None:
    assert set(EventType) - set(DATA_OF) <= WITHOUT_FACTS


@pytest.mark.parametrize("events", [LIVING, ANY], ids=["living", "any"])
def test_any_permutation_of_any_multiset_ends_in_the_same_facts_and_the_same_stage(
    events: st.SearchStrategy[Event],
) -> None:
    @settings(max_examples=300, deadline=None)
    @given(journal=journals(events), data=st.data())
    def holds(journal: list[Event], data: st.DataObject) -> None:
        again = data.draw(st.lists(st.sampled_from(journal), max_size=10)) if journal else []
        arrived = data.draw(st.permutations(journal + again))
        facts, other = merged(journal), merged(arrived)
        assert other == facts
        assert encode_facts(other) == encode_facts(facts)
        assert stage_of(other, PRINTER) == stage_of(facts, PRINTER)

    holds()


@settings(max_examples=300, deadline=None)
@given(a=journals(LIVING), b=journals(LIVING), c=journals(LIVING))
def test_facts_join_commutatively_associatively_and_idempotently(
    a: list[Event], b: list[Event], c: list[Event]
) -> None:
    # Three journals of one world: the same id is the same event in all of them.
    world = {event.id: event for event in [*a, *b, *c]}
    x, y, z = (merged([world[event.id] for event in part]) for part in (a, b, c))
    assert join(x, y) == join(y, x)
    assert join(join(x, y), z) == join(x, join(y, z))
    assert join(x, x) == x
    assert join(x, NOTHING) == x == join(NOTHING, x)


@settings(max_examples=200, deadline=None)
@given(journal=journals(ANY), end=_events_of(EventType.JOURNEY_CLOSED, DATA_OF[EventType.JOURNEY_CLOSED]))
def test_no_event_moves_a_closed_journey(journal: list[Event], end: Event) -> None:
    facts = merge(NOTHING, end, PRINTER)
    for event in journal:
        facts = merge(facts, event, PRINTER)
        assert stage_of(facts, PRINTER).stage is Stage.CLOSED


@given(journal=journals(ANY), end=_events_of(EventType.PERSON_ERASED, _NONE))
def test_whatever_comes_before_or_after_an_erasure_leaves_nothing_but_the_erasure(
    journal: list[Event], end: Event
) -> None:
    for facts in (merged([end, *journal]), merged([*journal, end])):
        assert facts == Facts(erased=facts.erased)
        assert stage_of(facts, PRINTER).reason == "erased"


@given(journal=journals(ANY))
def test_facts_come_back_from_json_as_they_were(journal: list[Event]) -> None:
    facts = merged(journal)
    assert decode_facts(encode_facts(facts)) == facts


@settings(max_examples=300, deadline=None)
@given(journal=journals(ANY), event=ANY)
def test_merging_is_joining_also_where_it_takes_the_short_way(journal: list[Event], event: Event) -> None:
    facts = merged(journal)
    assert merge(facts, event, PRINTER) == join(facts, facts_of(event, PRINTER))


_STATUSES = _events_of(EventType.DEVICE_STATUS, DATA_OF[EventType.DEVICE_STATUS])
_CALM = _events_of(EventType.DEVICE_STATUS, _device(reported=st.just({"reasons": ["none"], "state": "idle"})))
_ODD = _events_of(
    EventType.DEVICE_STATUS,
    st.fixed_dictionaries(
        {"boot": small, "seq": st.integers(0, 2), "reported": _REPORTED},
        optional={"epoch": st.sampled_from([-1, True, "1", 1.5, 2**60, None])},
    ),
)


@settings(max_examples=300, deadline=None)
@given(journal=st.lists(_CALM | _STATUSES, max_size=6), event=_CALM | _STATUSES | _ODD)
def test_a_status_that_is_taken_for_old_news_would_have_changed_nothing(journal: list[Event], event: Event) -> None:
    facts = merged(journal)
    assert merge(facts, event, PRINTER) == join(facts, facts_of(event, PRINTER))


@settings(max_examples=300, deadline=None)
@given(before=journals(ANY), after=journals(ANY), linked=journals(ANY))
def test_what_is_no_news_to_the_unit_is_none_to_a_journey_that_was_linked_to_it(
    before: list[Event], after: list[Event], linked: list[Event]
) -> None:
    unit = merged([event for event in before if event.type in OF_THE_MACHINE])
    journey = join(merged(linked), unit)
    for event in after:
        if event.type in OF_THE_MACHINE:
            news, unit = merge(unit, event, PRINTER) != unit, merge(unit, event, PRINTER)
            assert news or merge(journey, event, PRINTER) == journey
        journey = merge(journey, event, PRINTER)


@given(event=ANY)
def test_an_event_merged_twice_is_an_event_merged_once(event: Event) -> None:
    once = merge(NOTHING, event, PRINTER)
    assert once == facts_of(event, PRINTER)
    assert merge(once, event, PRINTER) == once


def _latest(events: list[Event], kind: EventType, by: str, **rank: Any) -> dict[str, Event]:
    """The naive way: everything sorted by its source's key, and the last one written stays."""
    order = rank["key"]
    written: dict[str, Event] = {}
    for event in sorted((one for one in events if one.type == kind), key=order):
        written[event.data[by]] = event
    return written


@settings(max_examples=300, deadline=None)
@given(journal=journals(LIVING))
def test_merging_in_any_order_equals_a_naive_replay_in_each_sources_own_order(journal: list[Event]) -> None:
    facts = merged(journal)
    orders = _latest(
        journal, EventType.ORDER_CHANGED, "order_id", key=lambda one: (one.data["version"], one.at, one.id)
    )
    assert {key: order.status for key, order in facts.orders.items()} == {
        key: event.data["status"] for key, event in orders.items()
    }
    answers = _latest(journal, EventType.SURVEY_ANSWERED, "kind", key=lambda one: (one.at, one.id))
    assert {kind: answer.event_id for kind, answer in facts.answers.items()} == {
        kind: event.id for kind, event in answers.items()
    }
    assert facts.epoch == max((event.data.get("epoch") or 0 for event in journal), default=0)
    assert _naive_contact(journal, facts.epoch) == (facts.life.contact and facts.life.contact.event_id)
    assert _naive_steps(journal, facts.epoch) == set(steps_done(facts, PRINTER))
    assert _naive_delivered(journal) == {
        parcel.tracking_code for parcel in standings(facts) if parcel.status is ParcelStatus.DELIVERED
    }


def _naive_contact(journal: list[Event], epoch: int) -> str | None:
    births = [
        one
        for one in journal
        if one.type in {EventType.DEVICE_BIRTH, EventType.DEVICE_FACTORY_RESET} and (one.data["epoch"] or 0) == epoch
    ]
    births.sort(key=lambda one: (one.data["boot"], one.data["seq"], one.id))
    return births[0].id if births else None


def _naive_delivered(journal: list[Event]) -> set[str]:
    delivered: set[str] = set()
    rank = {"cancelled": 0, "returning": 1, "delivered": 2}
    scans = [one for one in journal if one.type == EventType.PARCEL_CHANGED and one.data["status"] in rank]
    for scan in sorted(scans, key=lambda one: (one.data["status_at"], rank[one.data["status"]])):
        code = scan.data["tracking_code"]
        delivered = delivered | {code} if scan.data["status"] == "delivered" else delivered - {code}
    return delivered


def _naive_steps(journal: list[Event], epoch: int) -> set[str]:
    done: set[str] = set()
    for event in journal:
        if (event.data.get("epoch") or 0) != epoch:
            continue
        data = event.data
        if event.type == EventType.DEVICE_BIRTH:
            done |= {"unpack", "power_on", "connect_network"}
        elif event.type == EventType.DEVICE_EVENT and data["name"] == "page_printed":
            done.add("print_test_page")
        elif event.type == EventType.DEVICE_STATUS:
            done |= _naively_shown(data["reported"])
        elif event.type == EventType.INSTALL_STEP_DONE:
            word = "customer" if event.source == "phone" else data["witness"]
            if word != "customer" or data["step"] in {"unpack", "register_warranty"}:
                done.add(data["step"])
    return done


def _naively_shown(reported: dict[str, Json]) -> set[str]:
    if "reasons" not in reported:
        return set()
    text = " ".join(reported["reasons"])
    shown = set() if "media-empty" in text else {"load_paper"}
    empty = any(supply["level_percent"] == 0 for supply in reported.get("supplies", []))
    return shown if empty or "toner-empty" in text else shown | {"install_supplies"}
