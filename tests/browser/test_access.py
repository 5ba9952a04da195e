"""For everybody: names, focus, contrast, dark, narrow, calm; and the policy that keeps strange scripts out."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from mobile_menu.rules.menu import Menu
from tests.browser import menus
from tests.browser.conftest import Phone
from tests.browser.fake_service import FakeService
from tests.browser.soon import becomes
from tests.system import until

MENUS: list[Callable[[], Menu]] = [
    menus.support_ok,
    menus.support_jam,
    menus.shop_coupon,
    menus.delivery_late,
    menus.install_checklist,
]

NAMELESS = """() => [...document.querySelectorAll('button, a, input, textarea, dialog, img')]
    .filter(e => e.checkVisibility() && !e.closest('[aria-hidden=true]'))
    .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.alt || e.labels?.length
        || document.getElementById(e.getAttribute('aria-labelledby') || '')?.textContent.trim()))
    .map(e => e.outerHTML)"""

SMALL = """() => [...document.querySelectorAll('button, a')].filter(e => e.checkVisibility())
    .map(e => [e, e.getBoundingClientRect()])
    .filter(([e, box]) => box.width < 40 || box.height < 40).map(([e]) => e.outerHTML)"""

INSIDE = "document.activeElement === document.body || !!document.activeElement.closest('dialog')"

# Contrast after WCAG 2.2: relative luminance of the text over the backgrounds under it, layer by layer.
FAINT = """() => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
    const over = colours => {
        canvas.globalCompositeOperation = 'source-over';
        canvas.fillStyle = '#888'; canvas.fillRect(0, 0, 1, 1);
        for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = rgb => {
        const [r, g, b] = rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const faint = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const element = walk.currentNode.parentElement;
        if (!walk.currentNode.data.trim() || !element.checkVisibility()) continue;
        if (element.closest('.unseen, :disabled')) continue;
        if (document.querySelector('dialog[open]') && !element.closest('dialog')) continue;
        const layers = [];
        for (let e = element; e; e = e.parentElement) layers.unshift(getComputedStyle(e).backgroundColor);
        const style = getComputedStyle(element);
        const [a, b] = [light(over(layers)), light(over([...layers, style.color]))].sort((x, y) => y - x);
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < (large ? 3 : 4.5)) faint.push(`${element.className}: ${walk.currentNode.data} ${ratio.toFixed(2)}`);
    }
    return faint;
}"""


def settled(page: Page) -> Page:
    """Waits until nothing moves: colours and places are then what they are."""
    expect(page.locator(".status-text, .start").first).to_be_visible()
    page.evaluate("""Promise.all(document.getAnimations()
        .filter(a => a.effect.getComputedTiming().iterations !== Infinity)
        .map(a => a.finished.catch(() => null))).then(() => true)""")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("make", MENUS)
def test_every_text_has_contrast_and_every_control_a_name_and_room(
    phone: Phone, service: FakeService, make: Callable[[], Menu], scheme: str
) -> None:
    phone.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    service.serve(make())
    page = settled(phone.open())

    becomes(lambda: page.evaluate(FAINT), [])
    becomes(lambda: page.evaluate(NAMELESS), [])
    becomes(lambda: page.evaluate(SMALL), [])


def test_the_contrast_check_sees_a_faint_text(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    page = settled(phone.open())
    page.evaluate("document.querySelector('.menu-title').style.color = '#bbb'")

    until(lambda: any("Your LaserJet Pro" in found for found in page.evaluate(FAINT)), "the faint text to be found")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "opener", [".lead .main-part", ".lead .why", ".top .help", ".top .round:last-child", ".switch"]
)
def test_every_sheet_has_contrast_names_and_gives_the_focus_back(
    phone: Phone, service: FakeService, opener: str, scheme: str
) -> None:
    phone.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    service.serve(menus.support_jam())
    page = settled(phone.open())
    page.locator(opener).focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog[open]")).to_be_visible()
    settled(page)

    becomes(lambda: page.evaluate(FAINT), [])
    becomes(lambda: page.evaluate(NAMELESS), [])
    for _ in range(12):
        page.keyboard.press("Tab")
        becomes(lambda: page.evaluate(INSIDE), True)
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator(opener)).to_be_focused()


@pytest.mark.parametrize("width", [360, 390, 430, 768, 1280])
@pytest.mark.parametrize("make", MENUS)
def test_nothing_hangs_over_the_edge_at_any_width(
    phone: Phone, service: FakeService, make: Callable[[], Menu], width: int
) -> None:
    phone.page.set_viewport_size({"width": width, "height": 800})
    service.serve(make())
    page = settled(phone.open())

    until(lambda: page.evaluate("document.documentElement.scrollWidth") <= width, "a page as wide as the phone")


def test_the_page_is_dark_when_the_phone_is(phone: Phone, service: FakeService) -> None:
    service.serve(menus.support_ok())
    ground = "getComputedStyle(document.body).backgroundColor"
    page = settled(phone.open())
    bright = page.evaluate(ground)
    shot = page.screenshot()
    page.emulate_media(color_scheme="dark")

    until(lambda: page.evaluate(ground) != bright, "another ground")
    until(lambda: page.screenshot() != shot, "another picture")


def test_nothing_moves_when_the_customer_wants_calm(phone: Phone, service: FakeService) -> None:
    phone.page.emulate_media(reduced_motion="reduce")
    service.serve(menus.support_ok())
    page = settled(phone.open())
    page.evaluate("""() => {
        window.moved = 0;
        const animate = Element.prototype.animate;
        Element.prototype.animate = function (...all) { window.moved += 1; return animate.apply(this, all); };
    }""")
    service.push(menus.support_jam())
    expect(page.locator(".status-text")).to_have_text("Paper jam")

    # at rest: what moves begins to with the change of the text, which has been waited for
    assert page.evaluate("window.moved + document.getAnimations().length") == 0


def test_the_policy_refuses_a_script_in_the_page(phone: Phone, service: FakeService) -> None:
    phone.allowed.append("Content Security Policy")
    service.serve(menus.support_ok())
    page = settled(phone.open())
    with page.expect_console_message(lambda said: "Content Security Policy" in said.text):
        page.evaluate("""() => {
            const script = document.createElement('script');
            script.textContent = 'window.intruder = true';
            document.body.append(script);
        }""")

    # at rest: a script that stands in the page runs when it is put there, or never
    assert page.evaluate("window.intruder") is None
