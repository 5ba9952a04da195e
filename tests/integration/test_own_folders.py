"""A run that is killed leaves its server and its folder: the next run puts them away, and nothing of who lives."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.own_folders import OWNER, PREFIX, own_folder, sweep
from tests.services import postgres_programs
from tests.system import ROOT, until

RUN = """
import time
from tests.services import running_postgres
with running_postgres() as server:
    print(server._folder, flush=True)
    time.sleep(600)
"""


@contextmanager
def another_run() -> Iterator[tuple["subprocess.Popen[str]", Path, psutil.Process]]:
    """A run of its own process with a PostgreSQL: the run, its folder, and its server."""
    if postgres_programs() is None:
        pytest.skip("needs PostgreSQL's server programs")
    with subprocess.Popen([sys.executable, "-c", RUN], stdout=subprocess.PIPE, text=True, cwd=ROOT) as run:  # noqa: S603 - our own program
        try:
            assert run.stdout is not None
            folder = Path(run.stdout.readline().strip())
            yield run, folder, psutil.Process(int((folder / "data" / "postmaster.pid").read_text().split()[0]))
        finally:
            run.kill()
            run.wait()
            sweep()


def _has_ended(process: psutil.Process) -> bool:
    """Whether or not anybody has asked for how."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.postgres
def test_the_server_and_the_folder_of_a_run_that_was_killed_go_and_those_of_one_that_lives_stay() -> None:
    with another_run() as (living, its_folder, its_server), another_run() as (killed, folder, server):
        killed.kill()
        killed.wait()
        sweep()  # unless another run, which begins just now, has been quicker
        until(lambda: not folder.exists(), "that the folder has gone")
        assert _has_ended(server), "before its folder went: by itself it would notice a minute later"
        assert living.poll() is None
        assert not _has_ended(its_server)
        assert (its_folder / "data" / "postmaster.pid").exists()


def test_a_folder_of_this_run_and_one_that_names_no_run_are_left_alone() -> None:
    with own_folder() as folder, tempfile.TemporaryDirectory(prefix=PREFIX) as foreign:
        assert not {folder, Path(foreign)} & set(sweep())
        assert (folder / OWNER).read_text() == f"{os.getpid()}\n"
        assert Path(foreign).exists()


def test_a_process_that_has_the_number_of_a_dead_server_is_left_alone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        left = Path(tempfile.mkdtemp(prefix=PREFIX))
        (left / "data").mkdir()
        (left / "data" / "postmaster.pid").write_text(f"{bystander.pid}\n")
        (left / OWNER).write_text("1\n")
        sweep()
        until(lambda: not left.exists(), "that the folder has gone")
        assert bystander.poll() is None
        bystander.communicate(b"\n")
