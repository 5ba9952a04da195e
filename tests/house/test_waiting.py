"""Nobody asserts at once what a page may still have to do: an assertion of the browser's tests waits, or says why not.

What waits: Playwright's own `expect`, and `becomes` of `tests/browser/soon.py`. What does not is marked by a comment
`# at rest: …` with the reason why it is right at once or never, on its line or the one before. The same holds for what
the page has sent to the tests' service, which it shows before it is sent; that nothing was sent is asserted at once.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.files import ROOT, name

TESTS = sorted((ROOT / "tests" / "browser").glob("test_*.py"))
LOOKS = {
    "bounding_box", "content", "count", "evaluate", "evaluate_all", "get_attribute", "inner_html", "inner_text",
    "input_value", "is_checked", "is_disabled", "is_enabled", "is_hidden", "is_visible", "text_content", "title",
}  # fmt: skip
"""Of a page or a locator: they say what is there now."""
HELPERS = {"everything", "session"}
"""Of `tests/browser/kept.py`: the same."""
NEVER = {"all_inner_texts", "all_text_contents"}
"""They wait for nothing at all, not even for there to be something."""
REST = "# at rest: "


def looks(node: ast.AST) -> bool:
    """Whether it asks a page how it is at this moment. A list's `count` has an argument, and a locator's none."""
    if isinstance(node, ast.Attribute):
        return node.attr == "url" and isinstance(node.value, ast.Name) and node.value.id == "page"
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        return node.func.attr in LOOKS and not (node.func.attr == "count" and node.args)
    return isinstance(node.func, ast.Name) and node.func.id in HELPERS


def nothing(node: ast.AST) -> bool:
    return isinstance(node, ast.List) and not node.elts


def counts_sent(test: ast.expr) -> bool:
    """Whether it asks what has been sent, and wants there to be something."""
    asks = any(isinstance(one, ast.Attribute) and one.attr == "posts" for one in ast.walk(test))
    return asks and not (isinstance(test, ast.Compare) and nothing(test.comparators[-1]))


def hasty(text: str) -> Iterator[int]:
    """The lines that do not wait, and do not say why."""
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assert) and (any(map(looks, ast.walk(node.test))) or counts_sent(node.test)):
            near = lines[node.lineno - 2 : node.end_lineno]
            if not any(REST in line and line.split(REST)[1].strip() for line in near):
                yield node.lineno
        elif isinstance(node, ast.Attribute) and node.attr in NEVER:
            yield node.lineno


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_what_is_asserted_of_a_page_is_waited_for_or_said_to_be_at_rest(path: Path) -> None:
    assert list(hasty(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "line",
    [
        "assert page.evaluate('x')",
        "assert page.locator('.toast').count() == 0",
        "assert not page.locator('dialog').is_visible()",
        "assert session(page) == before",
        "assert everything(page) == NOTHING",
        "assert page.url.endswith('/app')",
        "assert page.evaluate('x')  # at rest: ",
        "said = page.locator('li').all_inner_texts()",
        "assert service.posts('/claims') == [{'code': 'K7M2'}]",
        "assert len(service.posts('/claims')) == 1",
    ],
)
def test_a_hasty_look_is_found(line: str) -> None:
    assert list(hasty(line)) == [1]


@pytest.mark.parametrize(
    "lines",
    [
        "expect(page.locator('.toast')).to_have_count(0)",
        "becomes(lambda: page.evaluate('x'), 1)",
        "assert calls.count('/session') == 1",
        "assert service.posts('/claims') == []",
        "becomes(lambda: service.posts('/claims'), [{'code': 'K7M2'}])",
        "assert page.evaluate('seen') == []  # at rest: it notes what was",
        "# at rest: it notes what was\nassert page.evaluate('seen') == []",
    ],
)
def test_what_waits_or_says_why_not_is_left_alone(lines: str) -> None:
    assert list(hasty(lines)) == []
