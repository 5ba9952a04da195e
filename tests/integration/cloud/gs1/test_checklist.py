"""Each row of the checklist has its test, or its stated reason."""

from importlib import import_module
from pathlib import Path

from tests.integration.cloud.gs1.clauses import DATA, EXCEPTIONS, TESTED, checklist


def test_every_clause_of_the_checklist_has_its_test_or_its_stated_exception() -> None:
    for file in Path(__file__).parent.glob("test_*.py"):  # also when this one runs alone
        import_module(f"tests.integration.cloud.gs1.{file.stem}")
    rows = [row["clause"] for row in checklist()]
    assert len(rows) == len(set(rows)) == 26
    assert TESTED.keys() | EXCEPTIONS.keys() == set(rows)
    assert not TESTED.keys() & EXCEPTIONS.keys()


def test_every_stated_exception_is_in_the_documentation() -> None:
    page = (DATA.parents[1] / "docs" / "concepts" / "resolver.md").read_text("utf-8")
    assert "EPC binary" in page
    assert "gs1:handledBy" in page
