"""Which unit a scanned GS1 Digital Link names."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_menu.rules.digital_link import UnitName, padded_gtin, unit_of_uri

GTIN = "09506000134352"
# GS1's character set 82, which a serial (AI 21) is made of.
SERIAL_CHARACTERS = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    ("uri", "unit"),
    [
        (f"https://id.example.org/01/{GTIN}/21/SN1", UnitName(GTIN, "SN1")),
        (f"https://example.org/some/path/01/{GTIN}/21/SN1?17=290101#x", UnitName(GTIN, "SN1")),
        (f"https://example.org/01/{GTIN}/22/2A/10/ABC/21/SN1", UnitName(GTIN, "SN1")),
        (f"https://example.org/01/{GTIN}/21/A%2FB%25", UnitName(GTIN, "A/B%")),
        ("https://example.org/01/9506000134352/21/SN1", UnitName(GTIN, "SN1")),
        (f"/01/{GTIN}/21/SN1/", UnitName(GTIN, "SN1")),
        (f"https://example.org/01/{GTIN}", None),
        (f"https://example.org/01/{GTIN}/10/ABC", None),
        (f"https://example.org/01/{GTIN}/21/", None),
        ("https://example.org/01/ABC/21/SN1", None),
        ("https://example.org/01/١٢٣٤٥٦٧٨٩٠١٢٣٤/21/SN1", None),
        ("https://[broken/01/x/21/y", None),
        ("", None),
    ],
)
def test_a_link_names_its_unit(uri: str, unit: UnitName | None) -> None:
    assert unit_of_uri(uri) == unit


@given(st.text(SERIAL_CHARACTERS, min_size=1, max_size=20))
def test_every_serial_survives_its_percent_encoding(serial: str) -> None:
    assert unit_of_uri(f"https://id.example.org/01/{GTIN}/21/{quote(serial, safe='')}") == UnitName(GTIN, serial)


@given(st.text(max_size=80))
def test_any_text_is_a_unit_or_none(text: str) -> None:
    unit = unit_of_uri(text)
    assert unit is None or (padded_gtin(unit.gtin) == unit.gtin and unit.serial)
