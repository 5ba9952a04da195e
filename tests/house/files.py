"""The files of the repository, as these tests look at them."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"

_OURS: Final = ("broker", "cloud", "device_sim", "mobile_menu", "tests", "docs", ".ci")


@cache
def committed() -> tuple[Path, ...]:
    """Every file that git knows; in an unpacked archive, every file that a clone would have."""
    git = shutil.which("git")
    if git is not None and (ROOT / ".git").exists():
        found = subprocess.run([git, "-C", ROOT, "ls-files", "-z"], capture_output=True, check=False)  # noqa: S603 - ours
        if found.returncode == 0:
            paths = (ROOT / os.fsdecode(name) for name in found.stdout.split(b"\0") if name)
            return tuple(path for path in paths if path.is_file())
    inside = (path for folder in _OURS for path in (ROOT / folder).rglob("*"))
    every = (*inside, *(path for path in ROOT.iterdir() if path.name not in {".git", ".venv"}))
    return tuple(sorted(path for path in every if path.is_file() and "__pycache__" not in path.parts))


@cache
def texts() -> dict[Path, str]:
    """What of them is text, by path."""
    found = {}
    for path in committed():
        try:
            found[path] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def name(path: Path) -> str:
    """A path as a message shows it."""
    return path.relative_to(ROOT).as_posix()


def pages() -> tuple[Path, ...]:
    """Every page of documentation, the root's README first."""
    return (ROOT / "README.md", *(path for path in committed() if path.suffix == ".md" and DOCS in path.parents))
