"""Bad input over MQTT: counted and kept for the operator, and nobody else is slowed or stopped by it."""

import asyncio
import contextlib
import socket

import msgspec
import pytest

from broker.contract.messages import Json
from broker.contract.topics import Up, up_topic
from device_sim.credentials import Credential
from tests.raw_device import RawClient, RawDevice
from tests.stories.listening import open_menu
from tests.system import System, until_async

JAMMED = {"state": "stopped", "reasons": ["media-jam-error"]}
WELL = {"state": "idle", "reasons": ["none"]}


def bad_payloads(device: RawDevice) -> list[tuple[str, Up, bytes]]:
    """(the reason it is counted under, where it is said, what is said)."""
    deep: Json = 1
    for _ in range(40):
        deep = [deep]
    well = msgspec.json.encode(device.message(reported=WELL))
    device.seq -= 1
    return [
        ("too_large", Up.STATUS, well[:-1] + b" " * (66 * 1024) + b"}"),
        ("not_json", Up.STATUS, well[: len(well) // 2]),
        ("not_json", Up.EVENT, b"\x00\xff\xfe no JSON at all"),
        ("wrong_type", Up.STATUS, well.replace(b'"boot":1', b'"boot":"one"')),
        ("wrong_type", Up.STATUS, b"[1,2,3]"),
        ("too_deep", Up.EVENT, msgspec.json.encode({**device.message(name="x"), "data": {"deep": deep}})),
        ("too_deep", Up.STATUS, well.replace(b'"idle"', b"[" * 30_000 + b"]" * 30_000)),
        ("unknown_schema", Up.STATUS, well.replace(b'"schema":1', b'"schema":2')),
        ("unknown_schema", Up.STATUS, well.replace(b'"schema":1,', b"")),
    ]


async def twin_of(system: System, unit: Credential) -> dict[str, Json]:
    async with system.operator() as operator:
        return dict(await operator.json("GET", f"/api/v1/products/{unit.id}/twin"))


async def stored_to(system: System, unit: Credential, seq: int) -> dict[str, Json]:
    """The twin, once everything up to this message of the newest boot is in it."""

    async def found() -> dict[str, Json]:
        streams = system.rows("SELECT low FROM stream WHERE product_id = :id ORDER BY boot DESC", id=unit.id)
        return await twin_of(system, unit) if streams and streams[0].low >= seq else {}

    return await until_async(found, f"message {seq} of {unit.serial} stored")


@pytest.mark.timeout(180)
async def test_every_bad_payload_is_counted_by_its_reason_and_readable_while_others_and_the_device_itself_go_on(
    system: System,
) -> None:
    unit, other = await system.unit(), await system.unit()
    with RawDevice(system, unit) as device, RawDevice(system, other) as neighbour:
        device.say(Up.BIRTH, firmware="1.0", profile="printer")
        neighbour.say(Up.BIRTH, firmware="1.0", profile="printer")
        counts: dict[str, int] = {}
        bad = bad_payloads(device)
        device.seq = 2  # what they were: the second message, said badly in each way
        for reason, kind, payload in bad:
            device.raw(kind, payload)
            counts[reason] = counts.get(reason, 0) + 1
            neighbour.say(Up.STATUS, reported=WELL)
        assert device.accepted
        device.say(Up.STATUS, reported=JAMMED)
        twin = await stored_to(system, unit, 3)
        assert (twin["level"], twin["reasons"]) == ("error", ["media-jam"])
        assert twin["transport"]["rejected"] == counts
        assert twin["transport"]["streams"][0] == {
            "boot": 1,
            "stored_to": 3,
            "missing": 0,
            "duplicates": 0,
            "given_up": 0,
        }
        beside = await stored_to(system, other, 1 + len(bad))
        assert beside["transport"]["rejected"] == {}
        assert beside["transport"]["streams"][0]["missing"] == 0
        async with system.operator() as operator:
            kept = await operator.json("GET", f"/api/v1/products/{unit.id}/quarantine")
        assert sorted(one["reason"] for one in kept) == sorted(reason for reason, _, _ in bad)
        assert all(
            len(one["head"].encode()) <= 256 * 4 and one["topic"].startswith(f"tl/v1/{unit.id}/") for one in kept
        )
        assert any("no JSON at all" in one["head"] for one in kept)


async def test_a_packet_beyond_all_bounds_costs_its_sender_the_connection_and_nobody_else_anything(
    system: System,
) -> None:
    unit, other = await system.unit(), await system.unit()
    with RawDevice(system, other) as neighbour:
        with RawDevice(system, unit) as device:
            device.raw(Up.STATUS, b"x" * 1024 * 1024)
            assert device.gone
        neighbour.say(Up.BIRTH, firmware="1.0", profile="printer")
        await stored_to(system, other, 1)
        with RawDevice(system, unit) as device:
            device.say(Up.BIRTH, firmware="1.0", profile="printer")
            await stored_to(system, unit, 1)


async def test_what_is_said_on_somebody_elses_topic_or_name_has_no_effect(system: System) -> None:
    victim, thief = await system.unit(), await system.unit()
    with RawDevice(system, victim) as device:
        device.say(Up.BIRTH, firmware="1.0", profile="printer")
        device.say(Up.STATUS, reported=WELL)
        before = await stored_to(system, victim, 2)
        stolen = msgspec.json.encode({**device.message(reported=JAMMED), "seq": 3})
        for topic in (
            up_topic(victim.identity.product_id, Up.STATUS),
            f"tl/v1/{victim.id}/down/command",
            f"tl/int/v1/changed/{victim.id}",
        ):
            with RawDevice(system, thief) as attacker:
                attacker.publish(topic, stolen)
        with RawClient(system.endpoint.port, victim.id, thief.password) as impostor:
            assert not impostor.accepted
        with RawDevice(system, thief) as attacker:
            attacker.subscribe("tl/#")
            attacker.subscribe(f"tl/v1/{victim.id}/#")
        # A device of good faith still gets through, and after what it says the victim is as it was.
        with RawDevice(system, thief) as honest:
            honest.say(Up.BIRTH, firmware="1.0", profile="printer")
            await stored_to(system, thief, 1)
            assert all(victim.id not in topic for topic, _, _ in honest.heard)
        after = await twin_of(system, victim)
        assert {**after, "transport": 0} == {**before, "transport": 0}
        assert after["transport"]["streams"] == before["transport"]["streams"]
        assert all(victim.id not in topic for topic, _, _ in device.heard if "command" in topic)


async def test_the_same_and_reordered_messages_of_a_device_end_in_the_same_twin(system: System) -> None:
    unit = await system.unit()
    with RawDevice(system, unit) as device:
        said = [
            (Up.BIRTH, device.message(firmware="1.0", profile="printer")),
            (Up.STATUS, device.message(reported=JAMMED)),
            (Up.EVENT, device.message(name="page_printed")),
            (Up.STATUS, device.message(reported=WELL)),
        ]
        for kind, message in (*reversed(said), *said):
            device.raw(kind, msgspec.json.encode(message))
        twin = await stored_to(system, unit, 4)

        async def all_doubles() -> bool:
            figures = (await twin_of(system, unit))["transport"]["streams"][0]
            return bool(figures["duplicates"] == len(said) and figures["missing"] == 0)

        await until_async(all_doubles, "the duplicates counted")
    assert (twin["level"], twin["reasons"]) == ("ok", [])
    rows = system.rows("SELECT type FROM journal WHERE product_id = :id AND source = 'device'", id=unit.id)
    assert sorted(row.type for row in rows if row.type != "device.presence") == [
        "device.birth",
        "device.event",
        "device.status",
        "device.status",
    ]


@pytest.mark.timeout(180)
async def test_a_thousand_connections_without_credentials_do_not_hold_up_a_device_and_its_owner(
    system: System,
) -> None:
    unit = await system.unit()
    async with system.phone() as phone:
        journey = await system.owned(phone, unit)
        with RawDevice(system, unit) as device:
            device.say(Up.BIRTH, firmware="1.0", profile="printer")
            async with open_menu(phone, journey) as live:
                crowd = asyncio.create_task(storm(system.endpoint.port, 1000))
                for round_ in range(10):
                    level, reported = ("error", JAMMED) if round_ % 2 == 0 else ("ok", WELL)
                    device.say(Up.STATUS, reported=reported)
                    await live.shows(
                        lambda menu, level=level: menu["status"]["level"] == level,  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
                        f"round {round_}: {level}",
                    )
                refused = await crowd
            assert device.accepted
    assert refused == 1000


async def storm(port: int, count: int) -> int:
    """Opens that many connections at once, half silent and half with a made-up name; how many did not get in."""
    loop = asyncio.get_running_loop()
    silent = []
    for _ in range(count // 2):
        one = socket.socket()
        one.setblocking(False)
        await loop.sock_connect(one, ("127.0.0.1", port))
        silent.append(one)
    rest = [refused(port, number) for number in range(count - len(silent))]
    answers: list[bool] = []
    for start in range(0, len(rest), 100):
        answers += await asyncio.gather(*rest[start : start + 100])
    heard = 0
    for one in silent:
        with contextlib.suppress(TimeoutError, OSError):
            heard += len(await asyncio.wait_for(loop.sock_recv(one, 1), 0.001))
        one.close()
    return sum(answers) + len(silent) - heard


async def refused(port: int, number: int) -> bool:
    """One CONNECT with a name and a password that are nobody's."""
    name = f"nobody{number:06}".encode()
    body = b"\x00\x04MQTT\x04\xc2\x00\x1e" + b"".join(
        len(one).to_bytes(2, "big") + one for one in (name, name, b"guess")
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\x10" + bytes([len(body)]) + body)
    try:
        answer = await asyncio.wait_for(reader.read(4), 60)
    except ConnectionError:
        answer = b""
    finally:
        writer.close()
    return answer[3:4] != b"\x00"
