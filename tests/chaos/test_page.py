"""The page about durability says what the raw figures say, and these are of everything that is tried."""

import pytest

from tests.chaos.page import PAGE, page, read
from tests.chaos.scenarios import SCENARIOS, Scenario
from tests.chaos.stands import Kind

EVERY = [(one, kind) for one in SCENARIOS for kind in one.stands]


def test_the_page_is_made_of_the_figures() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "out of step: run `python -m tests.chaos table`"


@pytest.mark.parametrize(("scenario", "kind"), EVERY, ids=lambda one: getattr(one, "name", one))
def test_the_last_long_run_of_each_trial_found_nothing_lost_nothing_twice_every_twin_and_every_chart_right(
    scenario: Scenario, kind: Kind
) -> None:
    found = read(scenario.name, kind)
    assert found is not None, f"run `python -m tests.chaos run --only {scenario.name} --on {kind}`"
    assert found["problems"] == []
    assert [found[name] for name in ("lost", "lied", "doubled", "invented", "twins_wrong", "series_wrong")] == [0] * 6
    assert found["series"] > 0
    assert (found["lost_unheard"] == 0) == scenario.promised
    assert found["acknowledged"] == found["said"] > 5_000
