"""What the shop and the carrier send verifies for those who know the secret, and for nobody else."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from broker.contract.messages import Json
from device_sim.carrier import USUAL_WAY, Carrier, Parcel, moved, signature, tracker_event
from device_sim.shop import Customer, Order, Shop, order_body, signed_headers

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "webhook_signature_vectors.json").read_text())
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
GTIN = "09506000134352"


def vectors(scheme: str) -> list[dict[str, Json]]:
    return [vector for vector in VECTORS if vector["scheme"] == scheme]


def test_the_carrier_signs_as_easypost_does() -> None:
    (vector,) = vectors("easypost")
    assert signature(vector["secret"], vector["body"].encode()) == vector["signature"]


def test_the_shop_signs_as_standard_webhooks_says_in_whatever_zone_its_clock_is() -> None:
    for vector in vectors("standard-webhooks-v1"):
        for zone in (UTC, timezone(timedelta(hours=9))):
            at = datetime.fromtimestamp(vector["webhook-timestamp"], tz=zone)
            headers = signed_headers(vector["secret"], vector["webhook-id"], at, vector["body"].encode())
            assert (headers["webhook-signature"] == vector["signature"]) is vector["valid"]
            assert headers["webhook-timestamp"] == str(vector["webhook-timestamp"])


def test_the_carrier_s_event_has_the_form_of_easypost_s_own() -> None:
    (vector,) = vectors("easypost")
    theirs = json.loads(vector["body"])
    parcel = moved(moved(Parcel(tracking_code="1", promised_at=NOW), "pre_transit", NOW), "in_transit", NOW)
    ours = tracker_event(parcel, "evt_1", NOW)
    assert ours.keys() <= theirs.keys()
    assert ours["result"].keys() <= theirs["result"].keys()
    detail = ours["result"]["tracking_details"][0]
    assert detail.keys() <= theirs["result"]["tracking_details"][0].keys()
    assert ours["description"] == theirs["description"]
    assert ours["previous_attributes"] == {"status": "pre_transit"}


async def test_a_parcel_goes_the_usual_way_with_ever_later_times() -> None:
    bodies: list[dict[str, Json]] = []

    def hook(request: httpx.Request) -> httpx.Response:
        assert request.headers["x-hmac-signature"] == signature("s", request.content)
        bodies.append(json.loads(request.content)["result"])
        return httpx.Response(200)

    async with Carrier("http://cloud", "s", clock=lambda: NOW, transport=httpx.MockTransport(hook)) as carrier:
        parcel = await carrier.accept("EZ1")
        await carrier.deliver(parcel)
    assert [body["status"] for body in bodies] == list(USUAL_WAY)
    times = [body["updated_at"] for body in bodies]
    assert times == sorted(set(times))


async def test_bad_news_can_come_late_twice_and_in_the_wrong_order() -> None:
    seen: list[str] = []

    def hook(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content)["id"])
        return httpx.Response(200)

    async with Carrier("http://cloud", "s", clock=lambda: NOW, transport=httpx.MockTransport(hook)) as carrier:
        first = moved(Parcel(tracking_code="EZ1"), "pre_transit", NOW)
        news = [carrier.news(first), carrier.news(moved(first, "failure", NOW))]
        await carrier.send_badly(news)
    ids = [json.loads(body)["id"] for body in news]
    assert seen == [ids[1], ids[0], ids[0], ids[1]]


async def test_an_order_changes_by_versions_that_verify() -> None:
    data: list[dict[str, Json]] = []

    def hook(request: httpx.Request) -> httpx.Response:
        body = Webhook(SECRET).verify(request.content, dict(request.headers))
        assert body["type"] == "order.changed"
        data.append(body["data"])
        return httpx.Response(202)

    async with Shop("http://cloud", SECRET, transport=httpx.MockTransport(hook)) as shop:
        order = await shop.sell(GTIN, journey="j1", customer=Customer(name="Ada", email="ada@example.org"))
        await shop.change(order, "fulfilled", serial="A1", tracking_code="EZ1", carrier="easypost")
    assert [(one["version"], one["status"]) for one in data] == [(1, "placed"), (2, "fulfilled")]
    assert data[0]["customer"] == {"name": "Ada", "email": "ada@example.org"}
    assert "serial" not in data[0]
    assert data[1]["serial"] == "A1"


def test_a_changed_body_does_not_verify() -> None:
    body = order_body(Order(order_id="o1", gtin=GTIN, placed_at=NOW))
    headers = signed_headers(SECRET, "msg_1", datetime.now(UTC), body)
    Webhook(SECRET).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"placed", b"cancelled"), headers)
