"""The table of `docs/concepts/durability.md`, made of the figures of the last long runs."""

import json
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.chaos.scenarios import SCENARIOS, Scenario
from tests.chaos.stands import NAMES, Kind
from tests.chaos.trial import Outcome
from tests.hostile.figures import commit
from tests.house.files import DOCS

RAW: Final = DOCS / "reference" / "chaos"
PAGE: Final = DOCS / "concepts" / "durability.md"
BEGIN: Final = "<!-- Made from docs/reference/chaos by `python -m tests.chaos table`. -->"
END: Final = "<!-- End of what is made. -->"
_COLUMNS: Final = (
    "what happened",
    "on",
    "messages the broker acknowledged",
    "said again",
    "lost, device follows the watermark",
    "lost, device does not",
    "stored twice",
    "told stored, and was not",
    "twins wrong",
    "charts wrong",
)
_HEAD: Final = f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}"


def path_of(scenario: str, kind: Kind) -> Path:
    return RAW / f"{scenario}-{kind}.json"


def keep(kind: Kind, outcome: Outcome, messages: int) -> Path:
    """Writes the figures of a trial; what an earlier run left there is replaced. messages: of the whole run."""
    RAW.mkdir(parents=True, exist_ok=True)
    stamp = {
        "at": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit(),
        "messages_of_run": messages,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "broker": "amqtt" if kind == "embedded" else _mosquitto(),
    }
    path = path_of(outcome.fault, kind)
    whole = {**stamp, **vars(outcome)}
    path.write_text(json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _mosquitto() -> str:
    said = subprocess.run(["mosquitto", "-h"], capture_output=True, text=True, check=False)  # noqa: S607 - on the PATH, as the run had it
    return said.stdout.partition("\n")[0]


def read(scenario: str, kind: Kind) -> dict[str, Any] | None:
    """The figures of a trial; None when there was none."""
    path = path_of(scenario, kind)
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def table() -> str:
    """All that was tried."""
    found = [(one, kind, read(one.name, kind)) for one in SCENARIOS for kind in one.stands]
    rows = [_row(one, kind, figures) for one, kind, figures in found if figures is not None]
    return "\n".join((BEGIN, _HEAD, *rows, "", *_of_runs([one for _, _, one in found if one]), END))


def _row(scenario: Scenario, kind: Kind, found: Mapping[str, Any]) -> str:
    title = scenario.title + "".join(f"; {note}" for note in found["notes"])
    unheard = f"{found['lost_unheard']:,}" + ("" if scenario.promised else f" of {_unheard(found):,}")
    counts = (found["said_again"], found["lost"], unheard, found["doubled"], found["lied"])
    cells = " | ".join(one if isinstance(one, str) else f"{one:,}" for one in counts)
    acknowledged = f"{found['acknowledged']:,}"
    wrong = " | ".join(f"{found[f'{what}_wrong']} of {found[what]:,}" for what in ("twins", "series"))
    return f"| {title} | {NAMES[kind]} | {acknowledged} | {cells} | {wrong} |"


def _unheard(found: Mapping[str, Any]) -> int:
    """What the devices said that do not follow: every second one of them, and all say as much."""
    twins = int(found["twins"])
    return int(found["said"]) * (twins // 2) // twins


def _of_runs(found: list[dict[str, Any]]) -> Iterator[str]:
    if not found:
        return
    whole = sum(one["said"] for one in found)
    sizes = ", ".join(f"{size:,}" for size in sorted({one["messages_of_run"] for one in found}))
    days = ", ".join(sorted({one["at"] for one in found}))
    seconds = sum(one["seconds"] for one in found)
    cores = ", ".join(str(count) for count in sorted({one["cores"] for one in found}))
    brokers = ", ".join(sorted({one["broker"] for one in found}))
    yield (
        f"{whole:,} messages in all, of runs of {sizes}, on {days}, in {seconds / 60:,.0f} minutes of trials;"
        f" {cores} cores, {brokers}. The raw figures stand in `docs/reference/chaos`."
    )


def page() -> str:
    """The page with the table of now."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    return before + table() + rest.partition(END)[2]
