"""A hundred thousand messages, and everything done to the system meanwhile: nothing lost, nothing stored twice.

The long run is `python -m tests.chaos run`. The three deployments are tried side by side, since they mostly wait; each
test looks at what came of its own trial.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.runs import TEST_RUN, Order, orders, tried
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.stands import Kind
from tests.chaos.trial import Outcome

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
Trials = dict[tuple[str, Kind], "Future[Outcome]"]
MARKS: dict[Kind, Any] = {
    "embedded": (),
    "external": (pytest.mark.mosquitto, pytest.mark.postgres),
    "apart": (pytest.mark.mosquitto, pytest.mark.postgres),
}
EVERY = [
    pytest.param(one.name, kind, id=f"{one.name}-{kind}", marks=MARKS[kind]) for one in SCENARIOS for kind in one.stands
]


def _key_of(test: pytest.Function) -> tuple[str, Kind]:
    given: Any = test.callspec.params
    return given["name"], given["kind"]


@pytest.fixture(scope="module")
def trials(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    """Those that are asked for, under way."""
    here = [one for one in request.session.items if one.path == request.path and isinstance(one, pytest.Function)]
    wanted = {_key_of(one) for one in here}
    found: Trials = {key: Future() for key in wanted}
    with ThreadPoolExecutor(len({kind for _, kind in wanted})) as threads:
        for kind, some in orders(TEST_RUN).items():
            own = [one for one in some if (one.scenario.name, kind) in wanted]
            if own:
                threads.submit(_try_all, kind, own, tmp_path_factory.mktemp(f"chaos-{kind}"), found)
        yield found


def _try_all(kind: Kind, some: list[Order], folder: Path, found: Trials) -> None:
    try:
        for order, outcome in tried(kind, some, folder):
            found[order.scenario.name, kind].set_result(outcome)
    except BaseException as error:  # noqa: BLE001 - a service that is missing is a skip, and belongs to the tests
        for order in some:
            if not found[order.scenario.name, kind].done():
                found[order.scenario.name, kind].set_exception(error)


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_nothing_is_lost_nothing_is_stored_twice_and_twin_and_series_are_right(
    name: str, kind: Kind, trials: Trials
) -> None:
    outcome = trials[name, kind].result()
    assert outcome.problems == []
    assert (outcome.lost, outcome.lied, outcome.doubled, outcome.invented, outcome.twins_wrong) == (0, 0, 0, 0, 0)
    assert (outcome.series > 0, outcome.series_wrong) == (True, 0)
    assert outcome.acknowledged == outcome.said > 0
    if name == "broker":
        assert outcome.lost_unheard > 0, "or there was nothing to lose, and the watermark has shown nothing"
    else:
        assert outcome.lost_unheard == 0
