"""Runs of many trials: each deployment is started once, and the trials on it follow each other."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.chaos.scenarios import SCENARIOS, Scenario, shares
from tests.chaos.stands import Kind, Stand, standing
from tests.chaos.trial import Outcome, Trial

TEST_RUN: Final = 100_000


class Order(NamedTuple):
    """A trial to be made. pause_s: how long what is taken away stays away."""

    scenario: Scenario
    kind: Kind
    messages: int
    pause_s: float


def orders(messages: int, names: Iterable[str] = ()) -> dict[Kind, list[Order]]:
    """All trials of a run, or those of these names, by deployment; each has its share of the messages."""
    wanted, own, is_long = set(names), shares(messages), messages > TEST_RUN
    found: dict[Kind, list[Order]] = {}
    for one in SCENARIOS:
        for kind in one.stands:
            if not wanted or one.name in wanted:
                found.setdefault(kind, []).append(Order(one, kind, own[one.name, kind], one.pauses[is_long]))
    return found


def tried(
    kind: Kind, some: list[Order], folder: Path, noted: Callable[[Order, int], None] = lambda _order, _said: None
) -> Iterator[tuple[Order, Outcome]]:
    """Makes these trials on one deployment, in their order. noted: told how many messages of a trial are said."""
    with standing(kind, folder, sum(order.messages for order in some)) as stand:
        for order in some:
            yield order, _tried(stand, order, lambda said, order=order: noted(order, said))  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable


def _tried(stand: Stand, order: Order, noted: Callable[[int], None]) -> Outcome:
    scenario = order.scenario
    trial = Trial(stand, scenario.name, order.messages, pause_s=order.pause_s, promised=scenario.promised, noted=noted)
    began = time.monotonic()
    outcome = trial.outcome
    steps: tuple[Callable[[], None], ...] = (lambda: scenario.do(trial), lambda: trial.close(time.monotonic() - began))
    for step in steps:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this trial's: the books are compared, others follow
            outcome.problems.append(f"{type(error).__name__}: {error}")
    if scenario.promised and outcome.lost_unheard:
        outcome.problems.append(f"lost, of devices that do not follow the watermark: {outcome.lost_unheard}")
    return outcome
