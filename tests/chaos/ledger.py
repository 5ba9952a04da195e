"""Who said what: each device's own count against what the cloud has stored of it, and what it was told of that."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from device_sim.device import SimulatedPrinter
from tests.system import System


class Account(NamedTuple):
    """What is wrong between a device's count and the cloud's rows, all empty when nothing is."""

    lost: list[int]
    doubled: list[int]
    invented: list[int]
    watermark: str


RIGHT = Account([], [], [], "")


def said(printer: SimulatedPrinter) -> int:
    """How many messages it has said in its one boot: they are numbered from 1."""
    return printer.counters.said


def account(system: System, printer: SimulatedPrinter) -> Account:
    """Every message of this device is stored once, and the watermark stands at the last."""
    product_id, count = printer.identity.product_id, said(printer)
    numbers = stored(system, printer.boot).get(product_id, Counter())
    stream = system.rows(
        "SELECT low, above FROM stream WHERE product_id = :id AND boot = :boot", id=product_id, boot=printer.boot
    )
    mark = [(int(row.low), str(row.above)) for row in stream]
    return Account(
        lost=sorted(set(range(1, count + 1)) - set(numbers)),
        doubled=_doubled(numbers),
        invented=sorted(set(numbers) - set(range(1, count + 1))),
        watermark="" if mark == [(count, "[]")] else f"{mark} of {count}",
    )


@dataclass
class Line:
    """What a device of a crowd knows of one boot.

    said: the highest number that it has sent. acknowledged: those that the broker has acknowledged. confirmed: the
    watermark, as `down/stored` told it. refused: those that can never be stored, and count as received.
    """

    product_id: str
    boot: int
    follows: bool = True
    said: int = 0
    acknowledged: set[int] = field(default_factory=set)
    confirmed: int = 0
    refused: frozenset[int] = frozenset()


Named = tuple[str, int]
"""A device and a number."""


class Reckoning(NamedTuple):
    """What the ledger and the database disagree about.

    lost: acknowledged by the broker and not stored, of devices that follow the watermark; lost_unheard: of those that
    do not. lied: at or below the watermark that the device was told, and not stored. doubled: stored more than once.
    invented: stored and never said, or stored although it had to be refused.
    """

    lost: tuple[Named, ...]
    lost_unheard: tuple[Named, ...]
    lied: tuple[Named, ...]
    doubled: tuple[Named, ...]
    invented: tuple[Named, ...]


def reckon(lines: Iterable[Line], found: Mapping[str, Mapping[int, int]]) -> Reckoning:
    """Compares. found: of each device, how often each number of the boot is stored. Pure."""
    lost: dict[bool, list[Named]] = {True: [], False: []}
    lied: list[Named] = []
    doubled: list[Named] = []
    invented: list[Named] = []
    for line in lines:
        own, name = found.get(line.product_id, {}), line.product_id
        missing = set(range(1, line.said + 1)) - own.keys() - line.refused
        lost[line.follows] += [(name, seq) for seq in sorted(missing & line.acknowledged)]
        lied += [(name, seq) for seq in sorted(missing) if seq <= line.confirmed]
        lied += [(name, line.confirmed)] if line.confirmed > line.said else []
        doubled += [(name, seq) for seq in _doubled(own)]
        invented += [(name, seq) for seq in sorted(own) if not 1 <= seq <= line.said or seq in line.refused]
    return Reckoning(tuple(lost[True]), tuple(lost[False]), tuple(lied), tuple(doubled), tuple(invented))


def _doubled(numbers: Mapping[int, int]) -> list[int]:
    return sorted(number for number, times in numbers.items() if times > 1)


def stored(system: System, boot: int) -> dict[str, Counter[int]]:
    """Of each device, how often each number of this boot is in the database."""
    found: dict[str, Counter[int]] = {}
    for row in system.rows("SELECT product_id, seq FROM telemetry WHERE boot = :boot", boot=boot):
        found.setdefault(row.product_id, Counter())[int(row.seq)] += 1
    for row in _events(system, boot):
        product_id, _, seq = row.event_id.split(":", 2)
        if seq.isdecimal():  # a presence has none
            found.setdefault(product_id, Counter())[int(seq)] += 1
    return found


def _events(system: System, boot: int) -> Sequence[Any]:
    like = f"%:{boot}:%"
    return system.rows("SELECT event_id FROM journal WHERE source = 'device' AND event_id LIKE :like", like=like)
