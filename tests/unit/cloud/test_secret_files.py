"""A file with a secret is read when it is this user's alone, and never shown."""

from pathlib import Path

import pytest

from cloud.db import with_password
from cloud.errors import SetupError
from cloud.secret_files import read_secret
from cloud.secrets import load_keys
from cloud.settings import load_settings

SECRET = "correct-horse-battery"


def file_with(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_secret_comes_without_the_line_break_behind_it(tmp_path: Path) -> None:
    assert read_secret(file_with(tmp_path, f"{SECRET}\n")) == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o601, 0o610, 0o644])
def test_a_file_that_others_may_read_or_write_stops_the_start_without_its_words(tmp_path: Path, mode: int) -> None:
    path = file_with(tmp_path, SECRET, mode)
    with pytest.raises(SetupError, match="others may read") as refused:
        read_secret(path)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_file_is_no_secret(tmp_path: Path, text: str) -> None:
    with pytest.raises(SetupError, match="empty"):
        read_secret(file_with(tmp_path, text))


def test_a_file_that_is_not_there_or_no_text_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot read"):
        read_secret(tmp_path / "none")
    path = file_with(tmp_path, "")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SetupError, match="no text"):
        read_secret(path)


@pytest.mark.parametrize(
    "name", ["master.key", "signing.key", "mqtt-password", "shop-webhook-secret", "carrier-webhook-secret"]
)
def test_each_of_our_own_secrets_is_made_for_this_user_alone_and_refused_when_others_may_read_it(
    tmp_path: Path, name: str
) -> None:
    load_keys(tmp_path / "keys")
    path = tmp_path / "keys" / name
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    path.chmod(0o640)
    with pytest.raises(SetupError, match=name):
        load_keys(tmp_path / "keys")


def test_no_secret_is_in_what_the_keys_and_the_settings_say_of_themselves(tmp_path: Path) -> None:
    keys = load_keys(tmp_path / "keys")
    assert keys.mqtt_password not in repr(keys)
    settings = load_settings(database_url=f"postgresql+psycopg://me:{SECRET}@db.example/x")
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)


def test_the_databases_password_comes_from_its_file_whatever_is_in_it() -> None:
    given = "p@ss/wo:rd %20?"
    url = with_password("postgresql+psycopg://me@db.example/x", given)
    assert url.startswith("postgresql+psycopg://me:")
    assert given not in url, "it is escaped"


@pytest.mark.parametrize("url", ["postgresql+psycopg://me:other@db.example/x", "sqlite:///x.db", "no url", ""])
def test_a_password_without_its_place_stops_the_start_and_is_not_shown(url: str) -> None:
    with pytest.raises(SetupError) as refused:
        with_password(url, SECRET)
    assert SECRET not in str(refused.value)
    assert "other" not in str(refused.value)
