import io
import re
import tracemalloc
from collections.abc import Iterator
from itertools import combinations
from xml.etree import ElementTree as ET

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from cloud.registry.gs1 import Gtin, Serial, digital_link
from cloud.registry.gs1_syntax import CSET_82
from cloud.registry.labels import (
    MIN_MODULE_MM,
    SHEETS,
    Label,
    LabelTooSmallError,
    Sheet,
    label_pdf,
    label_png,
    label_svg,
)

GTIN = Gtin("09506000134352")
SVG = "{http://www.w3.org/2000/svg}"


def label(serial: str = "ABC123", title: str = "Acme LaserJet 9", base: str = "https://id.example.com") -> Label:
    return Label(digital_link(base, GTIN, Serial(serial)), GTIN, serial, title)


def read(image: Image.Image) -> list[zxingcpp.Barcode]:
    return list(zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])))


def texts(image: Image.Image) -> list[str]:
    return sorted(code.text for code in read(image))


def render_svg(svg: bytes, scale: int) -> Image.Image:
    """Draws what `label_svg` uses of SVG: rectangles that a path of M, h, v and z makes."""
    root = ET.fromstring(svg)  # noqa: S314 - our own document
    width, height = (int(part) for part in root.attrib["viewBox"].split()[2:])
    image = Image.new("L", (width * scale, height * scale), 255)
    draw = ImageDraw.Draw(image)
    path = root.find(f"{SVG}path")
    assert path is not None
    shapes = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", path.attrib["d"])
    assert "".join(f"M{x} {y}h{run}v1h-{back}z" for x, y, run, back in shapes) == path.attrib["d"]
    for x, y, run in ((int(x), int(y), int(run)) for x, y, run, _ in shapes):
        draw.rectangle((x * scale, y * scale, (x + run) * scale - 1, (y + 1) * scale - 1), fill=0)
    return image


def pages(pdf: bytes, dpi: int = 300) -> Iterator[Image.Image]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            yield page.render(scale=dpi / 72).to_pil().convert("L")
    finally:
        document.close()


def words(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def test_the_svg_reads_as_the_uri_and_says_it_in_words() -> None:
    svg = label_svg(label("A(B<1"))
    assert texts(render_svg(svg, 4)) == ["https://id.example.com/01/09506000134352/21/A%28B%3C1"]
    lines = [text.text for text in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 - our own document
    assert lines == ["Acme LaserJet 9", "(01) 09506000134352", "(21) A(B<1"]


def test_the_png_reads_as_the_uri_and_knows_its_size() -> None:
    image = Image.open(io.BytesIO(label_png(label())))
    assert texts(image) == [label().uri]
    assert image.info["dpi"] == pytest.approx((300, 300), rel=0.001)


@given(st.text(sorted(CSET_82), min_size=1, max_size=20), st.text(max_size=60) | st.just("W" * 5000))
@settings(max_examples=25, deadline=None)
def test_any_serial_and_any_title_make_a_label_that_reads(serial: str, title: str) -> None:
    one = label(serial, title)
    assert texts(render_svg(label_svg(one), 3)) == [one.uri]
    assert texts(Image.open(io.BytesIO(label_png(one, dpi=150)))) == [one.uri]
    assert [texts(page) for page in pages(label_pdf([one], SHEETS["a4-3x8"]))] == [[one.uri]]


@pytest.mark.parametrize("dpi", [72, 203, 300, 600])
def test_a_png_of_any_resolution_has_modules_of_the_least_size_and_a_quiet_zone(dpi: int) -> None:
    image = Image.open(io.BytesIO(label_png(label(), dpi)))
    assert texts(image) == [label().uri]
    dark = image.crop((0, 0, image.width, image.width)).point(lambda value: 255 - value).getbbox()
    assert dark is not None
    module = dark[0] / 4
    assert module * 25.4 / dpi >= MIN_MODULE_MM
    assert (dark[1], image.width - dark[2]) == (4 * module, 4 * module)
    assert (dark[2] - dark[0]) / module in {21 + 4 * version for version in range(10)}


def test_the_code_corrects_errors_at_level_m_or_better() -> None:
    (code,) = read(Image.open(io.BytesIO(label_png(label()))))
    assert code.ec_level in {"M", "Q", "H"}


@pytest.mark.parametrize("dpi", [0, 71, 1201])
def test_a_resolution_of_no_printer_is_an_error(dpi: int) -> None:
    with pytest.raises(ValueError, match="dpi"):
        label_png(label(), dpi)


@pytest.mark.parametrize("name", SHEETS)
def test_every_page_of_a_sheet_reads_as_its_labels(name: str) -> None:
    sheet = SHEETS[name]
    many = [label(f"S-{number:06}") for number in range(sheet.places * 2 + 1)]
    found = [texts(page) for page in pages(label_pdf(iter(many), sheet))]
    uris = [one.uri for one in many]
    assert found == [uris[start : start + sheet.places] for start in range(0, len(uris), sheet.places)]


@pytest.mark.parametrize("name", SHEETS)
def test_the_longest_serial_fits_every_sheet_or_says_that_it_does_not(name: str) -> None:
    one = label("W" * 20)
    pdf = label_pdf([one], SHEETS[name])
    assert [texts(page) for page in pages(pdf)] == [[one.uri]]
    assert f"(21) {'W' * 20}" in words(pdf)


def test_an_address_too_long_for_the_label_is_an_error() -> None:
    with pytest.raises(LabelTooSmallError, match=r"0\.\d\d mm; 0\.4 are needed"):
        label_pdf([label("%" * 20, base="https://" + "long." * 30 + "example.com")], SHEETS["letter-3x10"])


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


def test_a_title_that_is_too_long_is_shortened_and_the_serial_never() -> None:
    said = words(label_pdf([label(title="A very long name of a brand and of a model that goes on")], SHEETS["62x29"]))
    assert "A very long" in said
    assert "goes on" not in said
    assert "(01) 09506000134352" in said
    assert "(21) ABC123" in said


def test_a_title_that_the_font_cannot_print_is_left_out() -> None:
    assert "(01)" in words(label_pdf([label(title="打印机")], SHEETS["62x29"]))
    assert "打印机" in label_svg(label(title="打印机")).decode()


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

    assert (peak(120) - peak(24)) / 96 < 6_000
