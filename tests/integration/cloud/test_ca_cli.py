"""`throughline ca`, as an operator types it: made once, shown, renewed with the passphrase, and noted."""

import json
import re
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from cloud.__main__ import app, main
from cloud.audit import service as audit
from cloud.db import Database
from cloud.errors import SetupError
from cloud.identity import authority_files, operators
from cloud.identity.authority_files import OFFLINE_ROOT


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THROUGHLINE_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    """What the command says, on both streams."""
    assert main(list(words)) == status
    out = capsys.readouterr()
    return out.out + out.err


def passphrase_in(text: str) -> str:
    found = re.search(r"\b[0-9A-Z]{6}(-[0-9A-Z]{6}){4}\b", text)
    assert found, text
    return found[0]


def shown(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(said(capsys, "ca", "show", "--json"))
    return found


def test_an_authority_is_made_before_the_first_start_and_used_by_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = said(capsys, "ca", "init", "--offline", str(folder / "stick"))
    secret = passphrase_in(made)
    before = shown(capsys)
    started = said(capsys, "db", "upgrade")
    assert "tlk_" in started
    assert not re.search(r"[0-9A-Z]{6}-[0-9A-Z]{6}-", started), "no other root was made"
    assert shown(capsys) == before
    assert before["root_key"] is None
    assert not (folder / "data/keys" / OFFLINE_ROOT).exists()
    assert secret.encode() not in b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_first_start_makes_one_and_shows_the_passphrase_this_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started = said(capsys, "db", "upgrade")
    secret = passphrase_in(started)
    assert "offline" in started
    assert said(capsys, "db", "upgrade").strip() == "the schema is up to date"
    here = folder / "data/keys" / OFFLINE_ROOT
    assert str(here) in said(capsys, "ca", "show"), "it is said again that the key should be taken away"
    here.rename(folder / "stick")
    assert shown(capsys)["root_key"] is None
    (folder / "passphrase").write_text(secret + "\n")
    said(capsys, "ca", "renew", "--offline", str(folder / "stick"), "--passphrase-file", str(folder / "passphrase"))
    issuing = shown(capsys)["issuing"]
    assert isinstance(issuing, list)
    assert len(issuing) == 2


def test_a_renewal_asks_for_the_passphrase(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = passphrase_in(said(capsys, "db", "upgrade"))
    main(["ca", "show"])  # adds the commands
    words = ["ca", "renew", "--offline", str(folder / "data/keys" / OFFLINE_ROOT)]
    wrong = CliRunner().invoke(app, words, input="not this one at all\n")
    assert wrong.exit_code != 0
    right = CliRunner().invoke(app, words, input=secret + "\n")
    assert right.exit_code == 0, right.output
    assert secret not in right.output
    assert (folder / "data/keys/ca/issuing-0002.pem").exists()


def test_what_was_done_to_the_authority_stands_in_the_audit_log(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "passphrase").write_text(passphrase_in(said(capsys, "db", "upgrade")))
    given = ["--passphrase-file", str(folder / "passphrase")]
    said(capsys, "ca", "renew", "--offline", str(folder / "data/keys" / OFFLINE_ROOT), *given)
    said(capsys, "ca", "init", "--replace", "--offline", str(folder / "stick"), *given)
    log = said(capsys, "audit", "show", "--json")
    assert "ca renew" in log
    assert "ca init" in log
    assert said(capsys, "audit", "verify")


def test_wrong_uses_are_refused_in_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no certificate authority" in said(capsys, "ca", "show", status=1)
    said(capsys, "ca", "init", "--offline", str(folder / "stick"))
    assert "already" in said(capsys, "ca", "init", "--offline", str(folder / "other"), status=1)
    assert not (folder / "other").exists()
    assert "not overwritten" in said(capsys, "ca", "init", "--replace", "--offline", str(folder / "stick"), status=1)
    (folder / "short").write_text("too short\n")
    for file, why in (("short", "16 characters"), ("nowhere", "cannot read")):
        words = ("ca", "renew", "--offline", str(folder / "stick"), "--passphrase-file", str(folder / file))
        assert why in said(capsys, *words, status=1)
    assert "--offline" in said(capsys, "ca", "init", status=2)


def test_a_passphrase_of_the_operator_s_own_is_not_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "passphrase").write_text("correct horse battery staple")
    words = ("ca", "init", "--offline", str(folder / "stick"), "--passphrase-file", str(folder / "passphrase"))
    assert "correct horse" not in said(capsys, *words)
    root = x509.load_pem_x509_certificate((folder / "stick/root.pem").read_bytes())
    assert (folder / "data/keys/ca/root.pem").read_bytes() == (folder / "stick/root.pem").read_bytes()
    assert root.subject == root.issuer


# --- what fails hides no passphrase ---

AWAY = "postgresql+psycopg://nobody@127.0.0.1:1/none"
"""Nobody listens there."""


def fails(*_given: object, **_named: object) -> None:
    msg = "the disk is full"
    raise SetupError(msg)


@pytest.mark.parametrize("more", [(), ("--replace",)])
def test_nothing_is_made_while_the_database_does_not_answer(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    if more:
        said(capsys, "ca", "init", "--offline", str(folder / "first"))
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    monkeypatch.setenv("THROUGHLINE_DATABASE_URL", AWAY)
    refused = said(capsys, "ca", "init", "--offline", str(folder / "stick"), *more, status=1)
    assert "cannot be used" in refused
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_no_issuing_key_is_made_while_the_database_does_not_answer(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "passphrase").write_text(passphrase_in(said(capsys, "ca", "init", "--offline", str(folder / "stick"))))
    monkeypatch.setenv("THROUGHLINE_DATABASE_URL", AWAY)
    words = ("ca", "renew", "--offline", str(folder / "stick"), "--passphrase-file", str(folder / "passphrase"))
    assert "cannot be used" in said(capsys, *words, status=1)
    assert not (folder / "data/keys/ca/issuing-0002.pem").exists()


def test_before_the_first_start_the_database_may_be_empty(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "empty.db").touch()
    monkeypatch.setenv("THROUGHLINE_DATABASE_URL", f"sqlite:///{folder}/empty.db")
    passphrase_in(said(capsys, "ca", "init", "--offline", str(folder / "stick")))
    before = shown(capsys)
    assert "tlk_" in said(capsys, "db", "upgrade")
    assert shown(capsys) == before


@pytest.mark.parametrize("more", [(), ("--replace",)])
def test_the_passphrase_is_shown_before_the_audit_log_can_fail(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    said(capsys, "db", "upgrade")
    if not more:
        (folder / "data/keys/ca").rename(folder / "lost")
    with monkeypatch.context() as broken:
        broken.setattr(audit, "note", fails)
        made = said(capsys, "ca", "init", "--offline", str(folder / "stick"), *more, status=1)
    assert "the disk is full" in made
    (folder / "passphrase").write_text(passphrase_in(made))
    said(capsys, "ca", "renew", "--offline", str(folder / "stick"), "--passphrase-file", str(folder / "passphrase"))


@pytest.mark.usefixtures("folder")
def test_a_first_start_that_fails_at_the_database_has_made_no_authority(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(operators, "issue_key", fails)
        assert "the disk is full" in said(capsys, "db", "upgrade", status=1)
    assert "no certificate authority" in said(capsys, "ca", "show", status=1)
    started = said(capsys, "db", "upgrade")
    assert "tlk_" in started
    passphrase_in(started)


@pytest.mark.usefixtures("folder")
def test_a_first_start_that_fails_at_the_authority_has_shown_the_operator_s_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(authority_files, "make", fails)
        begun = said(capsys, "db", "upgrade", status=1)
    assert "tlk_" in begun
    assert "the disk is full" in begun
    started = said(capsys, "db", "upgrade")
    assert "tlk_" not in started
    passphrase_in(started)


def test_the_passphrase_is_shown_before_what_follows_a_first_start_can_fail(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Database.dispose

    def unwilling(db: Database) -> None:
        real(db)
        fails()

    with monkeypatch.context() as broken:
        broken.setattr(Database, "dispose", unwilling)
        passphrase_in(said(capsys, "db", "upgrade", status=1))
    assert (folder / "data/keys/ca/root.pem").exists()
