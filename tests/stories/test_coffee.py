"""A product of another kind, by data alone: a coffee machine, spoken for by a client that knows nothing of ours."""

import json
import shutil
import subprocess

import pytest

from broker.contract.messages import Json
from device_sim.registration import Registrar
from tests.services import missing
from tests.stories.listening import names, open_menu
from tests.system import System

COFFEE = "09506000134369"
MODEL = {"gtin": COFFEE, "name": "Crema 5", "brand": "Acme", "profile": "coffee"}
BEANS: Json = [{"name": "beans", "kind": "beans", "level_percent": 60}]


@pytest.mark.mosquitto
async def test_a_coffee_machine_is_set_up_runs_dry_and_is_helped_by_content_alone(system: System) -> None:
    program = shutil.which("mosquitto_pub")
    if program is None:
        missing("needs mosquitto_pub")
        raise AssertionError
    said = 0
    async with system.operator() as operator, Registrar(system.url, system.key) as registrar:
        await operator.json("POST", "/api/v1/models", MODEL)
        unit = await registrar.register(COFFEE, "C1")

        def publish(kind: str, **fields: Json) -> None:
            nonlocal said
            said += 1
            message = {"schema": 1, "boot": 1, "seq": said, "at": system.clock().isoformat(), **fields}
            where = ["-h", "127.0.0.1", "-p", str(system.endpoint.port), "-i", unit.id, "-u", unit.id]
            what = ["-P", unit.password, "-q", "1", "-t", f"tl/v1/{unit.id}/up/{kind}", "-m", json.dumps(message)]
            subprocess.run([program, *where, *what], check=True, timeout=30)  # noqa: S603 - our own arguments

        async with system.phone() as phone:
            journey = await system.owned(phone, unit)
            async with open_menu(phone, journey) as live:
                publish("birth", firmware="1.0", profile="coffee")
                publish("status", reported={"state": "stopped", "reasons": ["water-empty-error", "beans-empty-error"]})
                menu = await live.shows(lambda one: names(one)[:1] == ["step-fill_water"], "water is the next step")
                assert menu["title"] == "Set up your Crema 5"
                publish("status", reported={"state": "ready", "reasons": ["none"], "supplies": BEANS})
                await live.shows(lambda one: names(one)[0] == "first-rinse-now", "the rinse, from the phone")
                publish("event", name="rinsed")
                publish("event", name="cup_brewed")
                publish("status", reported={"state": "ready", "reasons": ["none"], "cups_total": 3})
                menu = await live.shows(lambda one: one["stage"] == "support" and "usage" in names(one), "support")
                assert {"supply-beans", "make-coffee", "expert", "opt-out"} <= set(names(menu))
                publish("status", reported={"state": "stopped", "reasons": ["grinder-jam-error"]})
                menu = await live.shows(lambda one: names(one)[0] == "clear-grinder", "exactly this fix")
                assert menu["status"]["text"] == "Grinder stuck"
        steps = next(item for section in menu["sections"] for item in section["items"])["steps"]
        assert len(steps) == 5
        picture = await operator.call("GET", steps[0]["picture"])
        assert picture.headers["content-type"] == "image/svg+xml"
