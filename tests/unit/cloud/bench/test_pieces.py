"""What the bench sends and reads."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.contract.codec import Accepted, decode_up
from broker.contract.ids import new_id
from broker.contract.topics import Up, up_topic
from cloud.bench import frames, publisher
from cloud.bench.http_load import body_length
from cloud.bench.messages import count_statuses, is_status, last_seqs, status, stream, telemetry, templates
from cloud.bench.storing import LOOK_AT_MOST_S, LOOK_S, pause
from cloud.mqtt import Address


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


def test_many_devices_with_one_message_send_the_same_mixture_as_one_device_with_many() -> None:
    assert count_statuses(1, 1000) == count_statuses(1000, 1000) == count_statuses(10, 1000) == 500


@given(devices=st.integers(1, 20), count=st.integers(0, 100))
def test_what_each_device_sends_adds_up(devices: int, count: int) -> None:
    ids = [f"{one:026}" for one in range(devices)]
    told = last_seqs(ids, count)
    assert sum(told.values()) == count
    assert list(told) == ids[: min(devices, count)]
    assert all(abs(one - count / devices) < 1 for one in told.values())


@given(device=st.integers(0, 1000), seq=st.integers(1, 10**8))
def test_a_message_from_a_template_is_the_message(device: int, seq: int) -> None:
    at = datetime.now(UTC)
    made = templates(7, at).payload(device, seq)
    if is_status(device, seq):
        assert made == status(7, seq, at)
    else:  # what is measured stays
        assert made.split(b'"measurements"')[0] == telemetry(7, seq, at).split(b'"measurements"')[0]
        assert isinstance(decode_up(up_topic(str(new_id(at)), Up.TELEMETRY), made), Accepted)


@pytest.mark.parametrize(
    ("passed", "share", "wait"),
    [
        (0.0, 0.0, 5 * LOOK_S),
        (1.0, 0.9999, LOOK_S),
        (1.0, 0.9, 1 / 18),
        (1.0, 0.01, LOOK_AT_MOST_S),
        (9.0, 1.0, LOOK_S),
    ],
)
def test_the_database_is_looked_at_the_oftener_the_nearer_the_end(passed: float, share: float, wait: float) -> None:
    assert pause(passed, share) == pytest.approx(wait)


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


class _Wire:
    """A socket that answers what the test puts into it."""

    def __init__(self) -> None:
        self.sent = b""
        self.answers: list[bytes] = []

    def send(self, data: bytes) -> int:
        self.sent += data
        return len(data)

    def recv(self, _size: int) -> bytes:
        return self.answers.pop(0)


def quiet_line(monkeypatch: pytest.MonkeyPatch) -> tuple[publisher.Line, _Wire]:
    wire = _Wire()
    wire.answers.append(frames.CONNACK + b"\0\0")
    for name in ("sendall", "setsockopt"):
        setattr(wire, name, lambda *_given: None)
    monkeypatch.setattr("socket.create_connection", lambda _at: wire)
    return publisher.Line(Address("h", 1, "u", "p"), "n", (), 2), wire


def test_a_ping_leaves_when_nothing_is_on_its_way_and_its_answer_counts_as_no_acknowledgement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line, wire = quiet_line(monkeypatch)
    line.ping()
    line.write()
    line.owe(b"first")
    line.fill()
    line.write()
    assert wire.sent == frames.PINGREQ + b"first"
    line.ping()  # a message is on its way
    line.write()
    assert wire.sent == frames.PINGREQ + b"first"
    wire.answers += [frames.PINGRESP[:1], frames.PINGRESP[1:] + b"\x40\x02", b"\0\1"]
    for acknowledged, done in ((0, False), (0, False), (1, True)):
        line.read()
        assert (line.acknowledged, line.done) == (acknowledged, done)


def test_no_more_than_the_window_is_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    line, wire = quiet_line(monkeypatch)
    for frame in (b"1", b"2", b"3"):
        line.owe(frame)
    line.fill()
    line.write()
    line.fill()
    line.write()
    assert wire.sent == b"12"
    wire.answers.append(b"\x40\x02\0\1")
    line.read()
    line.fill()
    line.write()
    assert wire.sent == b"123"
