"""The figures of long runs, as JSON files under docs/reference/hostile, and the page that is made of them."""

import json
import platform
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.house.files import DOCS, ROOT

RAW: Final = DOCS / "reference" / "hostile"
PAGE: Final = DOCS / "reference" / "hostile-tests.md"


def keep(name: str, figures: Mapping[str, Any]) -> Path:
    """Writes the figures of one run to the file of its name; what an earlier run left there is replaced."""
    RAW.mkdir(parents=True, exist_ok=True)
    path = RAW / f"{name}.json"
    stamp = {"at": datetime.now(UTC).strftime("%Y-%m-%d"), "python": platform.python_version(), "commit": commit()}
    stamped = {**stamp, **figures}
    path.write_text(json.dumps(stamped, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def commit() -> str:
    """Of what was tried: the checkout's commit, with a `+` when it was changed since; empty without git."""
    git = shutil.which("git")
    if git is None:
        return ""
    asked = ("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no")
    said = [subprocess.run([git, *one], cwd=ROOT, capture_output=True, text=True, check=False) for one in asked]  # noqa: S603 - git's own words
    return said[0].stdout.strip() + "+" * bool(said[1].stdout.strip())


def read(name: str) -> dict[str, Any] | None:
    """The figures of the last run of this name; None when there was none."""
    path = RAW / f"{name}.json"
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
