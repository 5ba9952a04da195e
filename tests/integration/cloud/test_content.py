"""Content that operators write: drafts, checks, versions, taking one back, and the menus that are made of it."""

from collections.abc import AsyncIterator
from functools import partial

import httpx
import pytest

from cloud.content import checking, service
from cloud.errors import InvalidError
from cloud.identity.permissions import OperatorRole
from mobile_menu.content_files import digest_of, packaged_files, read_files
from mobile_menu.content_loader import ContentError
from tests.integration.cloud.operators import application, client, issue, log, problem
from tests.integration.cloud.shown import Window
from tests.integration.cloud.world import Phone, World, at_once

PACKAGED = packaged_files("printer")
BY = "key:test"
BASE = "/api/v1/content/printer"


def saying(words: str) -> dict[str, str]:
    """The printer's content, with other words for one of its items."""
    return with_change("frame.en.ftl", _title_line(), f"title-support = {words}")


def _title_line() -> str:
    return next(line for line in PACKAGED["frame.en.ftl"].splitlines() if line.startswith("title-support ="))


def with_change(name: str, old: str, new: str) -> dict[str, str]:
    assert old in PACKAGED[name]
    return {**PACKAGED, name: PACKAGED[name].replace(old, new)}


def publish(world: World, files: dict[str, str], note: str = "") -> service.Version:
    return world.run(lambda tx: service.publish(tx, "printer", files, note=note, by=BY))


def owner(world: World) -> tuple[Phone, str]:
    phone, unit = world.phone(), world.unit()
    world.set_up(unit)
    world.claim(phone, unit)
    return phone, world.journey(phone).id


@pytest.fixture
async def marketer(sqlite_world: World) -> AsyncIterator[httpx.AsyncClient]:
    app = application(sqlite_world)
    async with client(app, issue(sqlite_world, OperatorRole.MARKETER).token) as caller:
        yield caller
    app.state.hub.close()


# --- drafts ---


async def test_a_draft_begins_as_what_is_shown_now_and_changes_file_by_file(marketer: httpx.AsyncClient) -> None:
    made = await marketer.post(f"{BASE}/drafts", json={"name": "autumn"})
    draft = made.json()
    assert (made.status_code, draft["files"], draft["revision"], made.headers["etag"]) == (201, PACKAGED, 1, '"1"')
    place = f"{BASE}/drafts/{draft['id']}"
    changed = await marketer.put(f"{place}/files/autumn.toml", json={"text": "items = []"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    picture = await marketer.put(f"{place}/files/leaf.svg", json={"text": "<svg/>"})
    assert set(picture.json()["sizes"]) == {*PACKAGED, "autumn.toml", "pictures/leaf.svg"}
    await marketer.delete(f"{place}/files/leaf.svg")
    found = (await marketer.get(place)).json()
    assert found["files"] == {**PACKAGED, "autumn.toml": "items = []"}
    assert [one["name"] for one in (await marketer.get(f"{BASE}/drafts")).json()] == ["autumn"]
    whole = await marketer.put(place, json={"files": {"profile.toml": "x"}}, headers={"If-Match": '"4"'})
    assert whole.json()["files"] == {"profile.toml": "x"}
    assert (await marketer.delete(place)).status_code == 204
    problem(await marketer.get(place), 404, "not_found")


async def test_who_builds_on_an_older_revision_is_told_and_changes_nothing(marketer: httpx.AsyncClient) -> None:
    draft = (await marketer.post(f"{BASE}/drafts", json={"name": "x", "files": {"a.toml": "1"}})).json()
    place = f"{BASE}/drafts/{draft['id']}"
    assert (await marketer.put(f"{place}/files/a.toml", json={"text": "2"})).status_code == 200
    old = {"If-Match": '"1"'}
    problem(await marketer.put(f"{place}/files/a.toml", json={"text": "3"}, headers=old), 412, "stale")
    problem(await marketer.put(place, json={"files": {}}, headers=old), 412, "stale")
    problem(await marketer.delete(f"{place}/files/a.toml", headers=old), 412, "stale")
    problem(await marketer.post(f"{place}/publish", json={}, headers=old), 422, "content_refused")
    problem(await marketer.delete(place, headers=old), 412, "stale")
    problem(await marketer.delete(place, headers={"If-Match": "*"}), 422, "invalid")
    assert (await marketer.get(place)).json()["files"] == {"a.toml": "2"}


WRONG_FILES = [
    ("../profile.toml", "", "wrong_name"),
    ("pictures/../profile.toml", "", "wrong_name"),
    ("/etc/passwd", "", "wrong_name"),
    ("machine/profile.toml", "", "wrong_name"),
    ("Profile.toml", "", "wrong_name"),
    (".toml", "", "wrong_name"),
    ("a.py", "", "wrong_name"),
    ("a.toml\n", "", "wrong_name"),
    ("x" * 65 + ".toml", "", "wrong_name"),
    ("leaf.svg", "", "wrong_name"),
    ("a.ftl", "", "wrong_name"),
    ("a.toml", "ü" * 100_000, "too_large"),
]


async def test_a_file_that_cannot_be_one_is_refused_with_its_place(marketer: httpx.AsyncClient) -> None:
    for name, text, code in WRONG_FILES:
        answer = await marketer.post(f"{BASE}/drafts", json={"name": "x", "files": {name: text}})
        problem(answer, 422, "invalid")
        pointer = "/files/" + name.replace("~", "~0").replace("/", "~1")
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]


async def test_too_many_files_too_many_bytes_and_too_many_drafts_are_refused(
    marketer: httpx.AsyncClient, sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sqlite_world
    many = {f"f{number}.toml": "" for number in range(301)}
    answer = await marketer.post(f"{BASE}/drafts", json={"name": "x", "files": many})
    assert [one["code"] for one in answer.json()["errors"]] == ["too_many"]
    big = {f"f{number}.toml": "x" * 190_000 for number in range(23)}
    with pytest.raises(InvalidError) as refused:
        world.run(lambda tx: service.create_draft(tx, "printer", "x", BY, files=big))
    assert [one.code for one in refused.value.problems] == ["too_large"]
    monkeypatch.setattr(service, "MAX_DRAFTS", 2)
    for number in range(2):
        assert (await marketer.post(f"{BASE}/drafts", json={"name": str(number), "files": {}})).status_code == 201
    problem(await marketer.post(f"{BASE}/drafts", json={"name": "x", "files": {}}), 409, "conflict")


async def test_of_a_profile_that_no_product_has_there_is_nothing(marketer: httpx.AsyncClient) -> None:
    for path in ("drafts", "versions", "versions/0"):
        problem(await marketer.get(f"/api/v1/content/toaster/{path}"), 404, "not_found")
    problem(await marketer.post("/api/v1/content/toaster/drafts", json={"name": "x"}), 404, "not_found")
    problem(await marketer.get("/api/v1/content/..%2Fprinter/drafts"), 404, "not_found")
    problem(await marketer.post(f"{BASE}/drafts", json={"name": "x", "from_version": 7}), 404, "not_found")
    problem(await marketer.post(f"{BASE}/rollback", json={"version": 7}), 404, "not_found")


# --- checks ---


async def test_a_check_names_file_and_line_and_changes_nothing(
    marketer: httpx.AsyncClient, sqlite_world: World
) -> None:
    world = sqlite_world
    files = {**PACKAGED, "extra.toml": '[[items]]\nid = "x"\nsection = "use"\nkind = "wonder"\n'}
    draft = (await marketer.post(f"{BASE}/drafts", json={"name": "x"})).json()
    place = f"{BASE}/drafts/{draft['id']}"
    await marketer.put(f"{place}/files/extra.toml", json={"text": files["extra.toml"]})
    found = (await marketer.post(f"{place}/check")).json()
    assert (found["can_be_published"], found["digest"]) == (False, digest_of(files))
    assert [(one["file"], one["line"]) for one in found["faults"]] == [("extra.toml", 4)]
    answer = await marketer.post(f"{place}/publish", json={})
    problem(answer, 422, "content_refused")
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/files/extra.toml"]
    assert answer.json()["errors"][0]["detail"].startswith("line 4: ")
    assert world.rows("content_version") == []


def test_all_faults_that_can_be_told_at_once_are_told() -> None:
    item = '[[items]]\nid = "{name}"\nsection = "{section}"\nkind = "link"\npictures = [{picture}]\n'
    files = {
        **PACKAGED,
        "more.toml": item.format(name="first", section="nowhere", picture="")
        + item.format(name="second", section="use", picture='"no-such-picture"'),
    }
    found = checking.check("printer", files)
    told = {(one.file, one.what.partition(":")[0].split(" ")[0]) for one in found.faults}
    assert ("more.toml", "first") in told, "the section"
    assert ("more.toml", "second") in told, "the picture"
    assert len([one for one in found.faults if "missing" in one.what]) >= 2, "the texts"
    assert not found.can_be_published
    with pytest.raises(ContentError) as refused:
        read_files("printer", files)
    assert len(refused.value.faults) == len(found.faults)


async def test_content_that_fails_its_own_tests_is_not_published_and_every_failing_test_is_named(
    marketer: httpx.AsyncClient, sqlite_world: World
) -> None:
    world = sqlite_world
    more = "".join(
        f'\n[[tests]]\nname = "wrong {number}"\nleads = "no-such-item"\n'
        f'[tests.situation]\njourney_id = "t"\nstage = "support"\nprofile = "printer"\n'
        for number in (1, 2)
    )
    draft = (await marketer.post(f"{BASE}/drafts", json={"name": "x"})).json()
    place = f"{BASE}/drafts/{draft['id']}"
    await marketer.put(f"{place}/files/tests.toml", json={"text": PACKAGED["tests.toml"] + more})
    found = (await marketer.post(f"{place}/check")).json()
    assert (found["faults"], [one[:7] for one in found["failures"]]) == ([], ["wrong 1", "wrong 2"])
    answer = await marketer.post(f"{place}/publish", json={})
    problem(answer, 422, "content_refused")
    assert [one["code"] for one in answer.json()["errors"]] == ["test_failed"] * 2
    assert world.rows("content_version") == []


# --- versions ---


async def test_a_published_draft_is_on_every_phone_and_taking_it_back_too(
    marketer: httpx.AsyncClient, sqlite_world: World
) -> None:
    world = sqlite_world
    phone, journey = owner(world)
    here, there = Window(world), Window(world, hears=False)
    before = here.show(phone, journey)
    assert there.show(phone, journey) == before
    draft = (await marketer.post(f"{BASE}/drafts", json={"name": "x"})).json()
    place = f"{BASE}/drafts/{draft['id']}"
    text = saying("Wonder")["frame.en.ftl"]
    await marketer.put(f"{place}/files/frame.en.ftl", json={"text": text})
    key = {"Idempotency-Key": "once"}
    made = await marketer.post(f"{place}/publish", json={"note": "new words"}, headers=key)
    assert (made.status_code, made.json()["version"], made.json()["note"]) == (201, 1, "new words")
    assert (await marketer.post(f"{place}/publish", json={"note": "new words"}, headers=key)).json() == made.json()
    assert b'"title":"Wonder"' in here.show(phone, journey)
    assert there.show(phone, journey) == before, "that one has heard nothing"
    world.clock.advance(seconds=61)
    assert b'"title":"Wonder"' in there.show(phone, journey), "and looks after a while"
    back = await marketer.post(f"{BASE}/rollback", json={"version": 0})
    assert (back.status_code, back.json()["version"], back.json()["again_of"]) == (201, 2, 0)
    assert here.show(phone, journey) == before
    listed = (await marketer.get(f"{BASE}/versions")).json()["items"]
    assert [(one["version"], one["again_of"]) for one in listed] == [(2, 0), (1, None), (0, None)]
    assert listed[0]["digest"] == listed[2]["digest"] != listed[1]["digest"]
    version = (await marketer.get(f"{BASE}/versions/1")).json()
    assert version["files"]["frame.en.ftl"] == text
    newest = (await marketer.get("/api/v1/content")).json()
    assert next(one for one in newest if one["profile"] == "printer")["version"] == 2


async def test_versions_page_by_cursor_to_the_one_that_came_with_the_program(
    marketer: httpx.AsyncClient, sqlite_world: World
) -> None:
    world = sqlite_world
    for number in range(3):
        publish(world, saying(f"Wonder {number}"))
    seen, cursor = [], None
    while True:
        asked = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        found = (await marketer.get(f"{BASE}/versions", params=asked)).json()
        seen.append([one["version"] for one in found["items"]])
        cursor = found["next"]
        if cursor is None:
            break
    assert seen == [[3, 2], [1, 0]]


async def test_what_is_published_already_is_no_version(marketer: httpx.AsyncClient, sqlite_world: World) -> None:
    world = sqlite_world
    draft = (await marketer.post(f"{BASE}/drafts", json={"name": "x"})).json()
    problem(await marketer.post(f"{BASE}/drafts/{draft['id']}/publish", json={}), 409, "conflict")
    publish(world, saying("Wonder"))
    problem(await marketer.post(f"{BASE}/rollback", json={"version": 1}), 409, "conflict")


async def test_what_was_checked_is_what_is_published_whoever_writes_meanwhile(
    marketer: httpx.AsyncClient, sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sqlite_world
    draft = (await marketer.post(f"{BASE}/drafts", json={"name": "x"})).json()
    check, read = checking.check, {"files": {"profile.toml": "broken"}}

    def and_then_somebody_writes(profile: str, files: dict[str, str]) -> checking.Checked:
        found = check(profile, files)
        world.run(lambda tx: service.replace_draft(tx, profile, draft["id"], BY, read["files"], None))
        return found

    await marketer.put(f"{BASE}/drafts/{draft['id']}/files/frame.en.ftl", json={"text": saying("W")["frame.en.ftl"]})
    monkeypatch.setattr("cloud.content.api.check", and_then_somebody_writes)
    problem(await marketer.post(f"{BASE}/drafts/{draft['id']}/publish", json={}), 412, "stale")
    assert world.rows("content_version") == []


def test_two_who_publish_at_once_make_two_versions(world: World) -> None:
    made = at_once([partial(publish, world, saying(f"W{number}")) for number in range(4)])
    assert sorted(one.version for one in made if isinstance(one, service.Version)) == [1, 2, 3, 4]


async def test_each_publication_is_in_the_audit_log_and_readers_change_nothing(
    marketer: httpx.AsyncClient, sqlite_world: World
) -> None:
    world = sqlite_world
    publish(world, saying("Wonder"))
    await marketer.post(f"{BASE}/rollback", json={"version": 0, "note": "enough"})
    assert ("content.write", "content", "printer") in log(world, "action", "subject_kind", "subject_id")
    app = application(world)
    async with client(app, issue(world, OperatorRole.VIEWER).token) as viewer:
        assert (await viewer.get(f"{BASE}/versions")).status_code == 200
        for path, body in (("drafts", {"name": "x"}), ("rollback", {"version": 1})):
            problem(await viewer.post(f"{BASE}/{path}", json=body), 403, "forbidden")
    app.state.hub.close()
