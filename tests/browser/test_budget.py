"""What the first menu costs: bytes of script, requests and round trips. Times are measured by `make budget`."""

import gzip
import re

from playwright.sync_api import expect

from mobile_menu import web_shell
from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import WEB, FakeService

SCRIPT_BYTES = 100_000
DECODER_BYTES = 60_000


def packed(*paths: str) -> int:
    return sum(len(gzip.compress((WEB / path).read_bytes(), mtime=0)) for path in paths)


def first_load() -> tuple[str, ...]:
    files = {path.relative_to(WEB).as_posix(): path.read_bytes() for path in WEB.rglob("*.js")}
    return web_shell.modules_of(files)


def test_all_scripts_of_the_first_load_are_under_the_budget_in_every_language() -> None:
    modules = first_load()
    assert len(modules) > 20
    for language in web_shell.LANGUAGES:
        assert packed(*modules, web_shell.words_of(language)) < SCRIPT_BYTES


def test_the_decoder_is_not_among_them_and_under_a_budget_of_its_own() -> None:
    decoder = [path.relative_to(WEB).as_posix() for path in (WEB / "vendor" / "qr").glob("*.js")]
    assert decoder
    assert not set(decoder) & set(first_load())
    assert packed(*decoder) < DECODER_BYTES


def test_every_script_before_the_first_menu_is_asked_for_by_the_page_itself_and_once(
    phone: Phone, service: FakeService
) -> None:
    service.serve(menus.support_ok())
    asked: list[str] = []
    phone.page.on("request", lambda request: asked.append(request.url.removeprefix(phone.url)))
    page = phone.open("/")
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")

    preloaded = re.findall(r'rel="modulepreload" href="([^"]+)"', page.request.get(f"{phone.url}/app/").text())
    scripts = [url for url in asked if url.endswith(".js")]
    assert sorted(scripts) == sorted(set(scripts))
    assert set(scripts) <= set(preloaded), "one import after the other costs a round trip each"
    calls = [url for url in asked if url.startswith("/menu/")]
    assert calls == ["/menu/v1/session", "/menu/v1/journeys", f"/menu/v1/live?journey={menus.JOURNEY}"]
