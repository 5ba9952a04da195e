"""One browser, one visitor: whatever comes first, the page or a link; and never two persons in one."""

from cloud.db import Transaction
from cloud.identity import phones
from cloud.identity.visits import visitor
from cloud.lifecycle import service as lifecycle
from cloud.registry.service import Registered
from cloud.registry.tables import ProductRow
from cloud.scans import note_scan
from mobile_menu.content_loader import load_content
from mobile_menu.ports import Caller
from mobile_menu.rules.compose import compose_menu
from tests.integration.cloud.world import World


def scan(world: World, unit: Registered, visit: str | None) -> tuple[lifecycle.Journey, str | None]:
    """The journey that the label's address leads to, and the cookie that it sets."""

    def follow(tx: Transaction) -> tuple[lifecycle.Journey, str | None]:
        row = tx.session.get_one(ProductRow, unit.id)
        person_id, fresh = visitor(tx, world.keys, visit)
        return note_scan(tx, row, person_id), fresh

    return world.run(follow)


def items_of(world: World, caller: Caller, journey_id: str) -> list[str]:
    situation = world.menus.situation(caller, journey_id)
    menu = compose_menu(situation, load_content("printer")).menu
    return [item.id for section in menu.sections for item in section.items]


def test_a_label_followed_after_the_page_belongs_to_the_pages_visitor(world: World) -> None:
    opened = world.menus.start_session(None, None)
    assert opened.visit is not None
    assert opened.visit.lasts == phones.VISIT_LASTS
    caller = world.menus.caller(opened.started.token, "en")

    journey, fresh = scan(world, world.unit(), opened.visit.token)

    assert fresh is None
    assert journey.person_id == caller.person_id
    assert [one.id for one in world.menus.journeys(caller)] == [journey.id]


def test_a_page_opened_after_the_label_is_of_the_same_visitor_and_gets_no_second_visit(world: World) -> None:
    journey, fresh = scan(world, world.unit(), None)
    opened = world.menus.start_session(fresh, None)
    assert opened.visit is None
    assert world.menus.caller(opened.started.token, "en").person_id == journey.person_id


def test_a_visit_that_has_ended_is_followed_by_a_new_person_with_a_new_visit(world: World) -> None:
    first = world.menus.start_session(None, None)
    assert first.visit is not None
    world.clock.advance(hours=24 * 31)
    second = world.menus.start_session(first.visit.token, None)
    assert second.visit is not None
    assert second.visit.token != first.visit.token
    tokens = [world.accounts.refresh(one.started.refresh_token, None).token for one in (first, second)]
    people = {world.menus.caller(token, "en").person_id for token in tokens}
    assert len(people) == 2


def test_a_visit_is_no_session_and_a_session_is_no_visit(world: World) -> None:
    opened = world.menus.start_session(None, None)
    assert opened.visit is not None
    assert world.read(lambda tx: phones.visit_of(tx, opened.started.token)) is None
    assert world.read(lambda tx: phones.session_of(tx, opened.visit.token)) is None  # type: ignore[union-attr]  # asserted above


def test_a_cookie_that_names_another_person_than_the_token_merges_nobody(world: World) -> None:
    mine, theirs = world.menus.start_session(None, None), world.menus.start_session(None, None)
    me, they = (world.menus.caller(one.started.token, "en") for one in (mine, theirs))
    unit = world.unit()
    assert theirs.visit is not None
    own = world.begin(world.phone())
    journey, _ = scan(world, unit, theirs.visit.token)

    again = world.menus.start_session(theirs.visit.token, None)

    assert world.menus.caller(again.started.token, "en").person_id == they.person_id
    assert world.menus.caller(mine.started.token, "en").person_id == me.person_id
    assert world.menus.journeys(me) == []
    assert [one.id for one in world.menus.journeys(they)] == [journey.id]
    assert world.read(lambda tx: lifecycle.read(tx, own.id)).person_id not in {me.person_id, they.person_id}


def test_after_leaving_the_cookie_is_worthless_and_a_click_makes_a_new_person(world: World) -> None:
    opened = world.menus.start_session(None, None)
    assert opened.visit is not None
    caller = world.menus.caller(opened.started.token, "en")
    unit = world.unit()
    journey, _ = scan(world, unit, opened.visit.token)
    world.menus.opt_out(opened.started.token)

    anew, fresh = scan(world, unit, opened.visit.token)
    again = world.menus.start_session(opened.visit.token, None)

    assert fresh is not None
    assert anew.id != journey.id
    people = {row.id for row in world.rows("person")}
    assert anew.person_id in people
    assert caller.person_id not in people
    assert world.menus.caller(again.started.token, "en").person_id not in {caller.person_id, anew.person_id}


def test_a_unit_of_nobody_can_be_made_ones_own_from_the_menu_and_the_owners_items_show_then(world: World) -> None:
    unit = world.unit()
    world.set_up(unit)
    journey, fresh = scan(world, unit, None)
    caller = world.menus.caller(world.menus.start_session(fresh, None).started.token, "en")
    before = items_of(world, caller, journey.id)
    assert before[0] == "make-it-yours"
    assert "test-page" not in before

    claimed = world.menus.claim(caller, unit.gtin, unit.serial, unit.claim_code, None, None)

    assert claimed.journey_id == journey.id
    after = items_of(world, caller, journey.id)
    assert "make-it-yours" not in after
    assert {"test-page", "clean-head"} <= set(after)


def test_who_visited_a_unit_that_somebody_else_has_claimed_since_is_a_guest_and_cannot_claim(world: World) -> None:
    unit = world.unit()
    journey, fresh = scan(world, unit, None)
    caller = world.menus.caller(world.menus.start_session(fresh, None).started.token, "en")
    assert "make-it-yours" in items_of(world, caller, journey.id)

    owner = world.phone()
    world.claim(owner, unit)
    assert "make-it-yours" not in items_of(world, caller, journey.id)
    assert [one.role for one in world.menus.journeys(caller)] == ["guest"]

    world.menus.opt_out(owner.token)
    assert "make-it-yours" in items_of(world, caller, journey.id)
