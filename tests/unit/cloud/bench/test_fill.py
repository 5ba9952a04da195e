"""One row's text, many times."""

from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from broker.contract.ids import is_id, new_id
from cloud.bench.fill import DAYS_ASLEEP, copies, line_format

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
FIELDS = st.lists(st.text(st.characters(exclude_characters="\t\n\\"), max_size=20), min_size=2, max_size=6)


@given(fields=FIELDS)
@example(fields=["100%", "", "%(id)s %d"])
def test_what_is_not_changed_stays_as_it_was_whatever_it_holds(fields: list[str]) -> None:
    names = [f"column_{number}" for number in range(len(fields))]
    form = line_format("\t".join(fields) + "\n", names, {"column_1": "id"})
    made = form % {"id": "new"}
    assert made == "\t".join([fields[0], "new", *fields[2:]]) + "\n"


def test_each_copy_has_names_of_its_own_and_falls_due_tomorrow_or_later() -> None:
    made = list(copies(new_id(NOW)[:10], "0a1b2c3d", NOW, 20_000))
    assert all(is_id(one.id) for one in made)
    assert [one.id for one in made] == sorted(one.id for one in made)
    for name in ("id", "serial", "uid"):
        assert len({getattr(one, name) for one in made}) == len(made)
    assert all(len(one.serial) <= 20 and len(one.uid) == 32 for one in made)
    dues = [datetime.fromisoformat(one.due) - NOW for one in made]
    assert min(dues) >= timedelta(days=1)
    assert max(dues) < timedelta(days=1 + DAYS_ASLEEP)
