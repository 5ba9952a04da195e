"""The menu service over a record in memory: what is cached, for whom, for how long, and what is never."""

from datetime import timedelta

import msgspec
import pytest

from broker.contract.stages import Role
from mobile_menu.content_loader import load_content, profiles
from mobile_menu.ports import (
    Caller,
    ChoiceRefusedError,
    ItemUnavailableError,
    JourneyUnknownError,
    ProofNeededError,
    SessionRefusedError,
)
from mobile_menu.rules.menu import Menu
from mobile_menu.rules.proximity import Sighting
from mobile_menu.rules.situation import Device, Relation, Situation, Zone
from mobile_menu.service import MenuService, Served
from tests.unit.mobile_menu.fake_record import (
    BEACON,
    NO_CONTENT,
    Clock,
    FakeRecord,
    service_over,
    small_menu,
    title_of,
    with_level,
)

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def record() -> FakeRecord:
    record = FakeRecord()
    record.add("j1", "anna", "p-anna")
    record.add("j1", "ben", "p-ben", Role.HOUSEHOLD)
    record.add("j2", "carl", "p-carl")
    return record


def test_a_menu_asked_for_again_is_not_composed_again(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    caller = service.caller("anna", "en")
    first = service.menu(caller, "j1")
    assert service.menu(caller, "j1") is first
    assert service.warm_menu("anna", "en", "j1") is first
    assert record.asked["situation"] == 1
    assert record.asked["caller"] == 1


def test_a_cold_menu_is_left_to_the_threads(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    assert service.warm_menu("anna", "en", "j1") is None
    service.caller("anna", "en")
    assert service.warm_menu("anna", "en", "j1") is None
    assert record.asked["situation"] == 0


def test_people_who_share_a_journey_get_each_their_own_menu(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    of_anna = service.menu(service.caller("anna", "en"), "j1")
    of_ben = service.menu(service.caller("ben", "en"), "j1")
    assert title_of(of_anna.body).startswith("owner/")
    assert title_of(of_ben.body).startswith("household/")


def test_phones_of_one_person_share_a_menu(record: FakeRecord, clock: Clock) -> None:
    record.add("j1", "anna-tablet", "p-anna")
    service = service_over(record, clock)
    on_phone = service.menu(service.caller("anna", "en"), "j1")
    service.caller("anna-tablet", "en")
    assert service.warm_menu("anna-tablet", "en", "j1") is on_phone
    assert record.asked["situation"] == 1


def test_a_session_that_is_another_persons_now_gets_no_menu_of_the_one_before(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    service.menu(service.caller("anna", "en"), "j1")
    record.people["anna"] = "p-carl"
    service.forget_sessions(["session-of-anna"])
    assert service.warm_menu("anna", "en", "j1") is None
    with pytest.raises(JourneyUnknownError):
        service.menu(service.caller("anna", "en"), "j1")


def test_a_cached_menu_of_another_person_opens_nothing(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    service.menu(service.caller("anna", "en"), "j1")
    with pytest.raises(JourneyUnknownError):
        service.menu(service.caller("carl", "en"), "j1")
    assert service.warm_menu("carl", "en", "j1") is None


def test_languages_do_not_mix(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    english = service.menu(service.caller("anna", "en"), "j1")
    german = service.menu(service.caller("anna", "de"), "j1")
    assert title_of(english.body).endswith("/en")
    assert title_of(german.body).endswith("/de")


def test_a_change_is_seen_at_once_when_it_is_told(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    caller = service.caller("anna", "en")
    service.menu(caller, "j1")
    record.device_says("j1", "2.0")
    service.changed(["j1"])
    assert "2.0" in title_of(service.menu(caller, "j1").body)


def test_a_menu_that_ends_by_itself_is_served_until_then_and_no_moment_longer(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    record.situations["j1"] = msgspec.structs.replace(record.situations["j1"], until=clock() + 30 * SECOND)
    caller = service.caller("anna", "en")
    first = service.menu(caller, "j1")
    assert first.until == clock() + 30 * SECOND
    record.situations["j1"] = msgspec.structs.replace(record.situations["j1"], device=Device(firmware="2"), until=None)
    clock.forward(29 * SECOND)
    service.caller("anna", "en")
    assert service.warm_menu("anna", "en", "j1") == service.menu(caller, "j1") == first
    clock.forward(SECOND)
    assert service.warm_menu("anna", "en", "j1") is None
    assert "/2/" in title_of(service.menu(caller, "j1").body)


def test_a_change_that_nobody_told_is_seen_after_a_minute(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    caller = service.caller("anna", "en")
    old = service.menu(caller, "j1")
    record.device_says("j1", "2.0")
    clock.forward(59 * SECOND)
    assert service.menu(caller, "j1") == old
    clock.forward(SECOND)
    assert "2.0" in title_of(service.menu(caller, "j1").body)


def test_an_unchanged_version_keeps_a_menu_for_another_minute(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    caller = service.caller("anna", "en")
    service.menu(caller, "j1")
    clock.forward(60 * SECOND)
    service.menu(caller, "j1")
    clock.forward(59 * SECOND)
    service.menu(caller, "j1")
    assert (record.asked["situation"], record.asked["version"]) == (1, 2)


def test_what_fades_with_time_alone_is_gone_after_five_minutes(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    caller = service.caller("anna", "en")
    service.menu(caller, "j1")
    with_level(record, "j1", Device(firmware="faded"))
    clock.forward(300 * SECOND)
    assert "faded" in title_of(service.menu(caller, "j1").body)


def test_a_clock_that_was_set_back_makes_no_menu_young(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    caller = service.caller("anna", "en")
    service.menu(caller, "j1")
    record.device_says("j1", "2.0")
    clock.forward(-3600 * SECOND)
    assert "2.0" in title_of(service.menu(caller, "j1").body)


def test_a_change_during_composing_does_not_leave_the_old_menu_behind(clock: Clock) -> None:
    class Interrupted(FakeRecord):
        def situation(self, caller: Caller, journey_id: str) -> Situation:
            old = super().situation(caller, journey_id)
            if self.asked["situation"] == 1:
                self.device_says(journey_id, "2.0")
                service.changed([journey_id])
            return old

    record = Interrupted()
    record.add("j1", "anna", "p-anna")
    service = service_over(record, clock)
    caller = service.caller("anna", "en")
    assert "none" in title_of(service.menu(caller, "j1").body)
    assert "2.0" in title_of(service.menu(caller, "j1").body)


def checked_menu(service: MenuService, token: str, journey_id: str) -> Served:
    """As a heartbeat asks: nothing that was read before is taken for true."""
    caller = service.caller(token, "en", timedelta(0))
    return service.menu(caller, journey_id, timedelta(0))


def test_a_checked_menu_notices_what_no_nudge_told(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    old = service.menu(service.caller("anna", "en"), "j1")
    assert checked_menu(service, "anna", "j1") == old
    assert record.asked["situation"] == 1
    record.device_says("j1", "2.0")
    assert "2.0" in title_of(checked_menu(service, "anna", "j1").body)


def test_a_session_that_ended_elsewhere_is_noticed_by_a_check(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    service.menu(service.caller("anna", "en"), "j1")
    del record.people["anna"]
    with pytest.raises(SessionRefusedError):
        checked_menu(service, "anna", "j1")


def test_an_erased_journey_is_unknown_even_when_its_menu_was_cached(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    service.menu(service.caller("anna", "en"), "j1")
    record.erase("j1")
    with pytest.raises(JourneyUnknownError):
        checked_menu(service, "anna", "j1")
    assert service.warm_menu("anna", "en", "j1") is None


def test_opting_out_ends_every_phone_of_the_person_at_once(record: FakeRecord, clock: Clock) -> None:
    record.add("j1", "anna-tablet", "p-anna")
    service = service_over(record, clock)
    for token in ("anna", "anna-tablet", "ben"):
        service.menu(service.caller(token, "en"), "j1")
    left = service.opt_out("anna")
    assert left.person_id == "p-anna"
    for token in ("anna", "anna-tablet"):
        assert service.warm_menu(token, "en", "j1") is None
        with pytest.raises(SessionRefusedError):
            service.caller(token, "en")
    assert service.warm_menu("ben", "en", "j1") is not None


def test_opting_out_again_with_the_ended_session_gives_the_same_receipt(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    first = service.opt_out("anna")
    again = service.opt_out("anna")
    assert again.receipt == first.receipt
    assert again.person_id is None


def test_a_session_being_looked_up_while_its_person_leaves_is_not_remembered(clock: Clock) -> None:
    class Leaving(FakeRecord):
        def caller(self, token: str, language: str) -> Caller:
            known = super().caller(token, language)
            if self.asked["caller"] == 1:
                service.opt_out(token)
            return known

    record = Leaving()
    record.add("j1", "anna", "p-anna")
    service = service_over(record, clock)
    service.caller("anna", "en")
    with pytest.raises(SessionRefusedError):
        service.caller("anna", "en")


def test_an_item_that_the_menu_does_not_show_cannot_be_chosen(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    with pytest.raises(ItemUnavailableError):
        service.choose(service.caller("anna", "en"), "j1", "self-destruct", "k1")


def test_a_choice_is_held_against_the_menu_of_now_not_the_cached_one(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    caller = service.caller("anna", "en")
    service.menu(caller, "j1")
    record.device_says("j1", "coupon-taken")
    with pytest.raises(ItemUnavailableError):
        service.choose(caller, "j1", "coupon", "k1")


def test_a_repeated_choice_gets_its_answer_though_the_item_has_gone(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    caller = service.caller("anna", "en")
    first = service.choose(caller, "j1", "coupon", "k1")
    assert service.choose(caller, "j1", "coupon", "k1") == first
    with pytest.raises(ItemUnavailableError):
        service.choose(caller, "j1", "coupon", "k2")
    with pytest.raises(ItemUnavailableError):
        service.choose(caller, "j1", "coupon", None)


def test_an_item_that_acts_nearby_needs_the_phone_to_have_been_there(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    caller = service.caller("anna", "en")
    with pytest.raises(ProofNeededError):
        service.choose(caller, "j1", "print-sample", None)
    beacon = Sighting(kind="eddystone-eid", id="00112233aabbccdd", rssi_dbm=-40, tx_power_dbm=None)
    placed = service.report_context(caller, "j1", (beacon,), None)
    assert placed.place.proven
    assert service.choose(caller, "j1", "print-sample", None).detail == "command"


def test_an_item_with_choices_takes_one_of_them_and_no_other_item_takes_any(record: FakeRecord, clock: Clock) -> None:
    asked = msgspec.structs.replace(record.situations["j1"], relation=Relation(surveys_due=("csat",)))
    record.situations["j1"] = asked
    service = service_over(record, clock)
    caller = service.caller("anna", "en")
    for item_id, choice in (("survey", ""), ("survey", "4"), ("survey", "1 "), ("expert", "1")):
        with pytest.raises(ChoiceRefusedError):
            service.choose(caller, "j1", item_id, None, choice)
    assert record.chosen == []
    service.choose(caller, "j1", "survey", None, "3")
    assert [(item.id, item.action, item.choice) for item in record.chosen] == [("survey", "survey", "3")]


def test_that_an_item_takes_proof_is_handed_on(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    caller = service.caller("anna", "en")
    beacon = Sighting(kind="eddystone-eid", id="00112233aabbccdd", rssi_dbm=-40, tx_power_dbm=None)
    service.report_context(caller, "j1", (beacon,), None)
    for item_id in ("print-sample", "expert"):
        service.choose(caller, "j1", item_id, None)
    assert [item.needs_proof for item in record.chosen] == [True, False]


def test_a_link_without_an_order_is_noted(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    assert service.choose(service.caller("anna", "en"), "j1", "expert", None).detail == "note"


def test_only_ephemeral_ids_are_handed_on_as_proof(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    heard = (
        Sighting(kind="eddystone-uid", id="aa" * 16, rssi_dbm=-40, tx_power_dbm=-20),
        Sighting(kind="eddystone-eid", id="ff" * 8, rssi_dbm=-41, tx_power_dbm=-20),
    )
    placed = service.report_context(service.caller("anna", "en"), "j1", heard, None)
    assert record.proofs == ["ff" * 8]
    assert placed.place.zone is Zone.HERE
    assert not placed.place.proven
    assert f"/{Zone.HERE}/" in title_of(placed.served.body)


def test_the_expert_gets_the_menu_that_the_customer_had(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    caller = service.caller("anna", "en")
    on_phone = service.menu(caller, "j1")
    service.open_case(caller, "j1", "It jams", "k1")
    assert record.menus_attached == [on_phone.body]


def test_a_pushed_case_does_not_count_as_read(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    caller = service.caller("anna", "en")
    service.open_case(caller, "j1", "It jams", None)
    thread = service.latest_case(caller, "j1")
    assert thread is not None
    assert thread.messages[-1].text == "It jams"
    assert record.seen == [False]
    service.cases(caller, "j1")
    assert record.seen == [False, True]


def test_a_session_is_asked_for_again_after_some_seconds(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    service.caller("anna", "en")
    clock.forward(4 * SECOND)
    service.caller("anna", "en")
    assert record.asked["caller"] == 1
    clock.forward(SECOND)
    service.caller("anna", "en")
    assert record.asked["caller"] == 2


def test_a_menu_is_valid_json_of_its_class(record: FakeRecord, clock: Clock) -> None:
    service = service_over(record, clock)
    served = service.menu(service.caller("anna", "en"), "j1")
    assert msgspec.json.decode(served.body)["etag"] == served.etag


def test_with_the_real_decisions_a_loud_beacon_brings_the_phone_here(record: FakeRecord, clock: Clock) -> None:
    service = MenuService(record, lambda _: NO_CONTENT, clock, compose=small_menu)
    caller = service.caller("anna", "en")
    heard = (Sighting(kind="eddystone-uid", id=BEACON.upper(), rssi_dbm=-45),)
    assert service.report_context(caller, "j1", heard, None).place.zone is Zone.HERE
    clock.forward(120 * SECOND)
    assert service.report_context(caller, "j1", (), None).place.zone is Zone.UNKNOWN


@pytest.mark.parametrize("profile", profiles())
def test_the_published_content_of_every_profile_is_served(record: FakeRecord, clock: Clock, profile: str) -> None:
    record.situations["j1"] = msgspec.structs.replace(record.situations["j1"], profile=profile)
    service = MenuService(record, load_content, clock)
    caller = service.caller("anna", "en")
    menu = msgspec.json.decode(service.menu(caller, "j1").body, type=Menu)
    assert "expert" in {item.kind for section in menu.sections for item in section.items}
    assert '"' not in menu.etag
