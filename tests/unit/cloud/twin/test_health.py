"""The words of IPP, and what they mean to the owner of the printer."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.contract.messages import Json
from cloud.registry.profiles import Severity, load_profile
from cloud.twin.health import Health, Problem, firmware_state, health, split_reason
from mobile_menu.rules.situation import Level, SupplyLevel

PRINTER = load_profile("printer")
REGISTRY = Path(__file__).parents[3] / "data" / "ipp_printer_state_reasons.csv"
with REGISTRY.open(encoding="utf-8") as _file:
    ROWS = list(csv.DictReader(_file))
KEYWORDS = [row["keyword"] for row in ROWS]


def test_the_profile_knows_every_registered_keyword_that_ends_in_a_severity_word() -> None:
    trapped = {row["keyword"] for row in ROWS if row["ends_with_severity_word"] == "1"}
    assert len(KEYWORDS) == 885
    assert len(trapped) == 24
    assert PRINTER.reasons.whole == trapped


def test_every_word_that_the_profile_names_is_registered() -> None:
    words = PRINTER.reasons
    named = {*words.bare, *words.at_least, *words.gravity, *words.nothing}
    named |= PRINTER.firmware.available | PRINTER.firmware.installing | PRINTER.firmware.failed
    for step in PRINTER.steps:
        for sign in step.witnessed_by:
            if sign.status is not None:
                named.update(sign.status.reasons_without or ())
    assert named <= set(KEYWORDS)


@pytest.mark.parametrize("severity", Severity)
def test_every_registered_keyword_comes_back_whole_with_each_suffix(severity: Severity) -> None:
    for keyword in KEYWORDS:
        assert split_reason(f"{keyword}-{severity.value}", PRINTER) == (keyword, severity)


def test_every_registered_keyword_comes_back_whole_without_a_suffix() -> None:
    for keyword in KEYWORDS:
        assert split_reason(keyword, PRINTER)[0] == keyword


@pytest.mark.parametrize(
    ("keyword", "severity"),
    [
        ("media-jam", Severity.ERROR),
        ("input-media-tray-feed-error", Severity.ERROR),
        ("com.example-made-up", Severity.ERROR),
        ("toner-low", Severity.WARNING),
        ("marker-waste-almost-full", Severity.WARNING),
        ("opc-near-eol", Severity.WARNING),
        ("stapler-warming-up", Severity.REPORT),
        ("paused", Severity.REPORT),
        ("moving-to-paused", Severity.REPORT),
    ],
)
def test_a_bare_keyword_is_an_error_unless_the_profile_knows_better(keyword: str, severity: Severity) -> None:
    assert split_reason(keyword, PRINTER) == (keyword, severity)


@pytest.mark.parametrize(
    ("state", "reasons", "level"),
    [
        ("idle", [], Level.OK),
        ("idle", ["none"], Level.OK),
        ("processing", [], Level.BUSY),
        ("processing", ["toner-low-warning"], Level.ATTENTION),
        ("idle", ["toner-low-report"], Level.ATTENTION),
        ("idle", ["connecting-to-device-report"], Level.OK),
        ("stopped", ["paused"], Level.ATTENTION),
        ("stopped", [], Level.ATTENTION),
        ("stopped", ["media-jam-error", "toner-low-warning"], Level.ERROR),
        ("stopped", ["media-jam"], Level.ERROR),
        ("idle", ["media-path-input-feed-error"], Level.ERROR),
        ("idle", ["media-path-input-feed-error-report"], Level.OK),
        ("a word of tomorrow", [], Level.OK),
    ],
)
def test_the_level_follows_state_and_gravest_reason(state: str, reasons: list[str], level: Level) -> None:
    assert health({"state": state, "reasons": reasons}, online=True, profile=PRINTER).level is level


def test_reasons_come_stripped_once_each_and_the_gravest_first() -> None:
    reported: dict[str, Json] = {
        "reasons": [
            "toner-low-warning",
            "zeta-error",
            "cover-open-error",
            "cover-open-report",
            "none",
            "media-jam-error",
        ]
    }
    assert health(reported, online=True, profile=PRINTER).problems == (
        Problem("media-jam", Severity.ERROR),
        Problem("cover-open", Severity.ERROR),
        Problem("zeta", Severity.ERROR),
        Problem("toner-low", Severity.WARNING),
    )


def test_a_printer_that_was_never_heard_of_is_unknown() -> None:
    assert health({}, online=None, profile=PRINTER) == Health()


def test_an_offline_printer_keeps_what_it_last_said() -> None:
    last = health({"state": "stopped", "reasons": ["media-jam-error"]}, online=False, profile=PRINTER)
    assert (last.level, last.state, last.reasons, last.has_error) == (Level.OFFLINE, "stopped", ("media-jam",), True)


def test_supplies_are_passed_on_and_broken_ones_left_out() -> None:
    reported: dict[str, Json] = {
        "supplies": [{"name": "black", "level_percent": -3, "color": "black"}, {"name": "?"}, 7]
    }
    found = health(reported, online=True, profile=PRINTER).supplies
    assert found == (SupplyLevel(name="black", level_percent=-3, color="black"),)


_JSON: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["-error", "none", "paused-error"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(state=_JSON, reasons=_JSON, supplies=_JSON, online=st.none() | st.booleans())
def test_whatever_is_reported_there_is_an_answer(
    state: Json, reasons: Json, supplies: Json, online: bool | None
) -> None:
    found = health({"state": state, "reasons": reasons, "supplies": supplies}, online, PRINTER)
    assert (found.level is Level.UNKNOWN) == (online is None)
    assert (found.level is Level.OFFLINE) == (online is False)


@given(
    reasons=st.permutations(["media-jam-error", "toner-low", "cover-open-warning", "other-report", "media-jam-report"])
)
def test_the_order_in_which_reasons_are_told_does_not_matter(reasons: list[str]) -> None:
    assert health({"reasons": reasons}, online=True, profile=PRINTER).reasons == (
        "media-jam",
        "cover-open",
        "toner-low",
        "other",
    )


@pytest.mark.parametrize(
    ("reasons", "state", "level"),
    [
        ([], "current", Level.OK),
        (["none"], "current", Level.OK),
        (["toner-low-warning"], "current", Level.ATTENTION),
        (["new-firmware-available"], "available", Level.OK),
        (["new-firmware-available-report"], "available", Level.OK),
        (["new-firmware-download-success"], "available", Level.OK),
        (["new-firmware-available", "new-firmware-installation-in-progress"], "installing", Level.OK),
        (["new-firmware-installation-failure", "new-firmware-download-in-progress"], "installing", Level.ATTENTION),
        (["new-firmware-available", "new-firmware-installation-failure"], "failed", Level.ATTENTION),
        (["new-firmware-installation-success"], "current", Level.OK),
        (["new-firmware-available", "media-jam"], "available", Level.ERROR),
    ],
)
def test_what_a_printer_tells_of_its_next_firmware_is_no_fault(reasons: list[str], state: str, level: Level) -> None:
    found = health({"state": "idle", "reasons": reasons}, True, PRINTER)
    assert (firmware_state(found.reasons, PRINTER), found.level) == (state, level)


def test_every_registered_word_about_new_firmware_is_one_that_the_profile_knows() -> None:
    about = {one for one in KEYWORDS if one.startswith("new-firmware-")}
    words = PRINTER.firmware
    assert about - {"new-firmware-installation-success"} == words.available | words.installing | words.failed


def test_a_kind_of_product_that_tells_nothing_of_its_firmware_has_a_current_one() -> None:
    assert firmware_state(("new-firmware-available",), load_profile("coffee")) == "current"
