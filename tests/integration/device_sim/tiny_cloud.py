"""A broker that can be killed, and a cloud of a page: it records what arrives and says what is stored."""

import asyncio
import contextlib
import shutil
import signal
import socket
import subprocess
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import pytest

from broker.contract.codec import Accepted, decode_up, encode
from broker.contract.messages import Birth, Command, Event, Message, Presence, Stored, UpMessage
from broker.contract.topics import ALL_UP, Down, down_topic
from broker.contract.watermark import Received, receive
from device_sim.session import Endpoint
from tests.ports import free_port


async def eventually(holds: Callable[[], bool], what: str, timeout_s: float = 20) -> None:
    """Polls until it holds; fails, naming what did not happen."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while not holds():
        if asyncio.get_running_loop().time() > deadline:
            pytest.fail(f"did not happen: {what}")
        await asyncio.sleep(0.01)


class Mosquitto:
    """A broker that keeps nothing over a kill: no persistence."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(port=self.port)

    async def start(self) -> None:
        self._launch()
        await eventually(self._answers, "the broker listens")

    def _launch(self) -> None:
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self._process = subprocess.Popen(  # noqa: S603 - the program is the broker under test
            [program, "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False


class TinyCloud:
    """What a cloud does for a device, and no more. storing: whether it says what is stored."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.storing = True
        self.over = False
        """Beside cancelling: a client that is cancelled may raise an error of its own instead."""
        self.heard: list[UpMessage] = []
        self.payloads: dict[tuple[str, int, int], list[bytes]] = defaultdict(list)
        self.births: set[tuple[str, int]] = set()
        """(product id, boot), each once however often it was sent."""
        self.presence: list[Presence] = []
        self.rejected: list[object] = []
        self._news: set[tuple[str, int]] = set()
        self._received: dict[tuple[str, int], Received] = {}
        self._client: aiomqtt.Client | None = None

    @property
    def ready(self) -> bool:
        return self._client is not None

    async def run(self) -> None:
        while not self.over:
            try:
                async with aiomqtt.Client(self._endpoint.host, self._endpoint.port, timeout=2) as client:
                    await client.subscribe(ALL_UP, qos=1)
                    self._client = client
                    async with asyncio.TaskGroup() as group:
                        group.create_task(self._read(client))
                        group.create_task(self._acknowledge(client))
            except* aiomqtt.MqttError:
                self._client = None
            await asyncio.sleep(0.02)  # before it tries again: the broker may be down for the test

    async def tell(self, product_id: str, kind: Down, message: Message, *, retain: bool = False) -> None:
        assert self._client is not None
        await self._client.publish(down_topic(product_id, kind), encode(message), qos=1, retain=retain)

    async def command(self, product_id: str, name: str, command_id: str) -> None:
        command = Command(id=command_id, name=name, expires_at=datetime.now(UTC) + timedelta(minutes=1))
        await self.tell(product_id, Down.COMMAND, command)

    def watermark(self, product_id: str, boot: int) -> Received:
        return self._received.get((product_id, boot), Received())

    def _close_holes(self, product_id: str, message: UpMessage) -> None:
        if isinstance(message, Event) and message.name == "messages_given_up":
            key = (product_id, message.data["boot"])
            for first, last in message.data["ranges"]:
                self._received[key] = receive(self._received.get(key, Received()), first, last)

    async def _read(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            self._take(str(message.topic), bytes(message.payload))

    async def _acknowledge(self, client: aiomqtt.Client) -> None:
        while True:
            await asyncio.sleep(0.01)  # watermarks leave together, as the cloud's do
            while self._news:
                product_id, boot = self._news.pop()
                stored = Stored(boot=boot, seq=self.watermark(product_id, boot).low)
                await client.publish(down_topic(product_id, Down.STORED), encode(stored), 1, retain=True)

    def _take(self, topic: str, payload: bytes) -> None:
        match decode_up(topic, payload):
            case Accepted(message=Presence() as presence):
                self.presence.append(presence)
            case Accepted(topic=address, message=UpMessage() as message):
                self.heard.append(message)
                if isinstance(message, Birth):
                    self.births.add((address.product_id, message.boot))
                self.payloads[address.product_id, message.boot, message.seq].append(payload)
                if self.storing:
                    key = (address.product_id, message.boot)
                    self._received[key] = receive(self._received.get(key, Received()), message.seq)
                    self._close_holes(address.product_id, message)
                    self._news.add(key)
            case rejection:
                self.rejected.append(rejection)
