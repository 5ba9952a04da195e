"""What a device must not be able to do, tried on a running broker: the effect counts, not the answer."""

import json
import shutil
import subprocess

import pytest

from tests.integration.broker.harness import BAD, GOOD, PASSWORDS, SERVICE, Wire, until

OFFLINE = json.dumps({"schema": 1, "boot": 1, "connection": 1, "status": "offline"}).encode()


def hears_only_the_sentinel(
    wire: Wire, ear_filters: tuple[str, ...], attack_topics: tuple[str, ...], *, retain: bool
) -> None:
    ear = wire.service(*ear_filters)
    attacker = wire.client(BAD).connect()
    for topic in attack_topics:
        attacker.publish(topic, b"attack", retain=retain)
    attacker.publish(f"tl/v1/{BAD}/up/status", b"sentinel")
    until(lambda: ear.heard, "the sentinel")
    assert [(message.topic, message.payload) for message in ear.heard] == [(f"tl/v1/{BAD}/up/status", b"sentinel")]


def test_a_device_cannot_speak_on_anybody_elses_topic_or_beside_the_contract(any_wire: Wire) -> None:
    topics = (
        f"tl/v1/{GOOD}/up/status",
        f"tl/v1/{GOOD}/down/command",
        f"tl/v1/{BAD}/down/command",
        f"tl/v1/{BAD}/up/other",
        f"tl/v1/{BAD}/up/status/deeper",
        "tl/int/v1/changed/x",
        "tl/int/v1/outbox",
        "elsewhere",
    )
    hears_only_the_sentinel(any_wire, ("tl/#",), topics, retain=False)


def test_a_device_cannot_leave_a_retained_message_on_a_down_topic(any_wire: Wire) -> None:
    topics = (f"tl/v1/{BAD}/down/desired", f"tl/v1/{GOOD}/down/desired")
    hears_only_the_sentinel(any_wire, ("tl/#",), topics, retain=True)
    late = any_wire.service("tl/v1/+/down/#", client_id="cloud-late")
    late.publish("tl/int/v1/sentinel", b"x")
    assert late.subscribe("tl/int/v1/#") == 1
    late.publish("tl/int/v1/sentinel", b"y")
    until(lambda: late.heard, "the sentinel")
    assert late.topics() == ["tl/int/v1/sentinel"]


@pytest.mark.parametrize(
    "topic_filter",
    [
        "#",
        "+/#",
        "tl/#",
        "tl/v1/#",
        "tl/v1/+/up/#",
        "tl/v1/+/down/#",
        f"tl/v1/{GOOD}/down/#",
        f"tl/v1/{GOOD}/down/command",
        f"tl/v1/{BAD}/#",
        f"tl/v1/{BAD}/up/#",
        "tl/int/#",
        "$SYS/#",
        "$share/ingest/tl/v1/+/up/#",
    ],
)
def test_a_device_that_subscribes_to_too_much_hears_only_its_own(any_wire: Wire, topic_filter: str) -> None:
    cloud = any_wire.service()
    cloud.publish(f"tl/v1/{GOOD}/down/desired", b"retained, for another", retain=True)
    spy = any_wire.client(BAD).connect()
    code = spy.subscribe(topic_filter)
    spy.subscribe(f"tl/v1/{BAD}/down/#")
    any_wire.client(GOOD).connect().publish(f"tl/v1/{GOOD}/up/status", b"private")
    cloud.publish(f"tl/v1/{GOOD}/down/command", b"for another")
    cloud.publish("tl/int/v1/changed/x", b"internal")
    cloud.publish(f"tl/v1/{BAD}/down/command", b"for you")
    until(lambda: spy.heard, "the sentinel")
    assert set(spy.topics()) == {f"tl/v1/{BAD}/down/command"}
    if any_wire.kind == "embedded":
        assert code == 0x80


@pytest.mark.parametrize(
    ("topic", "payload", "retain"),
    [
        (f"tl/v1/{GOOD}/up/presence", OFFLINE, False),
        (f"tl/v1/{BAD}/down/command", OFFLINE, False),
        ("tl/int/v1/outbox", b"", False),
        ("$SYS/broker/version", b"mine", False),
        (f"tl/v1/{BAD}/down/desired", b"{}", True),
    ],
)
def test_a_forbidden_last_will_reaches_nobody(any_wire: Wire, topic: str, payload: bytes, retain: bool) -> None:
    ear = any_wire.service("tl/#")
    attacker = any_wire.client(BAD, will=(topic, payload, 1, retain)).connect()
    if attacker.accepted:
        attacker.drop()
    lawful = any_wire.client(GOOD, will=(f"tl/v1/{GOOD}/up/presence", OFFLINE + b" ", 1, False)).connect()
    assert lawful.accepted
    lawful.drop()
    until(lambda: ear.heard, "the lawful will")
    assert [(message.topic, message.payload) for message in ear.heard] == [
        (f"tl/v1/{GOOD}/up/presence", OFFLINE + b" ")
    ]
    if any_wire.kind == "embedded":
        assert not attacker.accepted


def test_a_client_id_that_is_not_ones_own_takes_nobodys_place(any_wire: Wire) -> None:
    victim = any_wire.client(GOOD).connect()
    victim.subscribe(f"tl/v1/{GOOD}/down/#")
    any_wire.client(BAD, client_id=GOOD).connect()
    any_wire.client(BAD, client_id="cloud-ear").connect()
    any_wire.service().publish(f"tl/v1/{GOOD}/down/command", b"still here?")
    until(lambda: victim.heard, "the command")
    assert not victim.gone


def test_a_wrong_password_an_unknown_name_and_no_name_open_nothing(wire: Wire) -> None:
    assert not wire.client(GOOD, password="wrong").connect().accepted
    assert not wire.client(GOOD, password="").connect().accepted
    unknown = wire.client(GOOD)
    unknown.paho.username_pw_set("01jd9s0000000000000000000z", "wrong")
    assert not unknown.connect().accepted
    nobody = wire.client(GOOD)
    nobody.paho.username_pw_set(None)
    assert not nobody.connect().accepted
    assert wire.client(GOOD).connect().accepted


def test_an_oversized_packet_is_passed_on_to_nobody_and_harms_nobody_else(any_wire: Wire) -> None:
    ear = any_wire.service("tl/#")
    good = any_wire.client(GOOD).connect()
    attacker = any_wire.client(BAD).connect()
    attacker.paho.publish(f"tl/v1/{BAD}/up/status", bytes(200_000), 1)
    until(lambda: attacker.gone, "the end of the attacker's connection")
    good.publish(f"tl/v1/{GOOD}/up/status", b"still here")
    until(lambda: ear.heard, "the sentinel")
    assert ear.topics() == [f"tl/v1/{GOOD}/up/status"]


def test_a_payload_just_too_large_still_comes_through_to_be_counted(any_wire: Wire) -> None:
    ear = any_wire.service("tl/v1/+/up/#")
    any_wire.client(BAD).connect().publish(f"tl/v1/{BAD}/up/status", bytes(64 * 1024 + 1))
    until(lambda: ear.heard, "the large one")
    assert len(ear.heard[0].payload) == 64 * 1024 + 1


def test_a_device_password_opens_nothing_for_a_service_name(wire: Wire) -> None:
    assert not wire.client(SERVICE, password="the secret of " + BAD).connect().accepted


def test_a_qos_2_message_ends_the_connection_and_is_heard_by_nobody(any_wire: Wire) -> None:
    ear = any_wire.service("tl/#")
    attacker = any_wire.client(BAD).connect()
    attacker.paho.publish(f"tl/v1/{BAD}/up/status", b"twice acknowledged", 2)
    until(lambda: attacker.gone, "the end of the connection")
    any_wire.client(GOOD).connect().publish(f"tl/v1/{GOOD}/up/status", b"sentinel")
    until(lambda: ear.heard, "the sentinel")
    assert ear.topics() == [f"tl/v1/{GOOD}/up/status"]


@pytest.mark.mosquitto
def test_mosquittos_own_clients_speak_and_hear_through_both_brokers(wire: Wire) -> None:
    def command(program: str, user: str, port: int, *more: str) -> list[str]:
        found = shutil.which(program)
        assert found is not None
        return [found, "-p", str(port), "-u", user, "-i", user, "-P", PASSWORDS[user], "-q", "1", *more]

    def ear(*more: str) -> str:
        listen = command("mosquitto_sub", SERVICE, wire.service_port, "-t", "tl/v1/+/up/#", "-c", "-v", *more)
        return subprocess.run(listen, check=True, capture_output=True, text=True, timeout=30).stdout  # noqa: S603 - our own

    assert ear("-E") == ""
    say = command("mosquitto_pub", BAD, wire.port, "-m", "hello", "-t")
    for topic in (f"tl/v1/{GOOD}/up/status", f"tl/v1/{BAD}/up/status"):
        subprocess.run([*say, topic], check=True)  # noqa: S603 - our own
    assert ear("-C", "1") == f"tl/v1/{BAD}/up/status hello\n"
