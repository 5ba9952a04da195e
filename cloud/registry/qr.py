"""The QR code of a label: how much it can lose, how large its modules are, and of how many printer's dots.

Sizes of GS1 General Specifications, 5.12.3.1, for a QR Code with a GS1 Digital Link URI: modules of 0.396 to 0.990 mm,
and a quiet zone of 4 modules, which is also ISO/IEC 18004's. The address stands in the code as it is written: its host
in capitals would save one size, but not every scanner takes `HTTPS://` for a link.
"""

from collections.abc import Iterator
from math import floor
from typing import ClassVar, Final, NamedTuple

import qrcode

from broker.contract.errors import ThroughlineError

QUIET_ZONE: Final = 4
MIN_MODULE_MM: Final = 0.396
MAX_MODULE_MM: Final = 0.990
EASY_MODULE_MM: Final = 0.5
"""What a phone reads without trouble: where the modules stay this large, more of the code may be lost (level Q)."""
LEVELS: Final = {"Q": qrcode.ERROR_CORRECT_Q, "M": qrcode.ERROR_CORRECT_M}
"""The levels in use, the stronger first: a quarter, or a sixth and a half, of the code may be damaged."""
INCH_MM: Final = 25.4
_SEGMENT: Final = 10
"""Characters from which a run of digits is worth a mode of its own: a GTIN is, and spares the code about five bytes."""

Matrix = tuple[tuple[bool, ...], ...]


class LabelTooSmallError(ThroughlineError):
    """The QR code does not fit the label with modules that a phone can read; use larger labels or a shorter address."""

    code: ClassVar[str] = "label_too_small"


class Code(NamedTuple):
    """A QR code as it is printed. matrix: dark modules true, without the quiet zone; module_mm: a module's side."""

    matrix: Matrix
    level: str
    module_mm: float

    @property
    def side_mm(self) -> float:
        """With the quiet zone."""
        return (len(self.matrix) + 2 * QUIET_ZONE) * self.module_mm


def fitted(uri: str, side_mm: float, dpi: int | None = None) -> Code:
    """The code that fits a square of this side, quiet zone included: level Q where its modules stay easy to read, else
    M. dpi: of a printer that prints dots; its modules are then whole dots. Raises LabelTooSmallError.
    """
    module = 0.0
    for level, enough in (("Q", EASY_MODULE_MM), ("M", MIN_MODULE_MM)):
        module = _module(_modules(uri, level), side_mm, dpi)
        if module >= enough:
            return Code(matrix_of(uri, level), level, module)
    dots = "" if dpi is None else f" of whole dots at {dpi} dpi"
    detail = (
        f"{side_mm:.1f} mm for the code leave modules of {module:.2f} mm{dots}; {MIN_MODULE_MM} are needed. "
        "Use larger labels or a shorter address"
    )
    raise LabelTooSmallError(detail, uri=uri)


def alone(uri: str) -> Code:
    """The code of a label that stands alone and is as large as it likes."""
    return Code(matrix_of(uri, "Q"), "Q", EASY_MODULE_MM)


def matrix_of(uri: str, level: str) -> Matrix:
    """The code's modules at a level. Raises LabelTooSmallError for an address that no QR code can hold."""
    _modules(uri, level)
    code = _qr(uri, level)
    code.make(fit=True)
    return tuple(tuple(bool(dark) for dark in row) for row in code.get_matrix())


def runs(matrix: Matrix) -> Iterator[tuple[int, int, int]]:
    """Dark modules that touch in a row, as left, top and length: fewer shapes, and no hair lines between them."""
    for y, row in enumerate(matrix):
        start = 0
        for x, dark in enumerate((*row, False)):
            if not dark:
                if x > start:
                    yield start, y, x - start
                start = x + 1


def _module(modules: int, side_mm: float, dpi: int | None) -> float:
    """A module's side where so many share this much, in mm."""
    module = min(side_mm / (modules + 2 * QUIET_ZONE), MAX_MODULE_MM)
    if dpi is None:
        return module
    dot = INCH_MM / dpi
    return floor(module / dot + 1e-9) * dot


def _modules(uri: str, level: str) -> int:
    """How many modules wide the code is."""
    try:
        return 17 + 4 * int(_qr(uri, level).best_fit())
    except (ValueError, qrcode.exceptions.DataOverflowError) as error:
        msg = "no QR code can hold this address"
        raise LabelTooSmallError(msg, uri=uri) from error


def _qr(uri: str, level: str) -> qrcode.QRCode:
    code = qrcode.QRCode(error_correction=LEVELS[level], border=0)
    code.add_data(uri, optimize=_SEGMENT)
    return code
