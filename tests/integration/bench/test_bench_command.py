"""`throughline bench` as a process of its own."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from cloud.bench import latency, stand
from cloud.bench.cli import write_down
from cloud.bench.markdown import markers
from cloud.bench.options import Options
from cloud.bench.report import Report, row
from cloud.bench.servers import programs_here
from tests.services import missing

ROOT = Path(__file__).parents[3]


def bench(*arguments: str) -> dict[str, Any]:
    """What it prints as JSON."""
    command = [sys.executable, "-m", "cloud", "bench", *arguments, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=100)  # noqa: S603 - our own
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_bench_decode_prints_one_json_object_of_figures() -> None:
    told = bench("decode", "--runs", "1")
    assert told["bench"] == "decode"
    assert told["machine"]["cores"] >= 1
    assert len(told["rows"]) == 4
    for one in told["rows"]:
        assert one["min"] <= one["value"] <= one["max"]
        assert one["ratio"] == one["value"] / one["reference_value"]


def test_latency_hears_every_change_through_the_embedded_system() -> None:
    # It fails by itself when the phone hears nothing of a change.
    notes: list[str] = []
    with stand.embedded(("work", "api"), 5) as here:
        rows = latency.on_stand(here, Options(runs=1, messages=2, rate=20), notes, lambda *_: None)
    assert [one.what for one in rows] == [f"amqtt + SQLite, 20 msg/s: p{percent}" for percent in (50, 95, 99)]
    assert all(one.value > 0 for one in rows)


def test_bench_storage_holds_telemetry_twins_and_series_against_what_would_not_stay_flat() -> None:
    if programs_here() is None:
        missing("needs PostgreSQL and Mosquitto")
    told = bench("storage", "--runs", "1", "--messages", "1000")
    figures = {one["what"]: one for one in told["rows"]}
    assert len(figures) == 9
    assert all(one["value"] >= 0 for one in told["rows"])
    assert [one["goal"] for one in told["rows"] if one["goal"]] == ["ratio ≤ 1.25"] * 3
    changed, stayed = (int(one.replace(",", "")) for one in re.findall(r"[\d,]+\d", told["notes"][0]))
    assert changed == 12_000
    assert stayed > 11_000, "room in the page is what the twin's table is made with"


def test_a_report_is_written_beside_what_stands_there_already(tmp_path: Path) -> None:
    for name in ("a", "b"):
        report = Report(bench=name, date="d", machine={}, rows=(row("x", "ms", [1.0]),))
        write_down(report, tmp_path)
        assert json.loads((tmp_path / "bench" / f"{name}.json").read_text())["bench"] == name
    page = (tmp_path / "performance.md").read_text()
    assert all(marker in page for name in ("a", "b") for marker in markers(name))
