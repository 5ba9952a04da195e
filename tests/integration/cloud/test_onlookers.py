"""A label is public: however many scan it, what its unit says costs no more, and who owns it is not kept out."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from broker.contract.stages import Role, Stage
from cloud.db import Transaction
from cloud.lifecycle import engine
from cloud.lifecycle import service as lifecycle
from cloud.record import service as record
from cloud.registry.service import Registered
from cloud.scans import ONLOOKERS_MAX
from tests.integration.cloud.test_replay import check
from tests.integration.cloud.test_visits import items_of, scan
from tests.integration.cloud.world import JAMMED, Device, World, at_once


def tied(world: World, unit: Registered) -> int:
    return len(world.rows("journey", product_id=unit.id))


def concerned_by(world: World, unit: Registered) -> int:
    """How many journeys an event of the unit loads."""
    found: list[int] = []

    def count(tx: Transaction) -> None:
        journal = SQLModel.metadata.tables["journal"]
        of_the_unit = sa.select(journal).where(journal.c.product_id == unit.id, journal.c.journey_id.is_(None))
        row = tx.session.execute(of_the_unit.order_by(journal.c.seq.desc()).limit(1)).one()
        found.append(len(engine.concerned(tx, [record.to_event(row)])))

    world.run(count)
    return found[0]


def test_five_hundred_scans_by_strangers_leave_a_units_event_as_cheap_as_fifty(sqlite_world: World) -> None:
    world = sqlite_world
    unit, owner = world.unit(), world.phone()
    world.claim(owner, unit)
    world.set_up(unit)
    for _ in range(500):
        scan(world, unit, None)
    world.take(Device(world, unit.id, boot=2).birth())
    assert concerned_by(world, unit) == ONLOOKERS_MAX + 1
    assert tied(world, unit) == ONLOOKERS_MAX + 1
    assert world.journey(owner).stage == Stage.SUPPORT
    assert len(world.rows("journey")) == 501


def test_an_onlooker_is_with_the_unit_and_one_too_many_with_the_model(world: World) -> None:
    unit, owner = world.unit(), world.phone()
    world.claim(owner, unit)
    world.set_up(unit)
    seen = [scan(world, unit, None) for _ in range(ONLOOKERS_MAX + 1)]
    world.take(Device(world, unit.id, boot=2).birth(), Device(world, unit.id, boot=3).status(JAMMED))
    guest = world.read(lambda tx: lifecycle.read(tx, seen[-2][0].id))
    model = world.read(lambda tx: lifecycle.read(tx, seen[-1][0].id))
    assert (guest.product_id, guest.role, guest.stage) == (unit.id, Role.GUEST, Stage.SUPPORT)
    assert (model.product_id, model.stage) == (None, Stage.INTERESTED)
    again, _ = scan(world, unit, seen[-1][1])
    assert again.id == model.id
    check(world)


def test_who_has_the_code_owns_the_unit_however_many_look_on(world: World) -> None:
    unit = world.unit()
    for _ in range(ONLOOKERS_MAX):
        scan(world, unit, None)
    journey, fresh = scan(world, unit, None)
    assert journey.product_id is None
    caller = world.menus.caller(world.menus.start_session(fresh, None).started.token, "en")
    claimed = world.menus.claim(caller, unit.gtin, unit.serial, unit.claim_code, None, None)
    assert (claimed.journey_id, claimed.product_id) == (journey.id, unit.id)
    world.set_up(unit)
    assert "test-page" in items_of(world, caller, journey.id)
    check(world)


@pytest.mark.postgres
def test_scans_at_once_count_each_other(postgres_world: World) -> None:
    world = postgres_world
    unit = world.unit()
    for _ in range(ONLOOKERS_MAX - 1):
        scan(world, unit, None)
    works: list[Callable[[], object]] = [lambda: scan(world, unit, None) for _ in range(8)]
    assert [one for one in at_once(works) if isinstance(one, Exception)] == []
    assert tied(world, unit) == ONLOOKERS_MAX
