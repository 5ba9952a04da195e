"""What no committed file may hold, and what every exception to a rule must say."""

import re
from pathlib import Path

from tests.house.files import ROOT, committed, name, texts

# Written in two parts, so that this file does not hold them either.
HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("deb.debian", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
        ("crates", "io"),
        ("golang", "org"),
    )
)
PATHS = re.compile(r"(?<![\w.}])/(?:home|Users|root|work)/[\w.-]")
NOQA = re.compile(r"#\s*noqa(?!: [A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)*(?: - |  +(?:# )?)\S)", re.IGNORECASE)
IGNORE = re.compile(r"#\s*type:\s*ignore(?!\[[a-z, -]+\] +# \S)")
SELF = Path(__file__)


def lines_with(pattern: re.Pattern[str], *, only: str = "") -> list[str]:
    """`file:line` of each line that the pattern finds, this file's own apart."""
    return [
        f"{name(path)}:{number}"
        for path, text in texts().items()
        if path != SELF and path.suffix.endswith(only)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_the_host_of_a_registry() -> None:
    assert lines_with(re.compile("|".join(re.escape(host) for host in HOSTS))) == []


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    assert lines_with(PATHS) == []


def test_every_exception_to_a_lint_rule_names_the_rule_and_its_reason() -> None:
    assert lines_with(NOQA, only=".py") == []


def test_every_exception_to_a_type_names_its_kind_and_its_reason() -> None:
    assert lines_with(IGNORE, only=".py") == []


def test_an_exception_without_a_reason_would_be_noticed() -> None:
    for bad in ("# noqa", "# noqa: S101", "# noqa: S101, S102", "# NOQA:S101 - x"):
        assert NOQA.search(f"x = 1  {bad}"), bad
    for good in ("# noqa: S101 - a reason", "# noqa: S101, S102  # a reason"):
        assert not NOQA.search(f"x = 1  {good}"), good
    assert IGNORE.search("x = 1  # type: ignore")
    assert IGNORE.search("x = 1  # type: ignore[misc]")
    assert not IGNORE.search("x = 1  # type: ignore[misc]  # a reason")
    assert PATHS.search("see /home/" + "ada/notes")


def test_every_folder_of_somebody_elses_files_says_whose_they_are() -> None:
    folders = {path.relative_to(ROOT).parts[: path.parts.index("vendor") - len(ROOT.parts) + 2] for path in vendored()}
    assert folders, "the phone page brings at least one library"
    for folder in folders:
        place = ROOT.joinpath(*folder)
        assert (place / "LICENSE").is_file(), f"{name(place)} has no LICENSE"
        listed = (place.parent / "README.md").read_text(encoding="utf-8")
        assert f"`{place.name}`" in listed, f"{name(place.parent)}/README.md does not list {place.name}"


def vendored() -> list[Path]:
    return [path for path in committed() if "vendor" in path.parent.parent.parts or path.parent.parent.name == "vendor"]


def test_every_text_of_ours_ends_with_one_line_end() -> None:
    ours = {".py", ".md", ".toml", ".ftl", ".css", ".js", ".html"}
    wrong = [
        name(path)
        for path, text in texts().items()
        if path.suffix in ours and "vendor" not in path.parts and text and not re.search(r"\S\n\Z", text)
    ]
    assert wrong == []
