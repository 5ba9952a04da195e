"""The situations of the gallery: one customer, one printer, one moment. What is shown of them is in `gallery.py`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from broker.contract.stages import Role, Stage
from cloud.registry.profiles import load_profile
from cloud.twin.health import health
from mobile_menu.rules.situation import (
    CommandState,
    Coupon,
    Device,
    Level,
    Links,
    Parcel,
    ParcelState,
    Place,
    Relation,
    Shop,
    Situation,
    Step,
    SupplyLevel,
    Zone,
)

NOW: Final = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
"""When every picture is taken."""
SINCE: Final = datetime(2026, 11, 20, 14, 32, tzinfo=UTC)
PROMISED: Final = {
    ParcelState.MOVING: datetime(2026, 11, 24, 17, 0, tzinfo=UTC),
    ParcelState.OUT_FOR_DELIVERY: datetime(2026, 11, 20, 17, 0, tzinfo=UTC),
    ParcelState.LATE: datetime(2026, 11, 18, 17, 0, tzinfo=UTC),
}
"""For when the parcel was promised, by how it is."""
LINKS: Final = Links(
    shop="https://acme.example/shop",
    product="https://acme.example/labelpro",
    compare="https://acme.example/compare",
    video="https://acme.example/film",
    reorder="https://acme.example/reorder",
    nearest_shop="https://acme.example/shops",
)
SHOP: Final = Shop(id="s-1", name="Corner Shop", address="1 Main Street", url="https://acme.example/shops/1")
TONER: Final = SupplyLevel(name="black", level_percent=64, color="black", days_left=23.0)
HERE: Final = Place(zone=Zone.HERE, proven=True)
STEPS: Final = (
    "unpack",
    "power_on",
    "install_supplies",
    "load_paper",
    "connect_network",
    "print_test_page",
    "register_warranty",
)

BASE: Final = Situation(
    journey_id="j-printer",
    stage=Stage.INTERESTED,
    profile="printer",
    model_name="LabelPro 100",
    brand="Acme",
    gtin="09506000134352",
    links=LINKS,
)
MINE: Final = msgspec.structs.replace(BASE, role=Role.OWNER, serial="SN0042", product_id="p-1")


def fault(reason: str, language: str = "en", **changes: object) -> Situation:
    """The owner stands beside a printer that has stopped, and reports this reason alone."""
    read = health({"state": "stopped", "reasons": [reason]}, online=True, profile=load_profile("printer"))
    device = Device(level=read.level, state="stopped", reasons=read.reasons, since=SINCE)
    found = changed(MINE, stage=Stage.SUPPORT, language=language, device=device, place=HERE)
    return changed(found, **changes)


def changed(situation: Situation, **changes: object) -> Situation:
    return msgspec.structs.replace(situation, **changes)


def parcel(state: ParcelState, **relation: object) -> Situation:
    page = "https://track.example/EZ1000000001"
    sent = Parcel(state=state, promised_at=PROMISED[state], carrier="Parcel Post", tracking_url=page)
    return changed(MINE, stage=Stage.DELIVERY, parcel=sent, relation=Relation(order_id="A-1", **relation))  # type: ignore[arg-type]  # by name


def checklist(names: Sequence[str], done: int) -> tuple[Step, ...]:
    """The first `done` steps are done: the first by the customer, the others by the machine's word."""
    by = ["customer" if number == 0 else "device" for number in range(done)] + [""] * (len(names) - done)
    return tuple(
        Step(
            id=name,
            required=name != "register_warranty",
            witness="customer" if name in {"unpack", "register_warranty"} else "device",
            done=bool(word),
            done_by=word,
        )
        for name, word in zip(names, by, strict=True)
    )


def installing(done: int, language: str = "en", **changes: object) -> Situation:
    device = Device(level=Level.ATTENTION if done > 1 else Level.UNKNOWN, since=SINCE)
    steps = checklist(STEPS, done)
    found = changed(MINE, stage=Stage.INSTALL, language=language, steps=steps, place=HERE, device=device)
    return changed(found, **changes)


def well(language: str = "en", **changes: object) -> Situation:
    device = Device(
        level=Level.OK, state="idle", since=SINCE, supplies=(TONER,), days_left=23.0, usage={"pages_total": 412.0}
    )
    relation = Relation(referral_url="https://phone.example/r/k3m9")
    found = changed(MINE, stage=Stage.SUPPORT, language=language, device=device, relation=relation)
    return changed(found, **changes)


def printing() -> Situation:
    told = CommandState(name="print_test_page", state="running", percent=45)
    return well(device=msgspec.structs.replace(well().device, level=Level.BUSY, commands=(told,)))


COUPON: Final = Coupon(code="TL50-K7M2-9QXD", amount=5000, currency="USD", expires_at=datetime(2026, 12, 4, tzinfo=UTC))
ENGAGED: Final = changed(BASE, stage=Stage.ENGAGED)
IN_SHOP: Final = changed(ENGAGED, place=Place(zone=Zone.SHOP, shop=SHOP), relation=Relation(coupon=COUPON))
AT_DEMO: Final = changed(ENGAGED, place=HERE, device=Device(level=Level.OK, demo_unit=True, since=SINCE))
OFFLINE: Final = changed(MINE, stage=Stage.SUPPORT, device=Device(level=Level.OFFLINE, since=SINCE))
COFFEE: Final = changed(MINE, journey_id="j-coffee", profile="coffee", model_name="Crema One", serial="SN0007")
