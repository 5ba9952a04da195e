"""Who may do what, by the pure rules."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.acl import (
    MAX_TOPIC_CHARS,
    MAX_WILL_BYTES,
    Principal,
    Reason,
    Will,
    may_leave,
    may_publish,
    may_receive,
    may_retain,
    may_subscribe,
)
from broker.contract.topics import Down, Up, down_filter, down_topic, up_topic

OWN = "01jd9s0000000000000000000a"
OTHER = "01jd9s0000000000000000000b"
DEVICE = Principal("device", OWN)
SERVICE = Principal("service", "cloud")
OFFLINE = json.dumps({"schema": 1, "boot": 1, "connection": 1, "status": "offline"}).encode()

levels = st.sampled_from(
    ["tl", "v1", "int", OWN, OTHER, "up", "down", "status", "command", "+", "#", "$SYS", "$share", ""]
)
topics = st.lists(levels, min_size=1, max_size=6).map("/".join)


@pytest.mark.parametrize("kind", list(Up))
def test_a_device_says_every_kind_of_message_on_its_own_topic(kind: Up) -> None:
    assert may_publish(DEVICE, up_topic(OWN, kind)).allowed
    assert may_publish(DEVICE, up_topic(OTHER, kind)).reason is Reason.FOREIGN


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        (f"tl/v1/{OWN}/up/other", Reason.UNKNOWN_KIND),
        (f"tl/v1/{OWN}/up/status/more", Reason.UNKNOWN_KIND),
        (f"tl/v1/{OWN}/down/command", Reason.FOREIGN),
        ("tl/int/v1/outbox", Reason.FOREIGN),
        (f"tl/v1/{OWN}/up/+", Reason.WILDCARD),
        (f"tl/v1/{OWN}/up/#", Reason.WILDCARD),
        ("$SYS/x", Reason.OUTSIDE),
        ("home/light", Reason.OUTSIDE),
        ("", Reason.MALFORMED_TOPIC),
        ("tl/\0", Reason.MALFORMED_TOPIC),
        ("tl/" + "x" * MAX_TOPIC_CHARS, Reason.MALFORMED_TOPIC),
    ],
)
def test_a_device_says_nothing_else(topic: str, reason: Reason) -> None:
    assert may_publish(DEVICE, topic) == (False, reason)


@pytest.mark.parametrize("topic_filter", [down_filter(OWN), *(down_topic(OWN, kind) for kind in Down)])
def test_a_device_listens_to_its_own_down_topics(topic_filter: str) -> None:
    assert may_subscribe(DEVICE, topic_filter).allowed


@pytest.mark.parametrize(
    ("topic_filter", "reason"),
    [
        (down_filter(OTHER), Reason.WILDCARD),
        (f"tl/v1/{OWN}/down/+", Reason.WILDCARD),
        (f"tl/v1/{OWN}/#", Reason.WILDCARD),
        ("tl/#", Reason.WILDCARD),
        (down_topic(OTHER, Down.COMMAND), Reason.FOREIGN),
        (f"tl/v1/{OWN}/down/other", Reason.UNKNOWN_KIND),
        (up_topic(OWN, Up.STATUS), Reason.UNKNOWN_KIND),
        ("tl/int/v1/outbox", Reason.UNKNOWN_KIND),
        ("#", Reason.OUTSIDE),
        ("$SYS/#", Reason.OUTSIDE),
        ("$share/x/tl/v1/+/up/#", Reason.OUTSIDE),
        ("tl/#/x", Reason.MALFORMED_TOPIC),
        ("tl/a+/x", Reason.MALFORMED_TOPIC),
        ("tl/x#", Reason.MALFORMED_TOPIC),
    ],
)
def test_a_device_listens_to_nothing_else(topic_filter: str, reason: Reason) -> None:
    assert may_subscribe(DEVICE, topic_filter) == (False, reason)


@given(topics)
def test_whatever_a_device_may_do_names_that_device_and_no_wildcard_but_its_own_down_filter(topic: str) -> None:
    if may_publish(DEVICE, topic).allowed:
        assert topic.startswith(f"tl/v1/{OWN}/up/")
    if may_receive(DEVICE, topic).allowed:
        assert topic.startswith(f"tl/v1/{OWN}/down/")
    if may_subscribe(DEVICE, topic).allowed:
        assert topic == down_filter(OWN) or may_receive(DEVICE, topic).allowed


@given(topics)
def test_a_service_does_everything_under_tl_and_nothing_outside(topic: str) -> None:
    inside = topic.startswith("tl/")
    wild = "+" in topic or "#" in topic
    assert may_publish(SERVICE, topic).allowed == (inside and not wild)
    assert may_receive(SERVICE, topic).allowed == inside
    assert not may_subscribe(SERVICE, topic).allowed or inside


def test_only_the_cloud_leaves_retained_messages() -> None:
    assert may_retain(SERVICE)
    assert not may_retain(DEVICE)


def test_a_device_may_leave_an_offline_of_its_own() -> None:
    assert may_leave(DEVICE, Will(up_topic(OWN, Up.PRESENCE), OFFLINE, 1, retained=False)).allowed


@pytest.mark.parametrize(
    ("will", "reason"),
    [
        (Will(up_topic(OTHER, Up.PRESENCE), OFFLINE, 1, retained=False), Reason.WILL_TOPIC),
        (Will(up_topic(OWN, Up.STATUS), OFFLINE, 1, retained=False), Reason.WILL_TOPIC),
        (Will(up_topic(OWN, Up.PRESENCE), OFFLINE, 1, retained=True), Reason.WILL_RETAINED),
        (Will(up_topic(OWN, Up.PRESENCE), OFFLINE, 2, retained=False), Reason.WILL_QOS),
        (Will(up_topic(OWN, Up.PRESENCE), b"offline", 1, retained=False), Reason.WILL_PAYLOAD),
        (Will(up_topic(OWN, Up.PRESENCE), OFFLINE.replace(b"off", b"on"), 1, retained=False), Reason.WILL_PAYLOAD),
        (
            Will(up_topic(OWN, Up.PRESENCE), OFFLINE.ljust(MAX_WILL_BYTES + 1), 1, retained=False),
            Reason.WILL_TOO_LARGE,
        ),
    ],
)
def test_a_device_leaves_no_other_will(will: Will, reason: Reason) -> None:
    assert may_leave(DEVICE, will) == (False, reason)


def test_a_service_leaves_its_will_where_it_may_publish() -> None:
    assert may_leave(SERVICE, Will("tl/int/v1/gone", b"x", 1, retained=False)).allowed
    assert not may_leave(SERVICE, Will("elsewhere", b"x", 1, retained=False)).allowed
