"""The floor plan: what stands at the top, and who may import whom."""

import pytest
from importlinter.cli import lint_imports

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


def test_every_import_keeps_to_the_floor_plan(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True)
    assert status == 0, capsys.readouterr().out


@pytest.mark.parametrize("house", ["broker", "cloud", "device_sim", "mobile_menu"])
def test_every_module_opens_with_what_belongs_in_it(house: str) -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in committed()
        if path.suffix == ".py" and ROOT / house in path.parents and "versions" not in path.parts
        if not path.read_text(encoding="utf-8").lstrip().startswith('"""')
    ]
    assert silent == []
