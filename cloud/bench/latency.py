"""`latency`: from a device's word to the owner's phone: through broker, worker, commit, API and an open stream."""

import random
import socket
import threading
import time
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from urllib.parse import quote

from broker.contract.codec import encode
from broker.contract.messages import Status
from broker.contract.topics import Up, up_topic
from cloud.bench import frames, publisher, stand
from cloud.bench.customer import Customer, moved_in
from cloud.bench.helper import Helper, running
from cloud.bench.machine import Meter, describe
from cloud.bench.options import Bench, Options, Step
from cloud.bench.report import Goal, percentile, row
from cloud.bench.stand import Stand
from cloud.errors import SetupError
from cloud.mqtt import Address

METHOD = (
    "The real processes (embedded broker, SQLite). A printer on a connection of its own reports a paper jam, and then "
    "that it is cleared, at QoS 1, {changes} changes a run at random moments; measured is from before the bytes are "
    "sent until the phone's open stream has the whole new menu that says so. Meanwhile {others} other devices publish "
    "{rate:g} messages a second. {warm} changes to warm up."
)
P99 = Goal(60.0, at_most=True)
CHANGES, WARM_UP, OTHERS = 100, 10, 200
GIVE_UP_S = 15.0
SETTLED_S = 0.04
JAM = "media-jam"


class Phone:
    """An open stream. It notes each menu with the time at which it was whole."""

    def __init__(self, here: Stand, customer: Customer) -> None:
        path = f"/menu/v1/live?journey={quote(customer.journey_id)}"
        self._socket = socket.create_connection((here.settings.host, here.settings.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {customer.token}\r\n\r\n"
        self._socket.sendall(head.encode())
        self._news = threading.Condition()
        self._menus: list[tuple[float, bytes]] = []
        threading.Thread(target=self._listen, name="phone", daemon=True).start()

    def _listen(self) -> None:
        buffer = b""
        while data := self._socket.recv(262_144):
            at = time.perf_counter()
            buffer += data
            while (end := buffer.find(b"\n\n")) >= 0:
                event, buffer = buffer[:end], buffer[end + 2 :]
                if b"event: menu" in event:
                    with self._news:
                        self._menus.append((at, event))
                        self._news.notify()

    def await_menu(self, *, jammed: bool) -> float:
        """When the next menu came that does, or does not, speak of the jam. Raises SetupError when none does."""
        until = time.perf_counter() + GIVE_UP_S
        with self._news:
            while True:
                for at, event in self._menus:
                    if (JAM.encode() in event) is jammed:
                        self._menus.clear()
                        return at
                self._menus.clear()
                if not self._news.wait(max(0.0, until - time.perf_counter())):
                    msg = "the phone heard nothing of a change"
                    raise SetupError(msg)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class Printer:
    """The customer's device, on its own connection with its own credential."""

    def __init__(self, address: Address, customer: Customer) -> None:
        self._topic = up_topic(customer.product_id, Up.STATUS)
        self._socket = socket.create_connection((address.host, address.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(frames.connect(customer.product_id, customer.product_id, customer.password, 300))
        if self._socket.recv(4) != frames.CONNACK + b"\0\0":
            msg = "the broker refused the printer"
            raise SetupError(msg)
        self._seq = 0

    def say(self, *, jammed: bool) -> float:
        """Publishes its state, and returns when it began to; waits for the broker's acknowledgement."""
        self._seq += 1
        state = ("stopped", ["media-jam-error"]) if jammed else ("idle", ["none"])
        reported = {"state": state[0], "reasons": state[1]}
        payload = encode(Status(boot=2, seq=self._seq, at=datetime.now(UTC), epoch=0, reported=reported))
        frame = frames.publish(self._topic, payload, frames.packet_id(self._seq))
        start = time.perf_counter()
        self._socket.sendall(frame)
        left = frames.PUBACK_BYTES
        while left:
            left -= len(self._socket.recv(left))
        return start

    def close(self) -> None:
        self._socket.close()


def bench(options: Options, step: Step) -> Bench:
    """See the module."""
    changes = options.messages or CHANGES
    with stand.embedded(("work", "api"), OTHERS + 1) as here, ExitStack() as stack:
        customer = moved_in(here)
        phone, printer = Phone(here, customer), Printer(here.address, customer)
        stack.callback(phone.close)
        stack.callback(printer.close)
        if options.rate:
            stack.enter_context(_others(here, options)).begin()
        step("warming up", 0, options.runs)
        _changes(phone, printer, WARM_UP)
        found, parts = [], []
        for number in range(options.runs):
            step("changing", number, options.runs)
            meter, begun = Meter(here.pids()), time.monotonic()
            found.append(_changes(phone, printer, changes))
            span = time.monotonic() - begun
            parts.append({name: spent / span / 1e4 for name, spent in meter.per_item_us(1).items()})
    rows = [
        row(f"p{percent}", "ms", [percentile(run, percent) for run in found], goal=P99 if percent == 99 else None)
        for percent in (50, 95, 99)
    ]
    shares = ", ".join(f"{name} {sum(one[name] for one in parts) / len(parts):.0f}%" for name in parts[0])
    method = METHOD.format(changes=changes, others=OTHERS, rate=options.rate, warm=WARM_UP)
    return Bench(rows=tuple(rows), machine=describe(), method=method, notes=(f"shares of a core: {shares}",))


def _others(here: Stand, options: Options) -> AbstractContextManager[Helper]:
    # More than the changes can take: it is ended with the bench.
    count = int(options.rate * 600)
    ids = here.product_ids[1:]
    return running(
        "publisher",
        publisher.Orders(address=here.address, product_ids=ids, boot=1, count=count, connections=2, rate=options.rate),
    )


def _changes(phone: Phone, printer: Printer, count: int) -> list[float]:
    """Milliseconds of each change."""
    took = []
    for number in range(count):
        jammed = number % 2 == 0
        start = printer.say(jammed=jammed)
        took.append((phone.await_menu(jammed=jammed) - start) * 1000)
        time.sleep(SETTLED_S + random.random() * SETTLED_S)  # noqa: S311 - at no fixed distance from the loops' beats
    return took
