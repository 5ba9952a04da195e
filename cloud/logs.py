"""Logging: one line an event on standard error. What people wrote, who they are and secrets never get here."""

import logging
import sys

QUIET = ("paho", "amqtt", "transitions", "uvicorn", "httpx", "httpcore", "alembic", "fontTools", "PIL", "asyncio")
"""Libraries that would log addresses or payloads, or much of nothing."""


def set_up(level: str) -> None:
    """For a process's start."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING if level != "debug" else logging.INFO)
