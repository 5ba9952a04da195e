"""The shelf: its bound, its order, its tags, and the ticket that keeps dead values off it."""

from hypothesis import given
from hypothesis import strategies as st

from mobile_menu.shelf import Shelf

LIMIT = 20
KEYS = st.integers(0, 7)
TAGS = st.sampled_from(["a", "b", "c"])
STEPS = st.one_of(
    st.tuples(st.just("put"), KEYS, TAGS, st.integers(1, 12)),
    st.tuples(st.just("drop"), st.just(0), TAGS, st.just(0)),
    st.tuples(st.just("get"), KEYS, TAGS, st.just(0)),
)


def shelf(limit: int = LIMIT) -> Shelf[int, int]:
    return Shelf(limit, lambda weight: weight)


def test_the_least_recently_used_goes_first() -> None:
    kept = shelf(limit=3)
    for key in (1, 2, 3):
        kept.put(key, 1, ("t",), kept.ticket("t"))
    kept.get(1)
    kept.put(4, 1, ("t",), kept.ticket("t"))
    assert [kept.get(key) for key in (1, 2, 3, 4)] == [1, None, 1, 1]


def test_a_value_read_before_a_drop_is_not_kept() -> None:
    kept = shelf()
    ticket = kept.ticket("journey", "person")
    kept.drop("person")
    kept.put(1, 1, ("journey", "person"), ticket)
    assert kept.get(1) is None


def test_a_drop_of_something_else_voids_no_ticket() -> None:
    kept: Shelf[int, int] = Shelf(LIMIT, lambda weight: weight, stripes=1 << 20)
    ticket = kept.ticket("journey")
    kept.drop("another")
    kept.put(1, 1, ("journey",), ticket)
    assert kept.get(1) == 1


def test_with_one_stripe_any_drop_voids_every_ticket() -> None:
    kept: Shelf[int, int] = Shelf(LIMIT, lambda weight: weight, stripes=1)
    ticket = kept.ticket("")
    kept.drop("anybody")
    kept.put(1, 1, ("person",), ticket)
    assert kept.get(1) is None


def test_a_value_heavier_than_the_whole_shelf_is_not_kept() -> None:
    kept = shelf(limit=5)
    kept.put(1, 6, ("t",), kept.ticket("t"))
    assert (kept.get(1), len(kept)) == (None, 0)


@given(st.lists(STEPS, max_size=60))
def test_never_more_than_the_limit_and_never_what_was_dropped(steps: list[tuple[str, int, str, int]]) -> None:
    kept = shelf()
    alive: dict[int, tuple[str, int]] = {}
    for what, key, tag, weight in steps:
        match what:
            case "put":
                kept.put(key, weight, (tag,), kept.ticket(tag))
                alive[key] = (tag, weight)
            case "drop":
                kept.drop(tag)
                alive = {key: value for key, value in alive.items() if value[0] != tag}
            case _:
                kept.get(key)
        found = {key: kept.get(key) for key in range(8)}
        present = {key: value for key, value in found.items() if value is not None}
        assert sum(present.values()) <= LIMIT
        assert all(key in alive and alive[key][1] == value for key, value in present.items())
        assert len(kept) == len(present)
