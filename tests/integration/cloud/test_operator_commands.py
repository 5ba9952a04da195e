"""`throughline keys` and `throughline audit`, with the services up or not: one chain for all of it."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import sqlalchemy as sa

from cloud import compose
from cloud.__main__ import main
from cloud.audit import service
from cloud.audit.verifying import verify
from cloud.db import Database
from cloud.identity import operators
from cloud.identity.permissions import OperatorRole, granted
from cloud.secrets import Keys, load_keys
from cloud.settings import Settings, load_settings
from tests.house.files import ROOT


class Place(NamedTuple):
    """A deployment that was started once. say: runs a command there; (status, what it printed, what it complained)."""

    db: Database
    keys: Keys
    settings: Settings
    say: Callable[..., tuple[int, str, str]]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Place]:
    monkeypatch.setenv("THROUGHLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    made: Database = request.getfixturevalue(f"{request.param}_db")
    monkeypatch.setenv("THROUGHLINE_DATABASE_URL", made.engine.url.render_as_string(hide_password=False))

    def say(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(list(words))
        out, err = capsys.readouterr()
        return status, out, err

    settings = load_settings()
    compose.prepare(settings)
    db = compose.make_database(settings, compose.make_clock(settings))
    yield Place(db, load_keys(settings.keys_dir), settings, say)
    db.dispose()


def actions(place: Place) -> list[tuple[str, str, str]]:
    with place.db.reading() as tx:
        return [(row.actor, row.action, row.subject_kind) for row in service.page_of(tx, place.keys)[::-1]]


def operator(place: Place, token: str) -> operators.Operator:
    with place.db.reading() as tx:
        return operators.operator_of(tx, token.strip(), None)


def documents(text: str) -> Any:
    return msgspec.json.decode(text)


# --- keys ---


def test_a_key_that_is_made_here_is_printed_alone_and_may_what_was_said(place: Place) -> None:
    status, token, _ = place.say(
        "keys", "create", "Ann", "--role", "agent", "--scope", "cases", "--scope", "units.read"
    )
    assert (status, token.count("\n")) == (0, 1)
    found = operator(place, token)
    assert found.may == granted(OperatorRole.AGENT, ["cases", "units.read"])
    assert actions(place) == [("system", "keys.first_start", "key"), ("cli", "keys.create", "key")]


def test_a_key_ends_when_it_was_told_to(place: Place) -> None:
    at = documents(place.say("keys", "create", "a", "--expires-at", "2999-01-02T03:04:05", "--json")[1])
    assert at["expires_at"] == "2999-01-02T03:04:05Z"
    spans = {"12h": 0.5, "90d": 90.0, "4w": 28.0}
    for span, days in spans.items():
        made = documents(place.say("keys", "create", "b", "--expires-in", span, "--json")[1])
        (known,) = [one for one in documents(place.say("keys", "list", "--json")[1]) if one["id"] == made["id"]]
        ends, began = (datetime.fromisoformat(known[name]) for name in ("expires_at", "created_at"))
        assert (ends - began).total_seconds() / 86_400 == days


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--expires-in", "90"), 2, "90d"),
        (("--expires-in", "0d"), 2, "90d"),
        (("--expires-in", "1d", "--expires-at", "2999-01-01"), 2, "not both"),
        (("--expires-at", "2001-01-01"), 1, "expires_at"),
        (("--role", "king"), 1, "viewer"),
        (("--scope", "unit"), 1, "scopes/0"),
        (("--role", "viewer", "--scope", "units", "--scope", "keys"), 1, "scopes/1"),
    ],
)
def test_what_makes_no_key_is_said_in_a_line(place: Place, words: tuple[str, ...], status: int, said: str) -> None:
    found, out, err = place.say("keys", "create", "x", *words)
    assert (found, out) == (status, "")
    assert said in err
    assert len(actions(place)) == 1


def test_the_list_shows_what_is_valid_and_with_all_what_has_ended(place: Place) -> None:
    made = documents(place.say("keys", "create", "Bob", "--role", "viewer", "--json")[1])
    shown = place.say("keys", "list")[1]
    assert all(word in shown for word in (made["id"], "Bob", "viewer", "valid", "first start", "never"))
    assert place.say("keys", "revoke", made["id"]) == (0, f"revoked {made['id']}\n", "")
    assert "Bob" not in place.say("keys", "list")[1]
    ended = documents(place.say("keys", "list", "--all", "--json")[1])[-1]
    assert (ended["state"], ended["name"], "token" in ended) == ("revoked", "Bob", False)
    assert actions(place)[1:] == [("cli", "keys.create", "key"), ("cli", "keys.revoke", "key")]


def test_here_the_last_key_of_an_admin_can_be_ended_and_that_is_said(place: Place) -> None:
    (first,) = documents(place.say("keys", "list", "--json")[1])
    status, _, err = place.say("keys", "revoke", first["id"])
    assert status == 0
    assert "--role admin" in err
    assert place.say("keys", "create", "me", "--role", "admin")[0] == 0


def test_a_key_that_is_not_there_cannot_be_ended(place: Place) -> None:
    assert place.say("keys", "revoke", "nobody")[0] == 1
    assert len(actions(place)) == 1


# --- the log ---


def test_a_sound_log_is_proved_and_gives_the_head_to_note(place: Place) -> None:
    status, out, _ = place.say("audit", "verify")
    head = out.split()[-1]
    assert (status, out) == (0, f"1 entries, each as it was written\nhead {head}\n")
    place.say("keys", "create", "x")
    assert "the head that you noted is entry 1" in place.say("audit", "verify", "--head", head)[1]
    found = documents(place.say("audit", "verify", "--json", "--head", head.upper())[1])
    assert found == {
        "sound": True,
        "entries": 2,
        "head": verify(place.db).head.hash.hex(),
        "broken": None,
        "noted_head_at": 1,
    }


def test_a_log_that_was_touched_is_status_1_with_the_first_broken_entry(place: Place) -> None:
    place.say("keys", "create", "x")
    head = documents(place.say("audit", "verify", "--json")[1])["head"]
    with place.db.engine.execution_options(writes=True).begin() as connection:
        if place.db.is_sqlite:
            connection.execute(sa.text("DROP TRIGGER audit_entry_update"))
        else:
            connection.execute(sa.text("ALTER TABLE audit_entry DISABLE TRIGGER ALL"))
        connection.execute(sa.text("UPDATE audit_entry SET actor = 'system' WHERE seq = 2"))
    status, out, _ = place.say("audit", "verify")
    assert (status, out.splitlines()[0]) == (1, "broken at entry 2: changed")
    status, out, _ = place.say("audit", "verify", "--json", "--head", head)
    found = documents(out)
    assert (status, found["sound"], found["broken"]) == (1, False, {"seq": 2, "why": "changed"})


def test_a_head_that_is_not_in_it_is_status_1(place: Place) -> None:
    status, out, _ = place.say("audit", "verify", "--head", "ab" * 32)
    assert status == 1
    assert "rewritten, or cut" in out
    assert place.say("audit", "verify", "--head", "ab")[0] == 2


def test_entries_are_shown_newest_last_and_by_who_and_what(place: Place) -> None:
    made = [documents(place.say("keys", "create", "x", "--json")[1])["id"] for _ in range(3)]
    lines = place.say("audit", "show", "--limit", "2")[1].splitlines()
    assert [line.split()[0] for line in lines] == ["3", "4"]
    assert lines[-1].split()[2:] == ["cli", "done", "keys.create", "key", made[-1]]
    shown = place.say("audit", "show", "--json", "--actor", "system", "--before", "9")[1].splitlines()
    assert [documents(line)["action"] for line in shown] == ["keys.first_start"]
    about = place.say("audit", "show", "--subject", made[1])[1].splitlines()
    assert [line.split()[0] for line in about] == ["3"]


def test_what_is_done_to_the_database_as_a_whole_is_in_the_log(place: Place) -> None:
    assert place.say("db", "upgrade")[0] == 0
    assert place.say("db", "replay")[0] == 0
    assert actions(place)[1:] == [("cli", "db.upgrade", ""), ("cli", "db.replay", "")]


def test_commands_and_services_that_write_at_once_make_one_chain(place: Place) -> None:
    command = [sys.executable, "-m", "cloud", "keys", "create", "x"]
    act = service.Act(actor=service.SYSTEM, action="test")
    written = 0
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603 - our own program
        while written < 20 or process.poll() is None:
            place.db.run(lambda tx: service.note(tx, place.keys, act))
            written += 1
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
    assert process.returncode == 0
    found = verify(place.db)
    assert (found.broken, found.head.seq) == (None, 1 + written + 1)
