"""Folders for the servers of a run, and an end to those of runs that were killed before they could put them away.

A run holds a lock on the file with its process id in each of its folders, which ends with the run, however it ends. So
a folder whose lock can be had is nobody's any more; one without such a file is somebody else's, and left alone.
"""

import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil

PREFIX: Final = "tlpg-"
OWNER: Final = "owner.pid"
END_S: Final = 20


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder with a short path, for as long as the block runs; before, what dead runs have left is put away."""
    sweep()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        handle = _claim(Path(name))
        try:
            yield Path(name)
        finally:
            os.close(handle)


def _claim(folder: Path) -> int:
    """Locked before it has its name: nobody ever finds it unlocked while this run lives."""
    unnamed = folder / f"{OWNER}.new"
    handle = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.write(handle, b"%d\n" % os.getpid())
    unnamed.rename(folder / OWNER)
    return handle


def sweep() -> list[Path]:
    """Ends the PostgreSQL of each dead run, and removes its folder; which these were."""
    return [folder for folder in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*")) if _swept(folder)]


def _swept(folder: Path) -> bool:
    try:
        handle = os.open(folder / OWNER, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        _end_server(folder / "data")
        shutil.rmtree(folder, ignore_errors=True)
        return True
    finally:
        os.close(handle)


def _end_server(data: Path) -> None:
    """The process that is named there may be another by now: it must have been started on this very folder."""
    with suppress(OSError, ValueError, IndexError, psutil.NoSuchProcess):
        process = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
        if str(data) in process.cmdline():
            process.send_signal(signal.SIGQUIT)
            try:
                process.wait(END_S)
            except psutil.TimeoutExpired:
                process.kill()
