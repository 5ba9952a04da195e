"""Registration and claims, also several at once."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from broker.contract.eid import ids_around
from broker.contract.stages import Role, Stage
from cloud.commerce import partners
from cloud.errors import ConflictError, DuplicateError, InvalidError, NotFoundError
from cloud.identity import phones
from cloud.identity import service as identity
from cloud.registry import codes
from cloud.registry import service as registry
from cloud.registry.claiming import MAX_FAILURES
from cloud.registry.codes import CLAIM_HASH_BYTES, claim_matches
from cloud.registry.importing import BadRow, Row
from cloud.registry.service import Registered
from mobile_menu.ports import (
    AlreadyClaimedError,
    ChosenItem,
    Claimed,
    ClaimRefusedError,
    ItemUnavailableError,
    TooManyAttemptsError,
    UnitInShopError,
    ZoneState,
)
from mobile_menu.rules.situation import Device, Zone
from tests.integration.cloud.homes import Homes
from tests.integration.cloud.world import BASE, GTIN, World, at_once

WRONG = "00000-00000"


def test_a_registered_unit_is_found_by_its_label_and_its_code_is_stored_nowhere(world: World) -> None:
    unit = world.unit()
    found = world.read(lambda tx: registry.find_unit(tx, unit.gtin, unit.serial))
    assert found is not None
    assert (found.id, found.owner_person_id, found.state) == (unit.id, None, "registered")
    assert unit.claim_code.replace("-", "").encode() not in found.claim_hash
    assert unit.uri == f"{BASE}/01/{unit.gtin}/21/{unit.serial}"


def test_the_same_serial_twice_is_a_duplicate_also_at_once(world: World) -> None:
    def register() -> Registered:
        return world.run(lambda tx: registry.register(tx, world.keys, BASE, GTIN, "TWICE"))

    found = at_once([register] * 4)
    assert sum(isinstance(one, Registered) for one in found) == 1
    assert sum(isinstance(one, DuplicateError) for one in found) == 3


def test_a_unit_of_an_unknown_model_or_with_a_bad_serial_is_refused(world: World) -> None:
    with pytest.raises(NotFoundError):
        world.run(lambda tx: registry.register(tx, world.keys, BASE, "00012345678905", "S"))
    with pytest.raises(InvalidError):
        world.run(lambda tx: registry.register(tx, world.keys, BASE, GTIN, "with space and far too long"))
    with pytest.raises(InvalidError):
        world.run(lambda tx: registry.register(tx, world.keys, BASE, "09506000134353", "S"))
    with pytest.raises(DuplicateError):
        world.run(lambda tx: registry.create_model(tx, GTIN, "P1", "Acme", "printer", {}))


def test_an_import_registers_what_it_can_and_names_the_rows_that_it_cannot(world: World) -> None:
    known = world.unit()
    rows = [Row(2, GTIN, "NEW-1"), Row(3, GTIN, None), Row(4, GTIN, known.serial), Row(5, "00012345678905", "X")]  # type: ignore[arg-type]  # plain texts
    found = world.run(lambda tx: list(registry.register_many(tx, world.keys, BASE, rows)))
    assert next(one.serial for one in found if isinstance(one, Registered)) == "NEW-1"
    assert [(one.line, one.code) for one in found if isinstance(one, BadRow)] == [
        (4, "duplicate"),
        (5, "unknown_model"),
    ]
    assert len(world.rows("product")) == 3
    assert len({row.serial for row in world.rows("product")}) == 3


def test_the_right_code_makes_the_owner_also_when_typed_carelessly(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    claimed = world.claim(phone, unit, f" {unit.claim_code.lower().replace('-', ' ')}")
    assert (claimed.product_id, claimed.role) == (unit.id, Role.OWNER)
    assert world.rows("product")[0].owner_person_id == phone.person_id
    assert world.journey(phone).stage == Stage.INSTALL
    assert world.claim(phone, unit) == claimed


def test_the_units_own_beacon_shows_possession_and_another_units_does_not(world: World) -> None:
    phone, unit, other = world.phone(), world.unit(), world.unit()
    with world.db.transaction() as tx:
        keys = {one: identity.issue_credential(tx, world.keys, one.id) for one in (unit, other)}
    heard = {one: min(ids_around(bytes.fromhex(keys[one].beacon_key), world.clock())) for one in (unit, other)}
    with pytest.raises(ClaimRefusedError):
        world.menus.claim(phone.caller, unit.gtin, unit.serial, None, heard[other], None)
    assert world.menus.claim(phone.caller, unit.gtin, unit.serial, None, heard[unit], None).role is Role.OWNER


def test_a_unit_that_stands_in_a_shop_is_nobodys_to_claim_until_it_is_taken_out_of_there(world: World) -> None:
    unit, shop, customer = world.unit(), world.shop(), world.phone()
    world.run(lambda tx: partners.place_in_shop(tx, unit.id, shop.id))
    beacon = world.run(lambda tx: identity.issue_credential(tx, world.keys, unit.id)).beacon_key
    heard = min(ids_around(bytes.fromhex(beacon), world.clock()))
    for code, eid in ((None, heard), (unit.claim_code, None)):
        with pytest.raises(UnitInShopError):
            world.menus.claim(customer.caller, unit.gtin, unit.serial, code, eid, None, "192.0.2.1")
    with pytest.raises(ClaimRefusedError):  # who shows nothing hears nothing
        world.claim(customer, unit, WRONG)
    assert world.rows("product")[0].owner_person_id is None
    world.run(lambda tx: partners.place_in_shop(tx, unit.id, None))
    assert world.claim(customer, unit).role is Role.OWNER


def test_a_unit_with_an_owner_cannot_be_put_into_a_shop_and_is_no_demo_unit_whatever_a_row_says(world: World) -> None:
    unit, shop, owner, stranger = world.unit(), world.shop(), world.phone(), world.phone()
    world.claim(owner, unit)
    world.set_up(unit)
    with pytest.raises(ConflictError):
        world.run(lambda tx: partners.place_in_shop(tx, unit.id, shop.id))
    product = sa.update(registry.product_table).where(registry.product_table.c.id == unit.id)
    world.run(lambda tx: tx.session.execute(product.values(shop_id=shop.id)))
    beacon = world.run(lambda tx: identity.issue_credential(tx, world.keys, unit.id)).beacon_key
    journey = world.begin(stranger)
    heard = tuple(ids_around(bytes.fromhex(beacon), world.clock()))
    world.menus.enter_zone(stranger.caller, journey.id, ZoneState(zone=Zone.HERE, subject_id=unit.id), heard)
    item = ChosenItem(id="x", kind="command", action="command", arguments={"name": "identify"})
    with pytest.raises(ItemUnavailableError):
        world.menus.choose(stranger.caller, journey.id, item, None)
    assert world.menus.situation(stranger.caller, journey.id).device == Device()


def test_an_owner_whose_session_is_lost_gets_in_by_neither_code_nor_beacon_and_by_an_operators_return(
    world: World,
) -> None:
    owner, unit, homes = world.phone(), world.unit(), Homes(world)
    beacon = world.run(lambda tx: identity.issue_credential(tx, world.keys, unit.id)).beacon_key
    world.claim(owner, unit)
    world.accounts.end_session(owner.caller, owner.caller.session_id)
    again = world.phone()
    for code, eid in ((unit.claim_code, None), (None, min(ids_around(bytes.fromhex(beacon), world.clock())))):
        with pytest.raises(AlreadyClaimedError):
            world.menus.claim(again.caller, unit.gtin, unit.serial, code, eid, None, "192.0.2.1")
    assert world.claim(again, unit, homes.take_back(unit).claim_code).role is Role.OWNER


def test_wrong_codes_are_limited_per_person_and_lock_nobody_else_out(world: World) -> None:
    thief, owner, unit = world.phone(), world.phone(), world.unit()
    for _ in range(MAX_FAILURES):
        with pytest.raises(ClaimRefusedError):
            world.claim(thief, unit, WRONG)
    with pytest.raises(TooManyAttemptsError):
        world.claim(thief, unit)
    assert world.claim(owner, unit).role is Role.OWNER
    world.clock.advance(minutes=15)
    with pytest.raises(AlreadyClaimedError):
        world.claim(thief, unit)


def test_wrong_codes_at_once_are_all_counted(world: World) -> None:
    thief, unit = world.phone(), world.unit()
    found = at_once([lambda: world.claim(thief, unit, WRONG)] * 8)
    kinds = [type(one) for one in found]
    assert (kinds.count(ClaimRefusedError), kinds.count(TooManyAttemptsError)) == (MAX_FAILURES, 8 - MAX_FAILURES)


def test_of_claims_at_once_exactly_one_wins(world: World) -> None:
    unit = world.unit()
    phones = [world.phone() for _ in range(5)]
    found = at_once([lambda phone=phone: world.claim(phone, unit) for phone in phones])  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    winners = [phone for phone, one in zip(phones, found, strict=True) if isinstance(one, Claimed)]
    assert len(winners) == 1
    assert sum(isinstance(one, AlreadyClaimedError) for one in found) == 4
    assert world.rows("product")[0].owner_person_id == winners[0].person_id
    assert len(world.rows("journey", role="owner")) == 1


def test_one_person_who_claims_twice_at_once_is_the_owner_once(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    found = at_once([lambda: world.claim(phone, unit)] * 3)
    assert len({repr(one) for one in found}) == 1
    assert isinstance(found[0], Claimed)
    assert len(world.rows("journal", type="product.claimed")) == 1
    assert len(world.rows("journey")) == 1


def test_a_claim_turns_the_journey_with_the_model_into_the_journey_with_the_unit(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    journey = world.begin(phone)
    assert world.claim(phone, unit).journey_id == journey.id
    assert world.journey(phone).product_id == unit.id
    second = world.unit()
    assert world.claim(phone, second).journey_id != journey.id


def test_a_retired_or_unknown_unit_cannot_be_claimed_and_says_the_same_as_a_wrong_code(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    world.run(lambda tx: registry.retire(tx, unit.id))
    with pytest.raises(ConflictError):
        world.run(lambda tx: registry.retire(tx, unit.id))
    with pytest.raises(ClaimRefusedError):
        world.claim(phone, unit)
    with pytest.raises(ClaimRefusedError):
        world.menus.claim(phone.caller, GTIN, "NOBODY", unit.claim_code, None, None)


@pytest.mark.parametrize("code", [None, "", WRONG])
def test_an_unknown_and_a_retired_unit_cost_the_comparison_that_a_wrong_code_costs(
    world: World, monkeypatch: pytest.MonkeyPatch, code: str | None
) -> None:
    phone, unit, retired = world.phone(), world.unit(), world.unit()
    world.run(lambda tx: registry.retire(tx, retired.id))
    compared: list[tuple[int, str]] = []

    def counted(stored: bytes, pepper: bytes, product_id: str, typed: str) -> bool:
        compared.append((len(stored), typed))
        return claim_matches(stored, pepper, product_id, typed)

    monkeypatch.setattr(codes, "claim_matches", counted)
    for serial in (unit.serial, retired.serial, "NOBODY"):
        with pytest.raises(ClaimRefusedError):
            world.menus.claim(phone.caller, GTIN, serial, code, None, None)
    assert compared == [(CLAIM_HASH_BYTES, code or "")] * 3


def test_a_refusal_is_not_kept_as_the_answer_to_its_key(world: World) -> None:
    phone, unit = world.phone(), world.unit()
    with pytest.raises(ClaimRefusedError):
        world.claim(phone, unit, WRONG, key="k")
    assert world.rows("idempotency") == []
    assert len(world.rows("claim_failure")) == 1
    assert world.claim(phone, unit, key="k") == world.claim(phone, unit, key="k")
    assert len(world.rows("idempotency")) == 1


def test_a_session_ends_when_its_time_is_over(world: World) -> None:
    phone = world.phone()
    world.clock.now += phones.USUAL.access - timedelta(seconds=1)
    assert world.menus.caller(phone.token, "de").person_id == phone.person_id
    world.clock.advance(seconds=1)
    assert world.read(lambda tx: phones.session_of(tx, phone.token)) is None
