"""The commands that the documentation shows are run, page by page, against a system that has just been started.

A block marked `sh` is run; one marked `text` right behind it is what it prints, with `…` for what differs each time. A
block marked `shell` is shown only: it starts the system, or needs another machine.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.house.files import DOCS, ROOT, name, pages
from tests.services import missing
from tests.system import System, embedded

FENCE = re.compile(r"^```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "--- block"
PLACES = (ROOT, DOCS / "how-to")
TOURS = [page for page in pages() if page.parent in PLACES and "```sh\n" in page.read_text(encoding="utf-8")]
TIMEOUT_S = 60

pytestmark = [pytest.mark.tours, pytest.mark.mosquitto]


class Block(NamedTuple):
    """commands, and what they print; None where the page does not say."""

    commands: str
    prints: str | None


def blocks(text: str) -> list[Block]:
    found = list(FENCE.finditer(text))
    nexts = [*found[1:], None]
    return [
        Block(one["body"], after["body"] if after and after["kind"] == "text" and follows(text, one, after) else None)
        for one, after in zip(found, nexts, strict=True)
        if one["kind"] == "sh"
    ]


def follows(text: str, one: re.Match[str], after: re.Match[str]) -> bool:
    return not text[one.end() : after.start()].strip()


def pattern(prints: str) -> re.Pattern[str]:
    """What the page shows, as a pattern: `…` on a line of its own is any number of lines, inside a line any text."""
    lines = (
        r"(?:.*\n)*?" if line == "…" else ".*".join(re.escape(part) for part in line.split("…")) + r"\n"
        for line in prints.splitlines()
    )
    return re.compile("".join(lines))


@pytest.fixture(scope="module")
def programs() -> None:
    for program in ("bash", "curl", "openssl", "mosquitto_pub"):
        if shutil.which(program) is None:
            missing(f"needs the program {program}")


@pytest.fixture
def system(programs: None, tmp_path: Path) -> Iterator[System]:  # noqa: ARG001 - asked for before anything starts
    with embedded(tmp_path) as running:
        (tmp_path / ".venv").symlink_to(ROOT / ".venv")
        yield running


def run(page: Path, system: System) -> list[str]:
    """What each block of a page prints, in one shell, in the system's folder."""
    text = page.read_text(encoding="utf-8")
    script = "".join(f"echo '{MARK}'\n{block.commands}" for block in blocks(text))
    script = script.replace("KEY=tlk_…", f"KEY={system.key}").replace("127.0.0.1:8000", f"127.0.0.1:{system.port}")
    script = script.replace("-p 1883", f"-p {system.mqtt_port}").replace("-p 8883", f"-p {system.tls_port}")
    done = subprocess.run(  # noqa: S603 - what our own pages say
        ["bash", "-eu", "-c", script],  # noqa: S607 - found by the fixture
        capture_output=True,
        text=True,
        check=False,
        cwd=system.folder,
        env={**os.environ, "THROUGHLINE_TIME_TRAVEL": "true"},
        timeout=TIMEOUT_S,
    )
    said = done.stdout.replace(f"127.0.0.1:{system.port}", "127.0.0.1:8000")
    assert done.returncode == 0, f"{name(page)}:\n{said}\n{done.stderr}"
    return said.split(f"{MARK}\n")[1:]


@pytest.mark.parametrize("page", TOURS, ids=name)
def test_what_a_page_tells_to_type_works_and_prints_what_the_page_shows(page: Path, system: System) -> None:
    wanted = blocks(page.read_text(encoding="utf-8"))
    for block, said in zip(wanted, run(page, system), strict=True):
        if block.prints is not None:
            assert pattern(block.prints).fullmatch(said), f"{block.commands}\nprinted\n{said}"


def test_the_readme_and_every_how_to_that_shows_commands_is_among_them() -> None:
    assert ROOT / "README.md" in TOURS
    assert len(TOURS) > 3


def test_what_a_page_shows_is_compared_line_by_line() -> None:
    assert pattern("a…\n…\nz\n").fullmatch("a b\nc\nd\nz\n")
    assert pattern("a\n…\n").fullmatch("a\n")
    assert not pattern("a\nz\n").fullmatch("a\nb\nz\n")
    assert not pattern("a\n").fullmatch("a\nb\n")
