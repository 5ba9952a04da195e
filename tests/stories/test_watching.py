"""A system that is watched: each metric is told by a real process and moves when the thing happens, and one trace leads
from a device's message to the phone.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from broker.contract.topics import Up, up_topic
from cloud.doctor.checks import State
from cloud.doctor.looking import of_broker
from cloud.metrics import catalogue as c
from cloud.metrics.catalogue import METRICS, Kind, Metric, of_process
from cloud.settings import load_settings
from device_sim.credentials import Credential
from device_sim.phone import Phone
from tests.certificates import new_key, request_of
from tests.collector import Collected, Collector
from tests.mail_sink import certificate
from tests.ports import free_port
from tests.push_service import Browser, PushService, running_push_service
from tests.raw_device import RawDevice
from tests.stories.listening import open_menu
from tests.system import System, until, until_async

Figures = dict[tuple[str, str], float]
ELSEWHERE: Final = {
    c.INGEST_FAILED, c.WAITING, c.WAITING_BYTES, c.ANSWERS, c.OUTBOX, c.OUTBOX_AGE, c.MAILS, c.TIMERS_DUE,
    c.ROUNDS_FAILED, c.BROKER_QUEUE, c.BROKER_DROPPED, c.SERIES_LATE,
    c.PROOFS,
}  # fmt: skip
"""What moves when something fails or stands still: `integration/cloud/test_figures.py` and `test_broker_queue.py` make
it do so; proofs of place `integration/cloud/test_proofs.py`."""


class Watched(System):
    """A system with its worker's figures at a port that is known, its traces in a collector, and a push service."""

    def __init__(self, folder: Path, collector: Collector, pushes: PushService, push_ca_file: Path) -> None:
        self.metrics_port = free_port()
        self.pushes = pushes
        super().__init__(
            folder,
            {
                "THROUGHLINE_METRICS_PORT": str(self.metrics_port),
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
                "OTEL_BSP_SCHEDULE_DELAY": "100",
                "THROUGHLINE_PUSH_SERVICES": json.dumps([pushes.known]),
                "THROUGHLINE_PUSH_CA_FILE": str(push_ca_file),
            },
        )

    def figures(self) -> dict[str, Figures]:
        """By process; each value by name and label."""
        where = {"api": f"{self.url}/metrics", "work": f"http://127.0.0.1:{self.metrics_port}/metrics"}
        return {name: _read(httpx.get(url, timeout=30).text) for name, url in where.items()}


def _read(text: str) -> Figures:
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    cert = certificate(tmp_path_factory.mktemp("push"))
    with running_push_service(cert) as pushes:
        system = Watched(folder, collector, pushes, cert[0])
        try:
            yield system.start()  # type: ignore[misc]  # it returns itself
        finally:
            system.stop()


def value(figures: dict[str, Figures], process: str, metric: Metric, label: str = "") -> float:
    """What the process says: of a histogram, how many values it has taken."""
    name = f"{metric.full_name}_count" if metric.kind is Kind.HISTOGRAM else metric.full_name
    return figures[process].get((name, label), 0.0)


class Growth:
    """What grows in a system from now on; seen: the metrics that were looked at."""

    def __init__(self, system: Watched) -> None:
        self._system = system
        self.before = system.figures()
        self.seen: set[Metric] = set()

    def of(self, process: str, metric: Metric, *labels: str) -> None:
        """Waits until it has grown, under each of the labels."""
        self.seen.add(metric)
        for label in labels or ("",):
            was = value(self.before, process, metric, label)
            until(
                lambda: value(self._system.figures(), process, metric, label) > was,  # noqa: B023 - run within the loop
                f"{process}: {metric.name} {label}",
            )


async def test_each_metric_is_told_and_moves_when_the_thing_happens(watched: Watched) -> None:
    system, grows = watched, Growth(watched)
    for process in ("api", "work"):
        named = {re.sub(r"_(bucket|count|sum)$", "", name) for name, _ in grows.before[process]}
        assert {one.full_name for one in of_process(process)} <= named, process
    unit = await system.unit()
    _a_device_speaks(system, unit, grows)
    await _a_phone_looks(system, unit, grows)
    await _a_closed_page_is_told(system, grows)
    await _certify(system, unit)
    grows.of("api", c.ENROLMENTS, "enrolled", "refused")
    for metric in (c.REVOCATIONS, c.AUDIT_HEAD, c.COMMIT):
        grows.of("api", metric)
    grows.of("api", c.RESPONSES, "2xx", "4xx")
    grows.of("work", c.MAIL_DONE, "filed")
    system.travel(hours=2)  # the house is kept every hour
    grows.of("work", c.DUTIES, "done")
    grows.of("work", c.LATENESS)
    _the_broker_dies(system, grows)
    assert set(METRICS) - grows.seen == ELSEWHERE
    leaves_out_names(system, unit)


def _a_device_speaks(system: Watched, unit: Credential, grows: Growth) -> None:
    _speak(system, unit)
    grows.of("work", c.MESSAGES, "birth", "status", "telemetry", "event", "result", "presence")
    grows.of("work", c.REJECTED, "not_json", "wrong_type")
    grows.of("work", c.GAPS, "opened", "closed", "given_up")
    for metric in (c.STORED, c.DUPLICATES, c.BATCH, c.TRANSACTION, c.RECEIPT_LAG, c.DEVICE_LAG, c.COMMIT):
        grows.of("work", metric)
    figures = system.figures()["work"]
    lag_s = figures[f"{c.RECEIPT_LAG.full_name}_sum", ""] / figures[f"{c.RECEIPT_LAG.full_name}_count", ""]
    assert 0 < lag_s < 600, "since the message came, and not since the machine was started"
    grows.of("work", c.OUTBOX_DONE, "sent")


async def _a_phone_looks(system: Watched, unit: Credential, grows: Growth) -> None:
    async with system.phone() as phone:
        journey = await system.owned(phone, unit)
        await phone.menu(journey)
        async with open_menu(phone, journey) as menu:
            grows.of("api", c.STREAMS)
            with RawDevice(system, unit, boot=9) as device:
                device.say(Up.STATUS, reported={"state": "stopped", "reasons": ["media-jam-error"]})
                await menu.hears(lambda event: "jam" in str(event.body), "the jam")
            grows.of("api", c.PUSH)
        for _ in range(2):
            await phone.menu(journey)
        grows.of("api", c.MENUS, "kept", "composed")
        grows.of("api", c.SHOWN, "written")
        await _confirm(system, phone)


async def _a_closed_page_is_told(system: Watched, grows: Growth) -> None:
    """Three answers of an expert: one that the push service takes at the second try, one that it will not have, and one
    for a browser that is gone by then.
    """
    system.pushes.answers += [(503, {}), (201, {}), (400, {}), (410, {})]
    async with system.phone() as phone, system.operator() as expert:
        journey = await system.owned(phone, await system.unit())
        await _subscribe(system, phone)
        case = (await phone.open_case(journey, "Which way round does the roll go?"))["id"]
        for number, outcomes in enumerate((("later", "sent"), ("refused",), ("gone",))):
            body, once = {"text": "With its label side up."}, {"Idempotency-Key": f"answer-{number}"}
            await expert.call("POST", f"/api/v1/cases/{case}/messages", body=body, headers=once)
            for outcome in outcomes:
                system.travel(minutes=1)  # a message waits a little, in case the page is open after all
                grows.of("work", c.PUSH_DONE, outcome)


async def _subscribe(system: Watched, phone: Phone) -> None:
    browser = Browser.new()
    keys = {"p256dh": browser.p256dh, "auth": browser.auth}
    wanted = {"endpoint": system.pushes.endpoint(), **keys, "time_zone": _where_it_is_noon(system.clock())}
    async with httpx.AsyncClient(base_url=system.url, headers={"Authorization": f"Bearer {phone.token}"}) as client:
        answer = await client.put("/menu/v1/push", json=wanted)
        assert answer.is_success, answer.text


def _where_it_is_noon(now: datetime) -> str:
    """A time zone whose phones are told at once, whenever the test runs. West is plus in these names."""
    return f"Etc/GMT{now.hour - 12:+d}"


def _the_broker_dies(system: Watched, grows: Growth) -> None:
    system.kill("broker")
    grows.of("work", c.CONNECTIONS, "ingest", "bus", "outbox")
    grows.of("api", c.CONNECTIONS, "bus")
    until(lambda: value(system.figures(), "work", c.CONNECTED, "ingest") == 1, "the worker at the broker again")
    grows.seen.add(c.CONNECTED)


def _speak(system: System, unit: Credential) -> None:
    """Each kind, once more what was stored, what cannot be taken, and numbers left out, filled and given up."""
    with RawDevice(system, unit) as device:
        device.say(Up.BIRTH, firmware="1.0", profile="printer")
        status = device.message(reported={"state": "idle", "reasons": ["none"]})
        device.raw(Up.STATUS, msgspec.json.encode(status))
        device.raw(Up.STATUS, msgspec.json.encode(status))
        device.say(Up.TELEMETRY, measurements=[{"name": "pages", "value": 1}])
        device.say(Up.EVENT, name="page_printed", data={})
        device.say(Up.RESULT, command_id="01jd9s0000000000000000000a", status="done")
        device.publish(
            up_topic(unit.id, Up.PRESENCE),
            msgspec.json.encode({"schema": 1, "boot": 1, "connection": 1, "status": "online"}),
        )
        device.raw(Up.STATUS, b"no JSON")
        device.raw(Up.STATUS, b'["a list"]')
        left_out = [device.message(measurements=[{"name": "pages", "value": 2}]) for _ in range(3)]
        device.say(Up.TELEMETRY, measurements=[{"name": "pages", "value": 3}])
        until_stored(system, unit, 9)
        device.raw(Up.TELEMETRY, msgspec.json.encode(left_out[0]))
        given_up = [[left_out[1]["seq"], left_out[2]["seq"]]]
        device.say(Up.EVENT, name="messages_given_up", data={"boot": 1, "ranges": given_up})


def until_stored(system: System, unit: Credential, seq: int) -> None:
    """So that what follows is in another batch."""
    question = "SELECT above FROM stream WHERE product_id = :unit AND boot = 1"
    until(lambda: str(seq) in str(system.rows(question, unit=unit.id)), "the gap")


async def _confirm(system: System, phone: Phone) -> None:
    async with httpx.AsyncClient(base_url=system.url, headers={"Authorization": f"Bearer {phone.token}"}) as client:
        answer = await client.post("/menu/v1/email", json={"address": "her-mailbox@example.com"})
        assert answer.is_success, answer.text


async def _certify(system: System, unit: Credential) -> None:
    headers = {"Authorization": f"Bearer {system.key}"}
    async with httpx.AsyncClient(base_url=system.url, headers=headers, timeout=30) as client:
        token = (await client.post(f"/api/v1/products/{unit.id}/enrolment")).json()["token"]
        csr = request_of(new_key())
        assert (await client.post("/enrol", json={"token": "tld_" + "x" * 40, "csr": csr})).status_code == 403
        assert (await client.post("/enrol", json={"token": token, "csr": csr})).status_code == 201
        assert (await client.post(f"/api/v1/products/{unit.id}/revoke")).status_code == 204


def leaves_out_names(system: Watched, unit: Credential) -> None:
    """No figure names anybody."""
    told = "".join(
        httpx.get(url).text for url in (f"{system.url}/metrics", f"http://127.0.0.1:{system.metrics_port}/metrics")
    )
    assert [name for name in (unit.id, unit.serial, "her-mailbox", "127.0.0.1") if name in told] == []


async def test_one_trace_leads_from_the_message_to_the_phone(watched: Watched, collector: Collector) -> None:
    system, unit = watched, await watched.unit()
    async with system.phone() as phone:
        journey = await system.owned(phone, unit)
        async with open_menu(phone, journey) as menu:
            collector.spans.clear()
            with RawDevice(system, unit) as device:
                device.say(Up.STATUS, reported={"state": "stopped", "reasons": ["media-jam-error"]})
                await menu.hears(lambda event: "jam" in str(event.body), "the jam")

                async def whole() -> list[Collected]:
                    return _way(collector)

                received, said, pushed, stored = await until_async(whole, "a trace of all three, and the batch")
    assert (received.service, said.service, pushed.service) == (
        "throughline-work",
        "throughline-work",
        "throughline-api",
    )
    assert stored.id in received.links
    assert stored.trace != received.trace
    assert [name for name in (unit.id, unit.serial, journey) if name.encode() in collector.raw] == []


def _way(collector: Collector) -> list[Collected]:
    """A push, the word before it and the message before that, all of one trace, and the batch that stored the message.

    Nothing while one of them has not come: each process sends its spans when it will, and those of a batch one by one.
    """
    known = {one.id: one for one in list(collector.spans)}
    for pushed in collector.named("push menu"):
        said = known.get(pushed.parent)
        received = known.get(said.parent) if said else None
        if said and received and {said.trace, received.trace} == {pushed.trace} and received.name == "receive status":
            stored = [one for one in collector.named("store batch") if received.id in one.links]
            return [received, said, pushed, *stored] if stored else []
    return []


def test_the_doctor_finds_a_running_embedded_broker_well(watched: Watched) -> None:
    settings = load_settings(data_dir=watched.data, mqtt_port=watched.mqtt_port, mqtt_tls_port=watched.tls_port)
    found = {one.check.code: one.state for one in of_broker(settings)}
    assert found == {"broker-answers": State.OK, "broker-room": State.OK}
