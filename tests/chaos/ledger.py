"""Who said what: each device's own count against what the cloud has stored of it."""

from typing import NamedTuple

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


def stored(system: System, product_id: str, boot: int) -> list[int]:
    """The numbers of all messages of this boot, as often as they are stored."""
    found = [
        int(row.seq)
        for row in system.rows(
            "SELECT seq FROM telemetry WHERE product_id = :id AND boot = :boot", id=product_id, boot=boot
        )
    ]
    rows = system.rows("SELECT event_id FROM journal WHERE product_id = :id AND source = 'device'", id=product_id)
    for row in rows:
        _, of_boot, seq = row.event_id.rsplit(":", 2)
        if of_boot == str(boot) and seq.isdecimal():
            found.append(int(seq))
    return found


def account(system: System, printer: SimulatedPrinter) -> Account:
    """Every message of this device is stored once, and the watermark stands at the last."""
    product_id, count = printer.identity.product_id, said(printer)
    numbers = stored(system, product_id, printer.boot)
    known = set(numbers)
    stream = system.rows(
        "SELECT low, above FROM stream WHERE product_id = :id AND boot = :boot", id=product_id, boot=printer.boot
    )
    mark = [(int(row.low), str(row.above)) for row in stream]
    return Account(
        lost=sorted(set(range(1, count + 1)) - known),
        doubled=sorted(number for number in known if numbers.count(number) > 1),
        invented=sorted(known - set(range(1, count + 1))),
        watermark="" if mark == [(count, "[]")] else f"{mark} of {count}",
    )
