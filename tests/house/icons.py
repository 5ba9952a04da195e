"""Draws the app's icons as PNG, for the phones that take no SVG: `make icons`. Each says which drawing it is of.

Chromium draws them, so that they look as the SVG does; the drawing's SHA-256 is written into the picture (tEXt, PNG
section 11.3.4.3), by which a house test sees that somebody changed the one and not the other.
"""

import hashlib
import shutil
import struct
import sys
import zlib
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright

from tests.house.files import ROOT

WEB: Final = ROOT / "mobile_menu" / "web"
ICONS: Final = {
    "icon-192.png": ("icon.svg", 192),
    "icon-512.png": ("icon.svg", 512),
    "icon-maskable-192.png": ("icon-maskable.svg", 192),
    "icon-maskable-512.png": ("icon-maskable.svg", 512),
    "icon-apple.png": ("icon-maskable.svg", 180),
}
"""Name: (drawing, pixels of a side). Apple's phones round the corners themselves, and show what is clear as black."""
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
KEYWORD: Final = b"Source"


def chunks_of(png: bytes) -> list[tuple[bytes, bytes]]:
    """(type, data) of each chunk of a PNG file, in their order."""
    found, at = [], len(SIGNATURE)
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        found.append((kind, png[at + 8 : at + 8 + length]))
        at += length + 12
    return found


def size_of(png: bytes) -> tuple[int, int]:
    """(width, height) in pixels."""
    width, height = struct.unpack(">II", chunks_of(png)[0][1][:8])
    return width, height


def source_of(png: bytes) -> str:
    """The digest of the drawing that the picture says it is of; empty when it says nothing."""
    said = (data.split(b"\0", 1) for kind, data in chunks_of(png) if kind == b"tEXt")
    return next((words.decode("latin-1") for keyword, words in said if keyword == KEYWORD), "")


def digest_of(drawing: Path) -> str:
    """As it is written into the pictures: the file's SHA-256, in hex."""
    return hashlib.sha256(drawing.read_bytes()).hexdigest()


def told(png: bytes, digest: str) -> bytes:
    """The picture, and in it which drawing it is of."""
    kind, data = b"tEXt", KEYWORD + b"\0" + digest.encode()
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = len(SIGNATURE) + 25  # IHDR comes first and is of 13 bytes
    return png[:head] + chunk + png[head:]


def drawn(page: Page, drawing: Path, side: int) -> bytes:
    """The drawing as a square picture; what it leaves clear is clear."""
    page.set_viewport_size({"width": side, "height": side})
    page.set_content(
        f"<style>html, body {{ margin: 0; background: transparent }} svg {{ display: block; width: {side}px }}</style>"
        + drawing.read_text(encoding="utf-8")
    )
    return page.screenshot(omit_background=True)


def main() -> None:
    program = shutil.which("chromium")
    if program is None:
        sys.exit("needs the program `chromium` (Debian: the package of that name)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        for name, (drawing, side) in ICONS.items():
            picture = drawn(page, WEB / drawing, side)
            (WEB / name).write_bytes(told(picture, digest_of(WEB / drawing)))
        browser.close()


if __name__ == "__main__":
    main()
