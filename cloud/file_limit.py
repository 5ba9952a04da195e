"""How many files the process may open, and which part of them connections may take: each is one file.

What is left over is for the database, the broker and the pages; and for those that the system has accepted in one go,
before anybody could count them.
"""

import asyncio
import contextlib
import errno
import logging
import resource
from collections.abc import Callable
from typing import Any, Final, NamedTuple

log = logging.getLogger("throughline.http")
PLENTY: Final = 1_048_576
"""Taken for a limit where there is none."""
RESERVE_MAX: Final = 4_096
BACKLOG_MAX: Final = 1_024
QUIET_S: Final = 60.0
"""How long nothing more is said about it."""


class Shares(NamedTuple):
    """connections: at most at once. backlog: how many may wait to be accepted, and are accepted in one go."""

    connections: int
    backlog: int


def raise_file_limit() -> int:
    """Raises the soft limit to the hard one, as far as the system lets us, and says what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = PLENTY if hard == resource.RLIM_INFINITY else hard
    if soft not in {resource.RLIM_INFINITY, wanted}:
        with contextlib.suppress(ValueError, OSError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    return file_limit()


def file_limit() -> int:
    """How many files the process may open now."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return PLENTY if soft == resource.RLIM_INFINITY else soft


def shares_of(files: int) -> Shares:
    """Of so many files. A third is kept back, and of that, a quarter is for one go of accepting."""
    reserve = min(RESERVE_MAX, files // 3)
    return Shares(connections=max(1, files - reserve), backlog=min(BACKLOG_MAX, max(8, reserve // 4)))


def outage_handler() -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """For `loop.set_exception_handler`: says once that there is no file left for a connection, where asyncio would say
    it for every one that waits, again and again. asyncio itself accepts none for a second then.
    """
    said = False

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal said
        error = context.get("exception")
        if "socket" not in context or not isinstance(error, OSError) or error.errno not in {errno.EMFILE, errno.ENFILE}:
            loop.default_exception_handler(context)
            return
        if not said:
            said = True
            log.error("no file is left for a connection (%s): accepting pauses; allow more files", error.strerror)
            loop.call_later(QUIET_S, again)

    def again() -> None:
        nonlocal said
        said = False

    return handle
