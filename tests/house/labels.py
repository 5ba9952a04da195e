"""Measures how much a printed label may suffer: `python -m tests.house.labels` writes docs/reference/labels.md.

Labels with ten serials are printed as pictures at a printer's resolution, spoiled in one way more and more, and given
to the decoder zxing-cpp. What is written is the last step at which all ten were read. Takes some minutes.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from PIL import Image

from cloud.registry.gs1 import Gtin, Serial, digital_link
from cloud.registry.label_pdf import label_pdf
from cloud.registry.labels import Label
from cloud.registry.sheets import SHEETS, Sheet
from tests.camera import blurred, faded, leaning, modules_of, noisy, pages, read, scratched, texts, turned
from tests.house.files import DOCS

PAGE: Final = DOCS / "reference" / "labels.md"
PRINTED: Final = (
    ("50x25", 203),
    ("62x29", 203),
    ("62x29", 300),
    ("letter-3x10", 300),
    ("a4-l7160", 300),
    ("a4-1", 300),
)
GTIN: Final = Gtin("09506000134352")
BASE: Final = "https://id.example.com"
SERIALS: Final = 10
Spoil = Callable[[Image.Image, float, int], Image.Image]
Step = tuple[str, Spoil, Iterable[float], str]

STEPS: Final[tuple[Step, ...]] = (
    ("blur, mm", blurred, [one / 50 for one in range(41)], "{:.2f}"),
    (
        "angle at 0.15 mm blur",
        lambda image, step, dpi: turned(blurred(image, 0.15, dpi), step),
        range(0, 50, 5),
        "{:.0f}°",
    ),
    ("seen from the side", lambda image, step, _dpi: leaning(image, step), range(0, 80, 5), "{:.0f}°"),
    ("noise, of 255", lambda image, step, _dpi: noisy(image, step), range(0, 200, 10), "{:.0f}"),
    ("contrast, at least", lambda image, step, _dpi: faded(image, 1 - step), [one / 20 for one in range(20)], "{:.2f}"),
)
WORN: Final = ("worn away", [one / 100 for one in range(1, 31)])


def label(number: int) -> Label:
    serial = f"SN{number * 7919 % 10_000:04}"
    return Label(digital_link(BASE, GTIN, Serial(serial)), GTIN, serial, "Acme LabelPro 100")


def pictures(sheet: Sheet, dpi: int) -> list[Image.Image]:
    """One picture for each serial, of the first place on its page."""
    found = []
    for number in range(SERIALS):
        (page,) = pages(label_pdf([label(number)], sheet), dpi)
        left, top = (edge * dpi / 25.4 for edge in sheet.place(0))
        width, height = (edge * dpi / 25.4 for edge in sheet.label)
        found.append(page.crop((round(left), round(top), round(left + width), round(top + height))))
    return found


def last(shown: list[Image.Image], spoil: Spoil, steps: Iterable[float], dpi: int) -> float | None:
    """The last step before the first at which a label is not read."""
    reached = None
    for step in steps:
        if not all(texts(spoil(one, step, dpi)) == [label(number).uri] for number, one in enumerate(shown)):
            break
        reached = step
    return reached


def code_alone(image: Image.Image) -> Image.Image:
    """The code without the words beside it."""
    at: Any = read(image)[0].position
    margin = (at.top_right.x - at.top_left.x) // 12
    return image.crop(
        (at.top_left.x - margin, at.top_left.y - margin, at.top_right.x + margin, at.bottom_left.y + margin)
    )


def row(name: str, dpi: int) -> str:
    """A line of the table."""
    shown = pictures(SHEETS[name], dpi)
    (found,) = read(shown[0])
    module_mm = (found.position.top_right.x - found.position.top_left.x + 1) * 25.4 / dpi / modules_of(found)
    cells = [name, str(dpi), f"{module_mm:.2f}", found.ec_level]
    for title, spoil, steps, form in STEPS:
        reached = last(shown, spoil, steps, dpi)
        value = None if reached is None else 1 - reached if title.startswith("contrast") else reached
        cells.append("–" if value is None else form.format(value))
    codes = [code_alone(one) for one in shown]
    worn = last(codes, lambda image, step, _dpi: scratched(image, step), WORN[1], dpi)
    cells.append("–" if worn is None else f"{worn:.0%}")
    return f"| {' | '.join(cells)} |"


def page() -> str:
    """The whole page."""
    titles = ["sheet", "dpi", "module, mm", "level", *(title for title, *_ in STEPS), WORN[0]]
    return "\n".join(
        (
            "# Labels",
            "",
            "How much a printed label may suffer and still be read. Labels with ten serials and the address",
            f"`{BASE}/01/…/21/SN0000` were printed as pictures, spoiled in one way more and more, and given to",
            "the decoder zxing-cpp; each figure is the last step at which all ten were read, of those that were tried",
            "(angles to 45°, from the side to 75°). Blur is the standard deviation of a Gaussian, on the label; noise",
            "is normal, in grey levels; contrast is what is left between black and white; worn are white spots over a",
            "share of the code, not on its three corner squares. Made by `python -m tests.house.labels`; the tests",
            "hold labels to a part of this on every run.",
            "",
            f"| {' | '.join(titles)} |",
            f"|{'---|' * len(titles)}",
            *(row(name, dpi) for name, dpi in PRINTED),
            "",
            "A label is read as long as the blur stays below about half a module; how it is held does not matter.",
            "",
        )
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
