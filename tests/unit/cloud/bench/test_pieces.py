"""What the bench sends and reads."""

from datetime import UTC, datetime

import pytest

from broker.contract.codec import Accepted, decode_up
from broker.contract.ids import new_id
from broker.contract.topics import Up
from cloud.bench import frames
from cloud.bench.http_load import body_length
from cloud.bench.messages import count_statuses, stream


def test_every_message_is_accepted_about_250_bytes_long_and_each_device_counts_without_a_gap() -> None:
    ids = [str(new_id(datetime.now(UTC))) for _ in range(3)]
    seqs: dict[str, list[int]] = {one: [] for one in ids}
    kinds = []
    for topic, payload in stream(ids, 4, 11):
        decoded = decode_up(topic, payload)
        assert isinstance(decoded, Accepted)
        assert 200 < len(payload) < 300
        assert getattr(decoded.message, "boot", None) == 4
        seqs[decoded.topic.product_id].append(getattr(decoded.message, "seq", 0))
        kinds.append(decoded.topic.kind)
    assert list(seqs.values()) == [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3]]
    assert kinds.count(Up.STATUS) == count_statuses(3, 11)
    assert kinds.count(Up.TELEMETRY) == 11 - count_statuses(3, 11)


def test_a_publish_frame_is_laid_out_as_the_standard_says() -> None:
    # MQTT 3.1.1, section 3.3: type 3, QoS 1; remaining length; topic with its length; packet id; payload.
    assert frames.publish("a/b", b"hi", 10) == b"\x32\x09\x00\x03a/b\x00\x0ahi"
    assert frames.publish("t", bytes(200), 1)[:3] == b"\x32\xcd\x01"


def test_a_connect_frame_is_laid_out_as_the_standard_says() -> None:
    # Section 3.1: protocol name and level 4; flags for user name, password, clean session; keep alive; three texts.
    body = b"\x00\x04MQTT\x04\xc2\x00\x3c\x00\x01c\x00\x01u\x00\x01p"
    assert frames.connect("c", "u", "p") == b"\x10" + bytes([len(body)]) + body


def test_packet_ids_are_never_zero_and_start_again_behind_the_last() -> None:
    assert [frames.packet_id(index) for index in (0, 65_534, 65_535)] == [1, 65_535, 1]


@pytest.mark.parametrize(
    ("head", "length"),
    [
        (b"A\r\nContent-Length: 12\r\nx: y", 12),
        (b"HTTP/1.1 304 x\r\netag: a", 0),
        (b"content-length: 7", 7),
    ],
)
def test_the_length_of_a_body_is_read_from_its_head(head: bytes, length: int) -> None:
    assert body_length(head) == length
