"""What a carrier tells of places and of its own page about a parcel."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.commerce.carriers import MAX_PLACE, ParcelUpdate, is_safe_link, read_easypost, with_safe_link
from cloud.lifecycle.facts import Facts, Parcel, Scan
from cloud.lifecycle.parcels import tracking_url
from cloud.record.events import ParcelStatus

HOSTS = ("track.easypost.com", "Track.Example")


def told(location: Any = None, **tracker: Any) -> ParcelUpdate:
    scan = {"datetime": "2026-11-20T09:00:00Z", "message": "Arrived", "tracking_location": location}
    result = {"tracking_code": "T-1", "status": "in_transit", "tracking_details": [scan], **tracker}
    update = read_easypost(json.dumps({"id": "e1", "description": "tracker.updated", "result": result}).encode())
    assert isinstance(update, ParcelUpdate), update
    return update


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ({"city": "OAKLAND", "state": "CA", "country": "US", "zip": "94612"}, "OAKLAND, CA, US"),
        ({"city": "Lyon", "state": None, "country": "FR"}, "Lyon, FR"),
        ({"city": " ", "state": "", "country": None}, ""),
        ({}, ""),
        (None, ""),
        ({"city": "x" * 500}, "x" * MAX_PLACE),
    ],
)
def test_the_place_of_a_scan_is_said_as_far_as_it_is_known_and_never_its_zip_code(location: Any, place: str) -> None:
    assert told(location).place == place


def test_the_carriers_page_comes_along_with_the_update() -> None:
    link = "https://track.easypost.com/djE6dHJrXzE"
    assert with_safe_link(told(public_url=link), HOSTS).tracking_url == link
    assert told().tracking_url == ""


@pytest.mark.parametrize(
    "link",
    [
        "",
        "http://track.easypost.com/x",
        "javascript:alert(1)",
        "https://evil.example/x",
        "https://track.easypost.com.evil.example/x",
        "https://evil.example\\@track.easypost.com/",
        "https://track.easypost.com\\.evil.example/",
        "https://me:secret@track.easypost.com/x",
        "https://track.easypost.com@evil.example/",
        "https://track.easypost.com:8443/x",
        "https://track.easypost.com:x/",
        "https://[track.easypost.com/",
        "https://track.easypost.com/a b",
        "https://track.easypost.com/a\nb",
        "https://track.easyp\u043est.com/x",
        "https://track.easypost.com/" + "x" * 500,
        "//track.easypost.com/x",
    ],
)
def test_a_link_to_anywhere_else_is_left_out_and_the_update_counts_all_the_same(link: str) -> None:
    update = told(public_url=link)
    kept = with_safe_link(update, HOSTS)
    assert kept == update._replace(tracking_url="")
    assert kept.status is ParcelStatus.IN_TRANSIT


def test_hosts_are_compared_as_names_are_whatever_their_case() -> None:
    assert is_safe_link("https://TRACK.easypost.com/x", HOSTS)
    assert is_safe_link("https://track.example/x", HOSTS)
    assert is_safe_link("https://track.example:443/x", HOSTS)


@given(st.text(max_size=60))
def test_no_text_at_all_makes_the_check_fail_or_lead_elsewhere(text: str) -> None:
    for link in (text, "https://" + text, f"https://track.example{text}"):
        if is_safe_link(link, HOSTS):
            host = link.lower().removeprefix("https://")
            for end in "/?#:":
                host = host.split(end)[0]
            assert link.lower().startswith("https://")
            assert host in {"track.example", "track.easypost.com"}


def test_the_newest_scan_that_names_a_page_decides_whatever_comes_after_it_without_one() -> None:
    def scan(day: int, link: str) -> Scan:
        return Scan(at=datetime(2026, 11, day, tzinfo=UTC), event_id=f"e{day}", tracking_url=link)

    scans = {
        ParcelStatus.LABEL_CREATED: scan(1, "https://track.example/old"),
        ParcelStatus.IN_TRANSIT: scan(2, "https://track.example/new"),
        ParcelStatus.OUT_FOR_DELIVERY: scan(3, ""),
    }
    facts = Facts(parcels={"T-1": Parcel(scans=scans)})
    assert tracking_url(facts, "T-1") == "https://track.example/new"
    assert tracking_url(facts, "T-2") == ""
