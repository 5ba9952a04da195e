"""Logging: one line an event on standard error. What people wrote, who they are and secrets never get here."""

import logging
import sys

QUIET = ("paho", "amqtt", "transitions", "uvicorn", "httpx", "httpcore", "alembic", "fontTools", "PIL", "asyncio")
"""Libraries that would log addresses or payloads, or much of nothing."""

STRANGERS_DOING = ("Invalid HTTP request", "Unsupported upgrade request", "No supported WebSocket library")


def set_up(level: str) -> None:
    """For a process's start."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(_says_no_more_than_it_should)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING if level != "debug" else logging.INFO)


def _says_no_more_than_it_should(record: logging.LogRecord) -> bool:
    """Uvicorn logs every error that leaves the application, with a message that may quote what a person wrote; where it
    happened, `cloud.web` has logged before. And it logs each request that is none, with which a stranger could fill the
    disk.
    """
    if record.name != "uvicorn.error":
        return True
    return not record.exc_info and not str(record.msg).startswith(STRANGERS_DOING)
