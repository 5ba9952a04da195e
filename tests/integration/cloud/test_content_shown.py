"""Menus that are made of published content: one that cannot be read takes none away, and all its pictures are found."""

import pytest
import sqlalchemy as sa

from cloud.content import service
from cloud.content.current import Contents
from cloud.content.pictures import Pictures
from cloud.errors import ConflictError, NotFoundError, StaleError
from mobile_menu.content_files import digest_of, read_files
from mobile_menu.content_loader import load_content
from mobile_menu.rules.pictures import Picture, read_picture
from tests.integration.cloud.shown import Window
from tests.integration.cloud.test_content import BY, PACKAGED, owner, publish, saying
from tests.integration.cloud.world import World

# --- what menus are made of ---


def test_a_version_that_cannot_be_read_takes_no_menu_away(world: World) -> None:
    phone, journey = owner(world)
    window = Window(world)
    window.show(phone, journey)
    publish(world, saying("Wonder"))
    good = window.show(phone, journey)
    publish(world, {**PACKAGED, "profile.toml": "broken"})
    assert window.show(phone, journey) == good, "the last good one stays"
    table = service.versions
    world.run(lambda tx: tx.session.execute(sa.update(table).where(table.c.version == 2).values(files=b"damaged")))
    fresh = Window(world)
    assert fresh.show(phone, journey) == good, "a fresh process finds it among the older ones"
    world.run(lambda tx: tx.session.execute(sa.update(table).values(files=b"damaged")))
    assert Contents(world.db).current("printer").version == 0, "and what came with the program, when there is no other"


def test_of_versions_that_came_while_nobody_looked_the_newest_good_one_is_shown(world: World) -> None:
    contents = Contents(world.db)
    assert contents.current("printer").version == 0
    publish(world, saying("One"))
    publish(world, saying("Two"))
    publish(world, {**PACKAGED, "profile.toml": "broken"})
    contents.look()
    assert contents.current("printer").version == 2


def test_a_process_switches_once_for_each_publication_and_not_for_a_look(world: World) -> None:
    switched: list[int] = []
    contents = Contents(world.db, lambda: switched.append(contents.current("printer").version))
    contents.current("printer")
    contents.look()
    contents.heard(0)
    assert switched == []
    publish(world, saying("One"))
    contents.heard(1)
    contents.heard(1)
    contents.look()
    assert switched == [1]
    assert contents.count() == 1


def test_what_is_shown_says_which_version_it_is_made_of(world: World) -> None:
    phone, journey = owner(world)
    window = Window(world)
    window.show(phone, journey)
    made = publish(world, saying("Wonder"))
    window.show(phone, journey)
    found = [(row.version, row.digest) for row in world.rows("served_menu")]
    assert found == [(0, digest_of(PACKAGED)), (1, made.digest)]


def test_content_from_memory_is_content_from_the_disk() -> None:
    packaged, read = load_content("printer"), read_files("printer", PACKAGED)
    assert (read.items, read.tests, read.reason_labels) == (packaged.items, packaged.tests, packaged.reason_labels)
    assert {name: texts.by_id.keys() for name, texts in read.texts.items()} == {
        name: texts.by_id.keys() for name, texts in packaged.texts.items()
    }
    assert {name: one.digest for name, one in read.pictures.items()} == {
        name: one.digest for name, one in packaged.pictures.items()
    }


def test_a_draft_of_another_profile_is_not_there(world: World) -> None:
    draft = world.run(lambda tx: service.create_draft(tx, "printer", "x", BY, files={}))
    with pytest.raises(NotFoundError):
        world.run(lambda tx: service.read_draft(tx, "toaster", draft.id))
    with pytest.raises(NotFoundError):
        world.run(lambda tx: service.change_draft(tx, "printer", draft.id, BY, {"gone.toml": None}, None))
    with pytest.raises(StaleError):
        world.run(lambda tx: service.read_draft(tx, "printer", draft.id, 9))
    with pytest.raises(ConflictError):
        world.run(lambda tx: service.publish(tx, "printer", PACKAGED, note="", by=BY))


def test_a_picture_of_any_version_is_found_and_one_of_none_costs_no_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = Contents(world.db)
    contents.heard(0)
    pictures = Pictures(world.db, contents.count)
    assert pictures.find("0" * 32) is None
    drawn = SVG.format(x=1)
    publish(world, {**PACKAGED, "pictures/leaf.svg": drawn})
    publish(world, saying("Without it"))
    contents.heard(2)
    digest = digest_of_picture(drawn)
    found = pictures.find(digest)
    assert found is not None
    assert found.body == drawn.encode()
    monkeypatch.setattr(world.db, "reading", lambda: pytest.fail("the database was asked"))
    assert pictures.find("0" * 32) is None
    assert pictures.find(digest) == found


def test_a_process_that_has_just_started_finds_the_pictures_of_all_versions_but_of_damaged_ones(world: World) -> None:
    drawn = SVG.format(x=2)
    publish(world, saying("Damaged"))
    table = service.versions
    world.run(lambda tx: tx.session.execute(sa.update(table).values(files=b"damaged")))
    publish(world, {**PACKAGED, "pictures/leaf.svg": drawn})
    contents = Contents(world.db)
    pictures = Pictures(world.db, contents.count)
    found = pictures.find(digest_of_picture(drawn))
    assert contents.count() == -1, "it has heard of no version yet"
    assert found is not None
    assert found.body == drawn.encode()


SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">'
    "<style>.a {{ fill: #111 }} @media (prefers-color-scheme: dark) {{ .a {{ fill: #eee }} }}</style>"
    '<rect class="a" x="{x}" y="1" width="9" height="9"/></svg>'
)


def digest_of_picture(text: str) -> str:
    found = read_picture(text)
    assert isinstance(found, Picture), found
    return found.digest
