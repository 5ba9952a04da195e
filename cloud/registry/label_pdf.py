"""Sheets of labels as PDF, for office printers and for label printers; and the page to try a printer's feed with.

The modules of the codes are vectors. Words keep to the label: what identifies the unit gets smaller until it fits, or
goes on in a second line where it would be too small to read; a title is cut short.
"""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from cloud.registry import qr
from cloud.registry.label_fonts import PLAIN, pdf_font
from cloud.registry.labels import Label, Line, lines_of
from cloud.registry.sheets import Sheet

MAX_OFFSET_MM: Final = 10.0
_INSET_MM: Final = 1.0
"""White that labels keep to their edges, for printers that feed askew."""
_CODE_SHARE: Final = 0.55
"""Of a wide label's width, at most, goes to the code; the rest to the words."""
_LARGEST_PT: Final = 9.0
_SMALLEST_TITLE_PT: Final = 6.0
_SMALLEST_PT: Final = 5.0
"""Of what identifies the unit, in one line; two are always larger, on every format there is."""
_LEADING: Final = 1.3


class Feed(NamedTuple):
    """What is known of the printer. offset: how far all is moved right and down, mm; dpi: it prints dots, and the
    modules of a code shall be whole ones; font: a TrueType file for titles in other than Latin letters.
    """

    offset: tuple[float, float] = (0.0, 0.0)
    dpi: int | None = None
    font: Path | None = None


STRAIGHT: Final = Feed()
"""Of a printer of which nothing is known."""


def label_pdf(labels: Iterable[Label], sheet: Sheet, *, skip: int = 0, feed: Feed = STRAIGHT) -> bytes:
    """The labels on as many pages as they need. skip: places of the first page that are used up already.

    Raises LabelTooSmallError; ValueError when there is no label, or nothing of the first page left. The PDF grows in
    memory by about 5 KB a label; the labels themselves are taken one by one.
    """
    if not 0 <= skip < sheet.places:
        msg = f"the first page has {sheet.places} places; {skip} cannot be skipped"
        raise ValueError(msg)
    out = io.BytesIO()
    canvas = _canvas(out, sheet, "Labels")
    used = skip
    for label in labels:
        if used == sheet.places:
            canvas.showPage()
            used = 0
        canvas.saveState()
        _move_to(canvas, sheet, used, feed)
        _draw(canvas, label, sheet, feed)
        canvas.restoreState()
        used += 1
    if used == skip:
        msg = "there is no label to print"
        raise ValueError(msg)
    canvas.save()
    return out.getvalue()


def calibration_pdf(sheet: Sheet, name: str, feed: Feed = STRAIGHT) -> bytes:
    """A page with the outline of every label: printed on plain paper and held with a sheet of labels against the light,
    it shows how far the printer is off. Each tick of the rulers is a millimetre, each longer one five.
    """
    out = io.BytesIO()
    canvas = _canvas(out, sheet, "Calibration")
    for index in range(sheet.places):
        canvas.saveState()
        _move_to(canvas, sheet, index, feed)
        _outline(canvas, sheet.label)
        canvas.restoreState()
    canvas.saveState()
    _move_to(canvas, sheet, 0, feed)
    canvas.setFont(PLAIN, 7)
    words = f"{name}: move by {feed.offset[0]:+g} mm right, {feed.offset[1]:+g} mm down"
    size = min(7.0, 7.0 * (sheet.label[0] - 16) * mm / stringWidth(words, PLAIN, 7))
    canvas.setFont(PLAIN, size)
    canvas.drawCentredString(sheet.label[0] / 2 * mm, (sheet.label[1] / 2 + 3) * mm, words)
    canvas.restoreState()
    canvas.save()
    return out.getvalue()


def _canvas(out: io.BytesIO, sheet: Sheet, title: str) -> Canvas:
    size = (sheet.page[0] * mm, sheet.page[1] * mm)
    canvas = Canvas(out, pagesize=size, pageCompression=1, invariant=1)  # the same labels make the same bytes
    canvas.setTitle(title)
    return canvas


def _move_to(canvas: Canvas, sheet: Sheet, index: int, feed: Feed) -> None:
    """The origin is the lower left corner of this label now."""
    left, top = sheet.place(index)
    below = sheet.page[1] - top - sheet.label[1]
    canvas.translate((left + feed.offset[0]) * mm, (below - feed.offset[1]) * mm)


def _outline(canvas: Canvas, label: tuple[float, float]) -> None:
    width, height = label
    canvas.setLineWidth(0.2)
    canvas.rect(0, 0, width * mm, height * mm)
    centre = (width / 2 * mm, height / 2 * mm)
    canvas.line(centre[0] - 2 * mm, centre[1], centre[0] + 2 * mm, centre[1])
    canvas.line(centre[0], centre[1] - 2 * mm, centre[0], centre[1] + 2 * mm)
    for at in range(1, 11):
        length = (2.0 if at % 5 == 0 else 1.0) * mm
        canvas.line(at * mm, height * mm, at * mm, height * mm - length)
        canvas.line(0, (height - at) * mm, length, (height - at) * mm)


def _draw(canvas: Canvas, label: Label, sheet: Sheet, feed: Feed) -> None:
    """One label with its lower left corner at the origin: the code left and the words right of it, or above and below
    on a label that is higher than wide.
    """
    width, height = sheet.label[0] - 2 * _INSET_MM, sheet.label[1] - 2 * _INSET_MM
    upright = height > width
    words_mm = 4 * _LEADING * _LARGEST_PT / mm
    room = min(width, height - words_mm) if upright else min(height, _CODE_SHARE * width)
    code = qr.fitted(label.uri, room, feed.dpi or sheet.dpi)
    side = code.side_mm
    if upright:
        bottom = (sheet.label[1] + words_mm - side) / 2
        _draw_code(canvas, code, (sheet.label[0] - side) / 2, bottom)
        _draw_words(canvas, label, feed, left=_INSET_MM, middle=bottom - words_mm / 2, width=width)
        return
    _draw_code(canvas, code, _INSET_MM, (sheet.label[1] - side) / 2)
    _draw_words(canvas, label, feed, left=_INSET_MM + side, middle=sheet.label[1] / 2, width=width - side)


def _draw_code(canvas: Canvas, code: qr.Code, left: float, bottom: float) -> None:
    """The code with its quiet zone; left and bottom of that, in mm."""
    canvas.saveState()
    canvas.translate(left * mm, (bottom + code.side_mm) * mm)
    canvas.scale(code.module_mm * mm, -code.module_mm * mm)
    modules = canvas.beginPath()
    for x, y, run in qr.runs(code.matrix):
        modules.rect(x + qr.QUIET_ZONE, y + qr.QUIET_ZONE, run, 1)
    canvas.drawPath(modules, stroke=0, fill=1)
    canvas.restoreState()


def _draw_words(canvas: Canvas, label: Label, feed: Feed, *, left: float, middle: float, width: float) -> None:
    """The lines of words, the block of them centred on the height `middle`; all in mm."""
    found = [(line, pdf_font(line.text, feed.font, bold=line.is_title)) for line in lines_of(label)]
    printed = [laid for line, font in found if font is not None for laid in _laid(line, font, width * mm)]
    baseline = middle * mm + (len(printed) / 2 - 0.8) * _LEADING * _LARGEST_PT
    for text, font, size in printed:
        canvas.setFont(font, size)
        canvas.drawString(left * mm, baseline, text)
        baseline -= _LEADING * _LARGEST_PT


def _laid(line: Line, font: str, width: float) -> list[tuple[str, str, float]]:
    """What is printed of a line in this width, in points: text, font and size of each line that it takes."""
    size = _fitting(line.text, font, width)
    if line.is_title:
        size = max(size, _SMALLEST_TITLE_PT)
        return [(_shortened(line.text, font, size, width), font, size)]
    if size >= _SMALLEST_PT:
        return [(line.text, font, size)]
    parts = [(line.text[:at], line.text[at:]) for at in range(1, len(line.text))]
    size, halves = max((min(_fitting(part, font, width) for part in two), two) for two in parts)
    return [(half, font, size) for half in halves]


def _fitting(text: str, font: str, width: float) -> float:
    """The size at which it is no wider than this."""
    return min(_LARGEST_PT, width / stringWidth(text, font, 1))


def _shortened(text: str, font: str, size: float, width: float) -> str:
    """`text`, or as much of its beginning as fits, with an ellipsis."""
    if stringWidth(text, font, size) <= width:
        return text
    lengths = range(len(text) - 1, 0, -1)
    candidates = (text[:length].rstrip() + "…" for length in lengths)
    return next((short for short in candidates if stringWidth(short, font, size) <= width), "…")
