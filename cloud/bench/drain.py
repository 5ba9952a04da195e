"""The references beside ingest, each a process of its own: a subscriber that only counts, and the way of the tutorials,
which stores each message with a commit of its own.

`python -m cloud.bench.drain` reads its orders as a line of JSON, says `ready` once it is subscribed, and prints when
the last message was taken.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from sqlmodel import Field, Session, SQLModel

from cloud.bench.helper import say
from cloud.errors import SetupError
from cloud.mqtt import Address, end


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """database_url: where each message is committed; empty: they are only counted. silent_s: after so long without a
    word from the broker, it is given up.
    """

    address: Address
    topic: str
    count: int
    silent_s: float
    database_url: str = ""


class Drained(msgspec.Struct, frozen=True, kw_only=True):
    """When the last message was taken, on the monotonic clock."""

    last: float
    cpu_s: float


class _OwnTables(SQLModel, registry=sa.orm.registry()):
    """Apart from the product's tables."""


class Reading(_OwnTables, table=True):
    """A message as a row."""

    __tablename__ = "bench_reading"

    id: int | None = Field(default=None, primary_key=True)
    topic: str
    payload: str
    received_at: datetime


class Latest(_OwnTables, table=True):
    """A device's newest message."""

    __tablename__ = "bench_latest"

    topic: str = Field(primary_key=True)
    payload: str


def storing(url: str) -> Callable[[MQTTMessage], None]:
    """A commit for each message: a row appended, the newest one replaced."""
    engine = sa.create_engine(url)
    _OwnTables.metadata.create_all(engine)

    def store(message: MQTTMessage) -> None:
        payload = json.dumps(json.loads(message.payload))
        with Session(engine) as session:
            session.add(Reading(topic=message.topic, payload=payload, received_at=datetime.now(UTC)))
            session.merge(Latest(topic=message.topic, payload=payload))
            session.commit()

    return store


def drain(orders: Orders) -> Drained:
    """Takes `count` messages, and leaves. Raises SetupError when they stay away."""
    done, subscribed = threading.Event(), threading.Event()
    take = storing(orders.database_url) if orders.database_url else lambda _message: None
    left = orders.count

    def on_message(_client: Client, _data: Any, message: MQTTMessage) -> None:
        nonlocal left
        take(message)
        left -= 1
        if left == 0:
            done.set()

    def on_connect(client: Client, *_: Any) -> None:
        client.subscribe(orders.topic, qos=1)

    client = Client(CallbackAPIVersion.VERSION2, client_id=f"{orders.address.username}-bench-drain")
    client.username_pw_set(orders.address.username, orders.address.password)
    client.on_message = on_message
    client.on_connect = on_connect
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect(orders.address.host, orders.address.port)
    client.loop_start()
    await_all(subscribed, lambda: orders.count, orders.silent_s)
    say("ready")
    begun = time.process_time()
    await_all(done, lambda: left, orders.silent_s)
    drained = Drained(last=time.monotonic(), cpu_s=time.process_time() - begun)
    end(client)
    return drained


def await_all(event: threading.Event, left: Callable[[], int], silent_s: float) -> None:
    """Waits as long as it takes, while less and less is left. Raises SetupError when that stays the same for long."""
    before = left()
    while not event.wait(silent_s):
        now = left()
        if now == before:
            msg = f"the broker said nothing for {silent_s:g} s, and {now} messages were still to come"
            raise SetupError(msg)
        before = now


def main() -> None:
    """See the module."""
    orders = msgspec.json.decode(sys.stdin.readline(), type=Orders)
    say(msgspec.json.encode(drain(orders)).decode())


if __name__ == "__main__":
    main()
