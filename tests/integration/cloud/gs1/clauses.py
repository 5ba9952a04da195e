"""The checklist of GS1-Conformant Resolver 1.2.1: which clause which test is for, and what those tests share."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import jsonschema

from cloud.registry.service import Registered

DATA = Path(__file__).parents[3] / "data"
Test = TypeVar("Test", bound=Callable[..., Any])

EXCEPTIONS = {
    "2.3/5.5": "EPC binary strings are not decompressed: our labels carry URIs, and full conformance is not claimed.",
    "2.8": "Nothing is redirected by prefix to another resolver, so that nothing is handled by one.",
}
TESTED: dict[str, str] = {}
"""By clause, the test of it; of the modules that have been imported."""


def clause(name: str) -> Callable[[Test], Test]:
    """Marks the one test of a clause."""

    def note(test: Test) -> Test:
        assert name not in TESTED, name
        TESTED[name] = test.__name__
        return test

    return note


def path_of(unit: Registered, middle: str = "") -> str:
    return f"/01/{unit.gtin}{middle}/21/{unit.serial}"


def checklist() -> list[dict[str, str]]:
    with (DATA / "gs1_resolver_checklist.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


async def linkset_of(machine: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    answer = await machine.get(path, params={"linkType": "linkset"})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["linkset"]
    return found


def check(document: object, schema: str) -> None:
    jsonschema.validate(document, json.loads((DATA / schema).read_text("utf-8")))
