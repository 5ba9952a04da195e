"""The machine under a measurement: what it is, which versions run on it, and who spends its processor's time."""

import os
import platform
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

LIBRARIES = ("amqtt", "paho-mqtt", "uvicorn", "uvloop", "sqlalchemy", "msgspec")


def describe(*, mosquitto: Path | None = None, postgres: Path | None = None, node_red: str = "") -> dict[str, Any]:
    """The machine and the versions of what was used.

    mosquitto: the program; postgres: the folder of its programs; node_red: its version.
    """
    return {
        "cpu": _cpu_name(),
        "cores": psutil.cpu_count() or 0,
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "load": _load(),
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "sqlite": sqlite3.sqlite_version,
        "postgres": _said_by(postgres / "postgres", "--version") if postgres else "",
        "mosquitto": _said_by(mosquitto, "-h") if mosquitto else "",
        "node-red": node_red,
    }


def _load() -> str:
    """How busy the machine was before the bench began: other work on it costs the bench its share."""
    busy = psutil.cpu_percent(interval=0.5)
    return f"{busy:.0f}% of the cores busy with other work at the start"


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _said_by(program: Path, option: str) -> str:
    """The version that a program tells in its first line."""
    done = subprocess.run([program, option], capture_output=True, text=True, check=False)  # noqa: S603 - found by us
    words = done.stdout.split("\n", 1)[0].split()
    return next((word for word in words if word[0].isdigit()), "")


def found(*names: str) -> Path | None:
    """The first of these programs that is here; servers often lie outside a user's PATH."""
    for name in names:
        path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if path:
            return Path(path)
    return None


def spent_s(pid: int) -> float:
    """Processor seconds of a process and of its children, those that have ended included. 0 for one that is gone."""
    try:
        process = psutil.Process(pid)
        every = [process.cpu_times(), *(child.cpu_times() for child in process.children(recursive=True))]
    except psutil.NoSuchProcess:
        return 0.0
    own = every[0]
    return sum(one.user + one.system for one in every) + own.children_user + own.children_system


def resident_mib(pid: int) -> float:
    """What a process has in memory, shared pages included, in MiB."""
    return float(psutil.Process(pid).memory_info().rss) / 2**20


class Meter:
    """Processor time of processes, by the name of their part, from here on."""

    def __init__(self, pids: Mapping[str, int | None]) -> None:
        self._pids = {name: pid for name, pid in pids.items() if pid is not None}
        self._before = {name: spent_s(pid) for name, pid in self._pids.items()}

    def per_item_us(self, items: int) -> dict[str, float]:
        """Microseconds that each part spent on each of `items`."""
        return {name: spent * 1e6 / items for name, spent in self.seconds().items()}

    def seconds(self) -> dict[str, float]:
        """What each part has spent."""
        return {name: spent_s(pid) - self._before[name] for name, pid in self._pids.items()}
