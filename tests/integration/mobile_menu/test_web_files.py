"""The web app's files as a browser gets them."""

import gzip
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from mobile_menu.web_bundle import handle
from mobile_menu.web_files import FOLDER, web_app
from mobile_menu.web_shell import WHOLE


@pytest.fixture
def browser(tmp_path: Path) -> httpx.AsyncClient:
    (tmp_path / "js").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Menu</title>" + " " * 2000)
    (tmp_path / "app.js").write_text('import "./js/menu.js";')
    (tmp_path / "js" / "ahead.js").write_text("")
    (tmp_path / "js" / "early.js").write_text("")
    (tmp_path / "sw.js").write_text("self;")
    (tmp_path / "js" / "menu.js").write_text("export {};")
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / "notes.md").write_text("not for phones")
    app = httpx.ASGITransport(Starlette(routes=web_app(tmp_path)))
    return httpx.AsyncClient(transport=app, base_url="http://app.example", headers={"accept-encoding": "identity"})


@pytest.mark.parametrize("path", ["/app", "/app/", "/app/index.html", "/app/claim", "/app?journey=j1"])
async def test_every_address_of_the_app_is_its_page(browser: httpx.AsyncClient, path: str) -> None:
    page = await browser.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>Menu</title>" in page.text


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/app/js/menu.js", "text/javascript; charset=utf-8"), ("/app/icon.svg", "image/svg+xml")],
)
async def test_a_file_has_its_type(browser: httpx.AsyncClient, path: str, media_type: str) -> None:
    assert (await browser.get(path)).headers["content-type"] == media_type


@pytest.mark.parametrize(
    "path",
    ["/app/notes.md", "/app/none.js", "/app/../pyproject.toml", "/app/%2e%2e/ports.py", "/app/js/..%2f..%2fports.py"],
)
async def test_what_is_not_a_file_of_the_app_is_not_served(browser: httpx.AsyncClient, path: str) -> None:
    assert (await browser.get(path)).status_code == 404


async def test_a_page_is_guarded_by_its_headers(browser: httpx.AsyncClient) -> None:
    headers = (await browser.get("/app")).headers
    policy = headers["content-security-policy"].split("; ")
    assert {"default-src 'self'", "img-src 'self' data:", "frame-ancestors 'none'", "object-src 'none'"} <= set(policy)
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["permissions-policy"] == "camera=(self), geolocation=(self), microphone=()"


async def test_only_the_service_worker_may_control_the_whole_app(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/app/sw.js")).headers["service-worker-allowed"] == "/app"
    assert "service-worker-allowed" not in (await browser.get("/app/js/menu.js")).headers


async def test_a_file_that_the_browser_has_is_not_sent_again(browser: httpx.AsyncClient) -> None:
    first = await browser.get("/app")
    again = await browser.get("/app", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["cache-control"] == "no-cache"


async def test_a_file_is_packed_for_who_can_unpack_it_and_has_an_etag_of_its_own(browser: httpx.AsyncClient) -> None:
    plain = await browser.get("/app")
    async with browser.stream("GET", "/app", headers={"accept-encoding": "br, gzip"}) as answer:
        packed = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed) == plain.content
    assert answer.headers["etag"] != plain.headers["etag"]
    assert "content-encoding" not in (await browser.get("/app/js/menu.js", headers={"accept-encoding": "gzip"})).headers


async def test_the_app_itself_is_served_and_its_modules_as_the_joined_files_have_them(phone: httpx.AsyncClient) -> None:
    page = await phone.get("/app")
    assert page.status_code == 200
    whole = {path: (await phone.get(f"/app/{path}")).text for path in WHOLE}
    for path in set(FOLDER.rglob("*.js")) - {FOLDER / "sw.js"}:
        name = path.relative_to(FOLDER).as_posix()
        script = await phone.get(f"/app/{name}")
        inside = [f"/app/{one}" for one, text in whole.items() if f"{{ // {name}\n" in text]
        if inside:
            assert script.text.startswith(f'import {{ {handle(name)} }} from "{inside[0]}";')
        else:
            assert script.content == path.read_bytes()
        assert len(inside) <= 1
