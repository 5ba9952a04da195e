"""A run that is killed leaves a disk, a network and processes; the next removes them, and nothing of one that runs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.chaos import leftovers
from tests.chaos.disk import MEGABYTE, small_disk
from tests.chaos.network import own_network
from tests.system import ROOT, until

pytestmark = pytest.mark.chaos
RUN: Final = """
import subprocess, sys, time
from tests.chaos.disk import small_disk
from tests.chaos.network import own_network
with small_disk(1 << 20) as disk, own_network() as network:
    wait = [sys.executable, "-c", "import time; time.sleep(600)"]  # to be killed
    first = subprocess.Popen([*wait, str(disk.path)])
    second = subprocess.Popen(network.within(wait))
    print(disk.path, network.name, first.pid, second.pid, flush=True)
    time.sleep(600)  # to be killed
"""


TESTS: Final = """
import time
from pathlib import Path

def test_that_is_told_to_end() -> None:
    try:
        print("here", flush=True)
        time.sleep(600)  # to be ended
    finally:
        Path(__file__).with_suffix(".away").touch()
"""


@pytest.fixture
def _heard() -> Iterator[None]:
    """Whatever we start hears an interrupt, as from a terminal: a script's background job is born deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heard")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_told_to_end_puts_everything_away(tmp_path: Path, how: signal.Signals) -> None:
    path = tmp_path / "test_told.py"
    path.write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "tests.ending", "--rootdir", str(tmp_path), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as told:  # noqa: S603 - our own program
        assert told.stdout is not None
        assert any("here" in line for line in told.stdout)
        told.send_signal(how)
        try:
            told.communicate(timeout=60)
        finally:
            told.kill()
    assert told.returncode == pytest.ExitCode.INTERRUPTED
    assert path.with_suffix(".away").exists()


def test_names_tell_whose_they_are() -> None:
    mine = leftovers.disk_prefix()
    assert leftovers.owner_of(f"{mine}abc_1") == os.getpid()
    assert leftovers.owner_of("tl-chaos-77") == 77
    assert [leftovers.owner_of(one) for one in ("tlfs-abc", "tl-chaos-", "other-77", "tlfs-77-a/b")] == [None] * 4


def test_a_process_that_only_waits_to_be_buried_does_not_run() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as ended:
        assert ended.stdout is not None
        assert ended.stdout.read() == b""
        until(lambda: not leftovers.runs(ended.pid), "its end")
        assert ended.returncode is None, "nobody has asked for it yet"
    assert leftovers.runs(os.getpid())


def test_what_a_killed_run_left_is_removed_and_what_runs_stays() -> None:
    with small_disk(MEGABYTE) as disk, own_network() as network:
        killed = subprocess.Popen([sys.executable, "-c", RUN], stdout=subprocess.PIPE, text=True, cwd=ROOT)  # noqa: S603 - our own program
        assert killed.stdout is not None
        path, name, *pids = killed.stdout.readline().split()
        assert Path(path).is_mount()
        assert not {Path(path).name, name} & set(leftovers.clear()), "it still runs"
        killed.kill()
        killed.wait(20)
        killed.stdout.close()
        assert set(leftovers.clear()) >= {Path(path).name, name}
        assert not Path(path).exists()
        assert not (leftovers.NETWORKS / name).exists()
        until(lambda: not any(leftovers.runs(int(pid)) for pid in pids), "the end of its processes")
        assert disk.path.is_mount()
        assert (leftovers.NETWORKS / network.name).exists()
