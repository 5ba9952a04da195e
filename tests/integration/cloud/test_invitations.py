"""Invitations: a link lets one in, once, in its time; guesses and floods are limited, and taken twice it is one."""

import pytest

from broker.contract.stages import Role, Stage
from cloud.ownership import attempts, members
from cloud.ownership.rules import INVITATION_LASTS, INVITATIONS_MAX, MEMBERS_MAX
from cloud.registry.claiming import MAX_FAILURES, SOURCE_A_DAY
from mobile_menu.ownership_ports import LinkRefusedError, NotYoursError, TooManyPeopleError
from mobile_menu.ports import TooManyAttemptsError
from tests.integration.cloud.homes import Homes, code_of, view
from tests.integration.cloud.world import at_once


def test_whoever_takes_an_invitation_is_household_with_a_journey_of_their_own(homes: Homes) -> None:
    world, unit, owner, other = homes.world, homes.world.unit(), homes.world.phone(), homes.world.phone()
    world.claim(owner, unit)
    link = homes.invite(owner, unit)
    assert link.url.startswith("https://id.example/app/#link=tli_")
    assert link.qr.startswith("data:image/svg+xml;base64,")
    offer = homes.people.look(other.caller, code_of(link), "")
    assert (offer.kind, offer.role, offer.model_name) == ("invitation", Role.HOUSEHOLD, "P1")
    accepted = homes.accept(other, link)
    assert (accepted.role, accepted.product_id) == (Role.HOUSEHOLD, unit.id)
    journey = world.journey(other)
    assert (journey.id, journey.role, journey.stage) == (accepted.journey_id, "household", Stage.INSTALL)
    assert view(world, other).role is Role.HOUSEHOLD
    assert homes.owner_of(unit) == owner.person_id


def test_no_code_is_stored_and_a_link_is_good_for_one(homes: Homes) -> None:
    world, unit, owner = homes.world, homes.world.unit(), homes.world.phone()
    world.claim(owner, unit)
    link = homes.invite(owner, unit)
    assert code_of(link).encode() not in world.rows("invitation")[0].code_hash
    homes.accept(world.phone(), link)
    assert world.rows("invitation") == []
    with pytest.raises(LinkRefusedError):
        homes.accept(world.phone(), link)


def test_a_used_a_withdrawn_an_expired_and_an_invented_link_are_refused_alike(homes: Homes) -> None:
    world, unit, owner = homes.world, homes.world.unit(), homes.world.phone()
    world.claim(owner, unit)
    used, withdrawn, expired = (homes.invite(owner, unit) for _ in range(3))
    homes.accept(world.phone(), used)
    homes.people.withdraw(owner.caller, unit.id, withdrawn.id)
    world.clock.now += INVITATION_LASTS
    said = []
    for code in (code_of(used), code_of(withdrawn), code_of(expired), "tli_" + "A" * 43, "tlt_x", "", "\x00"):
        for call in (homes.people.accept, homes.people.look):
            who = world.phone().caller
            given = (who, code, "", None) if call == homes.people.accept else (who, code, "")
            with pytest.raises(LinkRefusedError) as refusal:
                call(*given)
            said.append(repr(refusal.value))
    assert len(set(said)) == 1


def test_guesses_at_links_are_limited_by_person_and_counted_and_lock_no_address_out(homes: Homes) -> None:
    world, thief, home = homes.world, homes.world.phone(), homes.home()
    for _ in range(MAX_FAILURES):
        with pytest.raises(LinkRefusedError):
            homes.accept(thief, "tli_guess", source="192.0.2.1")
    with pytest.raises(TooManyAttemptsError) as refused:
        homes.accept(thief, "tli_guess", source="192.0.2.9")
    assert refused.value.retry_after_s == 15 * 60
    for _ in range(2 * SOURCE_A_DAY):
        with pytest.raises(LinkRefusedError):
            homes.accept(world.phone(), "tli_guess", source="192.0.2.1")
    # 256 bits are out of anybody's reach, so that strangers on the same address cost a good link nothing.
    friend, unit = world.phone(), world.unit()
    assert homes.accept(friend, homes.invite(home.owner, home.unit), source="192.0.2.1").role is Role.HOUSEHOLD
    claimed = world.menus.claim(friend.caller, unit.gtin, unit.serial, unit.claim_code, None, None, "192.0.2.1")
    assert claimed.role is Role.OWNER
    rows = world.rows("claim_failure")
    assert len(rows) == MAX_FAILURES + 2 * SOURCE_A_DAY
    assert {row.source for row in rows} == {None}
    world.clock.advance(hours=24)
    world.run(attempts.forget_old)
    assert world.rows("claim_failure") == []


def test_the_same_key_gets_the_same_link_and_the_same_answer(homes: Homes) -> None:
    world, unit, owner, other = homes.world, homes.world.unit(), homes.world.phone(), homes.world.phone()
    world.claim(owner, unit)
    first = homes.people.invite(owner.caller, unit.id, "guest", None, "k")
    assert homes.people.invite(owner.caller, unit.id, "guest", None, "k") == first
    assert len(world.rows("invitation")) == 1
    answer = homes.accept(other, first, "k2")
    assert homes.accept(other, first, "k2") == answer
    assert len(world.rows("member")) == 1


def test_an_invitation_raises_a_guest_to_household_and_is_not_used_up_by_who_is_as_much_already(homes: Homes) -> None:
    world, home = homes.world, homes.home()
    link = homes.invite(home.owner, home.unit, "guest")
    assert homes.accept(home.household, link).role is Role.HOUSEHOLD
    assert homes.accept(home.owner, link).role is Role.OWNER
    assert len(world.rows("invitation")) == 1
    homes.join(home.owner, home.guest, home.unit, "household")
    assert sorted(row.role for row in world.rows("member")) == ["household", "household"]
    assert world.rows("timer", kind=members.TIMER) == []


def test_open_invitations_and_people_are_limited(homes: Homes) -> None:
    world, unit, owner = homes.world, homes.world.unit(), homes.world.phone()
    world.claim(owner, unit)
    links = [homes.invite(owner, unit) for _ in range(INVITATIONS_MAX)]
    with pytest.raises(TooManyPeopleError):
        homes.invite(owner, unit)
    world.clock.now += INVITATION_LASTS
    homes.invite(owner, unit)  # those that have expired are in nobody's way
    assert len(world.rows("invitation")) == 1
    assert links
    for _ in range(MEMBERS_MAX):
        homes.join(owner, world.phone(), unit, "household")
    with pytest.raises(TooManyPeopleError):
        homes.join(owner, world.phone(), unit, "household")
    assert len(world.rows("member")) == MEMBERS_MAX


def test_a_link_taken_twice_at_once_lets_one_in(homes: Homes) -> None:
    world, unit, owner = homes.world, homes.world.unit(), homes.world.phone()
    world.claim(owner, unit)
    for _ in range(5):
        link = homes.invite(owner, unit)
        phones = [world.phone() for _ in range(4)]
        found = at_once([lambda phone=phone, link=link: homes.accept(phone, link) for phone in phones])  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
        assert sum(not isinstance(one, Exception) for one in found) == 1
        assert sum(isinstance(one, LinkRefusedError) for one in found) == 3
    assert len(world.rows("member")) == 5


def test_taking_and_taking_back_at_once_end_in_one_of_the_two(homes: Homes) -> None:
    world, unit, owner = homes.world, homes.world.unit(), homes.world.phone()
    world.claim(owner, unit)
    for _ in range(5):
        link, other = homes.invite(owner, unit), world.phone()
        found = at_once(
            [lambda: homes.accept(other, link), lambda: homes.people.withdraw(owner.caller, unit.id, link.id)]  # noqa: B023 - run within the loop
        )
        let_in = not isinstance(found[0], Exception)
        assert let_in is isinstance(found[1], NotYoursError)
        assert bool(world.rows("member", person_id=other.person_id)) is let_in
        assert world.rows("invitation") == []
