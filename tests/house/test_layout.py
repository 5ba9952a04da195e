"""The floor plan: what stands at the top, and who may import whom."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.files import ROOT, committed

TOP = {
    ".ci",
    ".gitignore",
    "LICENSE",
    "Makefile",
    "README.md",
    "broker",
    "cloud",
    "device_sim",
    "docs",
    "mobile_menu",
    "pyproject.toml",
    "requirements-dev.lock",
    "requirements.lock",
    "tests",
}


def test_the_top_level_holds_the_four_houses_tests_docs_and_the_files_that_tools_demand() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in committed()} == TOP


def test_every_import_keeps_to_the_floor_plan() -> None:
    # As a process of its own: in this one, the linter would turn off every logger that other tests listen to.
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own tool
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("house", ["broker", "cloud", "device_sim", "mobile_menu"])
def test_every_module_opens_with_what_belongs_in_it(house: str) -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in committed()
        if path.suffix == ".py" and ROOT / house in path.parents and "versions" not in path.parts
        if not path.read_text(encoding="utf-8").lstrip().startswith('"""')
    ]
    assert silent == []
