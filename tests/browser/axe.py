"""What axe-core (tests/browser/vendor) has against a page: every rule of WCAG 2.2 A and AA, and its best practices."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = (Path(__file__).with_name("vendor") / "axe-core" / "axe.min.js").read_text()
RUN = """async () => {
  const found = await window.axe.run(document, { resultTypes: ['violations'] });
  return found.violations
    .filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.map((node) => node.html + ' ' + node.failureSummary).join(' | ')}`);
}"""


def complaints(page: Page) -> list[str]:
    """What is serious or critical, one text for each rule. The page is taken as it is at this moment."""
    if not page.evaluate("() => !!window.axe"):
        page.evaluate(SOURCE)
    found: list[Any] = page.evaluate(RUN)
    return [str(one) for one in found]
