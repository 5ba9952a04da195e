"""What a broker owes a subscriber: sessions, redelivery, retained messages, takeover, wills, and what it may forget."""

import json
from pathlib import Path

import pytest

from tests.integration.broker.harness import BAD, GOOD, SERVICE, Client, Wire, embedded_wire, start_mosquitto, until

UP = f"tl/v1/{GOOD}/up/status"
COMMAND = f"tl/v1/{GOOD}/down/command"
DESIRED = f"tl/v1/{GOOD}/down/desired"


def offline(connection: int) -> bytes:
    return json.dumps({"schema": 1, "boot": 1, "connection": connection, "status": "offline"}).encode()


def worker(wire: Wire) -> Client:
    """An ingest worker: a session of its own, and it acknowledges when it wants to."""
    return wire.client(SERVICE, "cloud-worker", clean=False, manual_ack=True).connect()


def payloads(client: Client) -> list[bytes]:
    return [message.payload for message in client.heard]


def test_what_a_worker_did_not_acknowledge_comes_again_when_it_comes_back(wire: Wire) -> None:
    first = worker(wire)
    first.subscribe("tl/v1/+/up/#")
    device = wire.client(GOOD).connect()
    for number in range(3):
        device.publish(UP, b"%d" % number)
    until(lambda: len(first.heard) == 3, "three messages")
    first.paho.ack(*first.unacknowledged[0])
    until(lambda: not first.paho.want_write(), "the acknowledgement on its way")
    first.drop()
    device.publish(UP, b"while away")
    second = worker(wire)
    assert second.connacks == [(0, True)]
    until(lambda: len(second.heard) >= 3, "the redelivery")
    assert payloads(second) == [b"1", b"2", b"while away"]
    # The third may have been sent into the connection that was about to be found dead.
    assert [message.dup for message in second.heard[:2]] == [True, True]
    assert not any(message.retained for message in second.heard)


def test_what_was_acknowledged_does_not_come_again(wire: Wire) -> None:
    first = worker(wire)
    first.subscribe("tl/v1/+/up/#")
    device = wire.client(GOOD).connect()
    device.publish(UP, b"once")
    until(lambda: first.heard, "the message")
    first.acknowledge()
    first.close()
    device.publish(UP, b"sentinel")
    second = worker(wire)
    until(lambda: second.heard, "the sentinel")
    assert payloads(second) == [b"sentinel"]


def test_a_worker_that_takes_its_time_keeps_its_connection_and_its_messages(embedded: Wire) -> None:
    """The library underneath gives a message up that is not acknowledged within five seconds."""
    slow = worker(embedded)
    slow.subscribe("tl/v1/+/up/#")
    device = embedded.client(GOOD).connect()
    for number in range(50):
        device.publish(UP, b"%d" % number)
    until(lambda: len(slow.heard) == 50, "all messages, none acknowledged")
    slow.acknowledge()
    device.publish(UP, b"after")
    until(lambda: len(slow.heard) == 51, "the next message")
    assert payloads(slow)[-1] == b"after"


def test_a_retained_message_reaches_its_own_device_when_it_subscribes_and_no_other(wire: Wire) -> None:
    cloud = wire.service()
    cloud.publish(DESIRED, b"settings", retain=True)
    other = wire.client(BAD).connect()
    other.subscribe(f"tl/v1/{BAD}/down/#")
    device = wire.client(GOOD).connect()
    device.subscribe(f"tl/v1/{GOOD}/down/#")
    until(lambda: device.heard, "the retained message")
    assert (device.heard[0].payload, device.heard[0].retained) == (b"settings", True)
    cloud.publish(f"tl/v1/{BAD}/down/command", b"sentinel")
    until(lambda: other.heard, "the sentinel")
    assert payloads(other) == [b"sentinel"]


def test_an_empty_retained_message_wipes_the_one_that_was_kept(wire: Wire) -> None:
    cloud = wire.service()
    cloud.publish(DESIRED, b"settings", retain=True)
    cloud.publish(DESIRED, b"", retain=True)
    device = wire.client(GOOD).connect()
    device.subscribe(f"tl/v1/{GOOD}/down/#")
    cloud.publish(COMMAND, b"sentinel")
    until(lambda: device.heard, "the sentinel")
    assert payloads(device) == [b"sentinel"]


def test_a_command_waits_for_a_device_that_is_away_and_has_a_session(wire: Wire) -> None:
    cloud = wire.service()
    asleep = wire.client(GOOD, clean=False).connect()
    asleep.subscribe(f"tl/v1/{GOOD}/down/#")
    asleep.close()
    cloud.publish(COMMAND, b"wake up")
    awake = wire.client(GOOD, clean=False).connect()
    until(lambda: awake.heard, "the command")
    assert payloads(awake) == [b"wake up"]


def test_a_clean_start_forgets_the_old_session(wire: Wire) -> None:
    cloud = wire.service()
    kept = wire.client(GOOD, clean=False).connect()
    kept.subscribe(f"tl/v1/{GOOD}/down/#")
    kept.close()
    cloud.publish(COMMAND, b"for the old session")
    wire.client(GOOD, clean=True).connect().close()
    third = wire.client(GOOD, clean=False).connect()
    assert third.connacks == [(0, False)]
    third.subscribe(f"tl/v1/{GOOD}/down/#")
    cloud.publish(COMMAND, b"new")
    until(lambda: third.heard, "the new command")
    assert payloads(third) == [b"new"]


@pytest.mark.parametrize("clean", [True, False])
def test_a_second_connection_takes_over_after_the_will_of_the_first_and_hears_everything(
    wire: Wire, clean: bool
) -> None:
    ear = wire.service("tl/v1/+/up/#")
    topic = f"tl/v1/{GOOD}/up/presence"
    first = wire.client(GOOD, will=(topic, offline(1), 1, False), clean=clean).connect()
    second = wire.client(GOOD, will=(topic, offline(2), 1, False), clean=clean).connect()
    until(lambda: first.gone, "the end of the first connection")
    second.subscribe(f"tl/v1/{GOOD}/down/#")
    second.publish(UP, b"from the second")
    until(lambda: b"from the second" in payloads(ear), "the message")
    # Mosquitto sends no will when the session goes on; the birth of the second connection says the same.
    will = [] if wire.kind == "mosquitto" and not clean else [offline(1)]
    assert payloads(ear) == [*will, b"from the second"]
    ear.publish(COMMAND, b"to the second")
    until(lambda: second.heard, "the command")
    assert not second.gone


def test_a_graceful_goodbye_leaves_no_will(wire: Wire) -> None:
    ear = wire.service("tl/v1/+/up/#")
    wire.client(GOOD, will=(f"tl/v1/{GOOD}/up/presence", offline(1), 1, False)).connect().close()
    wire.client(BAD).connect().publish(f"tl/v1/{BAD}/up/status", b"sentinel")
    until(lambda: ear.heard, "the sentinel")
    assert payloads(ear) == [b"sentinel"]


def test_what_a_device_marks_as_retained_is_passed_on_and_not_kept(embedded: Wire) -> None:
    ear = embedded.service("tl/v1/+/up/#")
    device = embedded.client(GOOD).connect()
    device.publish(UP, b"keep me", retain=True)
    until(lambda: ear.heard, "the message")
    late = embedded.service("tl/v1/+/up/#", client_id="cloud-late")
    device.publish(UP, b"sentinel")
    until(lambda: late.heard, "the sentinel")
    assert payloads(late) == [b"sentinel"]


def test_the_queue_of_an_absent_subscriber_is_bounded_and_keeps_the_oldest_and_last_wills(tmp_path: Path) -> None:
    with embedded_wire(tmp_path, service_queue=[10, 20, 1_000_000]) as wire:
        first = worker(wire)
        first.subscribe("tl/v1/+/up/#")
        first.close()
        device = wire.service(client_id="cloud-loud")  # a device would be held back
        for number in range(50):
            device.publish(UP, b"%d" % number)
        wire.client(GOOD, will=(f"tl/v1/{GOOD}/up/presence", offline(1), 1, False)).connect().drop()
        second = worker(wire)
        until(lambda: len(second.heard) == 10, "as much as the window takes")
        second.acknowledge()
        until(lambda: len(second.heard) >= 20, "the rest")
        second.acknowledge()
        until(lambda: len(second.heard) >= 21, "the last will, by the reserve")
        second.acknowledge()
        device.publish(UP, b"sentinel")
        until(lambda: len(second.heard) == 22, "the sentinel")
        assert payloads(second) == [*(b"%d" % number for number in range(20)), offline(1), b"sentinel"]


def test_one_device_cannot_fill_the_queue_that_others_share(tmp_path: Path) -> None:
    presence = f"tl/v1/{BAD}/up/presence"
    with embedded_wire(tmp_path, service_queue=[1, 100_000, 160_000]) as wire:
        first = worker(wire)
        first.subscribe("tl/v1/+/up/#")
        first.close()
        loud = wire.client(GOOD).connect()
        sent = [loud.paho.publish(UP, bytes(10_000), 1) for _ in range(40)]
        until(sent[8].is_published, "half of the queue, filled by one")
        neighbour = wire.client(BAD, will=(presence, offline(1), 1, False)).connect()
        for number in range(20):
            neighbour.publish(f"tl/v1/{BAD}/up/status", b"%d" % number)
        neighbour.drop()
        held = sum(one.is_published() for one in sent)
        assert held <= 12, "what is read stays within a share above half; the rest is the device's to keep"
        second = wire.client(SERVICE, "cloud-worker", clean=False).connect()
        until(lambda: all(one.is_published() for one in sent), "the loud one's turn")
        until(lambda: len(second.heard) == 61, "everything")
        others = [message.payload for message in second.heard if BAD in message.topic]
        assert others == [*(b"%d" % number for number in range(20)), offline(1)]


def test_a_subscription_with_two_pluses_and_one_by_name_both_match(wire: Wire) -> None:
    for topic_filter in ("tl/v1/+/up/+", UP, "tl/v1/+/+/status"):
        ear = wire.service(topic_filter, client_id=f"cloud-{len(wire.clients)}")
        wire.client(GOOD).connect().publish(UP, b"x")
        until(lambda heard=ear.heard: heard, topic_filter)  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable


def test_an_unsubscribed_filter_is_silent(wire: Wire) -> None:
    ear = wire.service("tl/v1/+/up/#", "tl/int/v1/#")
    ear.paho.unsubscribe("tl/v1/+/up/#")
    device = wire.client(GOOD).connect()
    ear.publish("tl/int/v1/barrier", b"")
    device.publish(UP, b"unheard")
    ear.publish("tl/int/v1/sentinel", b"")
    until(lambda: len(ear.heard) == 2, "the sentinel")
    assert ear.topics() == ["tl/int/v1/barrier", "tl/int/v1/sentinel"]


@pytest.mark.mosquitto
def test_mosquitto_keeps_sessions_queues_and_retained_messages_over_a_restart(mosquitto: Wire) -> None:
    first = worker(mosquitto)
    first.subscribe("tl/v1/+/up/#")
    first.close()
    device = mosquitto.client(GOOD).connect()
    device.publish(UP, b"before the restart")
    mosquitto.service().publish(DESIRED, b"settings", retain=True)
    mosquitto.process.terminate()
    mosquitto.process.wait(20)
    mosquitto.process = start_mosquitto(mosquitto.home, (mosquitto.port, mosquitto.service_port, mosquitto.tls_port))
    device = mosquitto.client(GOOD).connect()
    device.publish(UP, b"after the restart")
    device.subscribe(f"tl/v1/{GOOD}/down/#")
    until(lambda: device.heard, "the retained settings")
    second = worker(mosquitto)
    until(lambda: len(second.heard) == 2, "what came before and after")
    assert payloads(second) == [b"before the restart", b"after the restart"]
