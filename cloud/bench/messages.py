"""What the bench's devices say: status and telemetry in turn, about 250 bytes, as a printer would."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from broker.contract.codec import encode
from broker.contract.messages import Measurement, Status, Telemetry
from broker.contract.topics import Up, up_topic

LEVELS, PAGES = 100, 1000


def status(boot: int, seq: int, at: datetime) -> bytes:
    """A printer's state; what it counts changes from one to the next."""
    reported = {
        "state": "idle",
        "reasons": ["none"],
        "supplies": [
            {"name": "black", "level_percent": LEVELS - seq % LEVELS},
            {"name": "waste", "level_percent": -3, "kind": "waste-toner"},
        ],
        "pages_total": PAGES + seq,
    }
    return encode(Status(boot=boot, seq=seq, at=at, epoch=0, reported=reported))


def telemetry(boot: int, seq: int, at: datetime) -> bytes:
    """Three measurements."""
    readings = (
        Measurement(name="fuser_temperature", value=180 + seq % 20, unit="Cel"),
        Measurement(name="power", value=412.5, unit="W"),
        Measurement(name="humidity", value=38.25, unit="%"),
    )
    return encode(Telemetry(boot=boot, seq=seq, at=at, epoch=0, measurements=readings))


def is_status(device: int, seq: int) -> bool:
    """Of each device in turn, status and telemetry; and at any time of about half of the devices each, so that many
    devices with one message send the same mixture as one device with many.
    """
    return (device + seq) % 2 == 1


def stream(product_ids: Sequence[str], boot: int, count: int, earlier: int = 0) -> list[tuple[str, bytes]]:
    """`count` messages of one boot as (topic, payload): the devices speak in turn, each seq without a gap.

    earlier: how many messages of this boot each device has sent before.
    """
    at = datetime.now(UTC)
    found = []
    for index in range(count):
        device, seq = index % len(product_ids), earlier + index // len(product_ids) + 1
        if is_status(device, seq):
            found.append((up_topic(product_ids[device], Up.STATUS), status(boot, seq, at)))
        else:
            found.append((up_topic(product_ids[device], Up.TELEMETRY), telemetry(boot, seq, at)))
    return found


def count_statuses(devices: int, count: int, earlier: int = 0) -> int:
    """How many of such a stream are statuses."""
    return sum(is_status(index % devices, earlier + index // devices + 1) for index in range(count))


def last_seqs(product_ids: Sequence[str], count: int, earlier: int = 0) -> dict[str, int]:
    """The last seq of each device that says anything in such a stream, in the order in which they first speak."""
    devices = len(product_ids)
    return {one: earlier + len(range(at, count, devices)) for at, one in enumerate(product_ids) if at < count}


_SEQ: Final = 900_000_001
"""Stands for the seq while a template is made; no other number of a message contains it."""


class Templates(NamedTuple):
    """Payloads of one boot as formats of bytes, for who sends without end. The same as `status` and `telemetry` give,
    but for the time, and for what is measured, which stay.
    """

    status: bytes
    telemetry: bytes

    def payload(self, device: int, seq: int) -> bytes:
        if is_status(device, seq):
            return self.status % (seq, LEVELS - seq % LEVELS, PAGES + seq)
        return self.telemetry % seq


def templates(boot: int, at: datetime) -> Templates:
    """See Templates."""
    said = status(boot, _SEQ, at).replace(b"%", b"%%")
    level = b'"level_percent":%d' % (LEVELS - _SEQ % LEVELS)
    for number in (b"%d" % _SEQ, b"%d" % (PAGES + _SEQ)):
        said = said.replace(number, b"%d")
    measured = telemetry(boot, _SEQ, at).replace(b"%", b"%%")
    return Templates(said.replace(level, b'"level_percent":%d'), measured.replace(b"%d" % _SEQ, b"%d"))
