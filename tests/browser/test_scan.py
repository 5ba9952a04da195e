"""Scanning a label: with the camera, with the browser's own reader, from a picture, and without a camera at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser import labels, menus
from tests.browser.conftest import CHROMIUM, PHONE, QUIET, Phone
from tests.browser.fake_service import FakeService, Running
from tests.browser.soon import becomes
from tests.services import missing

UNIT = "https://id.example.com/01/09506000134352/21/SN%2F123"
NO_CAMERA = "MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError'))"
READER = """(text) => {
  window.BarcodeDetector = class {
    static getSupportedFormats() { return Promise.resolve(['qr_code']); }
    detect(source) { window.looked = source.localName; return Promise.resolve([{ rawValue: text }]); }
  };
}"""


@contextmanager
def watching(*args: str) -> Iterator[Page]:
    """A page whose Chromium was started with these arguments; what it complains of fails the test."""
    if CHROMIUM is None:
        missing("needs the program `chromium` on the PATH (Debian: the package of that name)")
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        chromium: Browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *args])
        context: BrowserContext = chromium.new_context(viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]  # a TypedDict in disguise
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        chromium.close()
    assert complaints == []


def scanner(page: Page, url: str) -> None:
    page.goto(f"{url}/app/")
    page.get_by_role("button", name="Scan the QR code").click()


def allow(page: Page) -> None:
    expect(page.get_by_role("heading", name="May we use the camera?")).to_be_visible()
    page.get_by_role("button", name="Go on").click()


def test_a_label_before_the_camera_names_the_unit_in_the_form(running: Running, tmp_path: Path) -> None:
    film = labels.film(tmp_path / "label.y4m", UNIT)
    camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with watching(*camera, f"--use-file-for-fake-video-capture={film}") as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{running.url}/app/")
        scan = page.get_by_role("button", name="Scan the QR code")
        expect(scan).to_be_visible()
        assert not any("vendor/qr" in url for url in asked), "the decoder waits until somebody scans"
        scan.click()  # The camera is allowed already here: nothing is to be explained.
        expect(page.get_by_text("It is the one with the serial number SN/123.")).to_be_visible(timeout=60_000)
        expect(page.get_by_label("Code from the box")).to_be_focused()
        expect(page.locator("dialog")).to_have_count(0)
        assert any("vendor/qr/decode.js" in url for url in asked)


def test_a_camera_that_is_denied_leaves_the_picture_and_the_form(running: Running) -> None:
    with watching("--use-fake-device-for-media-stream", "--deny-permission-prompts") as page:
        scanner(page, running.url)
        allow(page)
        expect(page.get_by_text("The camera is not allowed.")).to_be_visible()
        expect(page.locator(".scan-view")).to_be_hidden()
        label = {"name": "label.png", "mimeType": "image/png", "buffer": labels.png(UNIT)}
        page.get_by_label("Choose a picture").set_input_files(label)  # type: ignore[arg-type]  # a TypedDict in disguise
        expect(page.get_by_text("It is the one with the serial number SN/123.")).to_be_visible(timeout=60_000)


def choose(page: Page, data: bytes) -> None:
    page.get_by_label("Choose a picture").set_input_files(
        {"name": "label.png", "mimeType": "image/png", "buffer": data}
    )


def test_the_browser_s_own_reader_is_taken_where_there_is_one_and_a_link_of_ours_is_followed(
    phone: Phone, service: FakeService
) -> None:
    service.serve(menus.support_jam())
    journeys, service.journeys = service.journeys, []
    phone.page.add_init_script(f"({READER})(location.origin + '/app/?journey={menus.JOURNEY}')")
    phone.page.add_init_script(NO_CAMERA)
    asked: list[str] = []
    phone.page.on("request", lambda request: asked.append(request.url))
    scanner(phone.page, phone.url)
    allow(phone.page)
    expect(phone.page.get_by_text("There is no camera that we can use.")).to_be_visible()
    service.journeys = journeys
    choose(phone.page, labels.png("what the reader says counts"))

    expect(phone.page.locator(".status-text")).to_have_text("Paper jam")
    assert not any("vendor/qr" in url for url in asked)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://shop.example/sale", "This code is not one of ours."),
        ("javascript:alert(1)", "This code is not one of ours."),
        ("https://id.example.com/01/09506000134352", "This code names the model"),
    ],
)
def test_what_is_not_a_unit_s_is_refused_kindly_and_the_next_picture_counts(phone: Phone, text: str, said: str) -> None:
    phone.page.add_init_script(NO_CAMERA)
    scanner(phone.page, phone.url)
    allow(phone.page)
    choose(phone.page, labels.png(text))
    expect(phone.page.get_by_text(said)).to_be_visible(timeout=60_000)

    choose(phone.page, b"no picture at all")
    expect(phone.page.get_by_text("This file is no picture that we can read.")).to_be_visible()
    choose(phone.page, labels.png(UNIT))
    expect(phone.page.get_by_text("It is the one with the serial number SN/123.")).to_be_visible(timeout=60_000)


def test_who_does_not_want_the_camera_is_not_asked_by_the_phone_and_enters_the_number(phone: Phone) -> None:
    phone.page.add_init_script("""
        window.askedFor = 0;
        MediaDevices.prototype.getUserMedia = () => { window.askedFor += 1; return new Promise(() => {}); };
    """)
    scanner(phone.page, phone.url)
    phone.page.get_by_role("button", name="Not now").click()
    expect(phone.page.get_by_text("Choose a picture of the code, or enter its number by hand.")).to_be_visible()
    phone.page.get_by_role("button", name="Enter by hand").click()
    expect(phone.page.locator("dialog")).to_have_count(0)
    expect(phone.page.get_by_label("Serial number")).to_be_visible()
    assert phone.page.evaluate("window.askedFor") == 0  # at rest: the form is there, and nothing else is under way


def test_another_product_is_scanned_from_the_list_of_products(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    phone.page.add_init_script(NO_CAMERA)
    page = phone.open("/")
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    page.locator(".switch").click()
    page.get_by_role("button", name="Add a product").click()
    page.locator("dialog").get_by_role("button", name="Scan the QR code").click()
    allow(page)
    choose(page, labels.png(UNIT))
    expect(page.get_by_text("It is the one with the serial number SN/123.")).to_be_visible(timeout=60_000)
    expect(page.get_by_label("Code from the box")).to_be_focused()
    page.get_by_label("Code from the box").fill("K7M2-9QXD")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_have_text("It is yours. Welcome.")
    becomes(lambda: service.posts("/claims"), [{"gtin": "09506000134352", "serial": "SN/123", "code": "K7M2-9QXD"}])


OURS = "https://throughline.example"
TEXTS: dict[str, dict[str, Any]] = {
    "https://id.example.com/01/09506000134352/21/SN1": {"kind": "unit", "gtin": "09506000134352", "serial": "SN1"},
    "https://x.example/some/path/01/9506000134352/22/A/21/S%2F1?lang=en": {
        "kind": "unit",
        "gtin": "09506000134352",
        "serial": "S/1",
    },
    "https://x.example/01/09506000134352/10/LOT/21/%E0%A4%A": {"kind": "model", "gtin": "09506000134352"},
    "https://x.example/01/123/21/SN1": {"kind": "foreign"},
    "https://x.example/01/0950600013435A/21/SN1": {"kind": "foreign"},
    "https://user:secret@x.example/01/09506000134352/21/SN1": {"kind": "foreign"},
    "(01)09506000134352(21)SN1": {"kind": "unit", "gtin": "09506000134352", "serial": "SN1"},
    "(01)09506000134352(17)261231": {"kind": "model", "gtin": "09506000134352"},
    "]d2010950600013435221SN1": {"kind": "unit", "gtin": "09506000134352", "serial": "SN1"},
    "010950600013435210LOT\x1d21SN1": {"kind": "unit", "gtin": "09506000134352", "serial": "SN1"},
    f"{OURS}/01/09506000134352/21/SN1": {"kind": "ours", "href": f"{OURS}/01/09506000134352/21/SN1"},
    f"{OURS}/01/09506000134352": {"kind": "model", "gtin": "09506000134352"},
    f"{OURS}/app/#link=abc": {"kind": "ours", "href": f"{OURS}/app/#link=abc"},
    f"{OURS}/app/?gtin=1&serial=2&claim=1": {"kind": "ours", "href": f"{OURS}/app/?gtin=1&serial=2&claim=1"},
    f"{OURS}/r/k3m9": {"kind": "ours", "href": f"{OURS}/r/k3m9"},
    f"{OURS}/i/k3m9": {"kind": "ours", "href": f"{OURS}/i/k3m9"},
    f"{OURS}/app/#email=proof": {"kind": "foreign"},
    f"{OURS}/api/v1/products": {"kind": "foreign"},
    f"{OURS}.evil.example/app/#link=abc": {"kind": "foreign"},
    "": {"kind": "foreign"},
    "WIFI:S:home;P:secret;;": {"kind": "foreign"},
}


def test_a_scanned_text_is_a_unit_s_or_ours_or_foreign(phone: Phone) -> None:
    page = phone.open()
    script = """async ([texts, origin]) => {
        const { scanned } = await import('/app/js/scanned.js');
        return texts.map((text) => scanned(text, origin));
    }"""
    # at rest: it is read there and then
    assert dict(zip(TEXTS, page.evaluate(script, [list(TEXTS), OURS]), strict=True)) == TEXTS
