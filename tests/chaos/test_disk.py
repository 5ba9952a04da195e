"""A disk is made full beside those who write to it."""

import subprocess
from pathlib import Path

import pytest

from tests.chaos.disk import PAGE_BYTES, REFUSED, TRIES, Disk


class Written(Disk):
    """Somebody writes more than was to be left, again and again. answers: of `mount`, to each try."""

    def __init__(self, answers: list[int]) -> None:
        super().__init__(Path(), 0)
        self.answers, self.sizes, self.used = answers, list[int](), 10 * PAGE_BYTES

    @property
    def used_bytes(self) -> int:
        self.used += PAGE_BYTES
        return self.used

    def _resize(self, size_bytes: int) -> None:
        self.sizes.append(size_bytes)
        answer = self.answers.pop(0) if self.answers else 0
        if answer:
            raise subprocess.CalledProcessError(answer, "mount")


def test_it_is_full_at_what_is_there_when_mount_agrees() -> None:
    disk = Written([REFUSED, REFUSED])
    disk.fill(PAGE_BYTES)
    assert disk.sizes == [12 * PAGE_BYTES, 13 * PAGE_BYTES, 14 * PAGE_BYTES]
    assert disk.is_full


@pytest.mark.parametrize(("answers", "tries"), [([1], 1), ([REFUSED] * (TRIES + 1), TRIES)])
def test_what_does_not_pass_is_said(answers: list[int], tries: int) -> None:
    disk = Written(answers)
    with pytest.raises(subprocess.CalledProcessError):
        disk.fill(0)
    assert len(disk.sizes) == tries
