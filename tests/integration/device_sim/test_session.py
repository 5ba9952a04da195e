"""A device and a real broker: what arrives, and what survives when things die."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.contract.messages import (
    Birth,
    Command,
    Desired,
    Event,
    Presence,
    PresenceStatus,
    Result,
    ResultStatus,
    StageNotice,
    Status,
    Stored,
)
from broker.contract.stages import Stage
from broker.contract.topics import Down
from broker.contract.watermark import Received
from device_sim.device import SimulatedPrinter
from device_sim.session import Identity, Tuning
from device_sim.stores import FileStore
from tests.integration.device_sim.tiny_cloud import Mosquitto, TinyCloud, eventually

pytestmark = pytest.mark.mosquitto

QUICK = Tuning(backoff_base_s=0.05, backoff_max_s=0.2, stall_s=0.3, watermark_grace_s=0.2)


def results(cloud: TinyCloud, command_id: str) -> list[ResultStatus]:
    """The distinct answers to a command, in the order of (boot, seq)."""
    found = {(m.boot, m.seq): m.status for m in cloud.heard if isinstance(m, Result) and m.command_id == command_id}
    return [found[key] for key in sorted(found)]


def steps(cloud: TinyCloud) -> list[object]:
    return [m.data["step"] for m in cloud.heard if isinstance(m, Event) and m.name == "install_step_done"]


async def test_a_start_says_online_birth_whole_status_and_is_stored(
    mosquitto: Mosquitto, cloud: TinyCloud, identity: Identity
) -> None:
    async with SimulatedPrinter(mosquitto.endpoint, identity, tuning=QUICK) as printer:
        await printer.all_stored()
        assert cloud.presence[0] == Presence(
            boot=1, connection=1, status=PresenceStatus.ONLINE, at=cloud.presence[0].at
        )
        first, second = cloud.heard[:2]
        assert isinstance(first, Birth)
        assert (first.boot, first.seq, first.profile) == (1, 1, "printer")
        assert isinstance(second, Status)
        assert {"state", "reasons", "supplies", "pages_total"} <= second.reported.keys()
        assert not cloud.rejected
    await eventually(lambda: cloud.presence[-1].status is PresenceStatus.OFFLINE, "goodbye")


async def test_an_installation_ticks_the_steps_that_the_printer_witnesses(
    mosquitto: Mosquitto, cloud: TinyCloud, identity: Identity
) -> None:
    async with SimulatedPrinter(mosquitto.endpoint, identity, tuning=QUICK, speed=100) as printer:
        await printer.load_paper()
        await printer.install_supplies()
        await printer.settled()
        await printer.print_test_page()
        await printer.all_stored()
    assert sorted(map(str, steps(cloud))) == ["connect_network", "install_supplies", "load_paper", "print_test_page"]
    assert any(isinstance(m, Event) and m.name == "page_printed" for m in cloud.heard)


async def test_when_the_broker_is_killed_everything_above_the_watermark_comes_again_byte_for_byte(
    mosquitto: Mosquitto, cloud: TinyCloud, identity: Identity
) -> None:
    async with SimulatedPrinter(mosquitto.endpoint, identity, tuning=QUICK) as printer:
        await printer.all_stored()
        cloud.storing = False
        for count in range(40):
            printer.say("note", {"count": count})
        await printer.settled()
        assert printer.unstored == 40
        low = cloud.watermark(identity.product_id, 1).low

        mosquitto.kill()
        for count in range(40, 60):
            printer.say("note", {"count": count})
        await mosquitto.start()
        await printer.until(lambda it: it.counters.reconnects == 1, what="the reconnect")
        cloud.storing = True
        await printer.all_stored(30)

        mine = {key[2]: copies for key, copies in cloud.payloads.items()}
        assert sorted(mine) == list(range(1, low + 61))
        assert all(len(set(copies)) == 1 for copies in mine.values())
        assert printer.counters.resent >= 40
        assert cloud.watermark(identity.product_id, 1) == Received(low + 60)


async def test_a_cut_connection_lets_the_will_speak_and_what_was_said_meanwhile_arrives_in_order(
    mosquitto: Mosquitto, cloud: TinyCloud, identity: Identity
) -> None:
    async with SimulatedPrinter(mosquitto.endpoint, identity, tuning=QUICK) as printer:
        await printer.all_stored()
        await printer.cut()
        await eventually(lambda: len(cloud.presence) == 2, "the will")
        will = cloud.presence[1]
        assert (will.boot, will.connection, will.status, will.at) == (1, 1, PresenceStatus.OFFLINE, None)

        before = len(cloud.heard)
        await printer.jam()
        printer.say("note")
        await printer.plug_in()
        await printer.settled()
        await printer.all_stored()
        assert (cloud.presence[2].connection, cloud.presence[2].status) == (2, PresenceStatus.ONLINE)
        later = [m.seq for m in cloud.heard[before:]]
        assert later == sorted(set(later))
        jam = [m for m in cloud.heard[before:] if isinstance(m, Status)]
        assert jam[0].reported["reasons"][0] == "media-jam-error"
        assert not any(isinstance(m, Birth) for m in cloud.heard[before:])


async def test_a_reconnect_sends_again_what_is_not_known_to_be_stored(
    mosquitto: Mosquitto, cloud: TinyCloud, identity: Identity
) -> None:
    patient = Tuning(backoff_base_s=0.05, backoff_max_s=0.2, stall_s=600, watermark_grace_s=0.2)
    async with SimulatedPrinter(mosquitto.endpoint, identity, tuning=patient) as printer:
        await printer.all_stored()
        cloud.storing = False
        printer.say("note")
        await eventually(lambda: isinstance(cloud.heard[-1], Event) and cloud.heard[-1].name == "note", "the note")
        key = max(cloud.payloads)
        await printer.cut()
        await printer.plug_in()
        await eventually(lambda: len(cloud.payloads[key]) == 2, "the same message again")
    assert len(set(cloud.payloads[key])) == 1


async def test_a_command_delivered_twice_is_executed_once_even_over_a_restart(
    mosquitto: Mosquitto, cloud: TinyCloud, identity: Identity, tmp_path: Path
) -> None:
    store = FileStore(tmp_path / "device")
    printer = SimulatedPrinter(mosquitto.endpoint, identity, tuning=QUICK, store=store)
    async with printer:
        await printer.settled()
        await cloud.command(identity.product_id, "identify", "c1")
        await cloud.command(identity.product_id, "identify", "c1")
        await cloud.command(identity.product_id, "help_display", "c2")
        await printer.until(lambda it: it.counters.commands == 2, what="two commands")
        await printer.all_stored()
    again = SimulatedPrinter(mosquitto.endpoint, identity, tuning=QUICK, store=FileStore(tmp_path / "device"))
    async with again:
        await again.settled()
        await cloud.command(identity.product_id, "identify", "c1")
        await cloud.command(identity.product_id, "identify", "c3")
        await again.until(lambda it: it.counters.commands == 1, what="a new command")
        await again.all_stored()
    assert again.printer.blinks == 2
    assert results(cloud, "c1") == [ResultStatus.DONE]
    assert results(cloud, "c3") == [ResultStatus.DONE]


async def test_an_expired_command_is_refused(mosquitto: Mosquitto, cloud: TinyCloud, identity: Identity) -> None:
    async with SimulatedPrinter(mosquitto.endpoint, identity, tuning=QUICK) as printer:
        await printer.settled()
        late = Command(id="late", name="identify", expires_at=datetime.now(UTC) - timedelta(seconds=1))
        await cloud.tell(identity.product_id, Down.COMMAND, late)
        await printer.until(lambda it: it.counters.commands == 1, what="the command")
        await printer.all_stored()
        assert printer.printer.blinks == 0
    assert results(cloud, "late") == [ResultStatus.EXPIRED]


async def test_a_restart_by_command_is_accepted_before_and_done_after(
    mosquitto: Mosquitto, cloud: TinyCloud, identity: Identity
) -> None:
    async with SimulatedPrinter(mosquitto.endpoint, identity, tuning=QUICK) as printer:
        await printer.settled()
        await cloud.command(identity.product_id, "restart", "r1")
        await printer.until(lambda it: it.boot == 2 and it.online, what="the second boot")
        await printer.all_stored()
    assert results(cloud, "r1") == [ResultStatus.ACCEPTED, ResultStatus.DONE]


async def test_after_a_power_cut_a_new_process_counts_on_and_sends_what_its_file_holds(
    mosquitto: Mosquitto, cloud: TinyCloud, identity: Identity, tmp_path: Path
) -> None:
    cloud.storing = False
    printer = SimulatedPrinter(mosquitto.endpoint, identity, tuning=QUICK, store=FileStore(tmp_path / "device"))
    await printer.power_on()
    printer.say("note", {"text": "before the power went"})
    await printer.settled()
    await printer.pull_plug()
    await eventually(lambda: len(cloud.presence) == 2, "the will")
    assert cloud.presence[-1].status is PresenceStatus.OFFLINE
    first_time = {key: set(copies) for key, copies in cloud.payloads.items()}
    cloud.payloads.clear()

    cloud.storing = True
    again = SimulatedPrinter(mosquitto.endpoint, identity, tuning=QUICK, store=FileStore(tmp_path / "device"))
    async with again:
        await again.settled()
        assert again.boot == 2
        await again.all_stored()
    assert {key: set(copies) for key, copies in cloud.payloads.items() if key[1] == 1} == first_time


async def test_a_watermark_that_stands_still_makes_the_device_send_again(
    mosquitto: Mosquitto, cloud: TinyCloud, identity: Identity
) -> None:
    cloud.storing = False
    async with SimulatedPrinter(mosquitto.endpoint, identity, tuning=QUICK) as printer:
        await printer.settled()
        await printer.until(lambda it: it.counters.resent > 0, what="sending again")
        cloud.storing = True
        await printer.all_stored()
        assert printer.counters.reconnects == 0


async def test_what_there_was_no_room_for_is_reported_and_closes_the_hole(
    mosquitto: Mosquitto, cloud: TinyCloud, identity: Identity
) -> None:
    async with SimulatedPrinter(mosquitto.endpoint, identity, tuning=QUICK, capacity=20) as printer:
        await printer.all_stored()
        start = cloud.watermark(identity.product_id, 1).low
        await printer.cut()
        for count in range(50):
            printer.say("note", {"count": count})
        assert printer.unstored == 20
        await printer.plug_in()
        await printer.until(lambda it: it.counters.reconnects == 1, what="the reconnect")
        await printer.all_stored()
    apology = next(m for m in cloud.heard if isinstance(m, Event) and m.name == "messages_given_up")
    assert apology.data["boot"] == 1
    assert apology.data["ranges"] == [[start + 1, start + 30]]
    assert printer.counters.given_up == 30


async def test_desired_settings_are_applied_and_echoed_with_their_version(
    mosquitto: Mosquitto, cloud: TinyCloud, identity: Identity
) -> None:
    wish = Desired(version=3, settings={"economy_mode": True, "sleep_after_min": "soon"})
    await cloud.tell(identity.product_id, Down.DESIRED, wish, retain=True)
    async with SimulatedPrinter(mosquitto.endpoint, identity, tuning=QUICK) as printer:
        await printer.until(lambda it: it.printer.settings_version == 3, what="the settings")
        await printer.all_stored()
        assert printer.settings == {"economy_mode": True}
    echoes = [m.reported for m in cloud.heard if isinstance(m, Status) and m.reported.get("settings_version") == 3]
    assert echoes[0]["settings"] == {"economy_mode": True}


async def test_a_newer_epoch_is_adopted_with_a_second_birth(
    mosquitto: Mosquitto, cloud: TinyCloud, identity: Identity
) -> None:
    async with SimulatedPrinter(mosquitto.endpoint, identity, tuning=QUICK) as printer:
        await printer.all_stored()
        await cloud.tell(identity.product_id, Down.STAGE, StageNotice(stage=Stage.INSTALL, epoch=2), retain=True)
        await printer.until(lambda it: it.printer.epoch == 2, what="the epoch")
        await printer.all_stored()
    births = [m for m in cloud.heard if isinstance(m, Birth)]
    assert [(birth.boot, birth.epoch) for birth in births] == [(1, 0), (1, 2)]
    assert births[0].seq < births[1].seq


async def test_a_factory_reset_begins_an_epoch_and_a_boot(
    mosquitto: Mosquitto, cloud: TinyCloud, identity: Identity
) -> None:
    async with SimulatedPrinter(mosquitto.endpoint, identity, tuning=QUICK) as printer:
        await printer.all_stored()
        await printer.factory_reset()
        await printer.settled()
        await printer.all_stored()
    births = [m for m in cloud.heard if isinstance(m, Birth)]
    assert [(birth.boot, birth.epoch) for birth in births] == [(1, 0), (2, 1)]
    reset = next(m for m in cloud.heard if isinstance(m, Event) and m.name == "factory_reset")
    assert (reset.boot, reset.epoch) == (1, 1)


async def test_a_device_that_is_told_to_wait_is_silent_so_long_and_then_sends_again_what_was_not_stored(
    mosquitto: Mosquitto, cloud: TinyCloud, identity: Identity
) -> None:
    async with SimulatedPrinter(mosquitto.endpoint, identity, tuning=QUICK) as printer:
        await printer.all_stored()
        cloud.storing = False
        for count in range(5):
            printer.say("note", {"count": count})
        await eventually(lambda: _has_note(cloud, 4), "five notes, none of them stored")
        low = cloud.watermark(identity.product_id, 1).low
        begun = asyncio.get_running_loop().time()
        await cloud.tell(identity.product_id, Down.STORED, Stored(boot=1, seq=low, wait_s=1), retain=True)
        await printer.until(lambda it: it.counters.told_to_wait == 1, what="the word to wait")
        cloud.storing = True
        printer.say("note", {"count": 5})
        await eventually(lambda: _has_note(cloud, 5), "the sixth note")
        assert asyncio.get_running_loop().time() - begun >= 1
        await printer.all_stored(30)
        assert printer.counters.resent >= 5
        assert cloud.watermark(identity.product_id, 1) == Received(low + 6)


def _has_note(cloud: TinyCloud, count: int) -> bool:
    return any(isinstance(one, Event) and one.data.get("count") == count for one in cloud.heard)
