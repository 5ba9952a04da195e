"""The page of hostile tests says what the raw figures say, and names what is there."""

import re

from tests.hostile.figures import PAGE, commit, read
from tests.hostile.page import calls_now, page
from tests.hostile.suites import SUITES, read_report
from tests.house.files import ROOT


def test_the_page_is_made_of_the_figures() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "out of step: run `python -m tests.hostile table`"


def test_the_page_says_how_many_of_todays_calls_the_long_runs_asked() -> None:
    for name in ("walk-sqlite", "walk-postgres-admin-operator-phone-signed"):
        found = read(name)
        assert found is not None
        assert f"requests to {found['calls']} of the {calls_now()} calls" in PAGE.read_text(encoding="utf-8")
        assert found["calls"] <= calls_now()


def test_figures_name_the_commit_that_was_tried() -> None:
    assert re.fullmatch(r"([0-9a-f]{40}\+?)?", commit())


def test_every_suite_that_the_page_names_is_there() -> None:
    assert [name for suite in SUITES for name in suite.files if not (ROOT / "tests" / name).is_file()] == []


def test_a_run_of_tests_is_told_as_it_went() -> None:
    text = '<testsuites><testsuite tests="9" failures="1" errors="2" skipped="3"/></testsuites>'
    assert read_report(text) == {"passed": 3, "failed": 3, "skipped": 3}
    assert read_report('<testsuites><testsuite tests="0"/></testsuites>') == {}


def test_every_suite_ran_and_none_of_its_tests_failed() -> None:
    ran = (read("suites") or {})["ran"]
    assert ran.keys() == {suite.what for suite in SUITES}
    assert [what for what, one in ran.items() if one["failed"] or one["skipped"] or not one["passed"]] == []


def test_the_long_runs_found_nothing_that_is_still_there() -> None:
    for name in ("walk-sqlite", "walk-postgres-admin-operator-phone-signed"):
        found = read(name)
        assert found is not None
        assert (found["server_errors"], found["failures"], found["overstepped"]) == (0, [], [])
        assert found["requests"] > 200
    fuzzed = read("fuzz")
    assert fuzzed is not None
    assert [target for target, one in fuzzed["targets"].items() if one["finding"]] == []
