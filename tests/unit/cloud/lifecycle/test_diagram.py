"""The picture and the tables in the documentation are those of the engine."""

from pathlib import Path
from xml.etree import ElementTree as ET

from broker.contract.stages import Stage
from cloud.lifecycle.diagram import explore, lines_table, redrawn, svg, table

DOCS = Path(__file__).parents[4] / "docs"
AGAIN = "out of step: run `python -m cloud.lifecycle docs`"


def test_the_picture_is_in_step_with_the_engine() -> None:
    assert (DOCS / "pictures" / "lifecycle.svg").read_text(encoding="utf-8") == svg(explore()), AGAIN


def test_the_tables_of_the_page_are_in_step_with_the_engine() -> None:
    page = (DOCS / "concepts" / "lifecycle.md").read_text(encoding="utf-8")
    assert lines_table() in page, AGAIN
    assert table(explore()) in page, AGAIN


def test_a_page_is_redrawn_around_its_words_and_an_up_to_date_one_stays_as_it_is() -> None:
    edges = explore()
    stale = (
        "# Words\n\n| line | name | holds when | stage |\n|---|---|---|---|\n| 9 | old | never | x |\n\nMore words.\n"
    )
    fresh = redrawn(stale, edges)
    assert fresh == f"# Words\n\n{lines_table()}\nMore words.\n"
    assert redrawn(fresh, edges) == fresh


def test_every_stage_can_be_reached_and_closed_is_never_left() -> None:
    edges = explore()
    assert {edge.target for edge in edges} | {Stage.INTERESTED} == set(Stage)
    assert not [edge for edge in edges if edge.source is Stage.CLOSED]
    assert {edge.source for edge in edges if edge.target is Stage.CLOSED} == set(Stage) - {Stage.CLOSED}


def test_the_picture_is_well_formed_and_shows_every_stage_and_every_move() -> None:
    edges = explore()
    root = ET.fromstring(svg(edges))  # noqa: S314 - our own text
    words = [element.text or "" for element in root.iter() if element.text]
    assert all(stage.value in words for stage in Stage)
    for edge in edges:
        if edge.target is not Stage.CLOSED:
            assert f"{edge.source.value} to {edge.target.value}: {', '.join(edge.labels)}" in words
