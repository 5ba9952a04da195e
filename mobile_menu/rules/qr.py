"""A coupon's code as a QR picture that a till can scan."""

import base64

import qrcode
from qrcode.constants import ERROR_CORRECT_M

_MASK = 3
"""A fixed mask: every reader takes any of the eight, and trying them all costs seven times as long."""


def qr_data_uri(text: str) -> str:
    """The QR code of a short text as an SVG data URI: black on white, with the quiet zone of four modules."""
    code = qrcode.QRCode(version=None, error_correction=ERROR_CORRECT_M, border=4, mask_pattern=_MASK)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    size = len(rows)
    path = "".join(f"M{x} {y}h{width}v1h-{width}z" for y, row in enumerate(rows) for x, width in _runs(row))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path d="{path}"/></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _runs(row: list[bool]) -> list[tuple[int, int]]:
    """Where dark modules begin in a row, and how many follow each other."""
    runs: list[tuple[int, int]] = []
    start: int | None = None
    for x, dark in enumerate([*row, False]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            runs.append((start, x - start))
            start = None
    return runs
