"""The bill of materials holds what a deployment runs, all of it and nothing else, in the standard's form."""

import json
import re
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.markers import Marker

from tests.house.sbom import LOCK, bill, locked, text_of, vendored


@pytest.fixture(scope="module")
def made() -> str:
    return text_of(bill(locked(LOCK.read_text(encoding="utf-8")), vendored()))


@pytest.fixture
def document(made: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(made)
    return found


def test_it_is_valid_cyclonedx(made: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(made) is None


def test_the_check_would_notice_what_is_not(made: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(made.replace('"type": "library"', '"type": "lib"'))


def test_every_package_of_the_lock_and_every_copy_is_in_it_with_its_version_and_licence(
    document: dict[str, Any],
) -> None:
    lines = re.findall(r"^([a-z0-9.-]+)==(\S+)(?: ; (.+))? \\$", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    wanted = {name: version for name, version, marker in lines if not marker or Marker(marker).evaluate()}
    copies = {one.name: one.version for one in vendored()}
    assert "eventsource-parser" in copies
    assert len(wanted) > 50
    assert {one["name"]: one["version"] for one in document["components"]} == {**wanted, **copies}
    assert [one["name"] for one in document["components"] if not one.get("licenses")] == []
    assert "pytest" not in wanted, "what only tests need is in no deployment"


def test_what_needs_what_hangs_together_from_the_root(document: dict[str, Any]) -> None:
    needs = {one["ref"]: one.get("dependsOn", []) for one in document["dependencies"]}
    reached: set[str] = set()
    left = [document["metadata"]["component"]["bom-ref"]]
    while left:
        one = left.pop()
        if one not in reached:
            reached.add(one)
            left += needs[one]
    known = {one["bom-ref"] for one in document["components"]}
    # Extras (`uvicorn[standard]`) are asked for by name elsewhere; all that is imported is reached.
    assert {"pypi:starlette", "pypi:cryptography", "pypi:paho-mqtt", "npm:eventsource-parser"} <= reached & known


def test_it_is_the_same_each_time_and_says_nothing_of_the_machine(made: str) -> None:
    assert text_of(bill(locked(LOCK.read_text(encoding="utf-8")), vendored())) == made
    assert not any(word in made for word in ("timestamp", "serialNumber", "/home", "/usr", "file:"))
