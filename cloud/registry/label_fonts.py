"""The fonts of labels: Helvetica for Latin letters, and a TrueType font of the deployment's for all others.

Right-to-left scripts and those whose letters join are not shaped: their titles are left out, like all that no font has.
"""

import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

from PIL import ImageFont
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from cloud.errors import SetupError

PLAIN: Final = "Helvetica"
BOLD: Final = "Helvetica-Bold"
_UNSHAPED: Final = frozenset({"L", "ES", "EN", "CS", "NSM", "WS", "ON", "ET"})
"""Bidirectional classes that are set from left to right, as they come."""


def pdf_font(text: str, font: Path | None, *, bold: bool = False) -> str | None:
    """The name of the PDF font that has all letters of `text`; None when there is none."""
    if is_latin(text):
        return BOLD if bold else PLAIN
    return _registered(font) if font is not None and covers(font, text) else None


def png_font(text: str, size: float, font: Path | None) -> ImageFont.FreeTypeFont | ImageFont.ImageFont | None:
    """The same for pictures."""
    if is_latin(text):
        return ImageFont.load_default(size)
    return ImageFont.truetype(str(font), size) if font is not None and covers(font, text) else None


def is_latin(text: str) -> bool:
    """The built-in fonts of PDF and of Pillow have its letters."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def covers(font: Path, text: str) -> bool:
    """The font has every letter, and none of them needs shaping."""
    letters = _letters(font)
    return all(ord(mark) in letters and _stands_alone(mark) for mark in text)


def _stands_alone(mark: str) -> bool:
    """Set from left to right as it comes, and no mark that joins another letter."""
    return unicodedata.bidirectional(mark) in _UNSHAPED and not unicodedata.category(mark).startswith("M")


@cache
def _letters(font: Path) -> frozenset[int]:
    return frozenset(_loaded(font).face.charToGlyph)


@cache
def _registered(font: Path) -> str:
    loaded = _loaded(font)
    pdfmetrics.registerFont(loaded)
    return str(loaded.fontName)


def _loaded(font: Path) -> TTFont:
    try:
        return TTFont(f"Label-{font.stem}", str(font))
    except (TTFError, OSError) as error:
        msg = f"{font} is no TrueType font that labels can be printed with"
        raise SetupError(msg) from error
