"""A run that is told to end by SIGTERM, as time limits and service managers do, puts all away as after Ctrl-C."""

import signal
import threading


def heed_sigterm() -> None:
    """From now on SIGTERM interrupts the main thread: blocks and fixtures come to their ends."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_sessionstart() -> None:
    """Called by pytest."""
    heed_sigterm()
