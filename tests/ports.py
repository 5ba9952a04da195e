"""Ports for the services that tests start."""

import itertools
import os
import random
import socket

FIRST, EACH = 20_000, 3_000
"""Below the ports that a kernel gives to outgoing connections; so many for each process that runs tests."""


def _numbers() -> range:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return range(FIRST + worker * EACH, FIRST + (worker + 1) * EACH)


_turn = itertools.cycle(_numbers())
for _ in range(random.randrange(EACH)):  # noqa: S311 - two runs on one machine shall not walk in step
    next(_turn)


def free_port() -> int:
    """A port that nobody has, and that nobody else in this run, nor any connection, is given meanwhile."""
    for port in itertools.islice(_turn, EACH):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    msg = f"no free port in {_numbers()}"
    raise OSError(msg)
