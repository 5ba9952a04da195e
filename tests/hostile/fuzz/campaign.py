"""Fuzzers as child processes, and what each of them says at its end."""

import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.hostile.fuzz.seeds import keep, kept

ROOT: Final = Path(__file__).parents[3]
KEPT_AT_MOST: Final = 80
"""Inputs that stay in the repository for each target: enough to begin where the last long run ended."""
_NUMBER: Final = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_SLOWEST: Final = re.compile(r"stat::slowest_unit_time_sec:\s*(\d+)")
_MEMORY: Final = re.compile(r"stat::peak_rss_mb:\s*(\d+)")
_COVER: Final = re.compile(r"cov: (\d+) ft: (\d+)")


class Fuzzed(NamedTuple):
    """executions: of the target. branches, features: what libFuzzer counted as reached. finding: what it ended by, with
    the trace; empty when nothing was found.
    """

    target: str
    executions: int
    branches: int
    features: int
    slowest_s: int
    peak_mb: int
    finding: str
    bytes_of_finding: bytes = b""

    def figures(self) -> dict[str, Any]:
        return {name: value for name, value in self._asdict().items() if name not in {"bytes_of_finding", "target"}}


def can_fuzz() -> bool:
    """Atheris has wheels for Linux on x86-64 and Python before 3.14. There it must be, and nothing is left out."""
    return sys.platform == "linux" and platform.machine() == "x86_64" and sys.version_info < (3, 14)


def fuzz(target: str, *, runs: int = -1, seconds: int = 0, seed: int = 1, gather: bool = False) -> Fuzzed:
    """One target, until so many runs or seconds are over. gather: keep what reached new code in the corpus."""
    with tempfile.TemporaryDirectory(prefix="tlfuzz-") as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        command = [sys.executable, "-m", "tests.hostile.fuzz.run", target, "--corpus", str(corpus)]
        options = ["--runs", str(runs), "--seconds", str(seconds), "--seed", str(seed)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
        done = subprocess.run(  # noqa: S603 - our own program
            command + options, cwd=ROOT, env=environment, capture_output=True, check=False
        )
        said = done.stderr.decode(errors="replace") + done.stdout.decode(errors="replace")
        findings = sorted(corpus.glob("finding-*"))
        if gather and not findings:
            _gather(target, corpus)
        ended = findings[0].read_bytes() if findings else b""
    failed = done.returncode != 0 or bool(findings)
    branches, features = (_COVER.findall(said) or [(0, 0)])[-1]
    return Fuzzed(
        target,
        executions=_last(_NUMBER, said),
        branches=int(branches),
        features=int(features),
        slowest_s=_last(_SLOWEST, said),
        peak_mb=_last(_MEMORY, said),
        finding=said[-4000:] if failed else "",
        bytes_of_finding=ended,
    )


def fuzz_all(pool: ThreadPoolExecutor, names: Iterable[str], *, runs: int) -> dict[str, Future[Fuzzed]]:
    """These targets, as many at once as the pool has threads."""
    return {name: pool.submit(fuzz, name, runs=runs) for name in names}


def _gather(target: str, corpus: Path) -> None:
    """Adds what reached new code, the newest first, until the target's corpus is full; what it has, stays."""
    new = [path for path in corpus.iterdir() if not path.name.startswith("seed-")]
    newest = sorted(new, key=lambda path: path.stat().st_mtime, reverse=True)
    room = max(KEPT_AT_MOST - len(kept(target)), 0)
    keep(target, [*kept(target), *(path.read_bytes() for path in newest[:room])])


def _last(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.findall(text)
    return int(found[-1]) if found else 0
