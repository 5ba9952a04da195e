"""The table of security provisions: every row of the catalogues once, and every test that it names is there."""

import csv
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.house.files import DOCS, ROOT

CATALOGUE = ROOT / "tests" / "data" / "iot_security_provisions.csv"
PAGE = DOCS / "reference" / "security.md"
ROW = re.compile(r"^\| ((?:ETSI|NISTIR|EU CRA)[^|]+?) \| ([^|]+?) \| ([^|]+?) \|(.*)\|$", re.MULTILINE)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
STATES = ("done", "partly", "not yet", "does not apply")


class Row(NamedTuple):
    provision: str
    state: str
    what: str
    tests: tuple[tuple[str, str], ...]


def rows() -> list[Row]:
    text = PAGE.read_text(encoding="utf-8")
    return [
        Row(name.strip(), state, what, tuple(NAMED.findall(shown))) for name, state, what, shown in ROW.findall(text)
    ]


def test_every_provision_is_there_once_and_no_other() -> None:
    with CATALOGUE.open(encoding="utf-8", newline="") as file:
        wanted = [f"{one['source']} {one['provision']}" for one in csv.DictReader(file)]
    assert len(wanted) == 40
    assert sorted(row.provision for row in rows()) == sorted(wanted)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.provision)
def test_a_row_says_how_far_it_is_and_names_tests_that_there_are(row: Row) -> None:
    assert row.state in STATES
    assert len(row.what) >= len("With firmware.")
    assert bool(row.tests) == (row.state in {"done", "partly"}), "what is done is shown, and only that"
    for path, test in row.tests:
        assert re.search(rf"^(async )?def {test}\(", _source(ROOT / path), re.MULTILINE), f"{path}::{test}"


def _source(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def test_whatever_looks_like_a_test_in_the_table_was_looked_at() -> None:
    """A name in another form would be passed over by the check above."""
    text = PAGE.read_text(encoding="utf-8")
    assert len(re.findall(r"tests/", text)) == sum(len(row.tests) for row in rows())
