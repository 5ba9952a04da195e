"""Sections of a page between markers."""

import pytest

from cloud.bench.markdown import HEAD, markers, section_of, with_section
from cloud.bench.report import Goal, Report, row


def test_the_first_section_makes_the_page() -> None:
    page = with_section("", "menu", "figures")
    begin, end = markers("menu")
    assert page == f"{HEAD.rstrip()}\n\n{begin}\nfigures\n{end}\n"


def test_a_section_is_replaced_in_its_place_and_the_rest_stays() -> None:
    page = with_section(with_section("mine\n", "a", "one"), "b", "two") + "\nalso mine\n"
    again = with_section(page, "a", "three")
    assert again == page.replace("one", "three")


def test_the_same_section_twice_changes_nothing() -> None:
    page = with_section("", "a", "one")
    assert with_section(page, "a", "one") == page


@pytest.mark.parametrize("which", [0, 1])
def test_a_page_with_one_marker_of_two_is_refused(which: int) -> None:
    with pytest.raises(ValueError, match="not a pair"):
        with_section(f"before\n{markers('a')[which]}\nafter", "a", "one")


def test_markers_in_the_wrong_order_are_refused() -> None:
    begin, end = markers("a")
    with pytest.raises(ValueError, match="not a pair"):
        with_section(f"{end}\n{begin}", "a", "one")


def test_a_section_tells_method_figures_goals_parts_notes_and_machine() -> None:
    rows = (
        row("reached", "msg/s", [1500.0], reference="bare", reference_runs=[3000.0], goal=Goal(0.4, of="ratio")),
        row("missed", "ms", [70.0, 80.0, 90.0], goal=Goal(60, at_most=True), parts=[{"broker": 12.5}]),
    )
    machine = {"cpu": "c", "cores": 2, "postgres": ""}
    report = Report(bench="b", date="today", machine=machine, rows=rows, method="So it was.", notes=("checked",))
    text = section_of(report)
    assert "So it was." in text
    assert "| reached | msg/s | 1,500 | 1,500 – 1,500 | bare: 3,000 | 0.50 | ratio ≥ 0.4: met |" in text
    assert "| missed | ms | 80.0 | 70.0 – 90.0 |  |  | value ≤ 60: not met |" in text
    assert "| missed | 12.5 |" in text
    assert "- checked" in text
    assert text.endswith("Measured today on: cpu c, cores 2.")
