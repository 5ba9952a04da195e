"""The command line, command by command."""

import subprocess

import pytest

from cloud.__main__ import main
from tests.house.files import ROOT
from tests.house.generate import commands, silent_options

EVERY = pytest.mark.parametrize("words", [words for words, _ in commands()], ids=lambda words: " ".join(words) or "-")
LAUNCHER = ROOT / ".venv" / "bin" / "throughline"


@EVERY
def test_every_command_explains_itself(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: {' '.join(('throughline', *words))} ")


@EVERY
def test_a_wrong_use_ends_with_status_2_and_says_what_is_wrong(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--no-such-option"]) == 2
    assert "No such option: --no-such-option" in capsys.readouterr().err


def test_no_words_at_all_show_what_there_is_and_end_with_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Commands:" in "".join(capsys.readouterr())


def test_every_option_says_what_it_is_for() -> None:
    assert silent_options() == []


@pytest.mark.skipif(not LAUNCHER.exists(), reason="the environment was not made by .ci/setup")
def test_the_launcher_passes_words_and_exit_status_on() -> None:
    good = subprocess.run([LAUNCHER, "keys", "--help"], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert (good.returncode, good.stdout.partition(" [")[0]) == (0, "Usage: throughline keys")
    bad = subprocess.run([LAUNCHER, "no such word"], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert (bad.returncode, "Traceback" in bad.stderr) == (2, False)
    assert "no such word" in bad.stderr
