"""`throughline content`, with the services up or not."""

from pathlib import Path

import msgspec
import pytest

from broker.contract.messages import Changed
from cloud.audit import service as audit
from cloud.content.current import Contents
from cloud.record import service as record
from mobile_menu.content_files import packaged_files
from tests.integration.cloud.test_operator_commands import Place, place  # noqa: F401 - a fixture

PACKAGED = packaged_files("printer")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the printer's content, with a README that is none of it."""
    made = tmp_path / "mine"
    for name, text in {**PACKAGED, "README.md": "for people"}.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text, encoding="utf-8")
    return made


def test_a_folder_is_checked_without_a_running_system(place: Place, folder: Path) -> None:  # noqa: F811 - the fixture
    assert place.say("content", "check", str(folder), "--profile", "printer")[:2] == (0, "it can be published\n")
    (folder / "tests.toml").write_text(
        '[[tests]]\nname = "wrong"\nleads = "nothing"\n[tests.situation]\njourney_id = "t"\nstage = "support"\n'
        'profile = "printer"\n',
        encoding="utf-8",
    )
    status, out, _ = place.say("content", "check", str(folder), "--profile", "printer")
    assert (status, out.startswith("wrong: ")) == (1, True)
    items = folder / "before.toml"
    items.write_text(PACKAGED["before.toml"].replace('"interested"', '"intersted"', 1), encoding="utf-8")
    line = PACKAGED["before.toml"].partition('"interested"')[0].count("\n") + 1
    told = place.say("content", "check", str(folder), "--profile", "printer")[1]
    assert told.startswith(f"before.toml:{line}:18: what-it-can-do: `stage` is never `intersted`")
    (folder / "profile.toml").write_text("?", encoding="utf-8")
    status, out, _ = place.say("content", "check", str(folder), "--profile", "printer", "--json")
    assert (status, [one["file"] for one in msgspec.json.decode(out)["faults"]]) == (1, ["profile.toml"])
    status, _, err = place.say("content", "publish", str(folder), "--profile", "printer")
    assert (status, "profile.toml:1" in err) == (1, True)
    (folder / "profile.toml").write_bytes(b"\xff")
    assert place.say("content", "check", str(folder), "--profile", "printer")[0] == 1


def test_a_folder_is_published_listed_said_to_all_and_noted(place: Place, folder: Path) -> None:  # noqa: F811 - the fixture
    text = PACKAGED["frame.en.ftl"]
    line = next(one for one in text.splitlines() if one.startswith("title-support ="))
    (folder / "frame.en.ftl").write_text(text.replace(line, "title-support = Wonder"), encoding="utf-8")
    status, out, _ = place.say("content", "publish", str(folder), "--profile", "printer", "--note", "words")
    assert (status, out) == (0, "version 1 of printer is published\n")
    listed = msgspec.json.decode(place.say("content", "list", "printer", "--json")[1])
    assert [(one["version"], one["note"], one["published_by"]) for one in listed][:1] == [(1, "words", "cli")]
    assert "words" in place.say("content", "list", "printer")[1]
    assert Contents(place.db).current("printer").version == 1
    with place.db.reading() as tx:
        payloads = [row.payload for row in tx.session.execute(record.outbox.select())]
        noted = tx.session.execute(audit.entries.select()).all()
    assert [msgspec.json.decode(one, type=Changed).profiles for one in payloads] == [("printer",)]
    assert ("cli", "content.publish", "content", "printer") in [
        (row.actor, row.action, row.subject_kind, row.subject_id) for row in noted
    ]
    again = place.say("content", "publish", str(folder), "--profile", "printer")
    assert (again[0], "version 1" in again[2]) == (1, True)
    assert place.say("content", "publish", str(folder), "--profile", "printer", "--note", "x" * 501)[0] == 1
    assert place.say("content", "list", "toaster")[0] == 1
