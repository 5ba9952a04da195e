"""A fleet and a real broker."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from broker.contract.ids import new_id
from broker.contract.messages import Birth, Json, PresenceStatus, Telemetry
from device_sim.credentials import Credential
from device_sim.fleet import Fleet, FleetConfig
from device_sim.session import Endpoint, Tuning
from tests.integration.device_sim.tiny_cloud import Mosquitto, TinyCloud, eventually

pytestmark = pytest.mark.mosquitto

QUICK = Tuning(backoff_base_s=0.05, backoff_max_s=0.2, stall_s=0.5, watermark_grace_s=0.2)


def fleet_of(count: int, endpoint: Endpoint, rate: float = 5, state_dir: Path | None = None) -> FleetConfig:
    credentials = tuple(Credential(id=new_id(datetime.now(UTC)), password="p") for _ in range(count))
    return FleetConfig(
        credentials=credentials, endpoint=endpoint, rate=rate, speed=60, tuning=QUICK, state_dir=state_dir
    )


async def test_a_fleet_lives_is_stored_and_leaves_with_goodbye(mosquitto: Mosquitto, cloud: TinyCloud) -> None:
    fleet = Fleet(fleet_of(20, mosquitto.endpoint))
    running = asyncio.create_task(fleet.run())
    await eventually(lambda: fleet.online_at_most == 20, "all of them online")
    await eventually(lambda: fleet.counters.stored > 400, "400 messages stored")
    fleet.stop()
    report = await running
    assert (report.devices, report.online_at_most) == (20, 20)
    assert report.counters.given_up == report.counters.failures == report.counters.online == 0
    assert report.counters.acknowledged == report.counters.said + report.counters.resent
    await eventually(
        lambda: sum(one.status is PresenceStatus.OFFLINE for one in cloud.presence) == 20, "twenty times goodbye"
    )
    await eventually(lambda: len(cloud.births) == 20, "twenty births")
    assert not cloud.rejected


async def test_a_fleet_survives_the_broker_s_death_without_losing_a_message(
    mosquitto: Mosquitto, cloud: TinyCloud
) -> None:
    config = fleet_of(20, mosquitto.endpoint, rate=10)
    fleet = Fleet(config)
    running = asyncio.create_task(fleet.run())
    await eventually(lambda: fleet.counters.stored > 200, "200 messages stored")
    mosquitto.kill()
    await eventually(lambda: fleet.counters.online == 0, "nobody is online")
    await mosquitto.start()
    await eventually(lambda: fleet.counters.reconnects >= 20 and cloud.ready, "all are back")
    await eventually(lambda: fleet.counters.online == 20, "all are online")
    said = fleet.counters.said

    def all_arrived() -> bool:
        pairs = zip(config.credentials, fleet.printers, strict=True)
        received = [cloud.watermark(credential.id, printer.boot) for credential, printer in pairs]
        return not any(one.above for one in received) and sum(one.low for one in received) >= said

    await eventually(all_arrived, "everything said before arrives, without a hole")
    fleet.stop()
    report = await running
    assert report.counters.given_up == 0


async def test_a_fleet_started_again_counts_its_boots_on(
    mosquitto: Mosquitto, cloud: TinyCloud, tmp_path: Path
) -> None:
    config = fleet_of(3, mosquitto.endpoint, state_dir=tmp_path)
    for _ in range(2):
        fleet = Fleet(config)
        running = asyncio.create_task(fleet.run())
        await eventually(lambda fleet=fleet: fleet.counters.stored >= 15, "some messages stored")  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
        fleet.stop()
        await running
    await eventually(lambda: sum(isinstance(one, Birth) for one in cloud.heard) >= 6, "six births")
    boots = {one.boot for one in cloud.heard if isinstance(one, Birth)}
    assert max(boots) == min(boots) + 1
    assert any(isinstance(one, Telemetry) for one in cloud.heard)


async def test_a_fleet_without_a_broker_keeps_trying_and_stops_when_told() -> None:
    fleet = Fleet(fleet_of(2, Endpoint(port=1)))
    running = asyncio.create_task(fleet.run())
    await eventually(lambda: fleet.counters.failures >= 4, "a few attempts")
    fleet.stop()
    report = await running
    assert report.online_at_most == 0
    assert report.unstored == report.counters.said > 0
    assert report.last_error


async def test_two_fleets_of_one_seed_send_the_same_messages_in_the_same_order(
    mosquitto: Mosquitto, cloud: TinyCloud
) -> None:
    streams = []
    for late in (False, True):
        config = fleet_of(3, mosquitto.endpoint, rate=50)
        if late:  # the network comes when two or three steps would have been lived without it
            mosquitto.kill()
        fleet = Fleet(config)
        running = asyncio.create_task(fleet.run())
        if late:
            await eventually(lambda fleet=fleet: fleet.counters.failures >= 3, "no network")  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
            await mosquitto.start()
            await eventually(lambda: cloud.ready, "the cloud is back")
        await eventually(lambda fleet=fleet: _all_stored_to(cloud, fleet, 50), "50 messages of each")  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
        fleet.stop()
        await running
        streams.append([_contents(cloud, one.id)[:50] for one in config.credentials])
    assert streams[0] == streams[1]
    assert [len(one) for one in streams[0]] == [50, 50, 50]
    assert streams[0][0] != streams[0][1]


def _all_stored_to(cloud: TinyCloud, fleet: Fleet, seq: int) -> bool:
    """The cloud has the messages up to this one of each device, without a hole."""
    return all(cloud.watermark(one.identity.product_id, one.boot).low >= seq for one in fleet.printers)


def _contents(cloud: TinyCloud, product_id: str) -> list[dict[str, Json]]:
    """All that it said, in its order, without what only the hour makes."""
    said = {(boot, seq): bodies[0] for (unit, boot, seq), bodies in cloud.payloads.items() if unit == product_id}
    messages = [msgspec.json.decode(body) for _, body in sorted(said.items())]
    return [{name: value for name, value in one.items() if name not in {"at", "boot"}} for one in messages]
