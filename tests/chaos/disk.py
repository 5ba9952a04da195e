"""A file system of our own, in memory, that can be made full and be given room again."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.chaos import leftovers
from tests.services import missing

MEGABYTE: Final = 1024 * 1024
PAGE_BYTES: Final = 4096
REFUSED: Final = 32
"""What `mount` answers to a size that is less than what is used."""
TRIES: Final = 1_000


class Disk:
    """path: where it is mounted."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self.path = path
        self._size_bytes = size_bytes
        self.is_full = False

    @property
    def used_bytes(self) -> int:
        found = os.statvfs(self.path)
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def fill(self, left_bytes: int) -> None:
        """Leaves this much room, and no more. Whoever writes meanwhile may have more by then than was to be left."""
        self.is_full = True
        for left in reversed(range(TRIES)):
            pages = -(-(self.used_bytes + left_bytes) // PAGE_BYTES)
            try:
                return self._resize(pages * PAGE_BYTES)
            except subprocess.CalledProcessError as error:
                if error.returncode != REFUSED or not left:
                    raise
        return None

    def make_room(self) -> None:
        """As much as at first."""
        self._resize(self._size_bytes)
        self.is_full = False

    def _resize(self, size_bytes: int) -> None:
        subprocess.run(  # noqa: S603 - our own words
            [*_program("mount"), "-o", f"remount,size={size_bytes}", str(self.path)], check=True, capture_output=True
        )


@contextmanager
def small_disk(size_bytes: int) -> Iterator[Disk]:
    """A tmpfs of this size, for as long as the block runs. Skips the test where nobody may mount one."""
    leftovers.clear()
    path = Path(tempfile.mkdtemp(prefix=leftovers.disk_prefix()))
    mount = [*_program("mount"), "-t", "tmpfs", "-o", f"size={size_bytes},mode=755", "tmpfs", str(path)]
    try:
        done = subprocess.run(mount, check=False, capture_output=True, text=True)  # noqa: S603 - our own words
        if done.returncode != 0:
            missing(f"needs the right to mount a file system (root): {done.stderr.strip()}")
        try:
            yield Disk(path, size_bytes)
        finally:
            # Whoever dies slowly may still have a file open: the mount goes with the last of them.
            subprocess.run([*_program("umount"), "-l", str(path)], check=False, capture_output=True)  # noqa: S603 - our own words
    finally:
        path.rmdir()


def _program(name: str) -> list[str]:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        missing(f"needs {name} (Debian: the package mount)")
        raise AssertionError
    return [found]
