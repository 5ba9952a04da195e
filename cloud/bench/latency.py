"""`latency`: from a device's word to the owner's phone: through broker, worker, commit, API and an open stream."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

from broker.contract.codec import encode
from broker.contract.messages import Status
from broker.contract.topics import Up, up_topic
from cloud.bench import frames, stand, steady
from cloud.bench.customer import Customer, moved_in
from cloud.bench.helper import Helper, running
from cloud.bench.machine import Meter, describe
from cloud.bench.options import Bench, Options, Step
from cloud.bench.report import Goal, Row, median_parts, percentile, row
from cloud.bench.servers import NOT_FOUND, programs_here
from cloud.bench.stand import Stand
from cloud.bench.waiting import await_that
from cloud.errors import SetupError

METHOD = (
    "The real processes. A printer on a connection of its own reports a paper jam, and then that it is cleared, at "
    "QoS 1, {changes} changes a run at random moments; measured is from before the bytes are sent until the phone's "
    "open stream has the whole new menu that says so. Meanwhile {others} other devices publish status and telemetry, "
    "as many a second as each row says. {warm} changes to warm up."
)
CHANGES, WARM_UP, OTHERS = 100, 10, 200
GIVE_UP_S = 15.0
SETTLED_S = 0.04
NO_END = 10**12
JAM = "media-jam"
BOOT = 1_000
"""Of the printer: no earlier one can be newer."""


class Load(NamedTuple):
    """What stands in the way, messages a second; and which percentile shall stay below how many milliseconds."""

    rate: float
    goals: dict[int, Goal]


ONE_SERVER, EMBEDDED = (
    Load(1_000, {50: Goal(15.0, at_most=True), 99: Goal(60.0, at_most=True)}),
    Load(100, {99: Goal(100.0, at_most=True)}),
)


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

    def __init__(self, here: Stand, customer: Customer) -> None:
        self._topic = up_topic(customer.product_id, Up.STATUS)
        self._seq = 0
        here.let_in([(customer.product_id, customer.password)])
        # The broker reads its files anew in its own time.
        self._socket = await_that(
            lambda: _connected(here, customer), lambda: "the broker refused the printer", within_s=GIVE_UP_S
        )

    def say(self, *, jammed: bool) -> float:
        """Publishes its state, and returns when it began to; waits for the broker's acknowledgement."""
        self._seq += 1
        state = ("stopped", ["media-jam-error"]) if jammed else ("idle", ["none"])
        reported = {"state": state[0], "reasons": state[1]}
        payload = encode(Status(boot=BOOT, seq=self._seq, at=datetime.now(UTC), epoch=0, reported=reported))
        frame = frames.publish(self._topic, payload, frames.packet_id(self._seq))
        start = time.perf_counter()
        self._socket.sendall(frame)
        left = frames.PUBACK_BYTES
        while left:
            left -= len(self._socket.recv(left))
        return start

    def close(self) -> None:
        self._socket.close()


def _connected(here: Stand, customer: Customer) -> socket.socket | None:
    """A connection as the customer's device; None when the broker refuses it."""
    opened = socket.create_connection(here.device_address)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened.sendall(frames.connect(customer.product_id, customer.product_id, customer.password, 300))
    if opened.recv(4) == frames.CONNACK + b"\0\0":
        return opened
    opened.close()
    return None


def bench(options: Options, step: Step) -> Bench:
    """See the module."""
    programs, services = programs_here(), ("work", "api")
    rows: list[Row] = []
    notes: list[str] = []
    if programs is not None:
        with stand.one_server(services, OTHERS + 1, programs) as here:
            rows += on_stand(here, options, notes, step)
    else:
        notes.append(NOT_FOUND)
    with stand.embedded(services, OTHERS + 1) as here:
        rows += on_stand(here, options, notes, step)
    machine = describe(mosquitto=programs and programs.mosquitto, postgres=programs and programs.postgres)
    method = METHOD.format(changes=options.messages or CHANGES, others=OTHERS, warm=WARM_UP)
    return Bench(rows=tuple(rows), machine=machine, method=method, notes=tuple(notes))


def on_stand(here: Stand, options: Options, notes: list[str], step: Step) -> list[Row]:
    """The rows of one deployment; what was seen beside goes into `notes`."""
    load = ONE_SERVER if here.on_mosquitto else EMBEDDED
    if options.rate is not None:
        load = load._replace(rate=options.rate)
    with ExitStack() as stack:
        customer = moved_in(here)
        phone, printer = Phone(here, customer), Printer(here, customer)
        stack.callback(phone.close)
        stack.callback(printer.close)
        others = stack.enter_context(_others(here, load)) if load.rate else None
        step(f"{here.name}, warming up", 0, options.runs)
        _changes(phone, printer, WARM_UP)
        found, shares = [], []
        for number in range(options.runs):
            step(f"{here.name}, changing", number, options.runs)
            meter, begun = Meter(here.pids()), time.monotonic()
            found.append(_changes(phone, printer, options.messages or CHANGES))
            span = time.monotonic() - begun
            shares.append({name: 100 * spent / span for name, spent in meter.seconds().items()})
        sent = others.finish(steady.Sent) if others else None
    told = ", ".join(f"{name} {value:.0f}%" for name, value in median_parts(shares).items())
    notes.append(f"{here.name}: shares of a core: {told}" + (f"; in the background, {_rate(sent)}" if sent else ""))
    what = f"{here.name}, {load.rate:,g} msg/s"
    return [
        row(f"{what}: p{percent}", "ms", [percentile(run, percent) for run in found], goal=load.goals.get(percent))
        for percent in (50, 95, 99)
    ]


def _rate(sent: steady.Sent) -> str:
    return f"{sent.messages / sent.span_s:,.0f} msg/s were published"


@contextmanager
def _others(here: Stand, load: Load) -> Iterator[Helper]:
    orders = steady.Orders(
        address=here.address, product_ids=here.product_ids[1:], boot=1, connections=2, rate=load.rate
    )
    with running("steady", orders) as helper:
        helper.tell(str(NO_END))
        yield helper


def _changes(phone: Phone, printer: Printer, count: int) -> list[float]:
    """Milliseconds of each change."""
    took = []
    for number in range(count):
        jammed = number % 2 == 0
        start = printer.say(jammed=jammed)
        took.append((phone.await_menu(jammed=jammed) - start) * 1000)
        time.sleep(SETTLED_S + random.random() * SETTLED_S)  # noqa: S311 - only so that no change keeps step with the loops; nothing has to be guessed
    return took
