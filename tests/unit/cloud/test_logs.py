"""What never gets into the log, whoever wanted to write it there."""

import io
import logging
import sys
from collections.abc import Iterator

import pytest

from cloud.logs import set_up


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What goes to standard error; the handlers are put back afterwards."""
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", stream)
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
