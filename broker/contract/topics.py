"""Topic names of version 1, built and taken apart in one place.

A device publishes `tl/v1/{own id}/up/...` and subscribes `tl/v1/{own id}/down/...`; `tl/int/...` belongs to the cloud.
"""

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from broker.contract.ids import ProductId, is_id

PREFIX = "tl/v1/"
INTERNAL_PREFIX = "tl/int/v1/"
ALL_UP = "tl/v1/+/up/#"
"""The one filter that ingest workers share."""
ALL_CHANGED = "tl/int/v1/changed/+"
OUTBOX_NUDGE = "tl/int/v1/outbox"
"""Says that something waits in the outbox; its payload is empty and its loss costs a poll interval, no more."""

BROKER_QUEUE = "tl/int/v1/broker/queue"
"""The embedded broker says how much waits for its services; every second or so."""


class Up(StrEnum):
    """What a device may say."""

    BIRTH = "birth"
    STATUS = "status"
    TELEMETRY = "telemetry"
    EVENT = "event"
    RESULT = "result"
    PRESENCE = "presence"


class Down(StrEnum):
    """What a device may be told. All but commands are retained."""

    COMMAND = "command"
    DESIRED = "desired"
    STORED = "stored"
    STAGE = "stage"
    FIRMWARE = "firmware"


RETAINED_DOWN = frozenset({Down.DESIRED, Down.STORED, Down.STAGE, Down.FIRMWARE})


class UpTopic(NamedTuple):
    product_id: ProductId
    kind: Up


def up_topic(product_id: str, kind: Up) -> str:
    return f"{PREFIX}{product_id}/up/{kind.value}"


def down_topic(product_id: str, kind: Down) -> str:
    return f"{PREFIX}{product_id}/down/{kind.value}"


def down_filter(product_id: str) -> str:
    """The filter with which a device hears all that is meant for it."""
    return f"{PREFIX}{product_id}/down/#"


MANY = "many"
"""In place of an id: the message itself names those that changed."""


def changed_topic(subject_id: str) -> str:
    """`subject_id`: the product, or the journey when it has no unit yet; `MANY` for more than one."""
    return f"{INTERNAL_PREFIX}changed/{subject_id}"


@lru_cache(maxsize=16_384)  # a fleet speaks on the same topics all day
def parse_up(topic: str) -> UpTopic | None:
    """The device and the kind that an up topic names; None when it is no up topic of version 1."""
    parts = topic.split("/")
    if len(parts) != 5 or parts[0] != "tl" or parts[1] != "v1" or parts[3] != "up" or not is_id(parts[2]):
        return None
    try:
        return UpTopic(ProductId(parts[2]), Up(parts[4]))
    except ValueError:
        return None


def parse_down(topic: str) -> tuple[ProductId, Down] | None:
    """The device and the kind that a down topic names; None when it is no down topic of version 1."""
    parts = topic.split("/")
    if len(parts) != 5 or parts[0] != "tl" or parts[1] != "v1" or parts[3] != "down" or not is_id(parts[2]):
        return None
    try:
        return ProductId(parts[2]), Down(parts[4])
    except ValueError:
        return None
