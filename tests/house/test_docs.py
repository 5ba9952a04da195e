"""The documentation: in step with the code, linked soundly, and each page in the form that its kind has."""

import re
import tomllib
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.files import DOCS, ROOT, committed, name, pages
from tests.house.generate import PAGES, REFERENCE

LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
PARTS = ("Context", "Decision", "Consequences", "Rejected", "Held by")
FOLDERS = ("concepts", "decisions", "how-to")


@pytest.mark.parametrize("page", PAGES)
def test_what_is_made_from_the_code_is_in_step_with_it(page: str) -> None:
    assert (REFERENCE / page).read_text(encoding="utf-8") == PAGES[page](), "out of step: run `make docs`"


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def broken(page: Path) -> Iterator[str]:
    for link in LINK.finditer(prose(page)):
        target = link["target"]
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            continue
        path = page.parent / urllib.parse.unquote(target.partition("#")[0])
        if not path.exists():
            yield f"{name(page)}: {target}"


def test_every_relative_link_leads_to_a_file() -> None:
    assert [link for page in pages() for link in broken(page)] == []


def test_every_page_and_picture_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    left = [ROOT / "README.md"]
    while left:
        page = left.pop()
        reached.add(page)
        if page.suffix == ".md":
            targets = (page.parent / link["target"].partition("#")[0] for link in LINK.finditer(prose(page)))
            left += [path.resolve() for path in targets if path.is_file() and path.resolve() not in reached]
    shown = [path for path in committed() if DOCS in path.parents and path.suffix in {".md", ".svg", ".png", ".webp"}]
    assert [name(path) for path in shown if path not in reached] == []


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_page_has_one_title_and_opens_with_words(page: Path) -> None:
    lines = [line for line in prose(page).splitlines() if line.strip() and not line.startswith("<!--")]
    assert lines[0].startswith("# "), "the title comes first"
    assert sum(line.startswith("# ") for line in lines) == 1, "there is one title"
    if page.parent == DOCS / "concepts":
        assert re.match(r"\*\*[A-Z]|[A-Z][a-z]* ", lines[1]), "a concept opens with its summary"


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_page_of_a_folder_is_in_its_index(folder: str) -> None:
    index = (DOCS / folder / "README.md").read_text(encoding="utf-8")
    inside = {page.name for page in pages() if page.parent == DOCS / folder} - {"README.md"}
    assert {one for one in inside if f"({one})" not in index} == set()


def decisions() -> list[Path]:
    return [page for page in pages() if page.parent == DOCS / "decisions" and page.name != "README.md"]


@pytest.mark.parametrize("page", decisions(), ids=name)
def test_a_decision_fits_on_a_screen_and_has_all_its_parts_with_a_line_to_quote(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == PARTS
    assert text.count("\n") <= 45
    assert re.search(r"## Decision\n\n\*\*[^*]+\*\*\n", text), "the decision is one bold sentence"
    number = int(page.name.partition("-")[0])
    assert text.startswith(f"# {number}. ")


def test_decisions_are_numbered_without_a_hole() -> None:
    assert [int(page.name[:4]) for page in sorted(decisions())] == list(range(1, len(decisions()) + 1))


@pytest.mark.parametrize("page", decisions(), ids=name)
def test_the_check_that_holds_a_decision_is_there(page: Path) -> None:
    held = page.read_text(encoding="utf-8").partition("## Held by")[2]
    named = [word for word in re.findall(r"`([^`]+)`", held) if "/" in word]
    assert named, "name the file"
    assert [word for word in named if not (ROOT / word).exists()] == []


def test_the_newest_entry_of_the_changelog_is_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    text = (DOCS / "changelog.md").read_text(encoding="utf-8")
    newest, _, rest = text.partition("\n## ")[2].partition("\n")
    assert newest == version
    assert rest.partition("\n## ")[0].count("\n- ") > 0, "it says something"


def test_the_glossary_is_in_alphabetical_order() -> None:
    words = re.findall(r"^\| ([^|]+) \|", (DOCS / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)[1:]
    assert words == sorted(words, key=str.lower)
