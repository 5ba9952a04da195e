"""The page of hostile tests says what the raw figures say, and names what is there."""

from tests.hostile.figures import PAGE, read
from tests.hostile.page import page
from tests.hostile.suites import SUITES, count
from tests.house.files import ROOT


def test_the_page_is_made_of_the_figures() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "out of step: run `python -m tests.hostile table`"


def test_every_suite_that_the_page_names_is_there() -> None:
    assert [name for suite in SUITES for name in suite.files if not (ROOT / "tests" / name).is_file()] == []


def test_tests_are_counted_as_pytest_does() -> None:
    own = SUITES[-1]
    assert count(own) >= 5


def test_the_long_runs_found_nothing_that_is_still_there() -> None:
    for name in ("walk-sqlite", "walk-sqlite-signed", "walk-postgres-admin-operator-phone-signed"):
        found = read(name)
        assert found is not None
        assert (found["server_errors"], found["failures"], found["overstepped"]) == (0, [], [])
        assert found["requests"] > 200
    fuzzed = read("fuzz")
    assert fuzzed is not None
    assert [target for target, one in fuzzed["targets"].items() if one["finding"]] == []
