"""Many bad clients at once against the real service: heads and bodies that come by the byte, connections that say
nothing, answers and streams that nobody reads. Meanwhile honest clients want to be served, and the memory has an end.
"""

import asyncio
import contextlib
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import psutil

from tests.system import System

MEGABYTE: Final = 1024 * 1024
DRIP_S: Final = 1.0
PIPELINED: Final = 400
"""Requests that are sent before anybody would have to read an answer: more than fits into all buffers."""


@dataclass
class Report:
    """What came of a siege. cut_off: bad clients that the service let go, by kind; slowest_ms: of honest calls."""

    bad: dict[str, int] = field(default_factory=dict)
    cut_off: dict[str, int] = field(default_factory=dict)
    honest_calls: int = 0
    honest_failures: list[str] = field(default_factory=list)
    median_ms: float = 0.0
    slowest_ms: float = 0.0
    grown_mb: float = 0.0
    left_open: int = 0
    seconds: float = 0.0


class Siege:
    """Against one system. each: bad clients of every kind; token and journey: of a phone that has a stream."""

    def __init__(self, system: System, *, each: int, seconds: float, token: str, journey: str) -> None:
        self._system = system
        self._each = each
        self._seconds = seconds
        self._token = token
        self._journey = journey
        self._ended: Counter[str] = Counter()
        self._report = Report()
        self._times_ms: list[float] = []

    async def run(self) -> Report:
        """The whole siege; all bad clients are gone when it returns."""
        process = self._system.running("api")
        before, began = process.memory_info().rss, time.monotonic()
        bad = [
            asyncio.create_task(self._bad(kind, opening, drip), name=f"bad-{kind}")
            for kind, (opening, drip) in self._kinds().items()
            for _ in range(self._each)
        ]
        self._report.bad = dict.fromkeys(self._kinds(), self._each)
        try:
            async with asyncio.TaskGroup() as honest:
                for number in range(4):
                    honest.create_task(self._honest(began + self._seconds, number))
            self._report.grown_mb = round((process.memory_info().rss - before) / MEGABYTE, 1)
        finally:
            for one in bad:
                one.cancel()
            await asyncio.gather(*bad, return_exceptions=True)
        self._report.cut_off = dict(self._ended)
        self._report.left_open = await self._left(process)
        self._times_ms.sort()
        self._report.honest_calls = len(self._times_ms)
        self._report.median_ms = round(self._times_ms[len(self._times_ms) // 2], 1) if self._times_ms else 0.0
        self._report.slowest_ms = round(max(self._times_ms, default=0.0), 1)
        self._report.seconds = round(time.monotonic() - began, 1)
        return self._report

    def _kinds(self) -> dict[str, tuple[bytes, bytes]]:
        """What each kind sends first, and then by the byte."""
        host = f"Host: 127.0.0.1:{self._system.port}\r\n".encode()
        bearer = f"Authorization: Bearer {self._token}\r\n".encode()
        live = f"GET /menu/v1/live?journey={self._journey} HTTP/1.1\r\n".encode()
        post = b"POST /menu/v1/claims HTTP/1.1\r\n" + host + bearer + b"Content-Type: application/json\r\n"
        return {
            "silent": (b"", b""),
            "half a request line": (b"GET /menu/v1/me", b"n"),
            "a head by the byte": (b"GET / HTTP/1.1\r\n" + host + b"X-Slow: ", b"x"),
            "a body by the byte": (post + b"Content-Length: 60000\r\n\r\n{", b" "),
            "a chunked body by the byte": (post + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
            "a stream that nobody reads": (live + host + bearer + b"\r\n", b""),
            "answers that nobody reads": ((b"GET /openapi.json HTTP/1.1\r\n" + host + b"\r\n") * PIPELINED, b""),
        }

    async def _bad(self, kind: str, opening: bytes, drip: bytes) -> None:
        reads = kind not in {"a stream that nobody reads", "answers that nobody reads"}
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.setblocking(False)
            loop = asyncio.get_running_loop()
            try:
                await loop.sock_connect(one, ("127.0.0.1", self._system.port))
                await loop.sock_sendall(one, opening)
                while True:
                    await asyncio.sleep(DRIP_S)  # the attack is its slowness
                    await loop.sock_sendall(one, drip)
                    if reads and _is_closed(one):
                        break
            except OSError:
                pass
            self._ended[kind] += 1

    async def _honest(self, until: float, number: int) -> None:
        phone = {"Authorization": f"Bearer {self._token}"}
        operator = {"Authorization": f"Bearer {self._system.key}"}
        menu = f"/menu/v1/menu?journey={self._journey}"
        asked = [(menu, phone), ("/api/v1/products", operator), ("/healthz", {}), ("/menu/v1/journeys", phone)]
        while time.monotonic() < until:
            path, headers = asked[number % len(asked)]
            number += 1
            await self._call(path, headers)
            await asyncio.sleep(0.2)  # the pace of a patient customer

    async def _call(self, path: str, headers: dict[str, str]) -> None:
        """On a connection of its own, as a newcomer."""
        began = time.perf_counter()
        try:
            async with httpx.AsyncClient(base_url=self._system.url, timeout=30, verify=False) as http:  # noqa: S501 - no TLS here
                answer = await http.get(path, headers=headers)
        except httpx.HTTPError as error:
            self._report.honest_failures.append(f"{path}: {type(error).__name__}")
            return
        if answer.status_code != 200:
            self._report.honest_failures.append(f"{path}: {answer.status_code}")
        self._times_ms.append((time.perf_counter() - began) * 1000)

    async def _left(self, process: psutil.Process) -> int:
        """How many of the connections the service still holds, once it has had time to notice."""
        left = 0
        for _ in range(100):
            left = sum(
                one.status == "ESTABLISHED" and one.laddr.port == self._system.port for one in process.net_connections()
            )
            if not left:
                break
            await asyncio.sleep(0.1)  # the kernel tells no news of its connections; the loop has an end
        return left


def _is_closed(one: socket.socket) -> bool:
    """The other side has hung up, after what it had to say."""
    with contextlib.suppress(BlockingIOError):
        return one.recv(4096) == b""
    return False


async def besieged(system: System, *, each: int, seconds: float) -> Report:
    """A phone that owns a unit, and then the siege."""
    unit = await system.unit()
    async with system.phone() as phone:
        journey = await system.owned(phone, unit)
        return await Siege(system, each=each, seconds=seconds, token=phone.token, journey=journey).run()


def figures(report: Report) -> dict[str, Any]:
    return dict(vars(report))
