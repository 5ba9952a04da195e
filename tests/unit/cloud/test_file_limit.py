"""Which part of the files connections may take, and what is said when there are none."""

import asyncio
import errno
import logging
from typing import cast

import pytest

from cloud.file_limit import outage_handler, shares_of


@pytest.mark.parametrize("files", [64, 256, 1_024, 20_000, 1_048_576])
def test_all_connections_and_one_go_of_accepting_leave_files_for_the_rest(files: int) -> None:
    shares = shares_of(files)
    assert shares.connections + shares.backlog < files - min(files // 5, 3_000)
    assert shares.connections >= files // 2


class Loop:
    """As much of a loop as the handler asks for."""

    def __init__(self) -> None:
        self.later: list[object] = []
        self.defaults = 0

    def call_later(self, _s: float, what: object) -> None:
        self.later.append(what)

    def default_exception_handler(self, _context: object) -> None:
        self.defaults += 1


def test_no_file_left_is_said_once_and_other_errors_as_ever(caplog: pytest.LogCaptureFixture) -> None:
    loop, handle = Loop(), outage_handler()
    as_loop = cast("asyncio.AbstractEventLoop", loop)
    with caplog.at_level(logging.ERROR, "throughline.http"):
        for _ in range(1_000):
            handle(as_loop, {"exception": OSError(errno.EMFILE, "Too many open files"), "socket": object()})
    assert len(caplog.records) == len(loop.later) == 1
    assert loop.defaults == 0
    handle(as_loop, {"exception": OSError(errno.EMFILE, "of a file"), "message": "elsewhere"})
    handle(as_loop, {"exception": ValueError("x"), "socket": object()})
    assert loop.defaults == 2
