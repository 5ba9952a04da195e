"""Every line of `stage_of`, and every sentence that the lifecycle promises."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import count

import pytest

from broker.contract.messages import Json
from broker.contract.stages import Stage
from cloud.lifecycle.facts import NOTHING, Facts
from cloud.lifecycle.intake import ENGAGING, TOUCHES, WITHOUT_FACTS
from cloud.lifecycle.rules import LINES, Decision, merge, moves, stage_of, steps_done
from cloud.record.event_data import DATA
from cloud.record.events import CloseReason, Event, EventType, Witness
from cloud.registry.profiles import load_profile

PRINTER = load_profile("printer")
START = datetime(2026, 11, 1, 8, tzinfo=UTC)
EVERYTHING_THERE: dict[str, Json] = {
    "state": "idle",
    "reasons": [],
    "supplies": [{"name": "black", "level_percent": 100}],
}

_serial = count()


def event(kind: str, hours: float = 0, source: str = "cloud", /, **data: Json) -> Event:
    return Event(id=f"e{next(_serial)}", type=kind, at=START + timedelta(hours=hours), source=source, data=data)


def clicked(hours: float = 0) -> Event:
    return event("campaign.clicked", hours, "campaign", campaign_id="autumn", stage="interested")


def order(status: str, version: int, hours: float = 0, order_id: str = "A1") -> Event:
    return event("order.changed", hours, "shop", order_id=order_id, version=version, status=status)


def parcel(status: str, hours: float = 0, code: str = "EZ1") -> Event:
    at = (START + timedelta(hours=hours)).isoformat()
    return event("parcel.changed", hours, "carrier", tracking_code=code, carrier="ups", status=status, status_at=at)


def claimed(epoch: int = 0, hours: float = 0) -> Event:
    return event("product.claimed", hours, "phone", epoch=epoch, role="owner", how="code")


def birth(epoch: int | None = 0, boot: int = 1) -> Event:
    return event("device.birth", 0, "device", boot=boot, seq=1, epoch=epoch)


def status(epoch: int = 0, seq: int = 2, **reported: Json) -> Event:
    return event("device.status", 0, "device", boot=1, seq=seq, epoch=epoch, reported=reported)


def said(name: str, epoch: int = 0, **data: Json) -> Event:
    return event("device.event", 0, "device", boot=1, seq=3, epoch=epoch, name=name, data=data)


def step(name: str, witness: str, epoch: int = 0, source: str = "phone") -> Event:
    return event("install.step_done", 0, source, epoch=epoch, step=name, witness=witness)


def reset(epoch: int) -> Event:
    return event("device.factory_reset", 0, "device", boot=2, seq=1, epoch=epoch)


def installed(epoch: int = 0) -> tuple[Event, ...]:
    return birth(epoch), status(epoch, **EVERYTHING_THERE), said("page_printed", epoch)


def facts_after(*events: Event) -> Facts:
    facts = NOTHING
    for one in events:
        facts = merge(facts, one, PRINTER)
    return facts


def decided(*events: Event) -> Decision:
    return stage_of(facts_after(*events), PRINTER)


def stage(*events: Event) -> Stage:
    return decided(*events).stage


def test_line_6_a_journey_of_which_nothing_is_known_is_interested() -> None:
    assert decided() == Decision(stage=Stage.INTERESTED, line=6, name="seen", reason="no_touch")


@pytest.mark.parametrize("kind", ["campaign.viewed", "product.scanned"])
def test_line_6_a_touch_that_engages_nobody_leaves_interested_and_is_the_evidence(kind: str) -> None:
    touch = event(kind, campaign_id="c")
    assert decided(touch) == Decision(stage=Stage.INTERESTED, line=6, name="seen", reason=kind, event_id=touch.id)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("campaign.clicked", {"campaign_id": "c", "stage": "interested"}),
        ("referral.followed", {"referral": "r"}),
        ("coupon.issued", {"coupon_id": "k", "amount": 5000, "currency": "USD"}),
        ("coupon.redeemed", {"coupon_id": "k"}),
        ("demo.tried", {"product_id": "d"}),
    ],
)
def test_line_5_each_of_what_engages_makes_engaged(kind: str, data: dict[str, Json]) -> None:
    engaging = event(kind, **data)
    assert decided(engaging) == Decision(stage=Stage.ENGAGED, line=5, name="engaged", reason=kind, event_id=engaging.id)


@pytest.mark.parametrize("status_word", ["placed", "fulfilled"])
def test_line_4_an_order_that_stands_makes_delivery(status_word: str) -> None:
    assert decided(clicked(), order(status_word, 1)).line == 4


@pytest.mark.parametrize("status_word", ["cancelled", "returned"])
def test_an_order_that_falls_leads_back_to_engaged(status_word: str) -> None:
    assert stage(clicked(), order("placed", 1), order(status_word, 2)) is Stage.ENGAGED
    assert stage(order("placed", 1), order(status_word, 2)) is Stage.ENGAGED


def test_a_cancellation_of_an_older_version_does_not_fell_the_order() -> None:
    assert stage(order("placed", 3), order("cancelled", 2, hours=9)) is Stage.DELIVERY


def test_one_order_that_stands_is_enough() -> None:
    assert stage(order("cancelled", 2), order("placed", 1, order_id="A2")) is Stage.DELIVERY


def test_line_3_a_delivered_parcel_makes_install() -> None:
    assert decided(order("placed", 1), parcel("delivered")).reason == "parcel_delivered"


def test_line_3_a_claim_makes_install_even_without_an_order() -> None:
    assert (decided(claimed()).stage, decided(claimed()).reason) == (Stage.INSTALL, "claimed")


def test_line_3_the_machine_is_on_so_it_arrived_whatever_the_carrier_says() -> None:
    assert decided(order("placed", 1), parcel("in_transit"), birth()).reason == "connected"


def test_a_parcel_on_its_way_is_no_arrival() -> None:
    for word in ("label_created", "in_transit", "out_for_delivery", "available_for_pickup", "failed", "cancelled"):
        assert stage(order("placed", 1), parcel(word)) is Stage.DELIVERY


def test_a_scan_that_comes_late_does_not_undo_the_delivery() -> None:
    assert stage(order("placed", 1), parcel("delivered", 5), parcel("in_transit", 3)) is Stage.INSTALL
    assert stage(order("placed", 1), parcel("delivered", 5), parcel("in_transit", 6)) is Stage.INSTALL


def test_a_parcel_that_goes_back_after_its_delivery_has_not_arrived() -> None:
    assert stage(order("placed", 1), parcel("delivered", 5), parcel("returning", 6)) is Stage.DELIVERY


def test_line_2_a_real_printer_reaches_support_by_what_it_reports_alone() -> None:
    decision = decided(*installed())
    assert (decision.stage, decision.line, decision.reason) == (Stage.SUPPORT, 2, "installed")


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_line_2_without_one_of_its_witnesses_the_printer_is_still_in_install(missing: int) -> None:
    events = [one for place, one in enumerate(installed()) if place != missing]
    assert stage(claimed(), *events) is Stage.INSTALL


def test_line_2_an_optional_step_is_not_waited_for() -> None:
    assert "register_warranty" not in steps_done(facts_after(*installed()), PRINTER)
    assert stage(*installed()) is Stage.SUPPORT


@pytest.mark.parametrize("reason", CloseReason)
def test_line_1_closed_is_closed_with_its_reason_from_any_stage(reason: CloseReason) -> None:
    decision = decided(*installed(), event("journey.closed", reason=reason.value))
    assert (decision.stage, decision.line, decision.reason) == (Stage.CLOSED, 1, reason.value)


def test_a_late_click_in_support_is_a_touchpoint_and_no_move() -> None:
    before, late = facts_after(*installed()), clicked(500)
    after = merge(before, late, PRINTER)
    assert moves(before, after, late, PRINTER) is None
    assert after.last_touch is not None
    assert after.last_touch.event_id == late.id


def test_a_claim_without_an_order_skips_stages_and_says_so() -> None:
    before, claim = facts_after(clicked()), claimed(hours=3)
    move = moves(before, merge(before, claim, PRINTER), claim, PRINTER)
    assert move is not None
    assert (move.from_stage, move.to_stage, move.skipped) == (Stage.ENGAGED, Stage.INSTALL, (Stage.DELIVERY,))
    assert (move.line, move.event_id, move.happened_at) == (3, claim.id, claim.at)


def test_a_move_back_names_the_event_that_moved_and_the_one_that_decides() -> None:
    click, cancelled = clicked(), order("cancelled", 2, hours=4)
    before = facts_after(click, order("placed", 1))
    move = moves(before, merge(before, cancelled, PRINTER), cancelled, PRINTER)
    assert move is not None
    assert (move.event_id, move.decided_by, move.line, move.skipped) == (cancelled.id, click.id, 5, ())


@pytest.mark.parametrize("others", [(), (claimed(),), (order("placed", 1),), (order("placed", 1), parcel("delivered"))])
def test_a_factory_reset_falls_back_to_install(others: tuple[Event, ...]) -> None:
    assert stage(*others, *installed()) is Stage.SUPPORT
    assert stage(*others, *installed(), reset(1)) is Stage.INSTALL
    assert stage(*others, *installed(), reset(1), *installed(1)) is Stage.SUPPORT


def test_what_was_done_before_a_factory_reset_does_not_count_when_it_comes_in_after_it() -> None:
    assert stage(reset(1), *installed(0)) is Stage.INSTALL
    assert steps_done(facts_after(reset(1), *installed(0)), PRINTER) == {}


def test_a_message_without_an_epoch_counts_as_of_the_first() -> None:
    assert facts_after(birth(None)).epoch == 0
    assert stage(birth(None), reset(1)) is Stage.INSTALL
    assert facts_after(reset(1), birth(None)).epoch == 1


def test_a_change_of_hands_ends_earlier_claims_and_lets_the_new_one_stand() -> None:
    handed_on = event("product.transferred", epoch=1)
    assert stage(claimed(0), handed_on) is Stage.INTERESTED
    assert stage(claimed(0), handed_on, claimed(1)) is Stage.INSTALL
    assert stage(claimed(1), handed_on, claimed(0)) is Stage.INSTALL


def test_a_step_that_the_device_can_witness_is_not_taken_on_the_phones_word() -> None:
    ticked = [step(one.id, "customer") for one in PRINTER.steps]
    assert set(steps_done(facts_after(*ticked), PRINTER)) == {"unpack", "register_warranty"}
    assert stage(claimed(), *ticked) is Stage.INSTALL


def test_a_phone_that_says_it_is_the_device_is_still_a_phone() -> None:
    lies = [step(one.id, witness) for one in PRINTER.steps for witness in ("device", "expert")]
    assert stage(claimed(), *lies) is Stage.INSTALL


@pytest.mark.parametrize(("witness", "source"), [("device", "device"), ("expert", "operator")])
def test_the_device_and_an_expert_are_believed(witness: str, source: str) -> None:
    assert stage(*(step(one.id, witness, source=source) for one in PRINTER.steps)) is Stage.SUPPORT


def test_the_first_word_that_counts_settles_a_step() -> None:
    early, late = step("load_paper", "customer"), step("load_paper", "expert", source="operator")
    done = steps_done(facts_after(late, early), PRINTER)["load_paper"]
    assert (done.witness, done.mark.event_id) == (Witness.EXPERT, late.id)


def test_a_device_event_that_names_a_step_witnesses_it() -> None:
    assert set(steps_done(facts_after(said("install_step_done", step="load_paper")), PRINTER)) == {"load_paper"}


def test_a_step_that_is_not_on_the_checklist_leaves_no_fact() -> None:
    assert facts_after(step("dance", "expert", source="operator")) == NOTHING


@pytest.mark.parametrize(
    ("reported", "shown"),
    [
        ({"state": "idle"}, set()),
        ({"supplies": [{"name": "k", "level_percent": 50}]}, set()),
        ({"reasons": []}, {"load_paper", "install_supplies"}),
        ({"reasons": ["none"]}, {"load_paper", "install_supplies"}),
        ({"reasons": ["media-empty-error"]}, {"install_supplies"}),
        ({"reasons": ["media-empty-report"]}, {"install_supplies"}),
        ({"reasons": ["toner-empty-error"]}, {"load_paper"}),
        ({"reasons": ["marker-supply-empty"]}, {"load_paper"}),
        ({"reasons": ["toner-low-warning"]}, {"load_paper", "install_supplies"}),
        ({"reasons": [], "supplies": [{"name": "k", "level_percent": 0}]}, {"load_paper"}),
        ({"reasons": [], "supplies": [{"name": "k", "level_percent": -3}]}, {"load_paper", "install_supplies"}),
        (
            {"reasons": [], "supplies": [{"name": "w", "kind": "waste-toner", "level_percent": 0}]},
            {"load_paper", "install_supplies"},
        ),
        ({"reasons": None}, set()),
    ],
)
def test_a_status_witnesses_what_it_shows(reported: dict[str, Json], shown: set[str]) -> None:
    assert set(steps_done(facts_after(status(**reported)), PRINTER)) == shown


def test_the_empty_tray_of_a_later_day_does_not_undo_the_installation() -> None:
    assert stage(*installed(), status(seq=9, reasons=["media-empty-error"], state="stopped")) is Stage.SUPPORT


def test_no_event_moves_an_erased_journey_and_nothing_of_the_person_stays() -> None:
    erased = event("person.erased")
    facts = facts_after(clicked(), claimed(), erased, *installed(), clicked())
    assert facts == facts_after(erased)
    assert stage_of(facts, PRINTER).reason == "erased"


def test_malformed_data_and_unknown_types_change_nothing() -> None:
    bad = [
        event("order.changed", order_id="A1", version="two", status="placed"),
        event("order.changed", order_id="A1", version=-1, status="placed"),
        event(
            "parcel.changed", tracking_code="x", carrier="ups", status="lost in space", status_at="2026-11-01T00:00:00Z"
        ),
        event("parcel.changed", tracking_code="x", carrier="ups", status="delivered", status_at="yesterday"),
        event("survey.answered", kind="nps", score=11),
        event("campaign.clicked"),
        event("holiday.announced", place="sea"),
    ]
    assert facts_after(*bad) == NOTHING


def test_a_time_without_a_zone_is_utc_and_other_zones_are_the_same_instant() -> None:
    naive = Event(id="x", type="product.scanned", at=START.replace(tzinfo=None), source="phone")
    aware = Event(id="x", type="product.scanned", at=START.astimezone(timezone(timedelta(hours=9))), source="phone")
    assert merge(NOTHING, naive, PRINTER) == merge(NOTHING, aware, PRINTER)


def test_every_type_of_event_either_makes_facts_or_is_known_to_make_none() -> None:
    assert set(DATA) == set(EventType)
    assert ENGAGING < TOUCHES
    assert not TOUCHES & WITHOUT_FACTS
    for kind in WITHOUT_FACTS:
        assert merge(NOTHING, event(kind, boot=1, connection=1, status="online", kind="k", key="k"), PRINTER) == NOTHING


def test_the_lines_are_numbered_in_order_and_each_decides_another_stage() -> None:
    assert [line.number for line in LINES] == list(range(1, 7))
    assert {line.stage for line in LINES} == set(Stage)
