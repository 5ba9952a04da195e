"""Claims, transfers, returns and farewells of one unit at the same time: they end in one sound state."""

from typing import Any

from cloud.errors import ConflictError
from mobile_menu.ownership_ports import NotYoursError, TransferRefusedError
from mobile_menu.ports import AlreadyClaimedError, Claimed, ClaimRefusedError, SessionRefusedError
from tests.integration.cloud.homes import Homes
from tests.integration.cloud.world import Device, World, at_once

ROUNDS = 20


def test_of_two_claims_at_once_exactly_one_wins_twenty_times_over(world: World) -> None:
    for _ in range(ROUNDS):
        unit, phones = world.unit(), [world.phone(), world.phone()]
        found = at_once([lambda phone=phone, unit=unit: world.claim(phone, unit) for phone in phones])  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
        assert sorted(type(one).__name__ for one in found) == ["AlreadyClaimedError", "Claimed"]
        winner = phones[0] if isinstance(found[0], Claimed) else phones[1]
        assert world.rows("product", id=unit.id)[0].owner_person_id == winner.person_id
        assert len(world.rows("journey", product_id=unit.id, role="owner")) == 1


def test_of_two_transfers_started_at_once_one_is_under_way(homes: Homes) -> None:
    home = homes.home()
    found = at_once([lambda: homes.offer(home.owner, home.unit)] * 4)
    assert sum(not isinstance(one, Exception) for one in found) == 1
    assert sum(isinstance(one, ConflictError) for one in found) == 3
    assert len(homes.world.rows("transfer")) == 1


def test_two_who_accept_at_once_are_one_receiver(homes: Homes) -> None:
    for _ in range(5):
        unit, owner = homes.world.unit(), homes.world.phone()
        homes.world.claim(owner, unit)
        link, phones = homes.offer(owner, unit), [homes.world.phone() for _ in range(3)]
        found = at_once([lambda phone=phone, link=link: homes.accept(phone, link) for phone in phones])  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
        (winner,) = [phone for phone, one in zip(phones, found, strict=True) if not isinstance(one, Exception)]
        assert homes.world.rows("transfer", id=link.id)[0].receiver_id == winner.person_id


def test_a_change_of_hands_a_return_a_claim_and_two_who_leave_at_once_end_in_one_sound_state(
    postgres_world: World,
) -> None:
    world, homes = postgres_world, Homes(postgres_world)
    outcomes = set()
    for round_ in range(ROUNDS // 2):
        home, heir, thief = homes.home(), world.phone(), world.phone()
        link = homes.offer(home.owner, home.unit)
        homes.accept(heir, link)
        acts: list[Any] = [
            lambda: homes.people.confirm_transfer(home.owner.caller, link.id, None),  # noqa: B023 - run within the loop
            lambda: world.claim(thief, home.unit),  # noqa: B023 - likewise
            lambda: world.menus.opt_out((home.owner if round_ % 2 else heir).token),  # noqa: B023 - likewise
            lambda: homes.people.cancel_transfer(heir.caller, link.id),  # noqa: B023 - likewise
            lambda: world.take(Device(world, home.unit.id, boot=round_ + 2).birth()),  # noqa: B023 - likewise
        ]
        if round_ % 2:  # whatever else happens, it is nobody's then
            acts.insert(round_ % 5, lambda: homes.take_back(home.unit))  # noqa: B023 - likewise
        found = at_once(acts)
        refused = [one for one in found if isinstance(one, Exception)]
        expected = (NotYoursError, TransferRefusedError, AlreadyClaimedError, ClaimRefusedError, SessionRefusedError)
        assert all(isinstance(one, expected) for one in refused), refused
        outcomes.add(sound(world, home.unit.id))
    assert outcomes == {"owned", "free"}


def sound(world: World, unit_id: str) -> str:
    """Whose the unit is, and that all that is kept agrees with it; who that is, in a word."""
    owner = world.rows("product", id=unit_id)[0].owner_person_id
    open_ = [row for row in world.rows("journey", product_id=unit_id) if row.stage != "closed"]
    owners = [row.person_id for row in open_ if row.role == "owner"]
    assert owners == ([owner] if owner else [])
    assert world.rows("transfer", open_for=unit_id) == [] or owner is not None
    assert all(row.person_id in {one.person_id for one in open_} for row in world.rows("member", product_id=unit_id))
    return "owned" if owner else "free"
