"""The broker of amqtt, with the parts replaced that 0.12.1 gets wrong for us (docs/concepts/brokers.md lists them).

From amqtt come the reading loop of a connection, the decoders of all packets but PUBLISH and PUBACK, the sessions and
their expiry, the tables of subscriptions and retained messages, and the last wills. Ours are: who may subscribe and
hear, the way of a message from publisher to subscribers (`Link.take`, and `_broadcast_message` for a last will), what
is in flight (`Outbox`), and the start of a session. Whoever gets here has been let in by `broker.house`, which also
takes care that a client id is connected once.

The methods overridden here are partly private to amqtt: its version is locked, and a test compares their signatures.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from amqtt.adapters import ReaderAdapter, WriterAdapter
from amqtt.broker import Broker, RetainedApplicationMessage, Server
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.mqtt.subscribe import SubscribePacket
from amqtt.mqtt.unsubscribe import UnsubscribePacket
from amqtt.session import Session

from broker.acl import MAX_QOS, Principal, PrincipalKind, may_publish, may_receive, may_retain, may_subscribe
from broker.contract.messages import QueueState
from broker.contract.topics import BROKER_QUEUE, Down, Up, down_filter, down_topic, up_topic
from broker.frames import ConnackCode, Frame, Kind, Published, check, connack, puback, publish, published
from broker.gatekeeper import ConnectFacts
from broker.outbox import Outbox, OutboxLimits, Parcel

LISTENER: Final = "default"
REFUSED: Final = 0x80
"""The SUBACK code of a filter that was not granted."""
MAX_UNSENT_BYTES: Final = 1024 * 1024
"""Above this in a connection's write buffer, messages wait in the outbox, and QoS 0 is dropped."""

_ITSELF: Final = Principal("service", "broker")
_PRINCIPAL: Final = "throughline.principal"
_OUTBOX: Final = "throughline.outbox"
_FILTERS: Final = "throughline.filters"
_log: Final = logging.getLogger("throughline.broker")


class Admitted(NamedTuple):
    """A client that was let in."""

    principal: Principal
    connect: ConnectFacts


def principal_of(session: Session) -> Principal:
    found: Principal = session.attributes[_PRINCIPAL]
    return found


def outbox_of(session: Session) -> Outbox:
    found: Outbox = session.attributes[_OUTBOX]
    return found


class Link(BrokerProtocolHandler):  # type: ignore[misc]  # amqtt carries no types
    """One connection of one session: takes what the client sends, and sends what waits in the session's outbox."""

    def __init__(self, switchboard: "Switchboard", loop: Any) -> None:
        super().__init__(switchboard.plugins_manager, loop=loop)
        self._switchboard = switchboard

    def take(self, frame: Frame) -> bool:
        """Deals with a message or an acknowledgement as it comes; other frames are amqtt's.

        Raises MalformedFrameError.
        """
        kind = frame.first >> 4
        if kind == Kind.PUBLISH:
            self._take_message(published(frame))
        elif kind == Kind.PUBACK:
            check(frame)
            if self.session is not None and outbox_of(self.session).settle(int.from_bytes(frame.body)):
                self.send_waiting()
        else:
            return False
        return True

    def _take_message(self, said: Published) -> None:
        """Hands the message on, then acknowledges it. One that is forbidden is acknowledged too, and goes nowhere:
        MQTT 3.1.1 has no word for a refusal, and a device that repeats it for ever would help nobody.
        """
        session = self.session
        if session is None:
            return
        principal, qos = principal_of(session), 1 if said.packet_id else 0
        if may_publish(principal, said.topic).allowed:
            self._switchboard.fan_out(said.topic, said.payload, qos, principal)
            if said.retained and may_retain(principal):
                self._switchboard.keep(session, said.topic, said.payload, qos)
        if said.packet_id:
            self._write(puback(said.packet_id))

    async def handle_subscribe(self, subscribe: SubscribePacket) -> None:
        session, wanted = self.session, subscribe.payload.topics
        if session is None:
            return
        codes = [await self._switchboard.add_subscription(subscription, session) for subscription in wanted]
        await self.mqtt_acknowledge_subscription(subscribe.variable_header.packet_id, codes)
        for (topic_filter, _), code in zip(wanted, codes, strict=True):
            if code != REFUSED:
                self._switchboard.send_retained(session, topic_filter, code)

    async def handle_unsubscribe(self, unsubscribe: UnsubscribePacket) -> None:
        for topic_filter in unsubscribe.payload.topics:
            self._switchboard.drop_subscription(topic_filter, self.session)
        await self.mqtt_acknowledge_unsubscription(unsubscribe.variable_header.packet_id)

    async def _retry_deliveries(self) -> None:
        """Nothing: `resume` has done it. amqtt would hold the connection until all of it is acknowledged, and give up
        what is not within five seconds.
        """

    def resume(self) -> None:
        """Send again what was in flight when the last connection ended, then what waits behind it."""
        if self.session is None:
            return
        for packet_id, parcel in outbox_of(self.session).unsettled():
            self._write(publish(*parcel[:2], packet_id=packet_id, dup=True, retained=parcel.retained))
        self.send_waiting()

    def send_at_once(self, parcel: Parcel) -> None:
        """QoS 0: now or never."""
        if self._unsent_bytes() <= MAX_UNSENT_BYTES:
            self._write(publish(*parcel[:2], retained=parcel.retained))

    def send_waiting(self) -> None:
        """QoS 1: as much as the window takes, and the client's socket."""
        if self.session is None:
            return
        outbox = outbox_of(self.session)
        while (self._unsent_bytes() <= MAX_UNSENT_BYTES or outbox.idle) and (taken := outbox.take()):
            packet_id, parcel = taken
            self._write(publish(*parcel[:2], packet_id=packet_id, retained=parcel.retained))

    def _write(self, frame: bytes) -> None:
        # Never waits: `Doorway.read` stops reading from a client that does not take what is sent to it.
        if self.writer is not None:
            self.writer.write(frame)

    def _unsent_bytes(self) -> int:
        unsent: int = 0 if self.writer is None else self.writer.unsent_bytes
        return unsent


class Switchboard(Broker):  # type: ignore[misc]  # amqtt carries no types
    """The sessions, and the way of a message between them. It opens no socket: connections are handed in."""

    def __init__(self, limits: Mapping[PrincipalKind, OutboxLimits], session_expiry_s: int) -> None:
        super().__init__(
            BrokerConfig(
                listeners={LISTENER: ListenerConfig(type=ListenerType.EXTERNAL)},
                session_expiry_interval=session_expiry_s,
                plugins={},
            ),
        )
        self._limits = limits
        self._plus_filters: set[str] = set()
        self._closing = False
        self._services: dict[str, Session] = {}

    async def _initialize_client_session(
        self,
        reader: ReaderAdapter,
        writer: WriterAdapter,  # noqa: ARG002 - amqtt's signature
        remote_address: str,
        remote_port: int,
    ) -> tuple[Link, Session]:
        """The session of a client that was let in: the kept one, or a new one. Left to amqtt, the kept one would be
        deleted or changed before anybody has asked for the password.
        """
        admitted: Admitted = reader.admitted
        connect = admitted.connect
        session, _ = self._sessions.get(connect.client_id, (None, None))
        if session is None or session.clean_session or connect.clean_session:
            await self._delete_session(connect.client_id)
            session = Session()
            session.attributes[_FILTERS] = set()
            session.attributes[_OUTBOX] = Outbox(self._limits[admitted.principal.kind])
            if admitted.principal.kind == "service":
                self._services[connect.client_id] = session
            session.parent = 0
        else:
            session.parent = 1
        session.attributes[_PRINCIPAL] = admitted.principal
        session.client_id, session.clean_session = connect.client_id, connect.clean_session
        session.username, session.remote_address, session.remote_port = connect.username, remote_address, remote_port
        session.keep_alive = (
            0  # amqtt only logs that it has passed; the reader in `broker.connection` ends the connection
        )
        _leave_will(session, connect)
        return Link(self, self._loop), session

    async def _handle_client_session(
        self,
        reader: ReaderAdapter,
        writer: WriterAdapter,
        client_session: Session,
        handler: Link,
        server: Server,  # noqa: ARG002 - amqtt's signature
        listener_name: str,  # noqa: ARG002 - amqtt's signature
    ) -> None:
        """Answer the CONNECT and serve until it ends. amqtt would also send the retained messages of everybody else's
        filters.
        """
        client_session.transitions.connect()
        handler.attach(client_session, reader, writer)
        reader.take = handler.take
        self._sessions[client_session.client_id] = (client_session, handler)
        writer.write(connack(ConnackCode.ACCEPTED, session_present=bool(client_session.parent)))
        handler.resume()  # nothing may await above: what others say now comes behind what is sent again
        await handler.start()
        await self._client_message_loop(client_session, handler)

    async def _cleanup_session(self, client_id: str) -> None:
        """The monitor makes a list and then awaits between its entries: who has come back meanwhile must stay."""
        session, _ = self._sessions.get(client_id, (None, None))
        if session is None or self._closing or not session.transitions.is_connected():
            self._services.pop(client_id, None)
            await super()._cleanup_session(client_id)

    async def _delete_session(self, client_id: str) -> None:
        """What waits in it goes too, and is in nobody's way any more."""
        self._services.pop(client_id, None)
        await super()._delete_session(client_id)

    async def forget(self, client_id: str) -> None:
        """Delete the session of a client that is away: its subscriptions, and what waits for it."""
        session, _ = self._sessions.get(client_id, (None, None))
        if session is not None and not session.transitions.is_connected():
            await self._delete_session(client_id)

    async def shutdown(self) -> None:
        self._closing = True
        await super().shutdown()

    async def _broadcast_message(
        self, session: Session | None, topic: str | None, data: bytes | None, force_qos: int | None = None
    ) -> None:
        """Called by amqtt for a last will: the second look at it, after the one at the door."""
        if session is not None and topic and may_publish(principal_of(session), topic).allowed:
            self.fan_out(topic, bytes(data or b""), force_qos or 0, principal_of(session))

    async def add_subscription(self, subscription: tuple[str, int], session: Session) -> int:
        """The QoS granted, or `REFUSED`."""
        topic_filter, wanted_qos = subscription
        if not may_subscribe(principal_of(session), topic_filter).allowed:
            return REFUSED
        qos = min(wanted_qos, MAX_QOS)
        self._del_subscription(topic_filter, session)
        self._subscriptions.setdefault(topic_filter, []).append((session, qos))
        session.attributes[_FILTERS].add(topic_filter)
        if "+" in topic_filter:
            self._plus_filters.add(topic_filter)
        return qos

    def drop_subscription(self, topic_filter: str, session: Session) -> None:
        self._del_subscription(topic_filter, session)
        session.attributes[_FILTERS].discard(topic_filter)
        if not self._subscriptions.get(topic_filter, True):
            del self._subscriptions[topic_filter]
            self._plus_filters.discard(topic_filter)

    async def _del_all_subscriptions(self, session: Session) -> None:
        """The session's own filters; amqtt would look through everybody's."""
        for topic_filter in list(session.attributes[_FILTERS]):
            self.drop_subscription(topic_filter, session)

    def crowded_by(self, device: str) -> bool:
        """Whether what waits for some service is too much, and too much of it this device's. Whoever asks then leaves
        its messages unread, and unacknowledged, so that they stay with the device and nobody else's are dropped.
        """
        return any(
            outbox_of(session).crowded_by(device)
            for session in self._services.values()
            if session.transitions.is_connected() or not session.clean_session  # else nothing waits for it any more
        )

    def tell_queue(self) -> None:
        """Says to the services how full their queues are."""
        queues = [outbox_of(session) for session in self._services.values()]
        share = max((queue.share for queue in queues), default=0.0)
        dropped = sum(queue.dropped for queue in queues)
        self.fan_out(BROKER_QUEUE, msgspec.json.encode(QueueState(share=share, dropped=dropped)), 0, _ITSELF)

    def fan_out(self, topic: str, payload: bytes, qos: int, publisher: Principal) -> None:
        """Give a message to all who listen: sent now, or kept for whoever is away and has a session to come back to."""
        of_device = publisher.kind == "device"
        urgent = of_device and topic == up_topic(publisher.name, Up.PRESENCE)
        parcel = Parcel(topic, payload, publisher=publisher.name if of_device else "", urgent=urgent)
        for topic_filter in self._filters_of(topic):
            for session, granted_qos in self._subscriptions.get(topic_filter, ()):
                self._deliver(session, parcel, min(qos, granted_qos))

    def keep(self, session: Session, topic: str, payload: bytes, qos: int) -> None:
        """Keep a message for who subscribes later; an empty one ends that."""
        if payload:
            self._retained_messages[topic] = RetainedApplicationMessage(session, topic, payload, qos)
        else:
            self._retained_messages.pop(topic, None)

    def send_retained(self, session: Session, topic_filter: str, granted_qos: int) -> None:
        """What is retained under a filter that was just subscribed."""
        for kept in self._retained_under(topic_filter):
            parcel = Parcel(kept.topic, bytes(kept.data), retained=True)
            self._deliver(session, parcel, min(kept.qos or 0, granted_qos))

    def _deliver(self, session: Session, parcel: Parcel, qos: int) -> None:
        if not may_receive(principal_of(session), parcel.topic).allowed:
            return
        link = self._get_handler(session) if session.transitions.is_connected() else None
        if qos == 0:
            if link is not None:
                link.send_at_once(parcel)
            return
        if link is None and session.clean_session:
            return
        outbox = outbox_of(session)
        if not outbox.offer(parcel) and outbox.dropped.bit_count() == 1:
            _log.warning("the queue of %s is full: %d messages dropped so far", session.client_id, outbox.dropped)
        if link is not None:
            link.send_waiting()

    def _filters_of(self, topic: str) -> Iterator[str]:
        """The subscribed filters that match: by name, by each prefix, and the few with a `+`. amqtt would compare each
        message with each filter of each device.
        """
        yield topic
        levels = topic.split("/")
        yield from ("/".join([*levels[:count], "#"]) for count in range(len(levels) + 1))
        yield from [held for held in self._plus_filters if self._matches(topic, held)]

    def _retained_under(self, topic_filter: str) -> list[RetainedApplicationMessage]:
        kept = self._retained_messages
        product_id = topic_filter.removesuffix("/down/#").rpartition("/")[2]
        if topic_filter == down_filter(product_id):
            topics = [down_topic(product_id, kind) for kind in Down]
        elif "+" in topic_filter or "#" in topic_filter:
            topics = [topic for topic in kept if self._matches(topic, topic_filter)]
        else:
            topics = [topic_filter]
        return [kept[topic] for topic in topics if topic in kept]


def _leave_will(session: Session, connect: ConnectFacts) -> None:
    will = connect.will
    session.will_flag = will is not None
    session.will_topic = will.topic if will else None
    session.will_message = will.payload if will else None
    session.will_qos = will.qos if will else None
    session.will_retain = will.retained if will else False
