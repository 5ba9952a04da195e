"""What a phone waits for: few statements, no transaction where nothing is written, and no disk where nothing was
promised. What a device was promised waits for the disk as ever.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from cloud.care import service as care
from cloud.commerce import coupons
from cloud.control import asking
from cloud.db import Database, Transaction
from cloud.lifecycle import service as lifecycle
from cloud.lifecycle.tables import JourneyRow
from tests.integration.cloud.shown import Window
from tests.integration.cloud.test_shown_menus import owner_of, rows
from tests.integration.cloud.world import CLEARED, JAMMED, World

FLUSHED = {True: 2, False: "on"}
UNFLUSHED = {True: 1, False: "off"}
"""In the database's words, by whether it is SQLite. Source: SQLite's manual, PRAGMA synchronous."""


def waits_for_disk(tx: Transaction) -> Any:
    return tx.session.execute(sa.text("PRAGMA synchronous" if tx.sqlite else "SHOW synchronous_commit")).scalar()


@contextmanager
def statements(db: Database) -> Iterator[list[tuple[str, bool]]]:
    """Each query with whether its transaction waits for the disk."""
    found: list[tuple[str, bool]] = []

    def note(connection: sa.Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.split(maxsplit=1)[0] in {"SELECT", "INSERT", "UPDATE", "DELETE"}:
            found.append((statement, connection.get_execution_options().get("durable", True)))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_only_a_transaction_that_says_so_does_not_wait_for_the_disk_whoever_had_its_connection_before(
    world: World,
) -> None:
    """The databases of these tests wait for no disk by themselves; this one is as it is where it counts."""

    def as_it_is(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous=FULL" if world.db.is_sqlite else "SET synchronous_commit = on")
        connection.commit()

    world.db.dispose()
    event.listen(world.db.engine, "connect", as_it_is)
    durable = [True, False, False, True, True, False, True]
    found = [world.db.run(waits_for_disk, durable=one) for one in durable]
    assert found == [(FLUSHED if one else UNFLUSHED)[world.db.is_sqlite] for one in durable]


def test_what_does_not_wait_for_the_disk_stands_for_everybody_or_not_at_all(world: World) -> None:
    journey = world.begin(world.phone())
    table = lifecycle.journey_table
    query = sa.select(table.c.stage).where(table.c.id == journey.id)

    def change(tx: Transaction, stage: str) -> None:
        tx.session.execute(sa.update(table).where(table.c.id == journey.id).values(stage=stage))

    world.db.run(lambda tx: change(tx, "care"), durable=False)
    assert world.read(lambda tx: tx.session.execute(query).scalar()) == "care"

    def fail(tx: Transaction) -> None:
        change(tx, "setup")
        raise KeyError

    with pytest.raises(KeyError):
        world.db.run(fail, durable=False)
    assert world.read(lambda tx: tx.session.execute(query).scalar()) == "care"


def test_a_look_sees_what_is_committed_and_begins_no_transaction_and_the_next_one_has_its_own_again(
    world: World,
) -> None:
    journey = world.begin(world.phone())
    with world.db.looking() as tx:
        assert lifecycle.read(tx, journey.id).stage == journey.stage
        driver: Any = tx.session.connection().connection.driver_connection
        assert world.db.is_sqlite or driver.info.transaction_status.name == "IDLE"

    def fail(tx: Transaction) -> None:
        tx.session.execute(sa.delete(lifecycle.journey_table))
        raise KeyError

    for _ in range(3):
        with pytest.raises(KeyError):
            world.run(fail)
        with world.db.looking() as tx:
            assert tx.session.get(JourneyRow, journey.id) is not None


def test_what_a_device_said_waits_for_the_disk_and_the_menu_that_comes_of_it_does_not(world: World) -> None:
    phone, device, journey = owner_of(world)
    window = Window(world)
    window.show(phone, journey)
    with statements(world.db) as asked:
        world.take(device.status(JAMMED))
        assert {durable for _, durable in asked} == {True}
        asked.clear()
        window.show(phone, journey)
    written = [durable for statement, durable in asked if statement.startswith("INSERT INTO served_menu")]
    assert written == [False]
    assert len(rows(world)) == 2


def test_a_changed_menu_costs_seven_queries(world: World) -> None:
    phone, device, journey = owner_of(world)
    window = Window(world)
    caller = window.menus.caller(phone.token, "en")
    window.service.menu(caller, journey)
    world.clock.advance(minutes=1)
    world.take(device.status(JAMMED))
    window.service.menu(caller, journey)
    world.clock.advance(minutes=1)
    world.take(device.status(CLEARED))
    with statements(world.db) as asked:
        window.service.menu(caller, journey)
    # The version; journey; model with unit; what stands beside; the twin. What was shown before; what is shown now.
    assert len(asked) == 7, "\n".join(statement for statement, _ in asked)
    assert len(rows(world)) == 3


def test_what_stands_beside_a_journey_is_asked_for_when_it_is_there(world: World) -> None:
    phone, device, journey_id = owner_of(world)
    before = world.menus.situation(phone.caller, journey_id)
    journey = world.journey(phone)
    unit = journey.product_id or ""
    world.run(lambda tx: coupons.issue_coupon(tx, journey, None))
    world.run(lambda tx: care.escalate(tx, world.keys, journey, "it hums", b"{}"))
    world.run(lambda tx: asking.begin(tx, journey, unit, asking.Kind("print_test_page", {}), "print_test_page"))
    world.order(journey=journey_id)
    world.take(device.status(JAMMED))
    after = world.menus.situation(phone.caller, journey_id)
    assert (before.relation.case, before.relation.coupon) == (None, None)
    assert (before.relation.order_id, before.device.commands) == ("", ())
    assert (after.relation.case is None, after.relation.coupon is None) == (False, False)
    assert after.relation.order_id == "A-1"
    assert [one.name for one in after.device.commands] == ["print_test_page"]
