"""The figures of long runs, as JSON files under docs/reference/hostile, and the page that is made of them."""

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.house.files import DOCS

RAW: Final = DOCS / "reference" / "hostile"
PAGE: Final = DOCS / "reference" / "hostile-tests.md"


def keep(name: str, figures: Mapping[str, Any]) -> Path:
    """Writes the figures of one run to the file of its name; what an earlier run left there is replaced."""
    RAW.mkdir(parents=True, exist_ok=True)
    path = RAW / f"{name}.json"
    stamped = {"at": datetime.now(UTC).strftime("%Y-%m-%d"), "python": platform.python_version(), **figures}
    path.write_text(json.dumps(stamped, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def read(name: str) -> dict[str, Any] | None:
    """The figures of the last run of this name; None when there was none."""
    path = RAW / f"{name}.json"
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
