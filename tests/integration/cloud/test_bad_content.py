"""Content that would do harm: texts that go in a circle, giants, scripts. Refused by the operator's own calls with file
and line, before anybody sees any of it, and never by a failure of the service.
"""

from collections.abc import AsyncIterator

import httpx
import pytest

from cloud.identity.permissions import OperatorRole
from mobile_menu.content_files import packaged_files
from tests.integration.cloud.operators import application, client, issue, problem
from tests.integration.cloud.world import World

BASE = "/api/v1/content/printer"
PACKAGED = packaged_files("printer")
WATCH = "item-watch = See it"
EVIL = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">{}</svg>'


def with_text(words: str, more: str = "") -> dict[str, str]:
    """Files in which an item is called so."""
    assert WATCH in PACKAGED["stages.en.ftl"]
    return {"stages.en.ftl": PACKAGED["stages.en.ftl"].replace(WATCH, f"item-watch = {words}") + more}


def with_condition(condition: str) -> dict[str, str]:
    was = "when = 'stage == \"interested\"'"
    assert was in PACKAGED["before.toml"]
    return {"before.toml": PACKAGED["before.toml"].replace(was, f"when = '{condition}'", 1)}


HARMFUL: dict[str, tuple[dict[str, str], str]] = {
    "a text that quotes itself": (with_text("{ item-watch }"), "quotes the text item-watch"),
    "two texts that quote each other": (
        with_text("{ item-b }", "\nitem-b = { item-watch }\n"),
        "quotes the text item-b",
    ),
    "a text that doubles ten times": (
        with_text("{ l9 }", "".join(f"\nl{n} = {{ l{n - 1} }}{{ l{n - 1} }}\n" for n in range(1, 10))),
        "quotes the text l9",
    ),
    "a text of 100,000 letters": (with_text("x" * 100_000), "a text has at most 2000 characters"),
    "a text of braces": (with_text("{" * 50_000), "braces stand too deep in each other"),
    "a script in a text": (with_text("<script>alert(1)</script>"), "a text is words"),
    "a script in a text, escaped": (with_text('{ "\\u003Cscript>" }'), "a text is words"),
    "an event handler in a text": (with_text("<img src=x onerror=alert(1)>"), "a text is words"),
    "a script in a label": ({"reasons.csv": "keyword,label_en\nmedia-jam,<script>\n"}, "in words"),
    "labels without columns": ({"reasons.csv": "a,b\n1,2\n"}, "a line has a keyword and a label_en"),
    "a label of 150,000 letters": ({"reasons.csv": f"keyword,label_en\nx,{'x' * 150_000}\n"}, "larger than"),
    "a table of brackets": ({"before.toml": "items = " + "[" * 90_000}, "lists and tables stand too deep"),
    "a condition of 90,000 letters": (with_condition(f'stage == "{"x" * 90_000}"'), "at most 2000 characters"),
    "a condition of brackets": (with_condition("(" * 900 + "true" + ")" * 900), "at most 12 deep"),
    "a script in a picture": ({"pictures/watch.svg": EVIL.format("<script>alert(1)</script>")}, ""),
    "a picture that asks elsewhere": (
        {"pictures/watch.svg": EVIL.format('<image href="https://evil.example/x"/>')},
        "",
    ),
    "a picture that grows when it is read": (
        {"pictures/watch.svg": '<!DOCTYPE svg [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>' + EVIL.format("&b;")},
        "a DOCTYPE is not allowed",
    ),
}


@pytest.fixture
async def marketer(sqlite_world: World) -> AsyncIterator[httpx.AsyncClient]:
    app = application(sqlite_world)
    async with client(app, issue(sqlite_world, OperatorRole.MARKETER).token) as caller:
        yield caller
    app.state.hub.close()


@pytest.mark.parametrize("harm", HARMFUL)
async def test_harmful_content_is_refused_with_its_file_and_is_shown_to_nobody(
    marketer: httpx.AsyncClient, sqlite_world: World, harm: str
) -> None:
    files, said = HARMFUL[harm]
    made = await marketer.post(f"{BASE}/drafts", json={"name": "x"})
    place = f"{BASE}/drafts/{made.json()['id']}"
    for name, text in files.items():
        put = await marketer.put(f"{place}/files/{name.removeprefix('pictures/')}", json={"text": text})
        assert put.status_code == 200, put.text
    checked = await marketer.post(f"{place}/check")
    assert checked.status_code == 200, checked.text
    found = checked.json()
    assert not found["can_be_published"]
    assert any(one["file"] in files and said in one["what"] and one["line"] >= 1 for one in found["faults"]), found
    refused = await marketer.post(f"{place}/publish", json={})
    problem(refused, 422, "content_refused")
    assert len(refused.content) < 20_000, "a giant is not sent back"
    assert sqlite_world.rows("content_version") == []


@pytest.mark.parametrize(
    ("files", "status", "code"),
    [
        ({"big.toml": "x" * 200_000}, 422, "invalid"),
        ({f"f{number}.toml": "" for number in range(301)}, 422, "invalid"),
        ({f"f{number}.toml": "x" * 190_000 for number in range(60)}, 413, "too_large"),
        ({"script.js": "alert(1)"}, 422, "invalid"),
        ({"../x.toml": ""}, 422, "invalid"),
    ],
    ids=["a giant file", "many files", "all together", "a script", "a way out"],
)
async def test_files_that_are_none_are_not_even_kept(
    marketer: httpx.AsyncClient, sqlite_world: World, files: dict[str, str], status: int, code: str
) -> None:
    problem(await marketer.post(f"{BASE}/drafts", json={"name": "x", "files": files}), status, code)
    assert sqlite_world.rows("content_draft") == []
