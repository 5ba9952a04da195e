"""The HTTP service as its user starts it, with few files to open: whatever some addresses hold, others are served."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from cloud.compose import prepare
from cloud.file_limit import shares_of
from cloud.settings import load_settings
from tests.http_service import BROWSER
from tests.ports import free_port
from tests.system import until

FILES = 256
ROOM = shares_of(FILES).connections
EACH = ROOM // 4
ASK = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
START = (
    "import resource, runpy; resource.setrlimit(resource.RLIMIT_NOFILE, (128, 256)); "
    "runpy.run_module('cloud', run_name='__main__')"
)


class Api(NamedTuple):
    port: int
    key: str
    log: Path

    def client(self, host: str, **headers: str) -> httpx.Client:
        """From an address of this machine."""
        base = f"http://127.0.0.1:{self.port}"
        return httpx.Client(base_url=base, transport=httpx.HTTPTransport(local_address=host), headers=headers)

    def line(self, host: str, request: bytes) -> tuple[socket.socket, bytes]:
        """A connection that stays open, and the beginning of what it was answered; empty when it was ended."""
        line = socket.create_connection(("127.0.0.1", self.port), timeout=20, source_address=(host, 0))
        try:
            line.sendall(request)
            return line, line.recv(4096)
        except (ConnectionResetError, BrokenPipeError):
            return line, b""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    settings = load_settings(data_dir=tmp_path / "data", port=free_port(), mqtt_port=free_port())
    key = prepare(settings).operator_key
    assert key
    environment = os.environ | {
        "THROUGHLINE_DATA_DIR": str(settings.data_dir),
        "THROUGHLINE_PORT": str(settings.port),
        "THROUGHLINE_MQTT_PORT": str(settings.mqtt_port),
    }
    log = tmp_path / "log"
    with log.open("wb") as out:
        command = [sys.executable, "-c", START, "api"]
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)  # noqa: S603 - our own
    try:
        until(lambda: b"READY" in log.read_bytes().upper() or process.poll(), "the service starts", 60)
        yield Api(settings.port, key, log)
        assert process.poll() is None, "it lives"
    finally:
        process.terminate()
        process.wait(30)
    assert b"Too many open files" not in log.read_bytes()
    assert len(log.read_bytes()) < 20_000


def served(api: Api) -> None:
    """Four newcomers, each from an address of its own, get their answer."""
    for number in range(4):
        with api.client(f"127.0.9.{number + 1}") as one:
            assert one.get("/healthz", timeout=20).status_code == 200


def test_the_soft_limit_is_raised_to_the_hard_one(api: Api) -> None:
    assert b"up to 256 files may be open" in api.log.read_bytes()


def test_idle_connections_of_one_address_make_room_for_its_own_and_those_of_many_for_others(api: Api) -> None:
    with ExitStack() as stack:
        lines = [api.line("127.0.0.1", ASK) for _ in range(EACH + 20)]
        for line, first in lines:
            stack.enter_context(line)
            assert first.startswith(b"HTTP/1.1 200")
        served(api)
        for number in range(8 * (EACH - 2)):  # quicker than the time after which an idle one is ended anyway
            address = (f"127.0.1.{number % 8 + 1}", 0)
            line = stack.enter_context(socket.create_connection(("127.0.0.1", api.port), 20, address))
            line.sendall(ASK)
        served(api)


def test_connections_that_send_nothing_shut_nobody_out(api: Api) -> None:
    with ExitStack() as stack:
        for number in range(ROOM + 40):
            address = (f"127.0.2.{number % 10 + 1}", 0)
            stack.enter_context(socket.create_connection(("127.0.0.1", api.port), 20, address))
        served(api)


def listening(api: Api) -> bytes:
    """The request of a live stream; each call is another visitor's."""
    with api.client("127.0.8.1", Authorization=f"Bearer {api.key}") as operator:
        gtin = "09506000134352"
        operator.post("/api/v1/models", json={"gtin": gtin, "brand": "Acme", "name": "One"})
        label = urlsplit(operator.post("/api/v1/products", json={"gtin": gtin}).json()["uri"]).path
    with api.client("127.0.8.1") as phone:
        opened = phone.get(label, headers=BROWSER)
        [journey] = parse_qs(urlsplit(opened.headers["location"]).query)["journey"]
        token = phone.post("/menu/v1/session").json()["token"]
    head = f"GET /menu/v1/live?journey={journey} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
    return head.encode()


def test_live_streams_of_one_address_end_at_its_share_and_others_are_served(api: Api) -> None:
    with ExitStack() as stack:
        found: list[bytes] = []
        for _ in range(EACH // 8 + 1):
            request = listening(api)
            for _ in range(8):
                line, first = api.line("127.0.0.1", request)
                stack.enter_context(line)
                found.append(first)
        assert sum(first.startswith(b"HTTP/1.1 200") for first in found) == EACH
        refused = [first for first in found if not first.startswith(b"HTTP/1.1 200")]
        assert refused
        assert all(first == b"" or b"429 " in first for first in refused)
        served(api)
