"""How often one may try to claim, as the database counts it: strangers are held, and never hold anybody else."""

import pytest

from broker.contract.eid import ids_around
from broker.contract.stages import Role
from cloud.identity import service as identity
from cloud.ownership import attempts
from cloud.registry.claiming import (
    ATTACKED_FROM,
    MAX_FAILURES,
    PAIR_A_DAY,
    PERSON_A_DAY,
    SOURCE_A_DAY,
    TRIES_UNDER_ATTACK,
)
from cloud.registry.service import Registered
from mobile_menu.ports import Claimed, ClaimRefusedError, TooManyAttemptsError, ZoneState
from mobile_menu.rules.situation import Zone
from tests.integration.cloud.world import GTIN, Phone, World, at_once

WRONG = "00000-00000"


def guess(world: World, phone: Phone, unit: Registered | str, source: str, code: str = WRONG) -> type:
    """What one attempt comes to."""
    serial = unit if isinstance(unit, str) else unit.serial
    try:
        return type(world.menus.claim(phone.caller, GTIN, serial, code, None, None, source))
    except (ClaimRefusedError, TooManyAttemptsError) as refusal:
        return type(refusal)


def guesses(world: World, unit: Registered | str, source: str, count: int) -> list[type]:
    """By persons made for it, who try twice each: the first is the one that is theirs, the second their address's."""
    found: list[type] = []
    while len(found) < count:
        thief = world.phone()
        found += [guess(world, thief, unit, source) for _ in range(min(2, count - len(found)))]
    return found


def attack(world: World, unit: Registered) -> None:
    """As many failures as put a unit on its guard."""
    for number in range(ATTACKED_FROM // PAIR_A_DAY):
        assert guesses(world, unit, f"198.51.100.{number}", PAIR_A_DAY) == [ClaimRefusedError] * PAIR_A_DAY


def test_an_address_gets_so_many_tries_a_day_at_one_unit_however_many_persons_it_is(world: World) -> None:
    unit = world.unit()
    found = guesses(world, unit, "192.0.2.1", PAIR_A_DAY + 4)
    # The first of each person is theirs; of the second ones the address has none left.
    assert found == [ClaimRefusedError] * PAIR_A_DAY + [ClaimRefusedError, TooManyAttemptsError] * 2
    assert guesses(world, unit, "192.0.2.2", 2) == [ClaimRefusedError] * 2
    world.clock.advance(hours=24)
    assert guesses(world, unit, "192.0.2.1", 2) == [ClaimRefusedError] * 2


def test_an_address_gets_so_many_tries_a_day_at_all_units_together(world: World) -> None:
    for _ in range(SOURCE_A_DAY // PAIR_A_DAY):
        assert set(guesses(world, world.unit(), "192.0.2.1", PAIR_A_DAY)) == {ClaimRefusedError}
    assert guesses(world, world.unit(), "192.0.2.1", 2) == [ClaimRefusedError, TooManyAttemptsError]


def test_a_person_gets_so_many_tries_a_day_however_long_they_wait_in_between(world: World) -> None:
    thief, unit = world.phone(), world.unit()
    for number in range(PERSON_A_DAY // MAX_FAILURES):
        found = [guess(world, thief, unit, f"192.0.2.{number}") for _ in range(MAX_FAILURES + 1)]
        assert found == [ClaimRefusedError] * MAX_FAILURES + [TooManyAttemptsError]
        world.clock.advance(minutes=15)
    assert guess(world, thief, unit, "192.0.2.99") is TooManyAttemptsError


def test_under_attack_the_owner_still_gets_in_and_may_mistype_twice_and_others_may_not_go_on(world: World) -> None:
    unit, owner = world.unit(), world.phone()
    attack(world, unit)
    assert guesses(world, unit, "203.0.113.5", 4) == [ClaimRefusedError] * 3 + [TooManyAttemptsError]
    attacker = world.phone()
    assert [guess(world, attacker, unit, f"203.0.113.{n}") for n in (6, 7, 8, 9)][-1] is TooManyAttemptsError
    home = "192.0.2.77"
    assert [guess(world, owner, unit, home), guess(world, owner, unit, home)] == [ClaimRefusedError] * 2
    assert guess(world, owner, unit, home, unit.claim_code) is Claimed


def test_whom_an_order_links_to_the_unit_gets_in_also_from_an_address_that_is_used_up(world: World) -> None:
    unit, buyer, stranger = world.unit(), world.phone(), world.phone()
    world.order("mine", journey=world.begin(buyer).id, serial=unit.serial)
    attack(world, unit)
    used_up = "198.51.100.0"
    for phone in (stranger, buyer):
        assert guess(world, phone, unit, used_up) is ClaimRefusedError
    assert guess(world, stranger, unit, used_up, unit.claim_code) is TooManyAttemptsError
    assert guess(world, buyer, unit, used_up, unit.claim_code) is Claimed


def test_who_has_just_shown_to_stand_beside_it_gets_in_from_anywhere_by_code(world: World) -> None:
    unit, near, far = world.unit(), world.phone(), world.phone()
    beacon = world.run(lambda tx: identity.issue_credential(tx, world.keys, unit.id)).beacon_key
    attack(world, unit)
    for phone, heard in ((near, ids_around(bytes.fromhex(beacon), world.clock())), (far, frozenset({"0" * 16}))):
        journey = world.begin_with(phone, unit)
        zone = ZoneState(zone=Zone.HERE, subject_id=unit.id)
        world.menus.enter_zone(phone.caller, journey.id, zone, tuple(heard))
    used_up = "198.51.100.0"
    for phone in (near, far):
        assert guess(world, phone, unit, used_up) is ClaimRefusedError
    assert guess(world, far, unit, used_up, unit.claim_code) is TooManyAttemptsError
    assert guess(world, near, unit, used_up, unit.claim_code) is Claimed


def test_the_units_own_beacon_is_believed_whatever_was_tried_before(world: World) -> None:
    unit, owner = world.unit(), world.phone()
    beacon = world.run(lambda tx: identity.issue_credential(tx, world.keys, unit.id)).beacon_key
    for _ in range(MAX_FAILURES):
        guess(world, owner, unit, "192.0.2.1")
    assert guess(world, owner, unit, "192.0.2.1", unit.claim_code) is TooManyAttemptsError
    heard = min(ids_around(bytes.fromhex(beacon), world.clock()))
    claimed = world.menus.claim(owner.caller, unit.gtin, unit.serial, None, heard, None, "192.0.2.1")
    assert claimed.role is Role.OWNER


def test_guesses_at_ephemeral_ids_are_counted_like_those_at_codes(world: World) -> None:
    unit, thief = world.unit(), world.phone()
    for _ in range(MAX_FAILURES):
        with pytest.raises(ClaimRefusedError):
            world.menus.claim(thief.caller, unit.gtin, unit.serial, None, "00" * 8, None, "192.0.2.1")
    with pytest.raises(TooManyAttemptsError):
        world.menus.claim(thief.caller, unit.gtin, unit.serial, None, "00" * 8, None, "192.0.2.1")


def test_a_unit_that_does_not_exist_answers_and_counts_like_one_that_does(world: World) -> None:
    unit = world.unit()
    known = guesses(world, unit, "192.0.2.1", PAIR_A_DAY + 1)
    unknown = guesses(world, "NOT-THERE", "192.0.2.2", PAIR_A_DAY + 1)
    assert known == unknown
    rows = world.rows("claim_failure")
    assert len(rows) == 2 * (PAIR_A_DAY + 1)
    assert all(b"NOT-THERE" not in row.subject and unit.serial.encode() not in row.subject for row in rows)


def test_no_address_is_stored_and_what_is_stored_goes_when_it_counts_no_more(world: World) -> None:
    unit = world.unit()
    guess(world, world.phone(), unit, "192.0.2.123")
    (row,) = world.rows("claim_failure")
    assert b"192.0.2.123" not in row.source
    assert len(row.source) == 32
    world.clock.advance(hours=23)
    world.run(attempts.forget_old)
    assert len(world.rows("claim_failure")) == 1
    world.clock.advance(hours=1)
    world.run(attempts.forget_old)
    assert world.rows("claim_failure") == []


def test_whoever_leaves_to_guess_on_finds_the_same_limits(world: World) -> None:
    unit = world.unit()
    for _ in range(PAIR_A_DAY):
        thief = world.phone()
        guess(world, thief, unit, "192.0.2.1")
        world.menus.opt_out(thief.token)
    assert guesses(world, unit, "192.0.2.1", 2) == [ClaimRefusedError, TooManyAttemptsError]


def test_guesses_at_once_are_all_counted_for_their_address(world: World) -> None:
    unit = world.unit()
    phones = [world.phone() for _ in range(PAIR_A_DAY // 2)]
    for phone in phones:
        guess(world, phone, unit, "192.0.2.1")
    again = phones * 2
    found = at_once([lambda phone=phone: guess(world, phone, unit, "192.0.2.1") for phone in again])  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    assert found.count(ClaimRefusedError) == PAIR_A_DAY // 2
    assert found.count(TooManyAttemptsError) == PAIR_A_DAY // 2


def test_strangers_on_the_owners_address_leave_the_owner_one_try_with_the_right_code(world: World) -> None:
    unit, owner, hasty = world.unit(), world.phone(), world.phone()
    for _ in range(2 * PAIR_A_DAY):  # as behind the shared address of a mobile network
        guess(world, world.phone(), unit, "100.64.0.1")
    assert [guess(world, hasty, unit, "100.64.0.1") for _ in range(2)] == [ClaimRefusedError, TooManyAttemptsError]
    assert guess(world, owner, unit, "100.64.0.1", unit.claim_code) is Claimed


def test_an_order_for_the_model_vouches_for_no_unit_of_it_and_one_that_names_the_unit_does(world: World) -> None:
    units, buyer = [world.unit() for _ in range(10)], world.phone()
    journey = world.begin_with(buyer, units[0])
    world.order("one-of-them", journey=journey.id)
    tries = MAX_FAILURES - 1
    found = [guess(world, buyer, unit, "192.0.2.1") for unit in units * tries]
    assert found.count(ClaimRefusedError) == SOURCE_A_DAY < len(found)
    assert guess(world, buyer, units[0], "192.0.2.1", units[0].claim_code) is TooManyAttemptsError
    world.order("one-of-them", 2, journey=journey.id, serial=units[0].serial)
    assert guess(world, buyer, units[0], "192.0.2.1", units[0].claim_code) is Claimed


def test_an_address_that_is_not_known_counts_for_nobody(world: World) -> None:
    unit = world.unit()
    assert set(guesses(world, unit, "", PAIR_A_DAY + 5)) == {ClaimRefusedError}
    assert guess(world, world.phone(), unit, "", unit.claim_code) is Claimed


def wait_s_of(world: World, phone: Phone, unit: Registered, source: str) -> int:
    """What a refusal says."""
    with pytest.raises(TooManyAttemptsError) as refused:
        world.menus.claim(phone.caller, GTIN, unit.serial, unit.claim_code, None, None, source)
    return refused.value.retry_after_s


def test_who_waits_as_long_as_a_refusal_says_gets_in_and_not_a_second_before(world: World) -> None:
    unit, phone = world.unit(), world.phone()
    for _ in range(MAX_FAILURES):
        guess(world, phone, unit, "192.0.2.1")
        world.clock.advance(minutes=1)
    wait_s = wait_s_of(world, phone, unit, "192.0.2.1")
    assert wait_s == 10 * 60  # the first of five was five minutes ago
    world.clock.advance(seconds=wait_s - 1)
    assert wait_s_of(world, phone, unit, "192.0.2.1") == 1
    world.clock.advance(seconds=1)
    assert guess(world, phone, unit, "192.0.2.1", unit.claim_code) is Claimed


def test_a_refusal_for_the_address_or_for_an_attack_names_the_wait_until_those_count_no_more(world: World) -> None:
    unit, other, stranger = world.unit(), world.unit(), world.phone()
    guesses(world, unit, "192.0.2.1", PAIR_A_DAY)
    guesses(world, other, "192.0.2.2", 4)  # before the attack: the wait is not for these
    assert guess(world, stranger, unit, "192.0.2.1") is ClaimRefusedError
    world.clock.advance(hours=3)
    assert wait_s_of(world, stranger, unit, "192.0.2.1") == 21 * 3600
    for number in range(ATTACKED_FROM // PAIR_A_DAY):
        guesses(world, other, f"198.51.100.{number}", PAIR_A_DAY)
    world.clock.advance(hours=1)
    tired = world.phone()
    for number in range(TRIES_UNDER_ATTACK):
        assert guess(world, tired, other, f"203.0.113.{number}") is ClaimRefusedError
    assert wait_s_of(world, tired, other, "203.0.113.9") == 23 * 3600


def test_whom_an_order_links_to_the_unit_waits_for_their_own_failures_alone(world: World) -> None:
    unit, buyer = world.unit(), world.phone()
    world.order("mine", journey=world.begin(buyer).id, serial=unit.serial)
    guesses(world, unit, "192.0.2.1", PAIR_A_DAY)
    for _ in range(MAX_FAILURES):
        guess(world, buyer, unit, "192.0.2.1")
    assert wait_s_of(world, buyer, unit, "192.0.2.1") == 15 * 60
