"""Who may do what on the wire: pure rules over values. Both brokers obey them; the embedded one calls them.

A device publishes `tl/v1/{own id}/up/<kind>` and hears `tl/v1/{own id}/down/...`. A service, the cloud's own user, may
do everything under `tl/`. Nobody needs `$SYS`, and nobody gets it.
"""

from enum import StrEnum
from typing import Final, Literal, NamedTuple

from broker.contract.codec import Accepted, decode_up
from broker.contract.messages import Presence, PresenceStatus
from broker.contract.topics import Up, down_filter, parse_down, parse_up, up_topic

MAX_TOPIC_CHARS: Final = 256
MAX_WILL_BYTES: Final = 1024
MAX_QOS: Final = 1
"""The contract knows QoS 0 and 1: (boot, seq) makes a second delivery harmless, so nobody pays for QoS 2."""

_REALM: Final = "tl/"

PrincipalKind = Literal["device", "service"]


class Principal(NamedTuple):
    """Who has shown a credential. name: the username, which for a device is its product id."""

    kind: PrincipalKind
    name: str


class Reason(StrEnum):
    """Why a verdict is what it is: stable codes for logs, counters and tests."""

    OK = "ok"
    WILDCARD = "wildcard"
    MALFORMED_TOPIC = "malformed_topic"
    OUTSIDE = "outside"
    FOREIGN = "foreign"
    UNKNOWN_KIND = "unknown_kind"
    WILL_TOPIC = "will_topic"
    WILL_RETAINED = "will_retained"
    WILL_TOO_LARGE = "will_too_large"
    WILL_QOS = "will_qos"
    WILL_PAYLOAD = "will_payload"
    PROTOCOL = "protocol"
    NO_CREDENTIALS = "no_credentials"
    BAD_CREDENTIALS = "bad_credentials"
    REVOKED = "revoked"
    CLIENT_ID = "client_id"
    USERNAME = "username"
    TLS_REQUIRED = "tls_required"
    UNKNOWN_CERTIFICATE = "unknown_certificate"
    FOREIGN_CERTIFICATE = "foreign_certificate"
    EXPIRED = "expired"


class Verdict(NamedTuple):
    """Allowed or not, and why."""

    allowed: bool
    reason: Reason


class Will(NamedTuple):
    """The last will of a CONNECT."""

    topic: str
    payload: bytes
    qos: int
    retained: bool


ALLOWED: Final = Verdict(allowed=True, reason=Reason.OK)


def refused(reason: Reason) -> Verdict:
    return Verdict(allowed=False, reason=reason)


def may_publish(principal: Principal, topic: str) -> Verdict:
    """Whether `principal` may say something on `topic`, a name without wildcards."""
    if "+" in topic or "#" in topic:
        return refused(Reason.WILDCARD)
    if not _well_formed(topic):
        return refused(Reason.MALFORMED_TOPIC)
    if not topic.startswith(_REALM):
        return refused(Reason.OUTSIDE)
    match principal.kind:
        case "service":
            return ALLOWED
        case "device":
            return _device_may_publish(principal.name, topic)


def may_subscribe(principal: Principal, topic_filter: str) -> Verdict:
    """Whether `principal` may listen with `topic_filter`. A device gets `down/#` of its own, or single down topics: so
    it can hold six filters and no more, and never one that reaches another's topics.
    """
    if not _well_formed(topic_filter) or not _wildcards_in_place(topic_filter):
        return refused(Reason.MALFORMED_TOPIC)
    if not topic_filter.startswith(_REALM):
        return refused(Reason.OUTSIDE)
    match principal.kind:
        case "service":
            return ALLOWED
        case "device" if topic_filter == down_filter(principal.name):
            return ALLOWED
        case "device" if "+" in topic_filter or "#" in topic_filter:
            return refused(Reason.WILDCARD)
        case "device":
            return may_receive(principal, topic_filter)


def may_receive(principal: Principal, topic: str) -> Verdict:
    """Whether a message on `topic` may be handed to `principal`, whatever it has subscribed to."""
    if not topic.startswith(_REALM):
        return refused(Reason.OUTSIDE)
    match principal.kind:
        case "service":
            return ALLOWED
        case "device":
            address = parse_down(topic)
            if address is None:
                return refused(Reason.UNKNOWN_KIND)
            return ALLOWED if address[0] == principal.name else refused(Reason.FOREIGN)


def may_leave(principal: Principal, will: Will) -> Verdict:
    """Whether `principal` may leave this last will. A device's says `offline`, on its own presence topic, and is not
    retained: a retained `offline` would outlive the connection that it speaks for.
    """
    if len(will.payload) > MAX_WILL_BYTES:
        return refused(Reason.WILL_TOO_LARGE)
    if will.qos > MAX_QOS:
        return refused(Reason.WILL_QOS)
    if will.retained:
        return refused(Reason.WILL_RETAINED)
    match principal.kind:
        case "service":
            return may_publish(principal, will.topic)
        case "device" if will.topic != up_topic(principal.name, Up.PRESENCE):
            return refused(Reason.WILL_TOPIC)
        case "device":
            return _says_offline(will)


def may_retain(principal: Principal) -> bool:
    """Only the cloud's words stay with the broker. What a device says is stored by the cloud, so a retained copy would
    only be one more thing to erase.
    """
    return principal.kind == "service"


def _device_may_publish(product_id: str, topic: str) -> Verdict:
    address = parse_up(topic)
    if address is None:
        own = topic.startswith(f"{_REALM}v1/{product_id}/up/")
        return refused(Reason.UNKNOWN_KIND if own else Reason.FOREIGN)
    return ALLOWED if address.product_id == product_id else refused(Reason.FOREIGN)


def _says_offline(will: Will) -> Verdict:
    match decode_up(will.topic, will.payload):
        case Accepted(message=Presence(status=PresenceStatus.OFFLINE)):
            return ALLOWED
        case _:
            return refused(Reason.WILL_PAYLOAD)


def _well_formed(topic: str) -> bool:
    return 0 < len(topic) <= MAX_TOPIC_CHARS and "\0" not in topic


def _wildcards_in_place(topic_filter: str) -> bool:
    """MQTT 4.7.1: `+` fills a level, `#` fills the last one."""
    *levels, last = topic_filter.split("/")
    return (
        all("#" not in level and ("+" not in level or level == "+") for level in levels)
        and ("#" not in last or last == "#")
        and ("+" not in last or last == "+")
    )
