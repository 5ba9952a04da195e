"""Whose connection makes room for whose."""

from cloud.open_lines import OpenLines


class One:
    """A connection that notes its end."""

    def __init__(self) -> None:
        self.left = False

    def leave(self) -> None:
        self.left = True


def some(lines: OpenLines, source: str, count: int, *, busy: bool = False) -> list[One]:
    found = [One() for _ in range(count)]
    for one in found:
        assert lines.admit(one, source) == ""
        if busy:
            lines.busy(one)
    return found


def test_an_address_with_too_many_gives_up_its_own_oldest_idle_one_and_no_other() -> None:
    lines = OpenLines(in_all=100, per_source=3)
    [other], own = some(lines, "b", 1), some(lines, "a", 3)
    lines.busy(own[0])
    assert lines.admit(One(), "a") == ""
    assert [one.left for one in (other, *own)] == [False, False, True, False]


def test_an_address_whose_connections_are_all_busy_is_refused_and_another_is_not() -> None:
    lines = OpenLines(in_all=100, per_source=3)
    own = some(lines, "a", 3, busy=True)
    assert lines.admit(One(), "a") == "address"
    assert lines.admit(One(), "b") == ""
    lines.gone(own[0])
    assert lines.admit(One(), "a") == ""


def test_who_counts_for_nobody_has_no_limit_but_that_of_all() -> None:
    lines = OpenLines(in_all=10, per_source=3)
    some(lines, "", 10, busy=True)
    assert lines.admit(One(), "") == "all"


def test_when_all_are_taken_the_one_that_was_idle_for_longest_goes() -> None:
    lines = OpenLines(in_all=3, per_source=3)
    first, second, third = (some(lines, name, 1)[0] for name in "abc")
    lines.busy(first)
    lines.idle(first)
    assert lines.admit(One(), "d") == ""
    assert [one.left for one in (first, second, third)] == [False, True, False]
    assert len(lines) == 3


def test_an_end_that_is_told_twice_counts_once() -> None:
    lines = OpenLines(in_all=3, per_source=3)
    [one] = some(lines, "a", 1)
    lines.gone(one)
    lines.gone(one)
    lines.idle(one)
    assert len(lines) == 0
    assert not lines.make_room()
