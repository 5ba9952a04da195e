"""Labels to stick on units: a QR code of the unit's GS1 Digital Link, and the same in words for people.

A label alone as SVG for the web and as PNG; sheets of many are `label_pdf.py`'s. The words are GS1's human readable
interpretation: each AI in parentheses before its value (General Specifications, 4.14).
"""

import io
from math import ceil
from pathlib import Path
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont

from cloud.registry import qr
from cloud.registry.label_fonts import png_font
from cloud.registry.qr import QUIET_ZONE

_TITLE_LETTERS: Final = 80
_LINE_MODULES: Final = 3
"""Height of a line of text of a label that stands alone, in modules."""


class Label(NamedTuple):
    """What one label says. serial: empty for a model's label. title: brand and model, for people only.

    A title beyond Latin letters is printed in SVG; in PNG and PDF where the deployment has a font for it.
    """

    uri: str
    gtin: str
    serial: str
    title: str


class Line(NamedTuple):
    """A line of words. A title may be cut short; what identifies the unit is always whole, smaller or in two lines."""

    text: str
    is_title: bool


def lines_of(label: Label) -> list[Line]:
    """The words of a label, from the top."""
    name = "".join(mark for mark in " ".join(label.title.split()) if mark.isprintable())
    title = Line(name if len(name) <= _TITLE_LETTERS else name[:_TITLE_LETTERS] + "…", is_title=True)
    gtin = Line(f"(01) {label.gtin}", is_title=False)
    serial = Line(f"(21) {label.serial}" if label.serial else "", is_title=False)
    return [line for line in (title, gtin, serial) if line.text]


def label_svg(label: Label) -> bytes:
    """One label as SVG, in its printed size. Raises LabelTooSmallError."""
    code = qr.alone(label.uri)
    lines = lines_of(label)
    width = len(code.matrix) + 2 * QUIET_ZONE
    height = width + _LINE_MODULES * len(lines)
    path = "".join(f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h{run}v1h-{run}z" for x, y, run in qr.runs(code.matrix))
    texts = "".join(_svg_text(line.text, width, width + _LINE_MODULES * at + 2) for at, line in enumerate(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * code.module_mm:g}mm" '
        f'height="{height * code.module_mm:g}mm" viewBox="0 0 {width} {height}"><title>{escape(label.uri)}</title>'
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
        f'<path shape-rendering="crispEdges" d="{path}"/>{texts}</svg>'
    ).encode()


def label_png(label: Label, dpi: int = 300, font: Path | None = None) -> bytes:
    """One label as PNG that prints in its size at `dpi` (72 to 1200, or ValueError). font: for other than Latin
    letters. Raises LabelTooSmallError.
    """
    if not 72 <= dpi <= 1200:
        msg = f"dpi is 72 to 1200, not {dpi}"
        raise ValueError(msg)
    code = qr.alone(label.uri)
    module = max(round(code.module_mm * dpi / qr.INCH_MM), ceil(qr.MIN_MODULE_MM * dpi / qr.INCH_MM))
    width = (len(code.matrix) + 2 * QUIET_ZONE) * module
    lines = [line.text for line in lines_of(label) if png_font(line.text, module, font) is not None]
    image = Image.new("L", (width, width + _LINE_MODULES * module * len(lines)), 255)
    draw = ImageDraw.Draw(image)
    for x, y, run in qr.runs(code.matrix):
        left, top = (x + QUIET_ZONE) * module, (y + QUIET_ZONE) * module
        draw.rectangle((left, top, left + run * module - 1, top + module - 1), fill=0)
    for at, text in enumerate(lines):
        fitting = _fitting_font(text, width - 4 * module, 2.4 * module, font)
        draw.text((width / 2, width + (_LINE_MODULES * at + 1) * module), text, fill=0, font=fitting, anchor="mm")
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(dpi, dpi), optimize=True)
    return out.getvalue()


def _svg_text(text: str, width: int, baseline: float) -> str:
    # A sans serif letter is about 0.6 of the size wide; what may be wider than the label is squeezed into it.
    squeezed = f' textLength="{width - 4}" lengthAdjust="spacingAndGlyphs"' if len(text) * 0.6 * 2.2 > width - 4 else ""
    return (
        f'<text x="{width / 2:g}" y="{baseline:g}" font-family="sans-serif" font-size="2.2" text-anchor="middle"'
        f"{squeezed}>{escape(text)}</text>"
    )


def _fitting_font(
    text: str, width: float, size: float, font: Path | None
) -> ImageFont.FreeTypeFont | ImageFont.ImageFont | None:
    whole = png_font(text, size, font)
    length = 0.0 if whole is None else whole.getlength(text)
    return whole if length <= width else png_font(text, size * width / length, font)
