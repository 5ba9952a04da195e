"""What the bench's devices say: status and telemetry in turn, about 250 bytes, as a printer would."""

from collections.abc import Sequence
from datetime import UTC, datetime

from broker.contract.codec import encode
from broker.contract.messages import Measurement, Status, Telemetry
from broker.contract.topics import Up, up_topic

LEVELS = 100


def status(boot: int, seq: int, at: datetime) -> bytes:
    """A printer's state; what it counts changes from one to the next."""
    reported = {
        "state": "idle",
        "reasons": ["none"],
        "supplies": [
            {"name": "black", "level_percent": LEVELS - seq % LEVELS},
            {"name": "waste", "level_percent": -3, "kind": "waste-toner"},
        ],
        "pages_total": 1000 + seq,
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


def is_status(seq: int) -> bool:
    """Odd ones are statuses, even ones are telemetry."""
    return seq % 2 == 1


def stream(product_ids: Sequence[str], boot: int, count: int) -> list[tuple[str, bytes]]:
    """`count` messages of one boot as (topic, payload): the devices speak in turn, each seq from 1 without a gap."""
    at = datetime.now(UTC)
    found = []
    for index in range(count):
        seq, product_id = index // len(product_ids) + 1, product_ids[index % len(product_ids)]
        if is_status(seq):
            found.append((up_topic(product_id, Up.STATUS), status(boot, seq, at)))
        else:
            found.append((up_topic(product_id, Up.TELEMETRY), telemetry(boot, seq, at)))
    return found


def count_statuses(devices: int, count: int) -> int:
    """How many of such a stream are statuses."""
    return sum(is_status(index // devices + 1) for index in range(count))
