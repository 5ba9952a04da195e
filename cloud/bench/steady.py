"""A publisher that goes on for as long as it is let, as a process of its own: for what is watched over a long time.

`python -m cloud.bench.steady` reads its orders as a line of JSON and says `ready`. Then each line on standard input is
a number: how many messages may have been sent by now; and a second one, where the devices' clocks are so many seconds
ahead. At the end of standard input it waits until all are acknowledged, and prints what it sent as JSON. Its messages
are the same as a publisher's, made from templates as they are needed, which are made anew each second.
"""

import selectors
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import msgspec

from broker.contract.topics import Up, up_topic
from cloud.bench import frames, messages
from cloud.bench.helper import say
from cloud.bench.publisher import CHUNK, Line, exchange
from cloud.mqtt import Address

LOOK_S = 0.005
FRESH_S = 1.0
PING_S = 20.0
"""A third of the keepalive; it may have nothing to say for long."""


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """window: unacknowledged messages of all connections together. rate: a second at most; 0: all that goes."""

    address: Address
    product_ids: list[str]
    boot: int
    connections: int = 8
    window: int = 1024
    rate: float = 0.0


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages, how many of them statuses, and in which time."""

    messages: int
    statuses: int
    span_s: float
    cpu_s: float


class Voice:
    """One connection, and the devices that speak on it, in turn."""

    def __init__(self, orders: Orders, number: int) -> None:
        name = f"{orders.address.username}-bench-steady-{number}"
        self.line = Line(orders.address, name, (), max(1, orders.window // orders.connections))
        numbers = range(number, len(orders.product_ids), orders.connections)
        self._topics = [
            (device, [up_topic(orders.product_ids[device], kind) for kind in (Up.STATUS, Up.TELEMETRY)])
            for device in numbers
        ]
        self._boot = orders.boot
        self.renew(datetime.now(UTC))
        self.made = 0
        self.statuses = 0

    @property
    def speaks(self) -> bool:
        return bool(self._topics)

    def renew(self, at: datetime) -> None:
        """From now on, this is when it is said."""
        self._forms = messages.templates(self._boot, at)

    def say_more(self, count: int) -> None:
        """Makes so many more messages."""
        for _ in range(count):
            turn, at = divmod(self.made, len(self._topics))
            device, (of_status, of_telemetry) = self._topics[at]
            status = messages.is_status(device, turn + 1)
            payload = self._forms.payload(device, turn + 1)
            topic = of_status if status else of_telemetry
            self.line.owe(frames.publish(topic, payload, frames.packet_id(self.made)))
            self.made += 1
            self.statuses += status


class Allowance:
    """What standard input has allowed so far; from then on, no more than the rate."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._messages = 0
        self._ahead = timedelta()
        self.since = time.monotonic()
        self.over = threading.Event()
        threading.Thread(target=self._listen, name="allowance", daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            if not self._messages:
                self.since = time.monotonic()
            count, *ahead = line.split()
            self._ahead = timedelta(seconds=float(ahead[0])) if ahead else self._ahead
            self._messages = int(count)
        self.over.set()

    def now(self) -> datetime:
        """By the devices' clocks."""
        return datetime.now(UTC) + self._ahead

    def messages(self) -> int:
        """Of all connections together."""
        if not self._rate:
            return self._messages
        return min(self._messages, int((time.monotonic() - self.since) * self._rate))


def publish(voices: list[Voice], allowance: Allowance) -> Sent:
    """Sends what is allowed, as fast as the broker takes it, until there is no more."""
    selector = selectors.DefaultSelector()
    for one in voices:
        one.line.socket.setblocking(False)
        selector.register(one.line.socket, selectors.EVENT_READ, one.line)
    begun, lines, ping_at = time.process_time(), [one.line for one in voices], time.monotonic() + PING_S
    fresh_at = time.monotonic() + FRESH_S
    while not (allowance.over.is_set() and all(line.done for line in lines)):
        for one in voices:
            left = allowance.messages() - sum(other.made for other in voices)
            if not allowance.over.is_set() and one.line.waiting < CHUNK and left > 0:
                one.say_more(min(CHUNK, left))
            one.line.fill()
        if time.monotonic() >= fresh_at:
            fresh_at += FRESH_S
            for one in voices:
                one.renew(allowance.now())
        if time.monotonic() >= ping_at:
            ping_at += PING_S
            for line in lines:
                line.ping()
        exchange(selector, lines, LOOK_S)
    return Sent(
        messages=sum(one.made for one in voices),
        statuses=sum(one.statuses for one in voices),
        span_s=time.monotonic() - allowance.since,
        cpu_s=time.process_time() - begun,
    )


def main() -> None:
    """See the module."""
    orders = msgspec.json.decode(sys.stdin.readline(), type=Orders)
    voices = [Voice(orders, number) for number in range(orders.connections)]
    say("ready")
    say(msgspec.json.encode(publish([one for one in voices if one.speaks], Allowance(orders.rate))).decode())


if __name__ == "__main__":
    main()
