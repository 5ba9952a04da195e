"""Each check of the GS1 table by itself: a value that it takes, and one that it alone refuses."""

from typing import Final, NamedTuple

import pytest

from cloud.registry import gs1_syntax
from cloud.registry.gs1_syntax import LINTERS, check_pair, table, value_problem

LISTS: Final = {"iso3166", "iso3166999", "iso3166alpha2", "iso4217", "mediatype", "packagetype"}
LAYOUTS: Final = {"couponcode", "couponposoffer"}
"""Checks of the table that need lists or layouts which others keep; see the module."""


class Example(NamedTuple):
    """good and bad differ in what the check looks at, and in nothing that another check of the AI would see."""

    ai: str
    good: str
    bad: str


def paired(text: str) -> str:
    return text + check_pair(text)


EXAMPLES: Final = {
    "csum": Example("01", "09506000134352", "09506000134353"),
    "csumalpha": Example("8013", "1987654Ad4X4bL5ttr2310c2K", "1987654Ad4X4bL5ttr2310c2L"),
    "gcppos1": Example("401", "9506X", "950X6"),
    "hasnondigit": Example("8014", paired("950600A1"), paired("76905342698708")),
    "hh": Example("8008", "28022923", "28022924"),
    "hhmi": Example("7003", "2912312359", "2912312360"),
    "hyphen": Example("4330", "000123-", "000123+"),
    "iban": Example("8007", "GB82WEST12345698765432", "GB82WEST12345698765431"),
    "importeridx": Example("7040", "1ABZ", "1AB="),
    "iso5218": Example("7252", "9", "3"),
    "latitude": Example("4309", "18000000003600000000", "18000000013600000000"),
    "longitude": Example("4309", "18000000003600000000", "18000000003600000001"),
    "mi": Example("8008", "2802292359", "2802292360"),
    "nonzero": Example("8001", "000100001001" + "10", "000100000001" + "10"),
    "nozeroprefix": Example("8011", "0", "01"),
    "pcenc": Example("4300", "A%20B", "A%2"),
    "pieceoftotal": Example("8006", "095060001343520102", "095060001343520302"),
    "posinseqslash": Example("7258", "1/2", "2/1"),
    "ss": Example("8008", "280229235959", "280229235960"),
    "winding": Example("8001", "000100001001" + "91", "000100001001" + "21"),
    "yesno": Example("4321", "1", "2"),
    "yymmd0": Example("17", "290200", "290229"),
    "yymmdd": Example("7006", "290228", "290200"),
    "yyyymmdd": Example("7250", "20280229", "20290229"),
    "zero": Example("8003", "09506000134352ABC", "19506000134352ABC"),
}


def test_every_check_has_its_example_and_stands_in_the_table() -> None:
    named = {name for ai in table().values() for part in ai.components for name in part.linters}
    assert EXAMPLES.keys() == LINTERS.keys()
    assert named - LINTERS.keys() == LISTS | LAYOUTS | {"gcppos2"}
    assert LINTERS.keys() <= named


def test_a_prefix_from_the_second_character_on_needs_no_check_of_its_own() -> None:
    parts = [part for ai in table().values() for part in ai.components if "gcppos2" in part.linters]
    assert parts
    assert all(part.characters == "N" and part.least >= 5 for part in parts)


@pytest.mark.parametrize("name", sorted(LINTERS))
def test_a_check_takes_what_is_right_and_alone_refuses_what_is_wrong(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = EXAMPLES[name]
    ai = table()[example.ai]
    assert value_problem(ai, example.good) == ""
    assert value_problem(ai, example.bad) != ""
    without = {other: check for other, check in LINTERS.items() if other != name}
    monkeypatch.setattr(gs1_syntax, "LINTERS", without)
    assert value_problem(ai, example.bad) == "", "another check refuses it too"
