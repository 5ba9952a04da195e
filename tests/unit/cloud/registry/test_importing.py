import itertools
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.registry import importing
from cloud.registry.gs1 import Gtin, Serial
from cloud.registry.importing import MAX_LINE_BYTES, BadRow, ImportForm, MoreBadRows, Outcome, Row, read_units

GTIN = "09506000134352"


def row(line: int, serial: str | None) -> Row:
    return Row(line, Gtin(GTIN), None if serial is None else Serial(serial))


def csv_of(*rows: str) -> list[bytes]:
    return ["\n".join(("gtin,serial", *rows)).encode()]


def outcomes(chunks: list[bytes], form: ImportForm = ImportForm.CSV) -> list[Outcome]:
    return list(read_units(chunks, form))


def only_bad(found: list[Outcome]) -> BadRow:
    bad = [outcome for outcome in found if not isinstance(outcome, Row)]
    assert len(bad) == 1
    assert isinstance(bad[0], BadRow)
    return bad[0]


def test_good_rows_come_with_their_line_and_a_gtin_of_fourteen_digits() -> None:
    assert outcomes(csv_of("9506000134352,A1", "", f'"{GTIN}","A,""2"')) == [
        row(2, "A1"),
        row(4, 'A,"2'),
    ]


def test_a_row_without_serial_asks_for_one_and_is_never_a_duplicate() -> None:
    assert outcomes(csv_of(f"{GTIN},", f"{GTIN},")) == [row(2, None), row(3, None)]


def test_columns_may_come_in_any_order_and_others_are_passed_over() -> None:
    chunks = [b"\xef\xbb\xbfNote,Serial,GTIN\r\nhello,A1,", GTIN.encode(), b"\r\n"]
    assert outcomes(chunks) == [row(2, "A1")]


@pytest.mark.parametrize(
    ("text", "pointer", "code"),
    [
        ("9506000134353,A", "gtin", "gtin_check_digit"),
        ("9.50600E+12,A", "gtin", "gtin_characters"),
        ("950600,A", "gtin", "gtin_length"),
        (",A", "gtin", "gtin_characters"),
        (f"{GTIN},A B", "serial", "serial_characters"),
        (f"{GTIN},{'A' * 21}", "serial", "serial_length"),
        (f"{GTIN},FIRST", "serial", "duplicate_in_file"),
        (f"{GTIN}", "", "wrong_columns"),
        (f"{GTIN},A,B", "", "wrong_columns"),
        (f'{GTIN},"A', "", "not_csv"),
        (f"{GTIN},{'A' * MAX_LINE_BYTES}", "", "too_long"),
    ],
)
def test_a_bad_csv_row_is_named_and_the_rows_around_it_are_good(text: str, pointer: str, code: str) -> None:
    found = outcomes(csv_of(f"{GTIN},FIRST", text, f"{GTIN},LAST"))
    bad = only_bad(found)
    assert (bad.line, bad.pointer, bad.code) == (3, pointer, code)
    assert [good.line for good in found if isinstance(good, Row)] == [2, 4]


@pytest.mark.parametrize(
    ("text", "pointer", "code"),
    [
        ('{"gtin":"9506000134353","serial":"A"}', "/gtin", "gtin_check_digit"),
        ('{"gtin":9506000134352,"serial":"A"}', "/gtin", "wrong_type"),
        ('{"serial":"A"}', "/gtin", "missing_column"),
        (f'{{"gtin":"{GTIN}","serial":"A B"}}', "/serial", "serial_characters"),
        (f'{{"gtin":"{GTIN}","serial":7}}', "/serial", "wrong_type"),
        (f'{{"gtin":"{GTIN}","serial":"FIRST"}}', "/serial", "duplicate_in_file"),
        (f'{{"gtin":"{GTIN}"', "", "not_json"),
        ("[" * 4000, "", "not_json"),
        ("[]", "/gtin", "missing_column"),
        ("x" * (MAX_LINE_BYTES + 1), "", "too_long"),
    ],
)
def test_a_bad_json_line_is_named_and_the_lines_around_it_are_good(text: str, pointer: str, code: str) -> None:
    lines = [f'{{"gtin":"{GTIN}","serial":"FIRST"}}', text, f'{{"gtin":"{GTIN}"}}']
    found = outcomes(["\n".join(lines).encode()], ImportForm.JSON_LINES)
    bad = only_bad(found)
    assert (bad.line, bad.pointer, bad.code) == (2, pointer, code)
    assert [good for good in found if isinstance(good, Row)] == [row(1, "FIRST"), row(3, None)]


@pytest.mark.parametrize(
    ("header", "pointer", "code"),
    [
        ("gtin,seriel", "serial", "missing_column"),
        ("serial", "gtin", "missing_column"),
        ("gtin,serial,gtin", "gtin", "repeated_column"),
        (" ", "gtin", "missing_column"),
        ('gtin,"serial', "", "not_csv"),
    ],
)
def test_a_header_without_its_columns_ends_the_reading(header: str, pointer: str, code: str) -> None:
    found = outcomes([f"{header}\n{GTIN},A\n".encode()])
    bad = only_bad(found)
    assert (len(found), bad.line, bad.pointer, bad.code) == (1, 1, pointer, code)


def test_bytes_that_are_not_utf8_spoil_their_line_only() -> None:
    found = outcomes([b"gtin,serial\n" + GTIN.encode() + b",\xff\n" + GTIN.encode() + b",A\n"])
    assert only_bad(found).code == "not_utf8"
    assert row(3, "A") in found


def ten_thousand(bad: set[int]) -> Iterator[bytes]:
    yield b"gtin,serial\n"
    for line in range(2, 10_002):
        yield f"{'09506000134353' if line in bad else GTIN},S{line}\n".encode()


def test_three_bad_rows_in_ten_thousand_are_named_exactly() -> None:
    bad = {17, 5000, 10_001}
    found = list(read_units(ten_thousand(bad), ImportForm.CSV))
    assert len(found) == 10_000
    assert {outcome.line for outcome in found if isinstance(outcome, BadRow)} == bad


def test_above_the_cap_the_bad_rows_are_counted_and_not_named() -> None:
    found = list(read_units(ten_thousand(set(range(2, 2002))), ImportForm.CSV))
    assert sum(isinstance(outcome, BadRow) for outcome in found) == 1000
    assert sum(isinstance(outcome, Row) for outcome in found) == 8000
    assert found[-1] == MoreBadRows(1000)


def test_too_many_rows_end_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MAX_ROWS", 2)
    found = outcomes(csv_of(f"{GTIN},A", f"{GTIN},B", f"{GTIN},C", f"{GTIN},D"))
    assert [type(outcome) for outcome in found] == [Row, Row, BadRow]
    assert only_bad(found).code == "too_many_rows"


rows = st.lists(
    st.sampled_from([f"{GTIN},A1", f"{GTIN},", "1,2", "", '"', f"{GTIN},Ä", "x" * 5000, f"{GTIN},B\r"]), max_size=8
)


@given(rows, st.lists(st.integers(0, 300), max_size=8))
def test_where_the_chunks_are_cut_makes_no_difference(lines: list[str], cuts: list[int]) -> None:
    whole = csv_of(*lines)[0]
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    pieces = [whole[start:end] for start, end in itertools.pairwise(places)]
    assert outcomes(pieces) == outcomes([whole])


@given(st.lists(st.binary(max_size=60), max_size=5), st.sampled_from(ImportForm))
def test_any_bytes_are_rows_or_bad_rows_and_never_an_error(chunks: list[bytes], form: ImportForm) -> None:
    assert all(isinstance(outcome, Row | BadRow | MoreBadRows) for outcome in outcomes(chunks, form))


def hundred_thousand() -> Iterator[bytes]:
    yield b"gtin,serial\n"
    for line in range(100_000):
        yield f"{GTIN},SERIAL{line:07}\n".encode()


def test_a_hundred_thousand_rows_stream_in_a_few_bytes_each() -> None:
    tracemalloc.start()
    try:
        count = sum(1 for outcome in read_units(hundred_thousand(), ImportForm.CSV) if isinstance(outcome, Row))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 100_000
    assert peak < 20_000_000


def test_an_endless_line_is_not_collected() -> None:
    def endless() -> Iterator[bytes]:
        yield b"gtin,serial\n"
        for _ in range(1000):
            yield b"x" * 10_000

    tracemalloc.start()
    try:
        found = list(read_units(endless(), ImportForm.CSV))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert only_bad(found).code == "too_long"
    assert peak < 1_000_000
