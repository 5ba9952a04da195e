"""A device that says whatever bytes a test wants, over real MQTT; and a service that listens in."""

import time
from types import TracebackType
from typing import Any, Self

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from broker.contract.messages import Json
from broker.contract.topics import Up, up_topic
from cloud.mqtt import end
from device_sim.credentials import Credential
from tests.system import System, until


class RawClient:
    """One MQTT connection. heard: (topic, payload, retained) of all that came."""

    def __init__(self, port: int, username: str, password: str, client_id: str = "") -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self.code: int | None = None
        self.gone = False
        self._paho = paho.Client(CallbackAPIVersion.VERSION2, client_id or username, reconnect_on_failure=False)
        self._paho.username_pw_set(username, password)
        self._paho.on_connect = self._on_connect
        self._paho.on_disconnect = self._on_disconnect
        self._paho.on_message = self._on_message
        self._paho.on_subscribe = lambda *_: self._subscribed.append(True)
        self._subscribed: list[bool] = []
        self._port = port

    def __enter__(self) -> Self:
        self._paho.connect("127.0.0.1", self._port, 30)
        self._paho.loop_start()
        until(lambda: self.code is not None or self.gone, "an answer of the broker")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end(self._paho)

    @property
    def accepted(self) -> bool:
        return self.code == 0 and not self.gone

    def publish(self, topic: str, payload: bytes, *, qos: int = 1) -> None:
        """Publishes, and waits for the acknowledgement or for the end of the connection."""
        sent = self._paho.publish(topic, payload, qos)
        until(lambda: sent.is_published() or self.gone, f"the acknowledgement of {topic}")

    def subscribe(self, topic_filter: str) -> None:
        before = len(self._subscribed)
        self._paho.subscribe(topic_filter, 1)
        until(lambda: len(self._subscribed) > before or self.gone, "the broker's answer to a subscription")

    def _on_connect(self, _client: object, _data: object, _flags: object, reason: Any, _properties: object) -> None:
        self.code = reason.value

    def _on_disconnect(self, *_: object) -> None:
        self.gone = True

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload), message.retain))


class RawDevice(RawClient):
    """A unit's connection, and the counting that its messages need."""

    def __init__(self, system: System, unit: Credential, boot: int = 1) -> None:
        super().__init__(system.endpoint.port, unit.id, unit.password)
        self._system, self.unit, self.boot, self.seq = system, unit, boot, 0

    def message(self, **fields: Json) -> dict[str, Json]:
        """The next message of this boot."""
        self.seq += 1
        return {"schema": 1, "boot": self.boot, "seq": self.seq, "at": self._system.clock().isoformat(), **fields}

    def say(self, kind: Up, **fields: Json) -> None:
        self.raw(kind, msgspec.json.encode(self.message(**fields)))

    def raw(self, kind: Up, payload: bytes) -> None:
        self.publish(up_topic(self.unit.identity.product_id, kind), payload)


def service(system: System) -> RawClient:
    """The cloud's own user, listening beside it."""
    return RawClient(system.mqtt_port, "tl-cloud", system.keys.mqtt_password, f"tl-cloud-test-{time.monotonic_ns()}")
