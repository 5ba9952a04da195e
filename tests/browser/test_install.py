"""The page as an app on the home screen: what Chromium itself has against it, and its icons beside their drawings."""

import json
from typing import Any

import pytest
from playwright.sync_api import CDPSession, expect

from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.soon import becomes
from tests.house.icons import ICONS

ACTIVE = "navigator.serviceWorker.getRegistrations().then(all => all.some(one => one.active?.state === 'activated'))"
APART = """async ([picture, drawing, side]) => {
  const pixels = async (address) => {
    const image = new Image(side, side);
    image.src = address;
    await image.decode();
    const canvas = new OffscreenCanvas(side, side);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0, side, side);
    return context.getImageData(0, 0, side, side).data;
  };
  const [one, other] = [await pixels(picture), await pixels(drawing)];
  let apart = 0;
  for (let i = 0; i < one.length; i += 1) apart += Math.abs(one[i] - other[i]);
  return apart / one.length;
}"""
"""By how much a picture and a drawing differ: the mean over all channels of all pixels, of 255."""


def against(devtools: CDPSession) -> list[str]:
    """What Chromium has against installing the page, but that a test's profile is a private one."""
    found = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    return [one["errorId"] for one in found if one["errorId"] != "in-incognito"]


def test_chromium_has_nothing_against_installing_it(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = phone.open("/")
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    becomes(lambda: page.evaluate(ACTIVE), True)
    devtools = phone.context.new_cdp_session(page)

    read: dict[str, Any] = devtools.send("Page.getAppManifest")

    assert read["errors"] == []
    told = json.loads(read["data"])
    assert (told["name"], told["display"], told["start_url"]) == ("Throughline", "standalone", "/app/")
    becomes(lambda: ", ".join(against(devtools)), "")


@pytest.mark.parametrize("icons", [[], [{"src": "/app/gone.png", "sizes": "512x512", "type": "image/png"}]])
def test_chromium_says_what_it_has_against_one_without_icons(
    phone: Phone, service: FakeService, icons: list[dict[str, str]]
) -> None:
    phone.allowed += ["404", "icon"]
    service.serve(menus.support_ok())
    bare = {"name": "Throughline", "start_url": "/app/", "display": "standalone", "icons": icons}
    phone.page.route("**/manifest.webmanifest", lambda route: route.fulfill(json=bare))
    page = phone.open("/")
    expect(page.locator(".pulse")).to_have_attribute("data-fresh", "up")
    devtools = phone.context.new_cdp_session(page)

    becomes(lambda: bool(against(devtools)), True)


@pytest.mark.parametrize("name", ICONS)
def test_an_icon_looks_as_its_drawing(phone: Phone, service: FakeService, name: str) -> None:
    service.serve(menus.support_ok())
    page = phone.open("/")
    drawing, side = ICONS[name]
    other = "icon.svg" if drawing == "icon-maskable.svg" else "icon-maskable.svg"

    becomes(lambda: page.evaluate(APART, [f"/app/{name}", f"/app/{drawing}", side]) < 1, True)
    becomes(lambda: page.evaluate(APART, [f"/app/{name}", f"/app/{other}", side]) > 3, True)
