"""Takes the pictures of the phone page: `make pictures`. A real system, a simulated printer, a real browser."""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.async_api import Page, async_playwright

from device_sim.calls import Caller
from tests.browser.kept import SESSION
from tests.house.files import DOCS
from tests.system import System, embedded

PLACE: Final = DOCS / "pictures"
PHONE: Final = {"width": 390, "height": 780}


async def shot(page: Page, words: str, name: str) -> None:
    """The page as it is once it says `words`."""
    await page.get_by_text(words).first.wait_for()
    await page.wait_for_timeout(800)  # what moves has come to rest; a picture, and no test
    await page.screenshot(path=PLACE / f"{name}.png")


async def take(page: Page, system: System) -> None:
    """One customer's way, from the advert to the jam."""
    unit = await system.unit("ABC123")
    await page.goto(f"{system.url}/c/{await system.campaign()}")
    await shot(page, "Ask an expert", "phone-engaged")
    token = (await page.evaluate(SESSION))["token"]
    async with Caller(system.url, headers={"Authorization": f"Bearer {token}"}).client as client:
        claimed = await client.post("/menu/v1/claims", json={"uri": unit.uri, "code": unit.claim_code})
        claimed.raise_for_status()
    async with system.printer(unit) as printer:
        await printer.power_on()
        await shot(page, "3 of 7 steps done", "phone-install")
        await printer.load_paper()
        await printer.install_supplies()
        await printer.print_test_page()
        await printer.jam()
        await shot(page, "Paper jam", "phone-jam")


async def main() -> None:
    program = shutil.which("chromium")
    if program is None:
        sys.exit("needs the program `chromium` (Debian: the package of that name)")
    with tempfile.TemporaryDirectory() as folder, embedded(Path(folder)) as system:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            context = await browser.new_context(viewport=PHONE, locale="en-GB", timezone_id="UTC")  # type: ignore[arg-type]  # a TypedDict in disguise
            await take(await context.new_page(), system)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
