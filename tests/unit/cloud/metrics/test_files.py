"""The dashboard and the alerts: what they ask for is there, and in the way in which it can be asked for."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its types are not among our packages

from cloud.__main__ import main
from cloud.metrics.alerts import ALERTS, rules
from cloud.metrics.catalogue import METRICS, Kind, Metric
from cloud.metrics.dashboard import dashboard

BY_NAME = {one.full_name: one for one in METRICS}
OF_PROCESSES = {
    "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds", "up",
}  # fmt: skip
WORDS = {
    "sum", "by", "le", "rate", "increase", "resets", "max", "histogram_quantile", "and", "or", "client",
    "kind", "reason", "change", "outcome", "loop", "how", "status", "job",
}  # fmt: skip
"""What is no metric in our expressions: functions and labels."""


def expressions() -> Iterator[tuple[str, str]]:
    for panel in json.loads(dashboard())["panels"]:
        for target in panel.get("targets", ()):
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for alert in ALERTS:
        yield alert.name, alert.expression


EVERY = pytest.mark.parametrize(("name", "expression"), list(expressions()), ids=lambda text: text[:40])


def base(name: str) -> Metric | None:
    """The metric behind a series: a histogram has three kinds of them."""
    found = BY_NAME.get(name)
    if found is not None and found.kind is not Kind.HISTOGRAM:
        return found
    histogram = BY_NAME.get(re.sub(r"_(bucket|sum|count)$", "", name))
    return histogram if histogram is not None and name != histogram.full_name else None


@EVERY
def test_every_expression_asks_for_metrics_that_are_there(name: str, expression: str) -> None:
    bare = re.sub(r'"[^"]*"', "", re.sub(r"\[[^\]]*\]", "", expression))
    named = set(re.findall(r"[a-z_]{2,}", bare)) - WORDS - OF_PROCESSES
    assert {one for one in named if base(one) is None} == set(), name
    assert expression.count("(") == expression.count(")")
    assert expression.count("{") == expression.count("}")


@EVERY
def test_what_only_counts_up_is_asked_for_its_growth_and_nothing_else_is(name: str, expression: str) -> None:
    for found in re.finditer(
        r"(?P<function>\w+)?\(?(?P<series>throughline_\w+)(?P<label>\{[^}]*\})?(?P<span>\[)?", expression
    ):
        metric = base(found["series"])
        assert metric is not None
        grows = metric.kind is not Kind.GAUGE
        asked = found["span"] is not None and found["function"] in {"rate", "increase"}
        assert asked == grows or found["function"] == "resets", f"{name}: {found[0]}"


@EVERY
def test_labels_and_their_values_are_those_of_the_catalogue(name: str, expression: str) -> None:
    for series, label, value in re.findall(r'(throughline_\w+)\{(\w+)="([^"]*)"\}', expression):
        metric = base(series)
        assert metric is not None
        assert (metric.label, value in metric.values) == (label, True), name
    for labels, series in re.findall(r"by \((\w+)\) \((?:rate|increase)\((\w+)", expression):
        metric = base(series)
        assert metric is not None
        assert labels == ("le" if metric.kind is Kind.HISTOGRAM else metric.label), name


def test_the_dashboard_is_what_grafana_takes() -> None:
    made: dict[str, Any] = json.loads(dashboard())
    assert made["schemaVersion"] >= 36
    assert made["title"]
    assert re.fullmatch(r"[a-z-]{1,40}", made["uid"])
    (source,) = made["templating"]["list"]
    assert (source["type"], source["query"], source["name"]) == ("datasource", "prometheus", "datasource")
    numbers = [panel["id"] for panel in made["panels"]]
    assert len(numbers) == len(set(numbers))
    for panel in made["panels"]:
        if panel["type"] == "row":
            continue
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
        references = [target["refId"] for target in panel["targets"]]
        assert references == sorted(set(references))
        assert panel["targets"]
        assert panel["title"]


def test_no_panel_lies_over_another_or_over_the_edge() -> None:
    places = [panel["gridPos"] for panel in json.loads(dashboard())["panels"]]
    assert all(one["x"] + one["w"] <= 24 for one in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


def test_every_metric_is_on_the_dashboard() -> None:
    text = dashboard()
    assert [one.full_name for one in METRICS if one.full_name not in text] == []


def test_the_alerts_are_what_prometheus_takes() -> None:
    made = yaml.safe_load(rules())
    ((group,),) = (made["groups"],)
    found = {rule["alert"]: rule for rule in group["rules"]}
    assert list(found) == [one.name for one in ALERTS]
    for one in ALERTS:
        rule = found[one.name]
        assert (rule["expr"], rule["annotations"]["summary"]) == (one.expression, one.means)
        assert re.fullmatch(r"\d+[smh]", str(rule["for"]))
        assert rule["labels"]["severity"] in {"critical", "warning"}


@pytest.mark.parametrize(("word", "content"), [("dashboard", dashboard), ("alerts", rules)])
def test_the_command_prints_the_file(word: str, content: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics", word]) == 0
    assert capsys.readouterr().out == content()
