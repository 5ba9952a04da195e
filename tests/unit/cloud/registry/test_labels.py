import io
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from cloud.registry.gs1 import Gtin, Serial, digital_link
from cloud.registry.gs1_syntax import CSET_82
from cloud.registry.label_pdf import label_pdf
from cloud.registry.labels import Label, label_png, label_svg
from cloud.registry.qr import MIN_MODULE_MM
from cloud.registry.sheets import SHEETS
from tests.camera import pages, read, texts

GTIN = Gtin("09506000134352")
SVG = "{http://www.w3.org/2000/svg}"


def label(serial: str = "ABC123", title: str = "Acme LaserJet 9", base: str = "https://id.example.com") -> Label:
    return Label(digital_link(base, GTIN, Serial(serial)), GTIN, serial, title)


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
@settings(max_examples=12, deadline=None)
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


def test_a_label_that_stands_alone_may_lose_a_quarter_of_its_code() -> None:
    (code,) = read(Image.open(io.BytesIO(label_png(label()))))
    assert code.ec_level == "Q"


@pytest.mark.parametrize("dpi", [0, 71, 1201])
def test_a_resolution_of_no_printer_is_an_error(dpi: int) -> None:
    with pytest.raises(ValueError, match="dpi"):
        label_png(label(), dpi)
