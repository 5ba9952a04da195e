"""`throughline broker config` and what refuses to start."""

import stat
from pathlib import Path

import pytest

from cloud import compose
from cloud.__main__ import main
from cloud.settings import load_settings


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    compose.prepare(load_settings(data_dir=folder))
    return folder


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("mosquitto", {"mosquitto.conf", "devices.acl", "services.acl", "revoked.pem", "services.passwd"}),
        ("emqx", {"emqx.conf", "acl.conf", "api-keys", "server-key.pem"}),
    ],
)
def test_config_writes_all_files_for_their_owner_alone_and_says_what_to_do(
    data: Path, kind: str, names: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["broker", "config", kind, "--data-dir", str(data)]) == 0
    folder = data / kind
    written = {path.name for path in folder.iterdir()}
    assert names | {"server.pem", "trust.pem"} <= written
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "throughline broker guard" in capsys.readouterr().out


def test_a_second_config_keeps_the_passwords_of_devices(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "mosquitto"
    words = ["broker", "config", "mosquitto", "--data-dir", str(data), "--out", str(out)]
    assert main(words) == 0
    (out / "devices.passwd").write_text("01jd9s0000000000000000000a:$7$101$x$y\n")
    assert main([*words, "--plain-port", "1885"]) == 0
    assert "01jd9s" in (out / "devices.passwd").read_text()
    assert "listener 1885 127.0.0.1" in (out / "mosquitto.conf").read_text()


def test_nothing_is_written_for_a_deployment_that_was_never_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["broker", "config", "mosquitto", "--data-dir", str(tmp_path / "new")]) == 1
    assert "holds no database" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_guard_without_a_folder_or_an_emqx_says_so(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["broker", "guard", "--data-dir", str(data)]) == 1
    assert "THROUGHLINE_EMQX_URL" in capsys.readouterr().err
    assert main(["broker", "guard", str(data), "--data-dir", str(data)]) == 1
    assert "holds no mosquitto.conf" in capsys.readouterr().err
