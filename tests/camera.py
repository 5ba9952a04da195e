"""A printer and a phone's camera for labels: pages as pictures at a printer's resolution, spoiled as life spoils them.

Every picture is made with Pillow and numpy from a seed, so that it is the same each time.
"""

from collections.abc import Iterator
from math import cos, radians, sin
from typing import Any

import numpy as np
import pypdfium2
import zxingcpp
from PIL import Image, ImageFilter
from pypdfium2.raw import FPDF_PAGEOBJ_TEXT

WHITE = 255
FORMATS = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])


def pages(pdf: bytes, dpi: int = 300) -> Iterator[Image.Image]:
    """Each page as it prints."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            yield page.render(scale=dpi / 72).to_pil().convert("L")
    finally:
        document.close()


def words(pdf: bytes) -> str:
    """The text of all pages."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def lines(pdf: bytes) -> list[tuple[str, float]]:
    """Each line of words of all pages as it was set, and its size in points."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [
            (one.extract(), one.get_font_size())
            for page in document
            for one in page.get_objects(filter=[FPDF_PAGEOBJ_TEXT], textpage=page.get_textpage())
        ]
    finally:
        document.close()


def read(image: Image.Image) -> list[zxingcpp.Barcode]:
    """The QR codes that a decoder finds."""
    return list(zxingcpp.read_barcodes(image, formats=FORMATS))


def texts(image: Image.Image) -> list[str]:
    """What they say, sorted."""
    return sorted(code.text for code in read(image))


def modules_of(code: Any) -> int:
    """How many modules wide a code is that was read."""
    return 17 + 4 * int(code.extra["Version"])


def blurred(image: Image.Image, sigma_mm: float, dpi: int) -> Image.Image:
    """Out of focus: a Gaussian of this standard deviation on the label."""
    return image.filter(ImageFilter.GaussianBlur(sigma_mm * dpi / 25.4))


def turned(image: Image.Image, degrees: float) -> Image.Image:
    """Held askew."""
    return image.rotate(degrees, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=WHITE)


def noisy(image: Image.Image, sigma: float, seed: int = 1) -> Image.Image:
    """Too little light: normal noise of this standard deviation, in grey levels of 255."""
    rng = np.random.default_rng(seed)
    levels = np.asarray(image, dtype=float) + rng.normal(0, sigma, (image.height, image.width))
    return Image.fromarray(np.clip(levels, 0, 255).astype("uint8"))


def faded(image: Image.Image, contrast: float) -> Image.Image:
    """Faint print on grey paper: black and white come this close together, 1 being as printed."""
    return image.point(lambda level: 128 + (level - 128) * contrast)


def leaning(image: Image.Image, degrees: float) -> Image.Image:
    """Looked at from one side, from as far away as the label is wide twice."""
    width, height = image.size
    distance, turn = 2.0 * width, radians(degrees)
    corners = [(float(x), float(y)) for y in (0, height) for x in (0, width)]
    seen = [_seen(x - width / 2, y - height / 2, distance, turn) for x, y in corners]
    left, top = min(x for x, _ in seen), min(y for _, y in seen)
    size = (round(max(x for x, _ in seen) - left), round(max(y for _, y in seen) - top))
    there = [(x - left, y - top) for x, y in seen]
    resample = Image.Resampling.BICUBIC
    return image.transform(size, Image.Transform.PERSPECTIVE, _homography(there, corners), resample, fillcolor=WHITE)


def scratched(image: Image.Image, share: float, seed: int = 1) -> Image.Image:
    """Worn: white spots of a few modules over this share of the code, but not on the three squares of its corners, for
    which no error correction stands. image: of a code with nothing else dark.
    """
    box = image.point(lambda level: WHITE - level).getbbox()
    if box is None:
        return image
    rng = np.random.default_rng(seed)
    levels = np.asarray(image).copy()
    side = box[2] - box[0]
    spot, corner = max(2, side // 16), side * 0.3
    worn = 0.0
    while worn < share * side * side:
        x, y = (float(at) for at in rng.uniform(0, side - spot, 2))
        on_corner = (y < corner and (x < corner or x > side - corner - spot)) or (
            y > side - corner - spot and x < corner
        )
        if not on_corner:
            top, left = box[1] + round(y), box[0] + round(x)
            levels[top : top + spot, left : left + spot] = WHITE
            worn += spot * spot
    return Image.fromarray(levels)


def _seen(x: float, y: float, distance: float, turn: float) -> tuple[float, float]:
    scale = distance / (distance + x * sin(turn))
    return x * cos(turn) * scale, y * scale


def _homography(frm: list[tuple[float, float]], to: list[tuple[float, float]]) -> Any:
    """Pillow's eight numbers: where each pixel of the new picture comes from."""
    rows, values = [], []
    for (x, y), (u, v) in zip(frm, to, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.linalg.solve(np.array(rows, dtype=float), np.array(values, dtype=float)).tolist()
