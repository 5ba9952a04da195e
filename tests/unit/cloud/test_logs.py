"""What never gets into the log, whoever wanted to write it there."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cloud.logs import FIELDS, mark_lines, set_up

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What goes to standard error; the handlers are put back afterwards."""
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    for name in ("uvicorn", "uvicorn.error"):
        # As in a process of its own: servers of other tests have told these to be silent.
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "level", logging.NOTSET)
        monkeypatch.setattr(logger, "propagate", True)
        monkeypatch.setattr(logger, "disabled", False)
        logger.manager._clear_cache()  # type: ignore[attr-defined]  # noqa: SLF001 - what the levels said before
    set_up("debug")
    yield stream
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)


def test_the_servers_own_report_of_an_error_is_left_out_as_its_message_may_quote_anything(said: io.StringIO) -> None:
    try:
        raise ValueError("her-name")  # noqa: EM101, TRY301 - an error that quotes somebody
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    assert said.getvalue() == ""


@pytest.mark.parametrize("text", ["Invalid HTTP request received.", "Unsupported upgrade request."])
def test_what_any_stranger_can_cause_fills_no_disk(said: io.StringIO, text: str) -> None:
    logging.getLogger("uvicorn.error").warning(text)
    assert said.getvalue() == ""


def test_what_the_server_says_of_itself_stays(said: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").error("cannot listen")
    logging.getLogger("throughline.http").error("failed")
    assert "cannot listen" in said.getvalue()
    assert "failed" in said.getvalue()


@pytest.fixture
def lines(said: io.StringIO) -> Callable[[], list[dict[str, Any]]]:
    """What goes to standard error, as JSON."""
    set_up("debug", "json", "work", "work-7")
    return lambda: [json.loads(line) for line in said.getvalue().splitlines()]


def _fail() -> None:
    raise ValueError("her-name")  # noqa: EM101 - an error that quotes somebody


def test_each_line_of_json_has_the_same_fields_and_one_line_whatever_is_said(lines: Lines) -> None:
    log = logging.getLogger("throughline.ingest")
    log.info("two\nlines and %s", '"quotes"')
    log.warning("again")
    first, second = lines()
    assert tuple(first) == tuple(second) == FIELDS
    assert (first["message"], first["level"]) == ('two\nlines and "quotes"', "info")
    assert (second["service"], second["worker"], second["error"]) == ("work", "work-7", "")


def test_of_an_error_json_says_kind_and_place_and_never_what_it_quotes(lines: Lines) -> None:
    try:
        _fail()
    except ValueError:
        logging.getLogger("throughline.http").exception("failed")
    (line,) = lines()
    assert line["error"].startswith("ValueError at cloud/test_logs.py:")
    assert "her-name" not in json.dumps(line)


def test_what_python_says_by_itself_is_json_too_and_quotes_nothing(lines: Lines) -> None:
    with warnings.catch_warnings(action="always"):
        warnings.warn("of old", UserWarning, stacklevel=1)
    thread = threading.Thread(target=_fail, name="lost")
    thread.start()
    thread.join()
    try:
        _fail()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    found = lines()
    assert [line["logger"] for line in found] == ["py.warnings", "throughline", "throughline"]
    assert found[1]["thread"] == "lost"
    assert "her-name" not in json.dumps(found)


def test_a_line_says_in_which_trace_it_was_said_once_somebody_traces(lines: Lines) -> None:
    log = logging.getLogger("throughline.ingest")
    log.info("before")
    mark_lines(lambda: ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"))
    log.info("after")
    before, after = lines()
    assert (before["trace_id"], before["span_id"]) == ("", "")
    assert (after["trace_id"], after["span_id"]) == ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")


def test_the_servers_own_report_of_an_error_is_left_out_of_json_too(lines: Lines) -> None:
    try:
        _fail()
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    assert lines() == []
