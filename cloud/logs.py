"""Logging: one line an event on standard error, for people or as JSON.

What people wrote, who they are and secrets never get here.
"""

import json
import logging
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Literal

QUIET = ("paho", "amqtt", "transitions", "uvicorn", "httpx", "httpcore", "alembic", "fontTools", "PIL", "asyncio")
"""Libraries that would log addresses or payloads, or much of nothing."""

STRANGERS_DOING = ("Invalid HTTP request", "Unsupported upgrade request", "No supported WebSocket library")
FIELDS: Final = (
    "time", "level", "logger", "message", "service", "worker", "pid", "thread", "error", "trace_id", "span_id",
)  # fmt: skip
"""Of a line of JSON: all of them are in each line, and one that says nothing is empty."""
Form = Literal["text", "json"]
Ids = Callable[[], tuple[str, str]]
log = logging.getLogger("throughline")


def set_up(level: str, form: Form = "text", service: str = "", worker: str = "") -> None:
    """For a process's start. service: such as `api`; worker: its name, where there are several."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonLines(service, worker) if form == "json" else text)
    handler.addFilter(_says_no_more_than_it_should)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING if level != "debug" else logging.INFO)
    if form == "json":
        _catch_the_rest()


class JsonLines(logging.Formatter):
    """A record as an object on one line. Of an error, its kind and its place: its message may quote anything."""

    def __init__(self, service: str, worker: str) -> None:
        super().__init__()
        self._service = service
        self._worker = worker
        self.ids: Ids = lambda: ("", "")

    def format(self, record: logging.LogRecord) -> str:
        trace_id, span_id = self.ids()
        at = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
        line = {
            "time": at.isoformat(timespec="milliseconds") + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "service": self._service,
            "worker": self._worker,
            "pid": record.process,
            "thread": record.threadName,
            "error": _error(record.exc_info),
            "trace_id": trace_id,
            "span_id": span_id,
        }
        return json.dumps(line, ensure_ascii=False)


def mark_lines(ids: Ids) -> None:
    """From now on each line of JSON says in which trace and span its thread was, as hexadecimal, or empty."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, JsonLines):
            handler.formatter.ids = ids


def _error(found: object) -> str:
    """Kind and place of an error: `ValueError at cloud/menus.py:12`."""
    if not isinstance(found, tuple) or found[0] is None:
        return ""
    kind, _, trace = found
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {place_of(trace)}" if isinstance(trace, TracebackType) else ""
    return f"{kind.__name__}{where}"


def place_of(trace: TracebackType) -> str:
    """`folder/file.py:line`"""
    path = Path(trace.tb_frame.f_code.co_filename)
    return f"{path.parent.name}/{path.name}:{trace.tb_lineno}"


def _catch_the_rest() -> None:
    """What Python would write to standard error by itself becomes a line like all others."""
    logging.captureWarnings(capture=True)

    def ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.critical("the process ended by an error", exc_info=(kind, error, trace))

    def thread_ended(given: threading.ExceptHookArgs) -> None:
        if given.exc_value is not None:
            what = (given.exc_type, given.exc_value, given.exc_traceback)
            log.critical("a thread ended by an error", exc_info=what)

    sys.excepthook = ended
    threading.excepthook = thread_ended


def _says_no_more_than_it_should(record: logging.LogRecord) -> bool:
    """Uvicorn logs every error that leaves the application, with a message that may quote what a person wrote; where it
    happened, `cloud.problems` has logged before. And it logs each request that is none, with which a stranger could
    fill the disk.
    """
    if record.name != "uvicorn.error":
        return True
    return not record.exc_info and not str(record.msg).startswith(STRANGERS_DOING)
