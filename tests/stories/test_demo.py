"""`throughline demo` as it is started: a process of its own, judged by its transcript and its exit status."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from cloud.clock import TravelClock
from cloud.demo.story import CHAPTERS
from cloud.secrets import load_keys
from device_sim.registration import DEFAULT_GTIN
from device_sim.shop import Shop
from tests.ports import free_port
from tests.system import LEAVE_WITHIN_S, ROOT, START_WITHIN_S, until

PLAYED_WITHIN_S = 110.0


def environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("THROUGHLINE_")}
    return {**inherited, "COLUMNS": "300"}


def command(*options: object) -> list[str]:
    return [sys.executable, "-m", "cloud", "demo", *map(str, options)]


def played(*options: object) -> subprocess.CompletedProcess[str]:
    """The demo, which ends by itself."""
    return subprocess.run(  # noqa: S603 - our own program
        command(*options),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PLAYED_WITHIN_S,
        cwd=ROOT,
        check=False,
    )


@contextmanager
def left_running(transcript: Path, *options: object) -> Iterator["subprocess.Popen[bytes]"]:
    """The demo, which is ended from outside."""
    with transcript.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own program
            command(*options), env=environment(), stdout=out, stderr=subprocess.STDOUT, cwd=ROOT
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(LEAVE_WITHIN_S)


def said(process: "subprocess.Popen[bytes]", transcript: Path, what: str, deadline_s: float) -> None:
    """Returns once the transcript has it."""

    def found() -> bool:
        text = transcript.read_text()
        assert process.poll() is None, text
        return what in text

    until(found, what, deadline_s)


@pytest.mark.timeout(180)
def test_the_demo_plays_every_chapter_where_it_is_told_to_and_ends_well(tmp_path: Path) -> None:
    port = free_port()
    done = played("--once", "--data-dir", tmp_path / "demo", "--port", port)
    assert done.returncode == 0, done
    headings = re.findall(r"^ ?(\d+)  (.+)$", done.stdout, re.MULTILINE)
    assert headings == [(str(number), one.title) for number, one in enumerate(CHAPTERS, start=1)]
    assert done.stdout.count("    ✓ ") == len(CHAPTERS)
    assert f"All {len(CHAPTERS)} chapters went as they should." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    printers = (tmp_path / "demo" / "devices.jsonl").read_text().splitlines()
    assert len(printers) == 25
    assert f"http://127.0.0.1:{port}/" in json.loads(printers[0])["uri"], "the port that was named"


@pytest.mark.timeout(240)
async def test_a_taken_port_stops_one_demo_and_not_the_next_which_ends_at_the_real_time(tmp_path: Path) -> None:
    place, transcript = tmp_path / "demo", tmp_path / "said"
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        options = ("--data-dir", place, "--port", port, "--mqtt-port", free_port(), "--mqtt-tls-port", free_port())
        refused = played(*options)
    assert (refused.returncode, "--port" in refused.stderr) == (1, True), refused
    with left_running(transcript, *options) as process:
        said(process, transcript, "Throughline is running", PLAYED_WITHIN_S)
        assert TravelClock(place / "clock").offset == timedelta(), "neither weeks ahead nor behind"
        url = f"http://127.0.0.1:{port}"
        # A shop with a clock of its own: its webhooks are fresh, not weeks old.
        async with Shop(url, load_keys(place / "keys").shop_secret) as shop:
            order = await shop.sell(DEFAULT_GTIN)
        key = re.search(r"tlk_[\w-]+", transcript.read_text())
        assert key
        async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key[0]}"}) as operator:
            orders = (await operator.get("/api/v1/orders")).json()["items"]
        assert order.order_id in json.dumps(orders)
        process.send_signal(signal.SIGINT)
        assert process.wait(LEAVE_WITHIN_S) == 0
    assert "Traceback" not in transcript.read_text()


def test_somebody_else_s_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear diary")
    done = played("--once", "--data-dir", tmp_path)
    assert (done.returncode, "not the demo's" in done.stderr) == (1, True)
    assert [one.name for one in tmp_path.iterdir()] == ["letter"]


@pytest.mark.timeout(180)
def test_ctrl_c_ends_the_demo_in_the_middle_of_its_story(tmp_path: Path) -> None:
    transcript = tmp_path / "said"
    with left_running(transcript, "--once") as process:
        said(process, transcript, CHAPTERS[0].title, START_WITHIN_S)
        process.send_signal(signal.SIGINT)
        assert process.wait(LEAVE_WITHIN_S) == 130
    assert "Ending before the story is over" in transcript.read_text()
    assert CHAPTERS[-1].title not in transcript.read_text()
    assert "Traceback" not in transcript.read_text()
