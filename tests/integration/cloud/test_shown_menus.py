"""What a phone was shown is known afterwards, byte for byte; and nothing of it outlives its time, or its person."""

import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from cloud import explaining
from cloud.db import Transaction
from cloud.errors import InvalidError, NotFoundError
from cloud.explaining import explained
from cloud.lifecycle import service as lifecycle
from cloud.secrets import Keys
from cloud.served import service as served
from cloud.served import writer
from mobile_menu.ports import ZoneState
from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.situation import Zone
from tests.conftest import sqlite_copy
from tests.integration.cloud.shown import Window, then
from tests.integration.cloud.test_replay import STEPS, Play
from tests.integration.cloud.world import CLEARED, JAMMED, Device, Phone, World, at_once
from tests.services import ManualClock

LANGUAGES = ("en", "de", "de-AT, en;q=0.5")


def owner_of(world: World) -> tuple[Phone, Device, str]:
    """Somebody with a unit that is set up, its device, and their journey."""
    phone, unit = world.phone(), world.unit()
    world.set_up(unit)
    world.claim(phone, unit)
    device = Device(world, unit.id, boot=2)
    world.take(device.birth())
    return phone, device, world.journey(phone).id


def rows(world: World) -> list[Any]:
    return world.rows("served_menu")


class Diary:
    """Everything that everybody was shown in a play, and when."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.window = Window(play.world)
        self.seen: dict[tuple[str, datetime, str], bytes] = {}

    def everybody_looks(self, chance: random.Random) -> None:
        world = self.play.world
        for phone in self.play.phones:
            fresh = world.another_phone_of(phone)  # the first one's access token may have ended
            for journey in world.read(lambda tx, who=phone.person_id: lifecycle.of_person(tx, who)):  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
                body = self.window.show(fresh, journey.id, chance.choice(LANGUAGES))
                self.seen[journey.id, world.clock(), msgspec.json.decode(body)["language"]] = body

    def check(self) -> int:
        """How many menus of those who are still there were compared."""
        here = {row.id for row in self.play.world.rows("journey")}
        compared = 0
        for (journey_id, at, language), body in self.seen.items():
            if journey_id in here:
                assert then(self.play.world, journey_id, at, language).shown.menu == body
                compared += 1
            else:
                with pytest.raises(NotFoundError):
                    then(self.play.world, journey_id, at, language)
        return compared


@given(st.lists(st.sampled_from((*STEPS, "leaves")), min_size=3, max_size=14), st.randoms(use_true_random=False))
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_in_any_story_each_menu_that_was_served_is_found_again_at_its_moment_byte_for_byte(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, keys: Keys, steps: list[str], chance: random.Random
) -> None:
    clock = ManualClock()
    with sqlite_copy(sqlite_template, tmp_path_factory.mktemp("shown") / "tests.db", clock) as db:
        play = Play(World(db, keys, clock))
        diary = Diary(play)
        for step in steps:
            play.step(step, chance)
            diary.everybody_looks(chance)
        diary.check()


def test_a_long_story_is_found_again_byte_for_byte(world: World) -> None:
    chance, play = random.Random(7), Play(world)  # noqa: S311 - a test that can be repeated
    diary = Diary(play)
    for _ in range(14):
        play.step(chance.choice(STEPS), chance)
        diary.everybody_looks(chance)
    assert diary.check() > 10
    assert len({row.etag for row in rows(world)}) > 5, "the story has different menus"


def test_a_menu_that_is_shown_again_is_one_and_another_is_another(world: World) -> None:
    phone, device, journey = owner_of(world)
    window = Window(world)
    first = window.show(phone, journey)
    assert window.show(phone, journey) == window.show(world.another_phone_of(phone), journey) == first
    assert len(rows(world)) == 1
    jammed_at = world.clock.advance(minutes=5)
    world.take(device.status(JAMMED))
    second = window.show(phone, journey)
    world.clock.advance(minutes=5)
    world.take(device.status(CLEARED))
    third = window.show(phone, journey)
    assert len(rows(world)) == 3
    world.clock.advance(hours=3)
    found = [then(world, journey, jammed_at + timedelta(minutes=minutes)).shown.menu for minutes in (-1, 0, 4, 5, 99)]
    assert found == [first, second, second, third, third]


def test_what_was_shown_then_says_its_why_and_is_the_same_when_it_is_made_again(world: World) -> None:
    phone, device, journey = owner_of(world)
    window = Window(world)
    world.take(device.status(JAMMED))
    body = window.show(phone, journey)
    jammed_at = world.clock()
    world.clock.advance(days=1)
    world.take(device.status(CLEARED))
    found = world.read(lambda tx: explained(tx, then(world, journey, jammed_at)))
    assert (bytes(found.menu), found.reproduced, found.version) == (body, True, 0)
    assert msgspec.json.decode(found.situation)["device"]["reasons"] == ["media-jam"]
    absent = {one.item: one.why_not for one in found.absent or ()}
    assert len(absent) > 20, "all else is named"
    assert all(absent.values()), "each with what keeps it away"


def test_a_composer_that_makes_another_menu_of_it_today_is_told_and_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, _, journey = owner_of(world)
    body = Window(world).show(phone, journey)
    compose = compose_menu

    def another(*given: Any) -> Any:
        made = compose(*given)
        return msgspec.structs.replace(made, menu=msgspec.structs.replace(made.menu, title="another"))

    monkeypatch.setattr(explaining, "compose_menu", another)
    found = world.read(lambda tx: explained(tx, then(world, journey, world.clock())))
    assert (bytes(found.menu), found.reproduced) == (body, False)


def test_content_that_is_not_here_any_more_leaves_the_bytes_and_says_so(world: World) -> None:
    phone, _, journey = owner_of(world)
    body = Window(world).show(phone, journey)
    table = served.served_menu
    world.run(lambda tx: tx.session.execute(sa.update(table).values(digest="of an earlier program")))
    found = world.read(lambda tx: explained(tx, then(world, journey, world.clock())))
    assert (bytes(found.menu), found.absent, found.reproduced) == (body, None, None)


def test_each_language_has_a_history_of_its_own(world: World) -> None:
    phone, device, journey = owner_of(world)
    window = Window(world)
    english, german = window.show(phone, journey, "en"), window.show(phone, journey, "de-CH, en;q=0.4")
    world.clock.advance(minutes=1)
    world.take(device.status(JAMMED))
    later = window.show(phone, journey, "en")
    now = world.clock()
    assert then(world, journey, now, "de").shown.menu == german
    assert then(world, journey, now, "en").shown.menu == then(world, journey, now).shown.menu == later
    assert then(world, journey, now - timedelta(seconds=30), "en").shown.menu == english
    with pytest.raises(NotFoundError):
        then(world, journey, now, "fr")


def test_before_the_first_look_nothing_is_known_and_the_future_is_no_moment(world: World) -> None:
    phone, _, journey = owner_of(world)
    world.clock.advance(minutes=1)
    Window(world).show(phone, journey)
    with pytest.raises(NotFoundError):
        then(world, journey, world.clock() - timedelta(seconds=1))
    with pytest.raises(InvalidError):
        then(world, journey, world.clock() + timedelta(seconds=1))


def test_a_menu_is_on_record_before_its_phone_has_it(world: World) -> None:
    phone, _, journey = owner_of(world)
    window = Window(world)
    on_record: list[int] = []
    window.service._menus.put = lambda *_: on_record.append(len(rows(world)))  # type: ignore[method-assign]  # noqa: SLF001 - the very moment at which others could get it
    window.show(phone, journey)
    assert on_record == [1]
    assert window.told == ["written"]


def test_two_processes_write_one_history(world: World) -> None:
    phone, device, journey = owner_of(world)
    one, other = Window(world), Window(world)
    seen = []
    for window, said in ((one, JAMMED), (other, CLEARED), (one, JAMMED), (one, CLEARED), (other, CLEARED)):
        world.clock.advance(minutes=1)
        world.take(device.status(said))
        seen.append((world.clock(), one.show(phone, journey) if window is one else other.show(phone, journey)))
        assert one.show(phone, journey) == other.show(phone, journey)
    assert [then(world, journey, at).shown.menu for at, _ in seen] == [body for _, body in seen]


def test_what_another_process_showed_meanwhile_is_not_taken_for_what_is_shown_now(world: World) -> None:
    """They go, which the one process shows, and come back, which the other one shows: as it did before they went."""
    phone, device, journey = owner_of(world)
    world.take(device.status(JAMMED))
    one, other = Window(world, hears=False), Window(world, hears=False)

    def stand(zone: Zone) -> None:
        unit = world.journey(phone).product_id or ""
        since = world.clock()
        state = ZoneState(zone=zone, subject_id=unit, since=since, heard_at=since)
        world.menus.enter_zone(phone.caller, journey, state, ())

    stand(Zone.HERE)
    here = one.show(world.another_phone_of(phone), journey, trusted_s=0)
    world.clock.advance(minutes=1)
    stand(Zone.AWAY)
    away = other.show(world.another_phone_of(phone), journey, trusted_s=0)
    world.clock.advance(minutes=1)
    stand(Zone.HERE)
    back = one.show(world.another_phone_of(phone), journey, trusted_s=0)
    assert (here != away, back == here) == (True, True)
    assert then(world, journey, world.clock()).shown.menu == back
    assert len(rows(world)) == 3


def until(what: Callable[[], bool]) -> None:
    """Waits until it is so."""
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_menus_that_are_composed_at_once_share_a_transaction(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [owner_of(world) for _ in range(6)]
    window = Window(world)
    keep, batches, gate = served.keep, [], threading.Event()

    def gated(tx: Transaction, keys: Keys, showings: Any) -> int:
        batches.append(len(showings))
        assert gate.wait(60)
        return keep(tx, keys, showings)

    def open_when_all_wait() -> bytes:
        waiting = window.record._writer._waiting  # noqa: SLF001 - who waits is nowhere else to be seen
        until(lambda: sum(batches) + len(waiting) == len(people))
        gate.set()
        return b""

    monkeypatch.setattr(served, "keep", gated)
    monkeypatch.setattr(writer, "WAIT_S", 60)
    works: list[Callable[[], bytes]] = [partial(window.show, phone, journey) for phone, _, journey in people]
    found = at_once([*works, open_when_all_wait])
    assert [one for one in found if isinstance(one, Exception)] == []
    assert sum(batches) == len(people)
    assert len(batches) <= 2, "those who came while the first were written"
    assert {row.journey_id for row in rows(world)} == {journey for _, _, journey in people}
    assert window.told == ["written"] * 6


def test_a_phone_does_not_wait_for_a_record_that_takes_long_and_it_is_written_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, _, journey = owner_of(world)
    window = Window(world)
    keep, gate = served.keep, threading.Event()

    def slow(tx: Transaction, keys: Keys, showings: Any) -> int:
        assert gate.wait(60)
        return keep(tx, keys, showings)

    monkeypatch.setattr(served, "keep", slow)
    monkeypatch.setattr(writer, "WAIT_S", 0.01)
    body = window.show(phone, journey)
    assert (window.told, rows(world)) == (["late"], [])
    gate.set()
    until(lambda: window.told == ["late", "written"])
    assert then(world, journey, world.clock()).shown.menu == body


def test_what_cannot_be_written_is_counted_and_takes_no_menu_and_no_other_record_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [owner_of(world) for _ in range(4)]
    window = Window(world)
    keep, gate = served.keep, threading.Event()
    broken, taken = people[2][2], []

    def failing(tx: Transaction, keys: Keys, showings: Any) -> int:
        if not gate.is_set():
            taken.extend(showings)
        assert gate.wait(60)
        if any(one.journey_id == broken for one in showings):
            statement = "INSERT"
            raise OperationalError(statement, {}, Exception("the disk is full"))
        return keep(tx, keys, showings)

    monkeypatch.setattr(served, "keep", failing)
    monkeypatch.setattr(writer, "WAIT_S", 60)

    def open_when_all_wait() -> bytes:
        waiting = window.record._writer._waiting  # noqa: SLF001 - who waits is nowhere else to be seen
        until(lambda: len(taken) + len(waiting) == len(people))
        gate.set()
        return b""

    works: list[Callable[[], bytes]] = [partial(window.show, phone, journey) for phone, _, journey in people]
    found = at_once([*works, open_when_all_wait])
    assert [one for one in found if isinstance(one, Exception)] == []
    assert sorted(window.told) == ["lost", "written", "written", "written"]
    assert {row.journey_id for row in rows(world)} == {journey for _, _, journey in people} - {broken}
    monkeypatch.setattr(served, "keep", keep)
    world.clock.advance(minutes=6)
    window.show(people[2][0], broken, trusted_s=0)
    assert len(rows(world)) == 4, "the next time it is tried again"


def test_a_menu_that_could_not_be_written_is_written_the_next_time_that_its_phone_asks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, device, journey = owner_of(world)
    window = Window(world)
    window.show(phone, journey)
    jammed_at = world.clock.advance(minutes=1)
    world.take(device.status(JAMMED))
    keep = served.keep

    def failing(*_: Any) -> int:
        raise OperationalError("INSERT", {}, Exception("the disk is full"))  # noqa: EM101 - as the driver says it

    monkeypatch.setattr(served, "keep", failing)
    jammed = window.show(phone, journey)
    monkeypatch.setattr(served, "keep", keep)
    assert then(world, journey, jammed_at).shown.menu != jammed
    asked_at = world.clock.advance(seconds=1)
    assert window.show(phone, journey) == jammed
    assert then(world, journey, asked_at).shown.menu == jammed
    assert window.told == ["written", "lost", "written"]


def test_a_record_that_is_too_full_of_what_waits_loses_the_newest(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, _, journey = owner_of(sqlite_world)
    window = Window(sqlite_world)
    monkeypatch.setattr(writer, "MOST_WAITING", 0)
    assert window.show(phone, journey)
    assert (window.told, rows(sqlite_world)) == (["lost"], [])


def test_a_warm_menu_asks_nothing_of_the_record(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    phone, _, journey = owner_of(world)
    window = Window(world)
    body = window.show(phone, journey)
    other = world.another_phone_of(phone)

    def asked(*_: Any) -> None:
        pytest.fail("the record was asked")

    monkeypatch.setattr(served, "last_etag", asked)
    assert window.show(phone, journey) == body, "kept"
    assert window.show(other, journey) == body, "composed for another phone, at the same version"
