import csv
import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.commerce.carriers import (
    STATUSES,
    BadBody,
    OrderUpdate,
    ParcelUpdate,
    Unwanted,
    neutral_status,
    read_easypost,
    read_order,
)
from cloud.record.events import OrderStatus, ParcelStatus

DATA = Path(__file__).parents[3] / "data"
EVENT: dict[str, Any] = json.loads(json.loads((DATA / "webhook_signature_vectors.json").read_text("utf-8"))[0]["body"])
ORDER: dict[str, Any] = {
    "type": "order.changed",
    "data": {
        "order_id": "A-1001",
        "version": 3,
        "status": "placed",
        "gtin": "9506000134352",
        "serial": "S1",
        "journey": "01jbzzzzzzzzzzzzzzzzzzzzzz",
        "tracking_code": "EZ2000000002",
        "carrier": "FedEx",
        "placed_at": "2026-11-01T10:00:00+02:00",
        "customer": {"name": "A. Person", "email": "a@example.com"},
    },
}
REMOVED = object()


def changed(original: dict[str, Any], pointer: str, value: object) -> bytes:
    """`original` as JSON with the value at `pointer` replaced, or taken out."""
    document = deepcopy(original)
    *parents, last = pointer.removeprefix("/").split("/")
    place: Any = document
    for part in parents:
        place = place[int(part) if isinstance(place, list) else part]
    key = int(last) if isinstance(place, list) else last
    if value is REMOVED:
        del place[key]
    else:
        place[key] = value
    return json.dumps(document).encode()


def parcel(body: bytes) -> ParcelUpdate:
    update = read_easypost(body)
    assert isinstance(update, ParcelUpdate), update
    return update


def pointers(found: object) -> list[tuple[str, str]]:
    assert isinstance(found, BadBody)
    return [(problem.pointer, problem.code) for problem in found.problems]


def test_easyposts_own_example_becomes_an_update_at_the_time_of_its_newest_scan() -> None:
    assert parcel(json.dumps(EVENT).encode()) == ParcelUpdate(
        tracking_code="1",
        carrier="FedEx",
        status=ParcelStatus.IN_TRANSIT,
        status_at=datetime(2024, 8, 2, 18, 50, tzinfo=UTC),
        promised_at=datetime(2024, 8, 5, tzinfo=UTC),
        detail="Arrived at FedEx location",
        event_id="evt_1",
        place="EDISON, NJ, US",
        tracking_url="https://track.easypost.com/1",
    )


def test_the_newest_scan_is_found_wherever_it_stands_in_the_list() -> None:
    details = list(reversed(EVENT["result"]["tracking_details"]))
    assert parcel(changed(EVENT, "/result/tracking_details", details)).status_at == datetime(
        2024, 8, 2, 18, 50, tzinfo=UTC
    )


def test_without_scans_the_time_is_when_the_tracker_was_updated() -> None:
    update = parcel(changed(EVENT, "/result/tracking_details", []))
    assert (update.status_at, update.detail) == (datetime(2024, 8, 2, 19, 26, 51, tzinfo=UTC), "")


def test_a_status_added_since_is_unknown_and_the_update_is_kept() -> None:
    assert parcel(changed(EVENT, "/result/status", "teleported")).status is ParcelStatus.UNKNOWN


def test_a_promise_that_is_not_there_is_none() -> None:
    assert parcel(changed(EVENT, "/result/est_delivery_date", None)).promised_at is None


def test_an_event_about_something_else_is_unwanted_and_no_error() -> None:
    body = b'{"id":"evt_2","description":"batch.created","result":{"object":"Batch"}}'
    assert read_easypost(body) == Unwanted("batch.created")


@pytest.mark.parametrize(
    ("pointer", "value", "code"),
    [
        ("/id", REMOVED, "missing"),
        ("/id", "", "wrong_form"),
        ("/description", REMOVED, "missing"),
        ("/result", [], "wrong_form"),
        ("/result/tracking_code", REMOVED, "missing"),
        ("/result/tracking_code", "x" * 65, "wrong_form"),
        ("/result/tracking_code", 1, "wrong_form"),
        ("/result/est_delivery_date", "tomorrow", "wrong_form"),
        ("/result/tracking_details/2/datetime", "2024-08-02T18:50:00", "wrong_form"),
        ("/result/tracking_details/2/datetime", REMOVED, "missing"),
    ],
)
def test_a_bad_carrier_body_names_the_field(pointer: str, value: object, code: str) -> None:
    assert pointers(read_easypost(changed(EVENT, pointer, value))) == [(pointer, code)]


def test_a_tracker_without_any_time_says_so() -> None:
    event = deepcopy(EVENT)
    event["result"] |= {"tracking_details": [], "updated_at": None}
    assert pointers(read_easypost(json.dumps(event).encode())) == [("/result/updated_at", "missing")]


def test_the_table_of_statuses_is_the_one_agreed_on() -> None:
    with (DATA / "carrier_status_map.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if row[0] in STATUSES]
    assert len(rows) == 25
    assert {(provider, word, ours) for provider, word, ours, _ in rows} == {
        (provider, word, ours.value) for provider, words in STATUSES.items() for word, ours in words.items()
    }


def test_an_unknown_provider_has_unknown_statuses() -> None:
    assert neutral_status("pigeon", "delivered") is ParcelStatus.UNKNOWN


def test_a_shops_order_becomes_an_update() -> None:
    assert read_order(json.dumps(ORDER).encode()) == OrderUpdate(
        order_id="A-1001",
        version=3,
        status=OrderStatus.PLACED,
        gtin="09506000134352",  # type: ignore[arg-type]  # a literal stands for the checked value
        serial="S1",  # type: ignore[arg-type]  # a literal stands for the checked value
        journey="01jbzzzzzzzzzzzzzzzzzzzzzz",
        tracking_code="EZ2000000002",
        carrier="FedEx",
        placed_at=datetime(2026, 11, 1, 8, 0, tzinfo=UTC),
        customer={"name": "A. Person", "email": "a@example.com"},
    )


def test_an_order_needs_no_more_than_id_version_status_gtin_and_time() -> None:
    data = {key: ORDER["data"][key] for key in ("order_id", "version", "status", "gtin", "placed_at")}
    update = read_order(json.dumps({**ORDER, "data": data}).encode())
    assert isinstance(update, OrderUpdate)
    assert (update.serial, update.journey, update.tracking_code, update.carrier, update.customer) == (None,) * 5


@pytest.mark.parametrize(
    ("pointer", "value", "code"),
    [
        ("/type", "order.created", "wrong_form"),
        ("/data", REMOVED, "missing"),
        ("/data/order_id", "with space", "wrong_form"),
        ("/data/version", 0, "wrong_form"),
        ("/data/version", "3", "wrong_form"),
        ("/data/status", "lost", "wrong_form"),
        ("/data/gtin", "9506000134353", "gtin_check_digit"),
        ("/data/serial", "A B", "serial_characters"),
        ("/data/journey", "../x", "wrong_form"),
        ("/data/placed_at", REMOVED, "missing"),
        ("/data/placed_at", "2026-11-01T10:00:00", "wrong_form"),
        ("/data/customer", [], "wrong_form"),
        ("/data/customer", {"note": "x" * 9000}, "too_long"),
    ],
)
def test_a_bad_order_names_the_field(pointer: str, value: object, code: str) -> None:
    assert pointers(read_order(changed(ORDER, pointer, value))) == [(pointer, code)]


def test_several_wrong_fields_are_all_named() -> None:
    body = changed({**ORDER, "data": {**ORDER["data"], "serial": "A B", "journey": "x"}}, "/data/gtin", "1")
    assert [pointer for pointer, _ in pointers(read_order(body))] == ["/data/gtin", "/data/serial", "/data/journey"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"type":"order.changed"'])
def test_a_body_that_is_no_json_is_a_problem_of_the_whole(body: bytes) -> None:
    assert pointers(read_easypost(body)) == [("", "not_json")]
    assert pointers(read_order(body)) == [("", "not_json")]


@pytest.mark.parametrize(
    "opening", [b"[", b'{"type":', b'{"type":"order.changed","data":{"order_id":"1","customer":{"a":']
)
def test_a_body_nested_very_deeply_is_a_problem_and_no_error(opening: bytes) -> None:
    assert isinstance(read_order(opening + b"[" * 100_000), BadBody)


@given(
    st.binary(max_size=80) | st.recursive(st.none() | st.text(), st.lists).map(lambda value: json.dumps(value).encode())
)
def test_any_body_is_an_answer_and_never_an_error(body: bytes) -> None:
    assert isinstance(read_easypost(body), BadBody | Unwanted)
    assert isinstance(read_order(body), BadBody)
