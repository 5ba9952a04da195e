import tracemalloc
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import reportlab
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.pdfbase.pdfmetrics import stringWidth

from cloud.errors import SetupError
from cloud.registry.gs1 import DigitalLink, Gtin, Serial, digital_link, parse_digital_link
from cloud.registry.gs1_syntax import CSET_82
from cloud.registry.label_fonts import covers, pdf_font, png_font
from cloud.registry.label_pdf import Feed, calibration_pdf, label_pdf
from cloud.registry.labels import Label, label_png
from cloud.registry.labels_api import SheetName
from cloud.registry.qr import MAX_MODULE_MM, MIN_MODULE_MM, LabelTooSmallError
from cloud.registry.sheets import SHEETS, Sheet
from tests.camera import blurred, faded, leaning, lines, modules_of, noisy, pages, read, scratched, texts, turned, words

GTIN = Gtin("09506000134352")
LONG_HOST = "labels.service.a-maker-of-many-devices.example.com"
VERA = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
"""A TrueType font that is there wherever labels are: it has some letters beyond Western Europe's."""


def label(serial: str = "ABC123", title: str = "Acme LaserJet 9", base: str = "https://id.example.com") -> Label:
    return Label(digital_link(base, GTIN, Serial(serial)), GTIN, serial, title)


def filled(sheet: Sheet, pages_: int = 1) -> list[Label]:
    return [label(f"S-{number:06}") for number in range(sheet.places * pages_)]


def identity(pdf: bytes) -> str:
    """What identifies the unit of the only label, in as many lines as it takes."""
    return "".join(text for text, _ in lines(pdf)[1:])


def on_a_page(sheet: Sheet, dpi: int) -> Image.Image:
    (page,) = pages(label_pdf(filled(sheet), sheet), dpi)
    return page


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("name", SHEETS)
def test_every_label_of_every_page_reads_at_a_printers_resolution(name: str, dpi: int) -> None:
    sheet = SHEETS[name]
    many = [label(f"S-{number:06}") for number in range(sheet.places + 1)]
    found = [texts(page) for page in pages(label_pdf(iter(many), sheet), dpi)]
    uris = [one.uri for one in many]
    assert found == [uris[: sheet.places], uris[sheet.places :]]


@pytest.mark.parametrize("name", SHEETS)
def test_every_label_of_a_page_reads_out_of_focus_askew_and_in_bad_light_at_once(name: str) -> None:
    page = on_a_page(SHEETS[name], 203)
    assert texts(noisy(turned(blurred(page, 0.12, 203), -4), 20)) == [one.uri for one in filled(SHEETS[name])]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda page: blurred(page, 0.22, 300),
        lambda page: turned(page, 15),
        lambda page: noisy(page, 60),
        lambda page: faded(page, 0.25),
        lambda page: leaning(page, 30),
    ],
    ids=["blurred", "askew", "in the dark", "faint", "from the side"],
)
def test_every_label_of_a_page_reads_also_much_spoiled_in_one_way(spoil: Callable[[Image.Image], Image.Image]) -> None:
    assert texts(spoil(on_a_page(SHEETS["a4-l7160"], 300))) == [one.uri for one in filled(SHEETS["a4-l7160"])]


def test_a_worn_label_reads_and_one_that_has_lost_its_code_does_not() -> None:
    for one in (label(f"S-{number}") for number in range(5)):
        (page,) = pages(label_pdf([one], SHEETS["62x29"]), 300)
        code = page.crop((0, 0, page.height, page.height))
        assert texts(scratched(code, 0.04)) == [one.uri]
        assert texts(scratched(code, 0.9)) == []


@given(st.text(sorted(CSET_82), min_size=1, max_size=20), st.sampled_from(["62x29", "50x25", "letter-3x10", "4x6in"]))
@settings(max_examples=30, deadline=None)
def test_what_is_read_from_a_label_names_the_unit_whatever_its_serial(serial: str, name: str) -> None:
    try:
        pdf = label_pdf([label(serial)], SHEETS[name])
    except LabelTooSmallError:
        assert name == "50x25"  # the smallest takes no serial whose every letter is percent-encoded
        assert len(label(serial).uri) > 62
        return
    (page,) = pages(pdf, 203)
    (uri,) = texts(blurred(page, 0.1, 203))
    parsed = parse_digital_link(uri)
    assert isinstance(parsed, DigitalLink)
    assert (parsed.gtin, parsed.serial) == (GTIN, serial)
    assert f"(21) {serial}" in identity(pdf)


@pytest.mark.parametrize("name", SHEETS)
def test_modules_and_quiet_zone_have_the_sizes_that_gs1_asks_for(name: str) -> None:
    dpi = 600
    sheet = SHEETS[name]
    (page,) = pages(label_pdf([label("W" * 20)], sheet), dpi)
    (code,) = read(page)
    corners = code.position
    side = max(corners.top_right.x - corners.top_left.x, 1) * 25.4 / dpi
    module = side / modules_of(code)
    assert MIN_MODULE_MM - 0.01 <= module <= MAX_MODULE_MM + 0.01
    left, top = corners.top_left.x, corners.top_left.y
    quiet = round(3.9 * module * dpi / 25.4)
    assert left >= quiet
    assert top >= quiet
    around = page.crop((left - quiet, top - quiet, left - 2, corners.bottom_left.y + quiet))
    assert np.asarray(around).min() == 255
    assert code.ec_level in {"M", "Q"}


def test_the_stronger_error_correction_is_used_where_the_modules_stay_easy_to_read() -> None:
    levels = {}
    for name, host in (("62x29", "id.example.com"), ("50x25", "id.example.com"), ("50x25", LONG_HOST)):
        (page,) = pages(label_pdf([label("W" * 20, base=f"https://{host}")], SHEETS[name], feed=Feed(dpi=600)), 600)
        levels[(name, host)] = read(page)[0].ec_level
    assert levels == {("62x29", "id.example.com"): "Q", ("50x25", "id.example.com"): "Q", ("50x25", LONG_HOST): "M"}


@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_a_printer_of_dots_gets_modules_of_whole_dots(dpi: int) -> None:
    """At the printer's own resolution nothing is grey: each dot is a module's or is not."""
    pdf = label_pdf([label()], SHEETS["62x29"], feed=Feed(dpi=dpi))
    (page,) = pages(pdf, dpi * 4)
    (code,) = read(page)
    side = code.position.top_right.x - code.position.top_left.x + 1
    dots = side / modules_of(code) / 4
    assert dots == pytest.approx(round(dots), abs=0.1)


@pytest.mark.parametrize("name", SHEETS)
def test_the_longest_serial_fits_every_sheet(name: str) -> None:
    one = label("W" * 20)
    pdf = label_pdf([one], SHEETS[name])
    assert [texts(page) for page in pages(pdf)] == [[one.uri]]


@pytest.mark.parametrize("name", SHEETS)
def test_what_identifies_the_unit_is_whole_and_large_enough_to_read_on_every_format(name: str) -> None:
    """With the serial that is widest itself, and with the one whose code leaves the words the least room."""
    widest = max(CSET_82, key=lambda letter: stringWidth(letter, "Helvetica", 1))
    for serial in (widest * 20, "%" * 20):
        _, *found = lines(label_pdf([label(serial)], SHEETS[name]))
        assert "".join(text for text, _ in found) == f"(01) {GTIN}(21) {serial}"
        assert min(size for _, size in found) >= 5.0


def test_a_serial_takes_a_second_line_only_where_one_would_be_too_small_and_both_are_of_one_size() -> None:
    assert [text for text, _ in lines(label_pdf([label("W" * 20)], SHEETS["100x50"]))][2:] == ["(21) " + "W" * 20]
    assert [text for text, _ in lines(label_pdf([label("A1B2C3D4" * 2)], SHEETS["50x25"]))][2:] == [
        "(21) " + "A1B2C3D4" * 2
    ]
    (first, first_pt), (second, second_pt) = lines(label_pdf([label("W" * 20)], SHEETS["50x25"]))[2:]
    assert (first, second) == ("(21) " + "W" * 9, "W" * 11)
    assert first_pt == second_pt


def test_an_address_too_long_for_the_label_is_an_error_that_says_what_would_help() -> None:
    long = label("%" * 20, base="https://" + "long." * 30 + "example.com")
    with pytest.raises(LabelTooSmallError, match=r"0\.\d\d mm; 0\.396 are needed\. Use larger labels"):
        label_pdf([long], SHEETS["letter-3x10"])
    with pytest.raises(LabelTooSmallError, match="whole dots at 203 dpi"):
        label_pdf([label("W" * 20, base=f"https://{LONG_HOST}")], SHEETS["50x25"])
    assert label_pdf([label("W" * 20, base=f"https://{LONG_HOST}")], SHEETS["50x25"], feed=Feed(dpi=600))
    with pytest.raises(LabelTooSmallError, match="no QR code"):
        label_pdf([Label("https://id.example/" + "x" * 4000, GTIN, "S", "T")], SHEETS["a4-1"])


def test_labels_begin_where_a_used_sheet_has_room() -> None:
    sheet = SHEETS["a4-3x8"]
    many = [label(f"S{number}") for number in range(3)]
    first, second = pages(label_pdf(many, sheet, skip=22))
    assert texts(first) == sorted(one.uri for one in many[:2])
    assert texts(second) == [many[2].uri]
    position = read(first)[0].position.top_left
    assert position.y / first.height > 7 / 8


@pytest.mark.parametrize("skip", [-1, 24])
def test_more_than_a_page_cannot_be_skipped(skip: int) -> None:
    with pytest.raises(ValueError, match="24 places"):
        label_pdf([label()], SHEETS["a4-3x8"], skip=skip)


def test_no_label_is_an_error() -> None:
    with pytest.raises(ValueError, match="no label"):
        label_pdf([], SHEETS["a4-3x8"])


def corner(pdf: bytes) -> tuple[float, float]:
    """Where the first code begins, in mm from the page's left and top."""
    (page,) = pages(pdf, 600)
    at = read(page)[0].position.top_left
    return at.x * 25.4 / 600, at.y * 25.4 / 600


def test_an_offset_moves_every_label_right_and_down() -> None:
    one = [label()]
    before = corner(label_pdf(one, SHEETS["a4-l7160"]))
    after = corner(label_pdf(one, SHEETS["a4-l7160"], feed=Feed(offset=(2.5, -1.5))))
    assert (after[0] - before[0], after[1] - before[1]) == pytest.approx((2.5, -1.5), abs=0.1)


@pytest.mark.parametrize("name", SHEETS)
def test_the_calibration_page_outlines_the_labels_where_they_will_be(name: str) -> None:
    sheet, dpi = SHEETS[name], 300
    pdf = calibration_pdf(sheet, name, Feed(offset=(0.0, 1.0) if sheet.places > 1 else (0.0, 0.0)))
    (page,) = pages(pdf, dpi)
    assert f"{name}: move by +0 mm right" in words(pdf)
    for index in range(sheet.places):
        left, top = sheet.place(index)
        middle = (top + (1.0 if sheet.places > 1 else 0.0) + sheet.label[1] / 2) * dpi / 25.4
        centre = (left + sheet.label[0] / 2) * dpi / 25.4
        cross = page.crop((round(centre) - 4, round(middle) - 4, round(centre) + 5, round(middle) + 5))
        assert np.asarray(cross).min() < 128, index
    assert texts(page) == []


def test_a_title_that_is_too_long_is_shortened_and_the_serial_never() -> None:
    said = words(label_pdf([label(title="A very long name of a brand and of a model that goes on")], SHEETS["62x29"]))
    assert "A very long" in said
    assert "goes on" not in said
    assert "(01) 09506000134352" in said
    assert "(21) ABC123" in said


@pytest.mark.parametrize("name", SHEETS)
def test_no_word_leaves_its_label(name: str) -> None:
    sheet, dpi = SHEETS[name], 150
    wide = label("W" * 20, title="Wide names of models and of makers, one after the other, on and on")
    place = sheet.places // 2
    (page,) = pages(label_pdf([wide], sheet, skip=place), dpi)
    dark = page.point(lambda level: 255 - level).getbbox()
    assert dark is not None
    left, top = sheet.place(place)
    bounds = [edge * 25.4 / dpi for edge in dark]
    assert bounds[0] >= left + 0.5
    assert bounds[1] >= top + 0.5
    assert bounds[2] <= left + sheet.label[0] - 0.5
    assert bounds[3] <= top + sheet.label[1] - 0.5


def test_a_title_in_other_letters_needs_a_font_that_has_them_or_is_left_out() -> None:
    one = label(title="Łódź Ω")
    slavic = label(title="Łučka Ω")
    assert "Ł" not in words(label_pdf([slavic], SHEETS["62x29"]))
    assert "Łučka Ω" in words(label_pdf([slavic], SHEETS["62x29"], feed=Feed(font=VERA)))
    assert "Ł" not in words(label_pdf([one], SHEETS["62x29"], feed=Feed(font=VERA)))  # it has no ź
    assert "(01)" in words(label_pdf([one], SHEETS["62x29"], feed=Feed(font=VERA)))
    assert len(label_png(slavic, font=VERA)) > len(label_png(slavic))


@pytest.mark.parametrize("text", ["打印机", "אבג", "प्रिंटर"])
def test_what_no_font_has_and_what_would_need_shaping_is_not_printed(text: str) -> None:
    assert pdf_font(text, VERA) is None
    assert png_font(text, 10, VERA) is None
    assert not covers(VERA, text)


def test_a_file_that_is_no_font_is_said(tmp_path: Path) -> None:
    wrong = tmp_path / "font.ttf"
    wrong.write_bytes(b"\x00\x01\x00\x00nothing")
    with pytest.raises(SetupError, match="no TrueType font"):
        covers(wrong, "Ł")


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)
def test_the_labels_of_a_sheet_lie_on_the_page_and_never_overlap(sheet: Sheet) -> None:
    places = [sheet.place(index) for index in range(sheet.places)]
    for left, top in places:
        assert left >= 0
        assert top >= 0
        assert left + sheet.label[0] <= sheet.page[0] + 1e-9
        assert top + sheet.label[1] <= sheet.page[1] + 1e-9
    for (left, top), (other_left, other_top) in combinations(places, 2):
        apart = abs(left - other_left) >= sheet.label[0] - 1e-9 or abs(top - other_top) >= sheet.label[1] - 1e-9
        assert apart


@pytest.mark.parametrize(
    ("name", "places", "margin"),
    [
        ("a4-3x8", 24, (0.0, 0.5)),
        ("a4-l7159", 24, (7.21, 12.9)),
        ("a4-l7160", 21, (7.21, 15.15)),
        ("a4-l7163", 14, (4.65, 15.15)),
        ("a4-l7165", 8, (4.65, 13.1)),
        ("letter-3x10", 30, (4.7625, 12.7)),
        ("letter-5163", 10, (4.365625, 12.7)),
    ],
)
def test_a_makers_sheet_has_the_makers_margins(name: str, places: int, margin: tuple[float, float]) -> None:
    sheet = SHEETS[name]
    assert sheet.places == places
    assert sheet.margin == pytest.approx(margin, abs=0.02)


def test_every_format_can_be_asked_for_by_its_name() -> None:
    assert set(get_args(SheetName)) == set(SHEETS)


def test_the_same_labels_make_the_same_bytes() -> None:
    assert label_pdf([label()], SHEETS["62x29"]) == label_pdf([label()], SHEETS["62x29"])


def test_each_further_label_costs_few_bytes_of_memory() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            label_pdf((label(f"S-{number:06}") for number in range(count)), SHEETS["a4-3x8"])
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert (peak(48) - peak(24)) / 24 < 6_000
