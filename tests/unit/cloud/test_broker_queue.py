"""What Mosquitto says it stores, as the part of a bound that is taken: what it retains takes nothing of it."""

import pytest

from cloud.broker_queue import DROPPED, RETAINED, STORED, STORED_BYTES, BrokerQueue

MESSAGES, SIZE = 100_000, 256 * 2**20
RETAINED_BY_A_MILLION = (3_000_000, 3_000_000 * 100)
"""Messages and bytes: watermark, stage and settings of each device, more than a session's bound."""


def say(queue: BrokerQueue, **said: int) -> None:
    """In Mosquitto's own order, and only what has changed."""
    topics = {"dropped": DROPPED, "stored": STORED, "size": STORED_BYTES, "retained": RETAINED}
    for name, topic in topics.items():
        if name in said:
            queue.heard(topic, str(said[name]).encode())


@pytest.fixture
def shares() -> list[float]:
    return []


@pytest.fixture
def queue(shares: list[float]) -> BrokerQueue:
    return BrokerQueue(MESSAGES, SIZE, lambda share, _dropped: shares.append(share))


def test_what_is_retained_for_a_million_devices_is_no_alarm(queue: BrokerQueue, shares: list[float]) -> None:
    kept, size = RETAINED_BY_A_MILLION
    say(queue, dropped=0, stored=kept, size=size, retained=kept)
    say(queue, stored=kept + 900, size=size + 900 * 250)
    assert max(shares) < 0.01


def test_large_messages_that_wait_are_one_beside_what_is_retained(queue: BrokerQueue, shares: list[float]) -> None:
    kept, size = RETAINED_BY_A_MILLION
    say(queue, dropped=0, stored=kept, size=size, retained=kept)
    say(queue, stored=kept + 3_000, size=size + 3_000 * 60_000)
    assert shares[-1] == pytest.approx(3_000 * 60_000 / SIZE)
    say(queue, stored=kept + 10, size=size + 600)
    assert shares[-1] < 0.01


def test_while_much_waits_from_the_start_all_bytes_count(queue: BrokerQueue, shares: list[float]) -> None:
    say(queue, dropped=0, stored=50_000, size=SIZE * 3 // 4, retained=1_000)
    assert shares == [0.75]
