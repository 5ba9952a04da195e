"""Takes the gallery's pictures and writes its page: `make pictures`. The page and the content are the real ones.

Nothing in a picture depends on when it is taken: the clock stands, nothing moves, what the service says is fixed. One
that shows what the one before showed is left as it is.
"""

import io
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, expect, sync_playwright

from cloud.consent.service import KEPT, RECEIPT_FORM
from tests.browser import view_menus
from tests.browser.fake_service import FakeService, Running
from tests.house import gallery
from tests.house.files import DOCS
from tests.house.gallery import Shot
from tests.house.situations import BASE, NOW

PAGE: Final = DOCS / "phone.md"
PLACE: Final = DOCS / "pictures" / "phone"
PHONE: Final[Any] = {"width": 390, "height": 844}
ACROSS: Final = 4
"""Pictures beside each other on the page."""
LARGEST: Final = 40_000
"""Bytes of a picture."""
STILL: Final = """async () => {
  await document.fonts.ready;
  await Promise.all([...document.images].map((one) => one.decode().catch(() => {})));
}"""
RECEIPT: Final = {
    "form": RECEIPT_FORM,
    "id": "01m82nktwqw9eb9wr32fwx86g9",
    "erased_at": NOW.isoformat(),
    "wiped": {"journeys": 1, "cases": 1, "sessions": 1},
    "kept": KEPT,
    "key_id": "d7a8fbb307d7",
    "signature": "gU6nq4sWc1oXWl0b7Jv0O3mM8b1o2bq1o8oCq1V8cXg=",
}
"""In the form of the real one; of nobody, and signed by nobody."""
STAGES: Final = {
    "interested": "Interested",
    "engaged": "Engaged",
    "delivery": "Delivery",
    "install": "Install",
    "support": "Support",
    "closed": "Closed",
}
LANGUAGES: Final = {"de": "In German", "ar": "In Arabic, from right to left"}
MADE: Final = "<!-- Made by `make pictures`. -->"
LEAD: Final = """# The phone, in pictures

What the customer sees, as the app draws it on a phone of 390 by 844 points: at every stage, and with every reason for
which a printer asks for help. The menus are those of the packaged [content](concepts/menu.md); what else the service
says here (a parcel's scans, an expert's answer) was laid in. All of it is made, and made again, by `make pictures`.
"""
FIXES: Final = """The owner stands beside the printer, which has stopped and reports one of IPP's
`printer-state-reasons` (RFC 8011, PWG 5100.9). What to do leads; what to buy in time stands above how to change it.
"""


def service() -> FakeService:
    """What there is to say besides menus: a parcel's story, an expert's answer, a receipt."""
    made = FakeService()
    made.parcels[BASE.journey_id] = view_menus.STORY
    made.answers["/opt-out"] = RECEIPT
    said = (
        ("customer", "It crunches when it pulls the paper in."),
        ("expert", "Then a scrap is left inside. Please open the rear door once more."),
    )
    messages = [
        {"id": f"m-{number}", "author": author, "text": text, "at": f"2026-11-20T14:{40 + number}:00Z"}
        for number, (author, text) in enumerate(said)
    ]  # fmt: skip
    thread = {"id": "c-1", "journey_id": BASE.journey_id, "status": "answered", "messages": messages}
    made.threads.append({**thread, "opened_at": "2026-11-20T14:40:00Z"})
    return made


@contextmanager
def opened(browser: Browser, shot: Shot) -> Iterator[Page]:
    """A phone of its own for each picture, so that none carries anything over from another."""
    laid_in, menu = service(), shot.menu
    if shot.situation and menu:
        known = shot.situation
        laid_in.serve(
            menu,
            model_name=known.model_name,
            serial=known.serial,
            product_id=known.product_id,
            role=known.role,
            profile=known.profile,
        )
    running = Running(laid_in)
    language = shot.situation.language if shot.situation else "en"
    context = browser.new_context(
        viewport=PHONE,
        locale={"en": "en-GB"}.get(language, language),
        timezone_id="UTC",
        color_scheme="dark" if shot.dark else "light",
        reduced_motion="reduce",
        service_workers="block",
    )
    try:
        page = context.new_page()
        page.clock.set_fixed_time(NOW)
        page.goto(f"{running.url}/app")
        yield page
    finally:
        context.close()
        running.stop()


def take(browser: Browser, shot: Shot) -> Image.Image:
    with opened(browser, shot) as page:
        if shot.situation:
            expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
        else:
            expect(page.locator(".start h1")).to_be_visible()
        for tap in shot.taps:
            page.locator(tap).last.click()
        page.mouse.move(0, 0)  # nothing looks as if it were pointed at
        if shot.shows:
            expect(page.locator(shot.shows).last).to_be_visible()
        if shot.scrolls:
            page.locator(shot.scrolls).evaluate("one => one.scrollIntoView({ block: 'center' })")
        page.evaluate(STILL)
        return Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")


def packed(picture: Image.Image) -> bytes:
    """As small as it can be without losing anything."""
    out = io.BytesIO()
    picture.save(out, "WEBP", lossless=True, quality=100, method=6)
    return out.getvalue()


def keep(picture: Image.Image, path: Path) -> bool:
    """Whether it was written: not where the file shows the very same."""
    if path.exists():
        with Image.open(path) as old:
            before = old.convert("RGB")
        if before.size == picture.size and ImageChops.difference(before, picture).getbbox() is None:
            return False
    path.write_bytes(packed(picture))
    return True


# --- the page ---


def written() -> str:
    """docs/phone.md."""
    parts = [MADE, "", LEAD]
    for stage, shots in gallery.the_stages().items():
        parts += [f"## {STAGES[stage]}", "", table((shot, shot.caption) for shot in shots)]
    fixes = gallery.the_fixes()
    named = ((shot, f"`{reason}`: {shot.caption}") for reason, shot in fixes.items())
    parts += ["## Every reason, and its fix", "", FIXES, table(named)]
    parts += ["## What opens over a menu", "", table((shot, shot.caption) for shot in gallery.the_views())]
    parts += ["## By night", "", table((shot, shot.caption) for shot in gallery.by_night())]
    for language, shots in gallery.in_other_languages().items():
        parts += [f"## {LANGUAGES[language]}", "", table((shot, shot.caption) for shot in shots)]
    parts += ["## Another product", "", table((shot, shot.caption) for shot in gallery.another_product())]
    return "\n".join(parts)


def table(shots: Iterable[tuple[Shot, str]]) -> str:
    """Pictures in rows, each with its words under it."""
    cells = list(shots)
    rows = [cells[at : at + ACROSS] for at in range(0, len(cells), ACROSS)]
    lines = [row(["" for _ in range(ACROSS)]), row(["---"] * ACROSS)]
    for one in rows:
        lines.append(row([f"![{shot.caption}](pictures/phone/{shot.name}.webp)" for shot, _ in one]))
        lines.append(row([words for _, words in one]))
    return "\n".join((*lines, ""))


def row(cells: Sequence[str]) -> str:
    return "| " + " | ".join((*cells, *[""] * (ACROSS - len(cells)))) + " |"


def main() -> None:
    """With names: only these pictures."""
    program = shutil.which("chromium")
    if program is None:
        sys.exit("needs the program `chromium` (Debian: the package of that name)")
    PLACE.mkdir(exist_ok=True)
    shots = {shot.name: shot for shot in gallery.every_shot()}
    for path in PLACE.glob("*.webp"):
        if path.stem not in shots:
            path.unlink()
    wanted = sys.argv[1:] or list(shots)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        changed = [name for name in wanted if keep(take(browser, shots[name]), PLACE / f"{name}.webp")]
        browser.close()
    PAGE.write_text(written(), encoding="utf-8")
    total = sum(path.stat().st_size for path in PLACE.glob("*.webp"))
    print(f"{len(changed)} of {len(wanted)} pictures changed; all are {total / 1e6:.1f} MB")  # noqa: T201 - its output


if __name__ == "__main__":
    main()
