"""What is held against which goal, and who speaks."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.bench import fleet, http_load, idle, ingest, latency, memory, menu_http, menu_live, node_red, stand
from cloud.bench.storing import Run

NOTHING = http_load.Orders(host="", port=0, head="", status=0)


def of(here: str, reference: str) -> object:
    return ingest.goal_beside(reference, on_mosquitto=here == stand.ONE_SERVER)


def test_ingest_is_held_against_the_goals_of_the_design() -> None:
    assert str(ingest.DURABLE) == "value ≥ 15,000"
    assert str(of(stand.ONE_SERVER, ingest.C_SUBSCRIBER)) == "ratio ≥ 0.4"
    assert str(of(stand.ONE_SERVER, ingest.NODE_RED)) == "ratio ≥ 1.3"
    assert str(of(stand.ONE_SERVER, ingest.TUTORIAL)) == "ratio ≥ 50"
    assert str(of(stand.EMBEDDED, ingest.STOCK)) == "ratio ≥ 0.8"
    assert of(stand.EMBEDDED, ingest.OUR_BROKER) is None
    assert of(stand.ONE_SERVER, ingest.BARE) is None
    assert of(stand.EMBEDDED, ingest.TUTORIAL) is None


def test_the_others_are_held_against_theirs() -> None:
    assert str(fleet.FLAT) == "ratio ≥ 0.9"
    assert str(idle.UNDER) == "value ≤ 2"
    assert str(memory.NO_RISE) == "value ≤ 5"
    assert {at: str(goal) for at, goal in latency.ONE_SERVER.goals.items()} == {
        50: "value ≤ 15",
        99: "value ≤ 60",
    }
    assert latency.ONE_SERVER.rate == 1000
    assert {at: str(goal) for at, goal in latency.EMBEDDED.goals.items()} == {99: "value ≤ 100"}
    assert latency.EMBEDDED.rate == 100


def test_menus_are_held_against_theirs_beside_the_bare_route() -> None:
    def run(rate: float, slowest_ms: float) -> menu_http.Run:
        return menu_http.Run(rate, [*[1.0] * 98, slowest_ms, slowest_ms], {"server": 1.0})

    asks = [
        menu_http.Ask("warm", NOTHING, menu_http.WARM, menu_http.SLOWEST),
        menu_http.Ask("same", NOTHING, menu_http.SAME),
        menu_http.Ask(menu_http.REFERENCE, NOTHING),
    ]
    rows = menu_http.rows_of(dict(zip(asks, ([run(60, 5)], [run(60, 5)], [run(100, 2)]), strict=True)))
    assert [(one.what, one.ratio, one.goal, one.met) for one in rows if one.goal] == [
        ("warm", 0.6, "ratio ≥ 0.5", True),
        ("warm, p99", 2.5, "ratio ≤ 2", False),
        ("same", 0.6, "ratio ≥ 0.7", False),
    ]
    assert rows[-1].reference == ""
    assert str(menu_live.LAST) == "value ≤ 250"
    assert str(menu_live.EACH) == "value ≤ 15"


def test_the_turns_of_a_run_are_taken_together() -> None:
    def turn(rate: float) -> menu_http.Turn:
        answered = http_load.Answered(rate=rate, answers=1, latencies_ms=[rate], client_share=0.1)
        return menu_http.Turn(answered, {"server": rate})

    first, second = menu_http.runs_of([turn(float(number)) for number in range(2 * menu_http.TURNS)])
    assert (first.rate, second.rate) == (1.5, 5.5)
    assert first.times_ms == [0.0, 1.0, 2.0, 3.0]
    assert second.parts == {"server": 5.5}


def test_several_workers_are_held_against_the_same_goals_as_one() -> None:
    ours = [Run(20_000.0, {"work": 40.0, "work-2": 40.0})]
    rows = ingest.rows_of("x, 2 workers", ours, {ingest.C_SUBSCRIBER: [Run(60_000.0, {})]}, on_mosquitto=True)
    assert [(one.what, one.goal, one.met) for one in rows] == [
        ("x, 2 workers: durable", "value ≥ 15,000", True),
        ("x, 2 workers: durable", "ratio ≥ 0.4", False),
    ]


@given(some=st.integers(1, 20), others=st.integers(1, 20))
def test_who_is_drawn_is_drawn_once_and_the_same_each_time(some: int, others: int) -> None:
    every = [f"{one:026}" for one in range(50)]
    few, rest = fleet.drawn(every, some, others)
    assert (len(few), len(rest)) == (some, others)
    assert len({*few, *rest}) == some + others
    assert fleet.drawn(every, some, others) == (few, rest)


def test_nothing_is_idle_but_the_sum_of_its_parts() -> None:
    shares = [{"mosquitto": 3.0, "work": 0.5, "postgres": 0.25}, {"mosquitto": 1.0, "work": 0.5, "postgres": 0.75}]
    told = {one.what: (one.runs, one.met) for one in idle.rows_of(shares)}
    assert told["all but the broker"] == ((0.75, 1.25), True)
    assert told["all"] == ((3.75, 2.25), False)
    assert told["mosquitto"] == ((3.0, 1.0), None)


@pytest.mark.parametrize(("span_s", "every"), [(3.0, 0.15), (60.0, 0.5), (900.0, 0.5), (3600.0, 1.8)])
def test_a_long_run_is_not_sampled_without_bound(span_s: float, every: float) -> None:
    assert memory.sample_every(span_s) == pytest.approx(every)
    assert span_s / memory.sample_every(span_s) <= memory.SAMPLES_AT_MOST


def test_node_red_that_is_not_installed_is_named_with_its_command(tmp_path: Path) -> None:
    why = node_red.missing(tmp_path)
    assert why.startswith("Node-RED was not measured")
    if "not here" not in why:
        assert node_red.INSTALL in why
