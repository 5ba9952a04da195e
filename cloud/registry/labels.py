"""Labels to stick on units: a QR code of the unit's GS1 Digital Link, and the same in words for people.

SVG for the web, PNG for one label, PDF for sheets of many; the QR's modules are vectors in SVG and PDF. Sizes keep to
what a phone's camera reads from a print: a quiet zone of 4 modules, error correction M, modules of 0.4 mm or more.
"""

import io
from collections.abc import Iterable, Iterator
from math import ceil
from typing import ClassVar, Final, NamedTuple
from xml.sax.saxutils import escape

import qrcode
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from broker.contract.errors import ThroughlineError

QUIET_ZONE: Final = 4
"""Modules of white on each side (ISO/IEC 18004)."""
MIN_MODULE_MM: Final = 0.4
MODULE_MM: Final = 0.5
"""Module of a label that stands alone (SVG, PNG)."""
_INSET_MM: Final = 1.0
"""White that a sheet's labels keep to their edges, for printers that feed askew."""
_LARGEST_PT: Final = 9.0
_SMALLEST_TITLE_PT: Final = 6.0
_TITLE_LETTERS: Final = 80
_LINE_MODULES: Final = 3
"""Height of a line of text of a label that stands alone, in modules."""


class LabelTooSmallError(ThroughlineError):
    """The QR code does not fit the label with modules that a phone can read; use larger labels or a shorter address."""

    code: ClassVar[str] = "label_too_small"


class Label(NamedTuple):
    """What one label says. serial: empty for a model's label. title: brand and model, for people only.

    A title beyond Latin letters is printed in SVG only: PNG and PDF have no font for it, and leave it out.
    """

    uri: str
    gtin: str
    serial: str
    title: str


class Sheet(NamedTuple):
    """A page of labels; all lengths in mm. pitch: from one label's edge to the same edge of the next."""

    page: tuple[float, float]
    columns: int
    rows: int
    label: tuple[float, float]
    pitch: tuple[float, float]
    margin: tuple[float, float] = (0.0, 0.0)
    """From the page's left and top edge to the first label."""

    @property
    def places(self) -> int:
        """Labels on one page."""
        return self.columns * self.rows

    def place(self, index: int) -> tuple[float, float]:
        """Left and top edge of the page's label `index`, from its left and top edge; row by row."""
        row, column = divmod(index, self.columns)
        return self.margin[0] + column * self.pitch[0], self.margin[1] + row * self.pitch[1]


class _Line(NamedTuple):
    """A line of words. A title may be cut short; what identifies the unit may only be made smaller."""

    text: str
    is_title: bool


SHEETS: Final = {
    "a4-3x8": Sheet((210, 297), 3, 8, (70, 37), (70, 37), (0, 0.5)),
    "letter-3x10": Sheet((215.9, 279.4), 3, 10, (66.675, 25.4), (69.85, 25.4), (4.7625, 12.7)),
    "62x29": Sheet((62, 29), 1, 1, (62, 29), (62, 29)),
}
"""By name: 24 of 70 x 37 mm on A4; 30 of 2 5/8 x 1 inch on Letter (as Avery 5160); single ones for label printers."""


def label_svg(label: Label) -> bytes:
    """One label as SVG, in its printed size."""
    matrix = _matrix(label.uri)
    lines = _lines(label)
    width = len(matrix) + 2 * QUIET_ZONE
    height = width + _LINE_MODULES * len(lines)
    path = "".join(f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h{run}v1h-{run}z" for x, y, run in _runs(matrix))
    texts = "".join(_svg_text(line.text, width, width + _LINE_MODULES * at + 2) for at, line in enumerate(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * MODULE_MM:g}mm" height="{height * MODULE_MM:g}mm" '
        f'viewBox="0 0 {width} {height}"><title>{escape(label.uri)}</title>'
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
        f'<path shape-rendering="crispEdges" d="{path}"/>{texts}</svg>'
    ).encode()


def label_png(label: Label, dpi: int = 300) -> bytes:
    """One label as PNG that prints in its size at `dpi` (72 to 1200, or ValueError)."""
    if not 72 <= dpi <= 1200:
        msg = f"dpi is 72 to 1200, not {dpi}"
        raise ValueError(msg)
    matrix = _matrix(label.uri)
    lines = [line.text for line in _lines(label) if _is_latin(line.text)]
    module = max(round(MODULE_MM * dpi / 25.4), ceil(MIN_MODULE_MM * dpi / 25.4))
    width = (len(matrix) + 2 * QUIET_ZONE) * module
    image = Image.new("L", (width, width + _LINE_MODULES * module * len(lines)), 255)
    draw = ImageDraw.Draw(image)
    for x, y, run in _runs(matrix):
        left, top = (x + QUIET_ZONE) * module, (y + QUIET_ZONE) * module
        draw.rectangle((left, top, left + run * module - 1, top + module - 1), fill=0)
    for at, text in enumerate(lines):
        font = _fitting_font(text, width - 4 * module, 2.4 * module)
        draw.text((width / 2, width + (_LINE_MODULES * at + 1) * module), text, fill=0, font=font, anchor="mm")
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(dpi, dpi), optimize=True)
    return out.getvalue()


def label_pdf(labels: Iterable[Label], sheet: Sheet, *, skip: int = 0) -> bytes:
    """The labels on as many pages as they need. skip: places of the first page that are used up already.

    Raises LabelTooSmallError; ValueError when there is no label, or nothing of the first page left. The PDF grows in
    memory by about 5 KB a label; the labels themselves are taken one by one.
    """
    if not 0 <= skip < sheet.places:
        msg = f"the first page has {sheet.places} places; {skip} cannot be skipped"
        raise ValueError(msg)
    out = io.BytesIO()
    size = (sheet.page[0] * mm, sheet.page[1] * mm)
    canvas = Canvas(out, pagesize=size, pageCompression=1, invariant=1)  # the same labels make the same bytes
    canvas.setTitle("Labels")
    used = skip
    for label in labels:
        if used == sheet.places:
            canvas.showPage()
            used = 0
        left, top = sheet.place(used)
        canvas.saveState()
        canvas.translate(left * mm, size[1] - (top + sheet.label[1]) * mm)
        _draw(canvas, label, sheet.label)
        canvas.restoreState()
        used += 1
    if used == skip:
        msg = "there is no label to print"
        raise ValueError(msg)
    canvas.save()
    return out.getvalue()


def _draw(canvas: Canvas, label: Label, size: tuple[float, float]) -> None:
    """One label with its lower left corner at the origin: the code left, the words right of it."""
    matrix = _matrix(label.uri)
    width, height = size[0] - 2 * _INSET_MM, size[1] - 2 * _INSET_MM
    side = min(height, 0.55 * width)
    module = side / (len(matrix) + 2 * QUIET_ZONE)
    if module < MIN_MODULE_MM:
        detail = (
            f"a label of {size[0]:g} x {size[1]:g} mm leaves modules of {module:.2f} mm; {MIN_MODULE_MM} are needed"
        )
        raise LabelTooSmallError(detail, uri=label.uri)
    canvas.saveState()
    canvas.translate(_INSET_MM * mm, (size[1] + side) / 2 * mm)
    canvas.scale(module * mm, -module * mm)
    modules = canvas.beginPath()
    for x, y, run in _runs(matrix):
        modules.rect(x + QUIET_ZONE, y + QUIET_ZONE, run, 1)
    canvas.drawPath(modules, stroke=0, fill=1)
    canvas.restoreState()
    left = (_INSET_MM + side) * mm
    _draw_words(canvas, label, left, size[1] / 2 * mm, (width - side) * mm)


def _draw_words(canvas: Canvas, label: Label, left: float, middle: float, width: float) -> None:
    """The lines of words, the block of them centred on the height `middle`; all in points."""
    printed = [line for line in _lines(label) if _is_latin(line.text)]
    baseline = middle + (len(printed) / 2 - 0.8) * 1.3 * _LARGEST_PT
    for text, is_title in printed:
        font = "Helvetica-Bold" if is_title else "Helvetica"
        size = min(_LARGEST_PT, width / stringWidth(text, font, 1))
        shown = text
        if is_title:
            size = max(size, _SMALLEST_TITLE_PT)
            shown = _shortened(text, font, size, width)
        canvas.setFont(font, size)
        canvas.drawString(left, baseline, shown)
        baseline -= 1.3 * _LARGEST_PT


def _shortened(text: str, font: str, size: float, width: float) -> str:
    """`text`, or as much of its beginning as fits, with an ellipsis."""
    if stringWidth(text, font, size) <= width:
        return text
    lengths = range(len(text) - 1, 0, -1)
    candidates = (text[:length].rstrip() + "…" for length in lengths)
    return next((short for short in candidates if stringWidth(short, font, size) <= width), "…")


def _lines(label: Label) -> list[_Line]:
    name = "".join(mark for mark in " ".join(label.title.split()) if mark.isprintable())
    title = _Line(name if len(name) <= _TITLE_LETTERS else name[:_TITLE_LETTERS] + "…", is_title=True)
    gtin = _Line(f"(01) {label.gtin}", is_title=False)
    serial = _Line(f"(21) {label.serial}" if label.serial else "", is_title=False)
    return [line for line in (title, gtin, serial) if line.text]


def _matrix(uri: str) -> list[list[bool]]:
    """The QR code's modules, dark ones true, without the quiet zone."""
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=0)
    code.add_data(uri)
    code.make(fit=True)
    matrix: list[list[bool]] = code.get_matrix()
    return matrix


def _runs(matrix: list[list[bool]]) -> Iterator[tuple[int, int, int]]:
    """Dark modules that touch in a row, as left, top and length: fewer shapes, and no hair lines between them."""
    for y, row in enumerate(matrix):
        start = 0
        for x, dark in enumerate([*row, False]):
            if not dark:
                if x > start:
                    yield start, y, x - start
                start = x + 1


def _svg_text(text: str, width: int, baseline: float) -> str:
    # A sans serif letter is about 0.6 of the size wide; what may be wider than the label is squeezed into it.
    squeezed = f' textLength="{width - 4}" lengthAdjust="spacingAndGlyphs"' if len(text) * 0.6 * 2.2 > width - 4 else ""
    return (
        f'<text x="{width / 2:g}" y="{baseline:g}" font-family="sans-serif" font-size="2.2" text-anchor="middle"'
        f"{squeezed}>{escape(text)}</text>"
    )


def _fitting_font(text: str, width: float, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    font = ImageFont.load_default(size)
    length = font.getlength(text)
    return font if length <= width else ImageFont.load_default(size * width / length)


def _is_latin(text: str) -> bool:
    """The built-in fonts of PDF and of Pillow have its letters."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
