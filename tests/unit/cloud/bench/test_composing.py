"""The bench of composing measures what it says: every item of the content, with and without what is remembered."""

from cloud.bench import composing
from mobile_menu.content_loader import load_content


def test_it_composes_of_all_of_the_content_and_says_how() -> None:
    runs: list[None] = []
    rows, method = composing.rows(2, lambda: runs.append(None), span_s=0.01)
    considered = len(load_content("printer").items)
    assert considered >= 80
    assert [row.what for row in rows] == [
        f"compose_menu, {considered} items considered",
        f"compose_menu, {considered} items considered, nothing remembered",
    ]
    assert rows[0].goal == "value ≥ 20,000"
    assert all(len(row.runs) == 2 and row.reference == composing.REFERENCE for row in rows)
    assert f"{considered} items are considered" in method
    assert len(runs) == 2
