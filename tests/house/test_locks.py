"""The lock files: all that is installed, and nothing that is not known by its hash."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.files import ROOT, committed

LOCKS = ("requirements.lock", "requirements-dev.lock")
PINNED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>[^\s;]+)(?P<marker>\s*;[^\\]*)?")
HASHED = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def entries(path: Path) -> list[str]:
    """One line for each package, its hashes behind it."""
    joined = path.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def packages(lock: str) -> dict[str, str]:
    """Version by name."""
    found = {}
    for entry in entries(ROOT / lock):
        match = PINNED.match(entry)
        assert match, f"{lock}: {entry[:80]}"
        found[str(canonicalize_name(match["name"]))] = match["version"]
    return found


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def names(requirements: list[str]) -> set[str]:
    return {str(canonicalize_name(Requirement(one).name)) for one in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_is_pinned_and_hashed(lock: str) -> None:
    for entry in entries(ROOT / lock):
        assert PINNED.match(entry), f"not pinned: {entry[:80]}"
        assert HASHED.search(entry), f"no hash: {entry[:80]}"


def test_the_lock_names_every_dependency_of_the_product() -> None:
    assert names(project()["project"]["dependencies"]) <= packages("requirements.lock").keys()


def test_the_lock_of_the_tests_names_their_dependencies_and_all_of_the_products() -> None:
    wanted = project()["dependency-groups"]["dev"]
    known = packages("requirements-dev.lock")
    assert names(wanted) <= known.keys()
    assert packages("requirements.lock").items() <= known.items()


HOUSES = ("broker", "cloud", "device_sim", "mobile_menu")


def imported(folders: tuple[str, ...]) -> dict[str, set[str]]:
    """The foreign packages that modules in these folders import, each with the names of what may bring it."""
    brings = packages_distributions()
    known = {*sys.stdlib_module_names, *HOUSES, "tests"}
    paths = [path for path in committed() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders]
    tops = {module.partition(".")[0] for path in paths for module in modules(path)} - known
    return {top: {str(canonicalize_name(one)) for one in brings.get(top, [top])} for top in tops}


def modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_what_the_product_imports_it_declares() -> None:
    declared = names(project()["project"]["dependencies"])
    found = imported(HOUSES)
    assert "sqlmodel" in found
    assert {top for top, brought_by in found.items() if not brought_by & declared} == set()


def test_what_the_tests_import_is_declared() -> None:
    declared = names(project()["project"]["dependencies"]) | names(project()["dependency-groups"]["dev"])
    assert {top for top, brought_by in imported(("tests",)).items() if not brought_by & declared} == set()
