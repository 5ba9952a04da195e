"""Several ingest workers on one broker: each message goes to one of them, and none stays behind with who is gone."""

import random
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from cloud.mqtt import end
from tests.integration.cloud.workshop import Workshop, workshop
from tests.integration.cloud.world import READY, Device, Message
from tests.services import Postgres
from tests.system import until

pytestmark = [pytest.mark.mosquitto, pytest.mark.postgres]


@pytest.fixture
def two(tmp_path: Path, postgres_server: Postgres, postgres_template: str) -> Iterator[Workshop]:
    with workshop(tmp_path, postgres_server, postgres_template, workers=2) as shop:
        yield shop


@pytest.fixture
def one(tmp_path: Path, postgres_server: Postgres, postgres_template: str) -> Iterator[Workshop]:
    with workshop(tmp_path, postgres_server, postgres_template, workers=1) as shop:
        yield shop


def words(device: Device, count: int) -> list[Message]:
    """So many messages of a device: a birth, telemetry and statuses in turn."""
    birth = device.birth()
    later = [
        device.status({"n": number, **READY}) if number % 2 else device.telemetry(float(number))
        for number in range(2, count + 1)
    ]
    return [birth, *later]


def test_two_workers_store_what_the_same_devices_say_once_and_right_and_one_of_them_what_a_killed_one_left(
    two: Workshop,
) -> None:
    devices = [Device(two.world, two.world.unit().id) for _ in range(5)]
    said = [message for device in devices for message in words(device, 200)]
    random.Random(1).shuffle(said)  # noqa: S311 - an order, and no secret
    workers = [two.start(), two.start()]
    for worker in workers:
        worker.ready()
    before = two.deadlocks()
    assert two.seats() == {"work-1": "in", "work-2": "in"}
    two.publish(said)
    two.publish(said[:100])
    for device in devices:
        until(lambda device=device: two.stored(device.product_id) == 200, f"the watermark of {device.product_id}")  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
        (known,) = two.world.rows("twin", product_id=device.product_id)
        assert (known.reported["n"], known.boot, known.birth_seq) == ([199, 1, 199], 1, 1)
        seqs = [row.seq for row in two.world.rows("telemetry", product_id=device.product_id)]
        assert sorted(seqs) == list(range(2, 201, 2)), "each once"
        assert len(two.world.rows("journal", product_id=device.product_id)) == 100
    until(lambda: sum(row.duplicates for row in two.world.rows("stream")) == 100, "what came twice, counted")
    assert two.deadlocks() == before

    workers[1].kill()
    last = devices[0]
    two.publish([last.telemetry() for _ in range(100)])
    assert two.stored(last.product_id) < 300, "half of it was dealt to the one that is gone"
    until(lambda: two.stored(last.product_id) == 300, "what waited for the killed one")
    until(lambda: len(two.seats()) == 1, "the end of its seat")
    (gone,) = {"work-1", "work-2"} - set(two.seats())
    two.publish([last.telemetry() for _ in range(50)])
    until(lambda: two.stored(last.product_id) == 350, "all of it, by the one that is left")
    assert not has_session(two, gone)
    assert workers[0].stop() == 0


def test_a_worker_that_leaves_hands_the_work_on_and_two_that_leave_at_once_do_not_both_go(two: Workshop) -> None:
    device = Device(two.world, two.world.unit().id)
    first, second = two.thread(), two.thread()
    third = two.thread()
    until(lambda: third.stands_by, "the third stands by")
    two.publish(words(device, 51))
    second.stop.set()
    two.publish([device.telemetry() for _ in range(50)])
    until(lambda: not third.stands_by and sorted(two.seats().values()) == ["in", "in"], "the one that stood by")
    until(lambda: two.stored(device.product_id) == 101, "everything")
    for worker in (first, third):
        worker.stop.set()
    for worker in (first, second, third):
        worker.join()
    (left,) = two.seats().items()
    assert left[1] == "in", "or nobody would hear what comes now"
    two.publish([device.telemetry() for _ in range(50)])
    two.thread()
    until(lambda: two.stored(device.product_id) == 151, "what came while nobody was there")
    assert two.seats() == dict([left])


def test_with_one_worker_a_second_stands_by_and_goes_on_in_the_same_session(one: Workshop) -> None:
    device = Device(one.world, one.world.unit().id)
    first = one.thread()
    second = one.thread()
    until(lambda: second.stands_by, "the second stands by")
    one.publish(words(device, 21))
    until(lambda: one.stored(device.product_id) == 21, "the first one's")
    first.stop.set()
    first.join()
    one.publish([device.telemetry() for _ in range(20)])
    until(lambda: one.stored(device.product_id) == 41, "what came while nobody was there")
    (stream,) = one.world.rows("stream")
    assert stream.duplicates == 0
    second.stop.set()
    second.join()
    one.thread(name="another")
    until(lambda: one.seats() == {"another": "in"}, "the end of the other name's session")
    assert not has_session(one, "work-1")


def test_a_worker_that_begins_to_share_or_ceases_to_hears_nothing_twice(two: Workshop) -> None:
    device = Device(two.world, two.world.unit().id)
    for number, workers in enumerate((1, 2, 1), start=1):
        threads = [two.thread(ingest_workers=workers) for _ in range(workers)]
        two.publish(words(device, 20) if number == 1 else [device.telemetry() for _ in range(20)])
        until(lambda stored=20 * number: two.stored(device.product_id) == stored, "what was said")  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
        for thread in reversed(threads):  # the first is the last one, and keeps its session
            thread.stop.set()
            thread.join()
    assert two.seats() == {"work-1": "in"}
    assert [row.duplicates for row in two.world.rows("stream")] == [0]


def test_a_device_that_guesses_the_name_of_the_group_takes_nothing_away(two: Workshop) -> None:
    device, thief = Device(two.world, two.world.unit().id), two.device(two.world.unit().id)
    two.thread()
    guesses = ("ingest", "tl", "tl-cloud", "work", "workers", "", two.group.split("/")[1][:-1])
    for guess in guesses:
        two.subscribe(thief, f"$share/{guess}/tl/v1/+/up/#" if guess else "tl/v1/+/up/#")
    two.publish(words(device, 60))
    until(lambda: two.stored(device.product_id) == 60, "all of it")
    two.subscribe(thief, two.group)
    two.publish([device.telemetry() for _ in range(30)])
    end(thief)
    two.publish([device.telemetry()])
    until(lambda: "[91, 91]" in str(rows_above(two, device)), "the last")
    assert rows_above(two, device)[0][0] > 61, "who knew the name would take away: so nobody may"


def rows_above(shop: Workshop, device: Device) -> list[list[int]]:
    (stream,) = shop.world.rows("stream", product_id=device.product_id)
    found: list[list[int]] = stream.above
    return found


def has_session(shop: Workshop, seat: str) -> bool:
    """Mosquitto keeps a session under the seat's name."""
    present: list[bool] = []
    client = paho.Client(CallbackAPIVersion.VERSION2, f"tl-cloud-{seat}", clean_session=False)
    client.username_pw_set(shop.settings.mqtt_username, shop.keys.mqtt_password)
    client.on_connect = lambda _c, _d, flags, _r, _p: present.append(flags.session_present)
    client.connect("127.0.0.1", shop.broker.service_port)
    client.loop_start()
    until(lambda: present, "the answer")
    end(client)
    return present[0]
