"""What a run that was killed left on the machine: mounts, networks, and who works in them. The next run removes it.

All that outlives a process has its number in its name; when that process is no more, nobody will come back for it. That
children die with their parent would be less to do, but Linux means the thread that started them, and here threads that
start a deployment end long before it.
"""

import os
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

DISK: Final = "tlfs-"
NETWORK: Final = "tl-chaos-"
_NAMED: Final = re.compile(rf"(?:{DISK}|{NETWORK})([0-9]+)(?:-\w+)?")
_PLACES: Final = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
NETWORKS: Final = Path("/run/netns")


def disk_prefix() -> str:
    """How the folder of a disk of this process begins."""
    return f"{DISK}{os.getpid()}-"


def owner_of(name: str) -> int | None:
    """The process that made what is called so; None: it is not one of ours."""
    found = _NAMED.fullmatch(name)
    return int(found[1]) if found else None


def abandoned(names: list[str]) -> list[str]:
    """Those whose makers are no more."""
    return [one for one in names if (owner := owner_of(one)) is not None and not runs(owner)]


def runs(pid: int) -> bool:
    """Whether this process may still do something: one that only waits to be buried by its parent does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def clear() -> list[str]:
    """Removes what is abandoned, and returns its names. What cannot be removed stays for who may."""
    disks = abandoned([one.name for one in Path(tempfile.gettempdir()).glob(f"{DISK}*")])
    networks = abandoned([one.name for one in NETWORKS.glob(f"{NETWORK}*")])
    for name in networks:
        _end(_inside(name))
        _call("ip", "netns", "del", name)  # and the cables, which have an end in it
    for name in disks:
        path = Path(tempfile.gettempdir()) / name
        _end(_working_on(path))
        _call("umount", "-l", str(path))
        with suppress(OSError):
            path.rmdir()
    return disks + networks


def _inside(network: str) -> list[int]:
    return [int(one) for one in _call("ip", "netns", "pids", network).split()]


def _working_on(path: Path) -> list[int]:
    """Who was started with something on this disk: each of our programs names its folder."""
    return [
        one.pid
        for one in psutil.process_iter(["cmdline"])
        if any(str(path) in word for word in one.info["cmdline"] or ())
    ]


def _end(pids: list[int]) -> None:
    for pid in pids:
        with suppress(psutil.Error):
            one = psutil.Process(pid)
            every = [one, *one.children(recursive=True)]
            for each in every:
                with suppress(psutil.NoSuchProcess):
                    each.kill()
            psutil.wait_procs(every, 10)


def _call(program: str, *words: str) -> str:
    found = shutil.which(program, path=_PLACES)
    if found is None:
        return ""
    return subprocess.run([found, *words], check=False, capture_output=True, text=True).stdout  # noqa: S603 - our own words
