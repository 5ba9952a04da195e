import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.registry.gs1 import (
    MAX_URI_CHARACTERS,
    DigitalLink,
    Element,
    Gs1Problem,
    Gtin,
    Serial,
    begins_with_key,
    check_gtin,
    check_serial,
    digital_link,
    link_from_elements,
    parse_digital_link,
)
from cloud.registry.gs1_syntax import CSET_82, check_digit, check_pair, table, value_problem

DATA = Path(__file__).parents[3] / "data"


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


PRODUCT = rows("gs1_product_uri_vectors.csv")
PARSE = rows("gs1_dl_parse_vectors.csv")
GENERATE = rows("gs1_dl_generate_vectors.csv")

EXCEPTIONS = {row["id"]: row["our_answer"] for row in rows("gs1_vector_exceptions.csv")}
"""Vectors that ask for an option of the engine which we do not have, and what we answer."""

gtin_bodies = st.text("0123456789", min_size=13, max_size=13)
serials = st.text(sorted(CSET_82), min_size=1, max_size=20)


def gtin_of(text: str) -> Gtin:
    checked = check_gtin(text)
    assert not isinstance(checked, Gs1Problem)
    return checked


def link_of(uri: str) -> DigitalLink:
    link = parse_digital_link(uri)
    assert isinstance(link, DigitalLink), link
    return link


def code_of(uri: str) -> str:
    problem = parse_digital_link(uri)
    assert isinstance(problem, Gs1Problem), problem
    return problem.code


@pytest.mark.parametrize("row", PRODUCT, ids=lambda row: row["id"])
def test_a_product_uri_gets_the_verdict_and_the_canonical_form_of_the_gs1_engine(row: dict[str, str]) -> None:
    link = parse_digital_link(row["uri"])
    assert isinstance(link, DigitalLink) == (row["engine_valid"] == "1"), link
    if isinstance(link, DigitalLink):
        assert link.element_string == row["element_string"]
        assert link.canonical() == row["canonical_dl"]


@pytest.mark.parametrize("row", PARSE, ids=lambda row: row["id"])
def test_a_uri_of_the_engines_own_tests_gets_its_verdict(row: dict[str, str]) -> None:
    link = parse_digital_link(row["uri"], short_gtin=row["flag_zero_suppressed_gtin"] == "1")
    refused = row["valid"] == "0" or row["id"] in EXCEPTIONS
    assert isinstance(link, Gs1Problem) == refused, link
    if isinstance(link, Gs1Problem):
        assert EXCEPTIONS.get(row["id"]) in {None, link.code}
    else:
        assert link.element_string == row["full_engine_element_string"]
        assert link.canonical() == row["full_engine_canonical_dl"]


def test_every_exception_is_a_vector_that_the_engine_takes_with_its_option_and_refuses_without_it() -> None:
    options = {row["id"]: row for row in [*PARSE, *GENERATE] if row["id"] in EXCEPTIONS}
    assert options.keys() == EXCEPTIONS.keys()
    assert all(row["valid"] == "1" for row in options.values())
    assert {
        row["id"] for row in PARSE if row["valid"] == "1" and row["full_engine_valid"] == "0"
    } == EXCEPTIONS.keys() - {"g19"}


def bracketed(text: str) -> list[Element]:
    return [Element(*part.split(")", 1)) for part in text.removeprefix("(").split("(")]


@pytest.mark.parametrize("row", GENERATE, ids=lambda row: row["id"])
def test_elements_become_the_uri_that_the_engine_makes_of_them(row: dict[str, str]) -> None:
    link = link_from_elements(bracketed(row["bracketed_ai_data"]))
    assert isinstance(link, DigitalLink) == (row["valid"] == "1" and row["id"] not in EXCEPTIONS), link
    if isinstance(link, Gs1Problem):
        assert EXCEPTIONS.get(row["id"]) in {None, link.code}
    else:
        stem = row["stem"]
        assert (link.canonical(stem) if stem else link.canonical()) == row["expected_uri"]


@pytest.mark.parametrize(
    ("text", "gtin"),
    [
        ("12345670", "00000012345670"),
        ("012345678905", "00012345678905"),
        ("9506000134352", "09506000134352"),
        ("19506000134359", "19506000134359"),
    ],
)
def test_a_gtin_of_each_length_gets_zeros_to_fourteen_digits(text: str, gtin: str) -> None:
    assert check_gtin(text) == gtin


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("9506000134353", "gtin_check_digit"),
        ("950600013435X", "gtin_characters"),
        ("٩٥٠٦٠٠٠١٣٤٣٥٢", "gtin_characters"),
        ("", "gtin_characters"),
        ("950600013435", "gtin_check_digit"),
        ("95060001343", "gtin_length"),
        ("095060001343520", "gtin_length"),
        (" 9506000134352", "gtin_characters"),
    ],
)
def test_a_gtin_that_is_wrong_is_refused_with_its_reason(text: str, code: str) -> None:
    problem = check_gtin(text)
    assert isinstance(problem, Gs1Problem)
    assert problem.code == code


@given(gtin_bodies, st.integers(0, 13), st.integers(1, 9))
def test_one_wrong_digit_anywhere_in_a_gtin_is_noticed(body: str, place: int, shift: int) -> None:
    gtin = body + check_digit(body)
    wrong = gtin[:place] + str((int(gtin[place]) + shift) % 10) + gtin[place + 1 :]
    assert isinstance(check_gtin(wrong), Gs1Problem)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "serial_length"),
        ("A" * 21, "serial_length"),
        ("A B", "serial_characters"),
        ("A#B", "serial_characters"),
        ("Ä", "serial_characters"),
        ("A\n", "serial_characters"),
    ],
)
def test_a_serial_that_is_wrong_is_refused_with_its_reason(text: str, code: str) -> None:
    problem = check_serial(text)
    assert isinstance(problem, Gs1Problem)
    assert problem.code == code


def test_cset_82_has_82_characters() -> None:
    assert len(CSET_82) == 82


@given(gtin_bodies, serials)
def test_what_is_built_is_parsed_back_to_the_same_unit(body: str, serial: str) -> None:
    gtin = gtin_of(body + check_digit(body))
    uri = digital_link("https://id.example.com/p/", gtin, Serial(serial))
    link = parse_digital_link(uri)
    if isinstance(link, Gs1Problem):  # the parser also asks for a company prefix that is not cut short: never here
        pytest.fail(f"{uri}: {link}")
    assert (link.gtin, link.serial, link.stem) == (gtin, serial, "https://id.example.com/p")
    assert link.canonical("https://id.example.com/p") == uri


@given(st.text(max_size=200) | st.from_regex(r"https://a(/[0-9]{2,4}/[A-Za-z0-9%+]{0,20}){1,3}(\?.*)?", fullmatch=True))
def test_any_text_is_parsed_or_refused_and_never_an_error(text: str) -> None:
    link = parse_digital_link(text)
    if isinstance(link, DigitalLink):
        again = link_of(link.canonical())
        assert again.canonical() == link.canonical()


def test_a_model_without_serial_has_a_uri_too() -> None:
    assert digital_link("https://id.example.com", Gtin("09506000134352")) == "https://id.example.com/01/09506000134352"
    assert link_of("https://id.example.com/01/09506000134352").serial is None


@pytest.mark.parametrize(
    "base", ["ftp://a", "id.example.com", "https://", "https://a/?x=1", "https://a/#x", "https://a b"]
)
def test_a_base_that_cannot_begin_a_uri_is_an_error(base: str) -> None:
    with pytest.raises(ValueError, match="not the beginning"):
        digital_link(base, Gtin("09506000134352"))


def test_other_parameters_are_kept_as_they_came_for_the_resolver() -> None:
    link = link_of("https://a/01/09506000134352/21/S?linkType=gs1:pip&17=291231&utm_source=a%20b")
    assert link.extensions == (("linkType", "gs1:pip"), ("utm_source", "a%20b"))
    assert link.attributes == (Element("17", "291231"),)


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("https://a/01/09506000134352/21/" + "x" * MAX_URI_CHARACTERS, "uri_too_long"),
        ("https://a/01/09506000134352/21/A%ZZ", "uri_characters"),
        ("https://a/01/09506000134352/21/%C3%A4", "ai_value"),
        ("ftp://a/01/09506000134352", "uri_form"),
        ("https://a/01/09506000134352/21/S/22/2A", "path_order"),
        ("https://a/01/09506000134352?21=S", "ai_not_in_query"),
        ("https://a/01/09506000134352?10=L", "ai_belongs_in_path"),
        ("https://a/01/09506000134352?01=09506000134352", "ai_repeated"),
        ("https://a/01/09506000134352?999=1", "ai_unknown"),
        ("https://a/01/09506000134352?3922=0299", "ai_association"),
        ("https://a/01/09506000134352?3103=000195&3102=000195", "ai_association"),
        ("https://a/", "no_key"),
    ],
)
def test_each_way_to_be_wrong_has_its_code(uri: str, code: str) -> None:
    assert code_of(uri) == code


def test_parameters_are_read_decoded_and_of_one_that_is_there_twice_the_first() -> None:
    link = link_of("https://a/01/09506000134352?linkType=gs1%3Apip&linkType=gs1:faqs&context=de+at")
    assert link.extension == {"linkType": "gs1:pip", "context": "de at"}


def test_an_items_address_leaves_its_attributes_out() -> None:
    link = link_of("https://a/01/09506000134352/10/L%2F1/21/S?17=291231")
    assert link.address("https://b") == "https://b/01/09506000134352/10/L%2F1/21/S"


@pytest.mark.parametrize(
    ("path", "begins"),
    [
        ("/01/x", True),
        ("/01", True),
        ("/8018/", True),
        ("/21/x", False),
        ("/app/01/", False),
        ("01/x", False),
        ("", False),
    ],
)
def test_a_path_that_begins_with_a_key_is_the_resolvers(path: str, begins: bool) -> None:
    assert begins_with_key(path) == begins


def test_the_key_of_a_link_that_is_no_product_is_not_taken_for_a_gtin() -> None:
    link = link_of("https://a/414/9506000134352/254/BACK")
    assert (link.key, link.gtin, link.serial) == (Element("414", "9506000134352"), None, None)


def test_the_table_gives_every_ai_a_form_and_every_key_an_order() -> None:
    assert len(table()) > 400
    assert all(ai.components for ai in table().values())
    assert all(bool(ai.sequences) == ai.is_key for ai in table().values())


@pytest.mark.parametrize(
    ("ai", "value", "good"),
    [
        ("17", "280229", True),
        ("17", "290229", False),
        ("17", "290200", True),
        ("7006", "290200", False),
        ("7250", "20280229", True),
        ("7003", "2912312359", True),
        ("7003", "2912312400", False),
        ("8003", "09506000134352ABC", True),
        ("8003", "19506000134352ABC", False),
        ("8006", "095060001343520102", True),
        ("8006", "095060001343520302", False),
        ("8007", "GB82WEST12345698765432", True),
        ("8007", "GB82WEST12345698765431", False),
        ("8011", "0123", False),
        ("8013", "1987654Ad4X4bL5ttr2310c2K", True),
        ("8013", "1987654Ad4X4bL5ttr2310c2L", False),
        ("4300", "A%20B", True),
        ("4300", "A%2", False),
        ("4309", "18000000003600000000", True),
        ("4309", "18000000013600000000", False),
        ("4330", "000123-", True),
        ("4330", "000123+", False),
        ("7258", "1/2", True),
        ("7258", "2/1", False),
        ("4321", "2", False),
        ("7252", "9", True),
    ],
)
def test_the_linters_of_the_table_hold(ai: str, value: str, good: bool) -> None:
    assert (value_problem(table()[ai], value) == "") == good


def test_the_check_pair_of_the_general_specifications_example_is_2k() -> None:
    assert check_pair("1987654Ad4X4bL5ttr2310c") == "2K"
