"""Smaller stories: a label that is scanned, a demo unit in a shop, and a client that is not ours."""

import io
import json
import shutil
import subprocess
from datetime import timedelta

import httpx
import pytest
import zxingcpp
from PIL import Image

from broker.contract.messages import Json
from device_sim.beacon import Beacon
from device_sim.chance import chance
from device_sim.credentials import Credential
from device_sim.errors import RefusedError
from device_sim.radio import Room, Sighting, sight
from tests.services import missing
from tests.stories.listening import Menu, item, names, open_menu
from tests.system import GTIN, System, until_async


async def test_the_printed_label_is_read_by_a_decoder_and_leads_to_the_menu_of_this_very_unit(system: System) -> None:
    unit = await system.unit()
    async with system.operator() as operator, system.phone() as phone:
        for form in ("png", "svg", "pdf"):
            answer = await operator.call("GET", f"/api/v1/products/{unit.id}/label.{form}")
            assert len(answer.content) > 500
        label = await operator.call("GET", f"/api/v1/products/{unit.id}/label.png")
        (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(label.content)))
        assert code.text == unit.uri
        leads_to = await phone.follow(code.text)
        await phone.start()
        journey = await phone.journey()
        assert leads_to.startswith(f"{system.url}/app/?journey={journey['id']}&")
        assert (journey["stage"], journey["serial"], journey["role"]) == ("interested", unit.serial, "visitor")
        async with httpx.AsyncClient(headers={"Accept": "application/linkset+json"}) as machine:
            links = await machine.get(code.text)
        assert links.status_code == 200
        assert links.json()["linkset"][0]["anchor"] == code.text
        claimed = await phone.claim(unit.claim_code, uri=code.text)
        assert claimed["journey_id"] == journey["id"]
        assert (await phone.journey())["role"] == "owner"


@pytest.mark.parametrize("serial", ["A/B", "/", 'a"%&+', "1_2!'()*:;<=>?"])
async def test_every_serial_that_gs1_allows_has_a_label_that_leads_somewhere(system: System, serial: str) -> None:
    await system.model()
    async with system.operator() as operator, system.phone() as phone:
        known = await operator.json("GET", "/api/v1/products", params={"q": serial})
        if not any(one["serial"] == serial for one in known["items"]):
            await operator.json("POST", "/api/v1/products", {"gtin": GTIN, "serial": serial})
            known = await operator.json("GET", "/api/v1/products", params={"q": serial})
        uri = next(one["uri"] for one in known["items"] if one["serial"] == serial)
        assert "/app/?journey=" in await phone.follow(uri)
        await phone.start()
        assert (await phone.journey())["serial"] == serial


def heard(unit: Credential, eid: str, metres: float = 0.4) -> list[Sighting]:
    """What a phone at this distance of the unit's beacon reports; eid: empty for a beacon that only says its name."""
    beacon = Beacon(uid=unit.beacon_uid, identity_key=bytes.fromhex(unit.beacon_key))
    seen = sight(beacon, eid, metres, chance("phone", 1), Room(noise_db=0.5))
    return [one for one in seen if eid or one.kind == "eddystone-uid"]


def ephemeral(system: System, unit: Credential, minutes_ago: float = 0) -> str:
    beacon = Beacon(uid=unit.beacon_uid, identity_key=bytes.fromhex(unit.beacon_key))
    return beacon.eid(system.clock() - timedelta(minutes=minutes_ago))


def progress(menu: Menu, name: str) -> str:
    """How far the item's command is; empty while it has none."""
    found = item(menu, name).get("progress") or {}
    return str(found.get("state", ""))


async def test_a_demo_unit_prints_a_sample_only_for_a_phone_that_proves_to_stand_there(system: System) -> None:
    demo, elsewhere = await system.unit(), await system.unit()
    place = {"name": "Demo Shop", "latitude": 48.1, "longitude": 11.6}
    async with system.operator() as operator, system.phone() as phone, system.printer(demo) as printer:
        store = await operator.json("POST", "/api/v1/stores", place)
        await operator.call("PATCH", f"/api/v1/products/{demo.id}", body={"shop_id": store["id"]})
        await printer.install_supplies()
        await printer.load_paper()
        await printer.all_stored(30)
        await phone.scan(demo.gtin, demo.serial)
        await phone.start()
        journey = str((await phone.journey())["id"])
        async with open_menu(phone, journey) as live:
            # Beside it by the beacon's name alone, which anybody could repeat: it shows, and is not done.
            await phone.report_context(journey, heard(demo, ""))
            menu = await live.shows(lambda menu: "print-sample" in names(menu), "the sample at the demo unit")
            assert menu["stage"] == "engaged"
            assert names(menu)[0] == "print-sample"
            pages = printer.printer.pages_total
            for eid in ("", "0123456789abcdef", ephemeral(system, elsewhere), ephemeral(system, demo, 120)):
                await phone.report_context(journey, heard(demo, eid))
                with pytest.raises(RefusedError) as unproven:
                    await phone.choose(journey, "print-sample")
                assert (unproven.value.status, unproven.value.problem) == (403, "proof_needed")
            # The beacon's changing id of this moment is the proof.
            proof = heard(demo, ephemeral(system, demo))
            await phone.report_context(journey, proof)
            chosen = await phone.choose(journey, "print-sample")
            assert chosen["outcome"] == "command_queued"
            await printer.until(lambda one: one.printer.pages_total > pages, 30, "the sample")

            async def finished() -> bool:
                found = await operator.json("GET", f"/api/v1/commands/{chosen['command_id']}")
                return bool(found["status"] == "done")

            await until_async(finished, "the command's end")
            menu = await live.shows(
                lambda menu: "print-sample" in names(menu) and progress(menu, "print-sample") == "done",
                "the sample's end",
            )
            assert item(menu, "print-sample")["progress"]["text"] == "Your sample lies in the tray"
            # The proof is used up, however often the phone repeats what it has heard. By now the next id may be due,
            # which would be a proof.
            await phone.report_context(journey, proof)
            with pytest.raises(RefusedError) as used:
                await phone.choose(journey, "print-sample")
            assert (used.value.status, used.value.problem) == (409, "proof_used")
        commands = await operator.json("GET", f"/api/v1/products/{demo.id}/commands")
        assert len(commands["items"]) == 1


@pytest.mark.mosquitto
async def test_a_client_that_is_not_ours_moves_the_twin_and_the_open_menu(system: System) -> None:
    program = shutil.which("mosquitto_pub")
    if program is None:
        missing("needs mosquitto_pub")
        raise AssertionError
    unit = await system.unit()
    said = 0

    def publish(kind: str, **fields: Json) -> None:
        nonlocal said
        said += 1
        message = {"schema": 1, "boot": 1, "seq": said, "at": system.clock().isoformat(), **fields}
        where = ["-h", "127.0.0.1", "-p", str(system.endpoint.port), "-i", unit.id, "-u", unit.id, "-P", unit.password]
        what = ["-q", "1", "-t", f"tl/v1/{unit.id}/up/{kind}", "-m", json.dumps(message)]
        subprocess.run([program, *where, *what], check=True, timeout=30)  # noqa: S603 - our own arguments

    async with system.phone() as phone, system.operator() as operator:
        journey = await system.owned(phone, unit)
        async with open_menu(phone, journey) as live:
            publish("birth", firmware="1.0", profile="printer")
            publish(
                "status",
                reported={"state": "idle", "reasons": ["none"], "supplies": [{"name": "black", "level_percent": 80}]},
            )
            publish("event", name="page_printed")
            await live.shows(lambda menu: menu["stage"] == "support", "support by what mosquitto_pub said")
            publish("status", reported={"state": "stopped", "reasons": ["media-jam-error"]})
            menu = await live.shows(lambda menu: names(menu)[0] == "clear-jam", "the jam's fix first")
            assert menu["status"]["level"] == "error"
            twin = await operator.json("GET", f"/api/v1/products/{unit.id}/twin")
            assert (twin["level"], twin["state"], twin["supplies"][0]["level_percent"]) == ("error", "stopped", 80)
