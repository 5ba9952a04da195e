"""The formats that labels come in: sheets for office printers, and single labels for label printers. Pure.

The makers' numbers name what fits; sizes are those on the makers' packages, and a sheet's margins follow from them.
"""

from typing import Final, NamedTuple

INCH: Final = 25.4


class Sheet(NamedTuple):
    """A page of labels; all lengths in mm. pitch: from one label's edge to the same edge of the next. dpi: of the
    printers that such labels are made for, where those print dots; None where any printer may.
    """

    page: tuple[float, float]
    columns: int
    rows: int
    label: tuple[float, float]
    pitch: tuple[float, float]
    margin: tuple[float, float] = (0.0, 0.0)
    """From the page's left and top edge to the first label."""
    dpi: int | None = None

    @property
    def places(self) -> int:
        """Labels on one page."""
        return self.columns * self.rows

    def place(self, index: int) -> tuple[float, float]:
        """Left and top edge of the page's label `index`, from its left and top edge; row by row."""
        row, column = divmod(index, self.columns)
        return self.margin[0] + column * self.pitch[0], self.margin[1] + row * self.pitch[1]


A4: Final = (210.0, 297.0)
LETTER: Final = (8.5 * INCH, 11 * INCH)


def _grid(
    page: tuple[float, float], columns: int, rows: int, label: tuple[float, float], gap: tuple[float, float] = (0, 0)
) -> Sheet:
    """Labels in the middle of the page, `gap` apart."""
    pitch = (label[0] + gap[0], label[1] + gap[1])
    used = (columns * pitch[0] - gap[0], rows * pitch[1] - gap[1])
    return Sheet(page, columns, rows, label, pitch, ((page[0] - used[0]) / 2, (page[1] - used[1]) / 2))


def _single(width: float, height: float) -> Sheet:
    """One label a page, for printers of 203 dots to the inch; those of 300 and 600 print it as well."""
    return Sheet((width, height), 1, 1, (width, height), (width, height), dpi=203)


SHEETS: Final = {
    "a4-3x8": _grid(A4, 3, 8, (70, 37)),
    "a4-l7159": _grid(A4, 3, 8, (63.5, 33.9), (2.54, 0)),
    "a4-l7160": _grid(A4, 3, 7, (63.5, 38.1), (2.54, 0)),
    "a4-l7163": _grid(A4, 2, 7, (99.1, 38.1), (2.5, 0)),
    "a4-l7165": _grid(A4, 2, 4, (99.1, 67.7), (2.5, 0)),
    "a4-1": _grid(A4, 1, 1, (190, 277)),
    "letter-3x10": _grid(LETTER, 3, 10, (2.625 * INCH, INCH), (0.125 * INCH, 0)),
    "letter-5163": _grid(LETTER, 2, 5, (4 * INCH, 2 * INCH), (0.15625 * INCH, 0)),
    "50x25": _single(50, 25),
    "62x29": _single(62, 29),
    "100x50": _single(100, 50),
    "4x6in": _single(4 * INCH, 6 * INCH),
}
"""By name. `letter-3x10` is Avery 5160, `l7160` and its like are Avery's A4 sheets."""
