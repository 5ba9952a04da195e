"""The lock files: all that is installed, and nothing that is not known by its hash."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.files import ROOT

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
