"""What a phone was shown does not outlive its time, nor its person; and is sealed and told to them while it lasts."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from cloud.db import Transaction
from cloud.errors import NotFoundError
from cloud.secrets import Keys
from cloud.served import service as served
from tests.integration.cloud.joined import again, prove
from tests.integration.cloud.lives import everything
from tests.integration.cloud.shown import Window, then
from tests.integration.cloud.test_shown_menus import owner_of, rows
from tests.integration.cloud.world import CLEARED, JAMMED, World, at_once


def test_a_journey_keeps_its_newest_menus_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "KEPT_PER_JOURNEY", 3)
    phone, device, journey = owner_of(world)
    other, _, others = owner_of(world)
    window = Window(world)
    window.show(other, others)
    seen = []
    for number in range(5):
        world.clock.advance(minutes=1)
        world.take(device.status(JAMMED if number % 2 else CLEARED))
        seen.append((world.clock(), window.show(phone, journey)))
    assert [row.at for row in world.rows("served_menu", journey_id=journey)] == [at for at, _ in seen[2:]]
    assert len(world.rows("served_menu", journey_id=others)) == 1
    with pytest.raises(NotFoundError):
        then(world, journey, seen[1][0])
    assert then(world, journey, seen[2][0]).shown.menu == seen[2][1]


def test_what_was_shown_goes_by_its_age_once_another_had_followed_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, device, journey = owner_of(world)
    window = Window(world)
    window.show(phone, journey)
    world.clock.advance(days=60)
    world.take(device.status(JAMMED))
    window.show(world.another_phone_of(phone), journey)
    world.clock.advance(days=89)
    kept = timedelta(days=90)
    assert not world.run(lambda tx: served.forget_old(tx, kept))
    assert len(rows(world)) == 2, "the first was on the phone until 89 days ago"
    world.clock.advance(days=1)
    assert not world.run(lambda tx: served.forget_old(tx, kept))
    assert len(rows(world)) == 1
    world.take(device.status(CLEARED))
    window.show(world.another_phone_of(phone), journey)
    monkeypatch.setattr(served, "AT_ONCE", 1)
    world.clock.advance(days=90)
    assert world.run(lambda tx: served.forget_old(tx, kept)), "there may be more"
    assert not world.run(lambda tx: served.forget_old(tx, kept))
    assert len(rows(world)) == 1


def test_a_menu_that_has_not_changed_for_longer_than_menus_are_kept_is_known_whenever_it_was_shown(
    world: World,
) -> None:
    phone, _, journey = owner_of(world)
    window = Window(world)
    english, german = window.show(phone, journey), window.show(phone, journey, "de")
    world.clock.advance(days=3)
    assert not world.run(lambda tx: served.forget_old(tx, timedelta(days=2)))
    again = world.another_phone_of(phone)
    assert (window.show(again, journey), window.show(again, journey, "de")) == (english, german)
    for moment in (world.clock(), world.clock() - timedelta(days=1)):
        assert then(world, journey, moment, "en").shown.menu == english
        assert then(world, journey, moment, "de").shown.menu == german


def test_who_leaves_takes_along_what_they_were_shown(world: World) -> None:
    phone, _, journey = owner_of(world)
    window = Window(world)
    window.show(phone, journey)
    receipt: Any = world.menus.opt_out(phone.token)
    assert receipt["wiped"]["served_menu"] == 1
    assert rows(world) == []
    assert journey.encode() not in everything(world)
    assert window.record._writer._known == {}, "nor does memory know the journey"  # noqa: SLF001 - it is nowhere else to be seen
    with pytest.raises(NotFoundError):
        then(world, journey, world.clock())


def test_nothing_is_kept_of_who_leaves_while_their_menu_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, _, journey = owner_of(world)
    window = Window(world)
    left: list[Any] = []
    keep = served.keep

    def too_late(tx: Transaction, keys: Keys, showings: Any) -> int:
        assert left
        return keep(tx, keys, showings)

    def show(showing: Any, version: int) -> None:
        left.append(world.menus.opt_out(phone.token))
        kept(showing, version)

    kept = window.record._writer.keep  # noqa: SLF001 - the moment between the menu and its record
    monkeypatch.setattr(served, "keep", too_late)
    monkeypatch.setattr(window.record._writer, "keep", show)  # noqa: SLF001 - as above
    window.show(phone, journey)
    assert (len(left), rows(world), window.told) == (1, [], ["written"]), "and nothing is lost by it"
    assert journey.encode() not in everything(world)


@pytest.mark.postgres
def test_leaving_and_looking_at_once_leaves_nothing(postgres_world: World) -> None:
    world = postgres_world
    window = Window(world, hears=False)
    for _ in range(5):
        phone, _, journey = owner_of(world)
        caller = world.menus.caller(phone.token, "en")

        works: list[Callable[[], Any]] = [
            partial(world.menus.opt_out, phone.token), partial(window.service.menu, caller, journey),
        ]  # fmt: skip
        left, _ = at_once(works)
        assert isinstance(left, dict)
        assert rows(world) == []


def test_the_history_of_two_who_become_one_is_theirs(world: World) -> None:
    first, second = world.phone(), world.phone()
    window = Window(world)
    prove(world, first)
    ours, theirs = world.begin(first).id, world.begin(second).id
    mine = window.show(first, ours)
    world.clock.advance(minutes=1)
    other = window.show(second, theirs)
    shown_at = world.clock()
    world.clock.advance(minutes=1)
    prove(world, second)
    (one,) = world.menus.journeys(again(world, second).caller)
    assert then(world, one.id, shown_at).shown.menu == then(world, theirs, shown_at).shown.menu == other
    assert then(world, one.id, shown_at - timedelta(seconds=1)).shown.menu == mine
    assert {row.person_id for row in rows(world)} == {first.person_id}
    world.menus.opt_out(first.token)
    assert rows(world) == []


def test_the_export_holds_what_they_were_shown(world: World) -> None:
    phone, _, journey = owner_of(world)
    body = Window(world).show(phone, journey, "de")
    found: Any = world.menus.export(phone.caller)["menus"]
    assert [(one["journey_id"], one["language"], one["at"]) for one in found] == [(journey, "de", world.clock())]
    assert msgspec.json.encode(found[0]["menu"]) == body
    assert found[0]["situation"]["stage"] == "support"
    assert phone.person_id.encode() not in msgspec.json.encode(found)


def test_a_situation_is_sealed_and_stands_in_no_row(world: World) -> None:
    phone, device, journey = owner_of(world)
    world.take(device.status(JAMMED))
    body = Window(world).show(phone, journey)
    assert b"Paper jam" in body
    (row,) = rows(world)
    assert b"jam" not in bytes(row.sealed)
    assert b"Paper jam" not in everything(world)
