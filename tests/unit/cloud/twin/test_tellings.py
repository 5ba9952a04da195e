"""Telling devices how far they are stored: in order, at most once a second, the newest in the end, and nothing gone
before it was told, whenever whoever tells is killed.
"""

from collections import defaultdict

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from broker.contract.messages import Mark, Stored
from cloud.twin import tellings
from cloud.twin.tellings import EARLIER_BOOTS, EVERY_S, LINES, NOT_TAKEN_S, Line, Tellings, lines_of, newer, rows_of

DEVICES = "abc"
ALL = st.just(set(DEVICES))
words = st.tuples(st.sampled_from((0, 0, 0, 0, 1, 2)), st.sampled_from((1, 2, 0)))
"""Of how many boots ago, and how much further its watermark then is."""
counters = st.integers(0, 2**53 - 1)
marks = st.dictionaries(st.integers(0, 30), st.integers(0, 50), min_size=1, max_size=6)


def line_of(marks: dict[int, int], until: int = 0) -> Line:
    (boot, seq), *before = sorted(marks.items(), reverse=True)
    return Line("a", boot, seq, tuple(before), until)


def marks_of(line: Line) -> dict[int, int]:
    return {line.boot: line.seq, **dict(line.earlier)}


lines = st.builds(line_of, marks, st.sampled_from((0, 5)))


@given(old=lines, new=lines)
def test_two_rows_say_together_what_each_of_them_says(old: Line, new: Line) -> None:
    both, said = marks_of(newer(old, new)), [marks_of(old), marks_of(new)]
    assert both == {boot: max(one.get(boot, 0) for one in said) for boot in {*said[0], *said[1]}}
    assert newer(old, new).boot == max(both)
    assert newer(old, new).until == new.until
    assert newer(new, new) == new


def test_of_many_boots_the_newest_are_told() -> None:
    one, other = (line_of(dict.fromkeys(range(start, start + 16), 1)) for start in (1, 10))
    both = newer(one, other)
    assert (both.boot, len(both.earlier)) == (25, EARLIER_BOOTS)
    assert min(marks_of(both)) == 25 - EARLIER_BOOTS


@given(
    said=st.lists(
        st.builds(Line, st.text(max_size=26), counters, counters, st.lists(st.tuples(counters, counters)).map(tuple))
    )
)
def test_what_is_written_is_read(said: list[Line]) -> None:
    assert [one for row in rows_of(said) for one in lines_of(row)] == said


def test_a_row_is_bounded_and_what_is_none_is_refused() -> None:
    many = [Line(f"{number:026}", 2**53 - 1, 2**53 - 1) for number in range(2 * LINES + 1)]
    rows = rows_of(many)
    assert [len(lines_of(row)) for row in rows] == [LINES, LINES, 1]
    assert max(map(len, rows)) <= 70 * LINES
    for wrong in (b"", b"{}", b'[["a",1]]', b'[["a","1",2]]'):
        with pytest.raises(msgspec.MsgspecError):
            lines_of(wrong)


@pytest.mark.parametrize(("now", "wait_s"), [(100.0, 60), (130.9, 30), (160.0, 0), (1e9, 0), (-1e9, 3600)])
def test_how_long_to_be_silent_is_told_by_when_it_is_told(now: float, wait_s: int) -> None:
    line = Line("a", 3, 7, ((2, 9), (0, 1)), 160)
    earlier = (Mark(boot=2, seq=9), Mark(boot=0, seq=1))
    assert tellings.message(line, now) == Stored(boot=3, seq=7, earlier=earlier, wait_s=wait_s)


@given(line=lines, now=st.floats(0, 4))
def test_a_message_of_an_earlier_version_is_the_line_that_makes_it(line: Line, now: float) -> None:
    said = tellings.message(line, now)
    found = tellings.line_of("a", said, now)
    assert (found, tellings.message(found, now)) == (line, said)


def test_who_waits_is_told_what_a_row_says_that_is_not_taken_in() -> None:
    """And the row is not done with by that."""
    found = Tellings()
    found.take(1, [Line("a", 1, 1)])
    found.hear_of([Line("a", 1, 2), Line("b", 1, 2)])
    assert found.due(0.0, 10) == [Line("a", 1, 2)]
    assert (found.rows, len(found)) == ([1], 1)
    found.take(2, [Line("a", 1, 2), Line("b", 1, 2)])
    assert found.done() == [1]


def test_one_that_the_broker_does_not_take_lets_the_others_go_first() -> None:
    found = Tellings()
    found.take(1, [Line("a", 1, 1), Line("b", 1, 1)])
    found.not_taken([Line("a", 1, 1)], 0.0)
    assert [one.product_id for one in found.due(NOT_TAKEN_S - 0.1, 10)] == ["b"]
    assert found.next_due(NOT_TAKEN_S - 0.1) == 0.0
    found.told([Line("b", 1, 1)], 0.0)
    assert found.next_due(1.0) == NOT_TAKEN_S - 1.0
    assert [one.product_id for one in found.due(NOT_TAKEN_S, 10)] == ["a"]


def test_a_row_with_an_earlier_boots_watermark_stays_until_that_was_told_too() -> None:
    found = Tellings()
    found.take(1, [Line("a", 2, 1, ((1, 9),))])
    found.take(2, [Line("a", 2, 5)])
    assert found.done() == []
    (line,) = found.due(0.0, 10)
    assert line == Line("a", 2, 5, ((1, 9),))
    found.told([line], 0.0)
    assert found.done() == [1, 2]


def test_a_row_stays_while_an_earlier_one_says_less_of_somebody_who_was_told() -> None:
    """Whoever goes on with the earlier one alone would tell what was before."""
    found = Tellings()
    found.take(1, [Line("a", 1, 1), Line("b", 1, 1)])
    found.take(2, [Line("a", 1, 2)])
    found.told([Line("a", 1, 2)], 0.0)
    assert found.done() == [], "b waits, and with it what row 1 says of a"
    found.take(3, [Line("a", 1, 3)])
    assert found.done() == [2], "row 3 says it as well"
    found.told([Line("b", 1, 1)], 0.0)
    assert found.done() == [1, 2]
    found.gone([1, 2])
    found.told([Line("a", 1, 3)], 1.0)
    assert found.done() == [3]


def test_who_was_just_told_hears_again_after_a_second() -> None:
    found = Tellings()
    found.take(1, [Line("a", 1, 1)])
    found.told(found.due(5.0, 10), 5.0)
    found.take(2, [Line("a", 1, 2)])
    assert found.due(5.0 + EVERY_S - 0.01, 10) == []
    assert found.due(5.0 + EVERY_S, 10) == [Line("a", 1, 2)]


def test_as_many_are_told_at_once_as_is_asked_for() -> None:
    found = Tellings()
    found.take(1, [Line(f"{number}", 1, 1) for number in range(10)])
    first = found.due(0.0, 4)
    found.told(first, 0.0)
    assert (len(first), len(found), found.done()) == (4, 6, [])
    found.told(found.due(0.0, 100), 0.0)
    assert (len(found), found.done(), found.next_due(0.0)) == (0, [1], None)


class Sending(RuleBasedStateMachine):
    """Rows are committed, read or looked at, told, not taken, removed; who sends is killed and another goes on with the
    rows.
    """

    @initialize()
    def begin(self) -> None:
        self.now = 0.0
        self.rows: dict[int, list[Line]] = {}
        self.number = 0
        self.stored: dict[str, dict[int, int]] = defaultdict(dict)
        self.heard: dict[str, list[Line]] = defaultdict(list)
        self.last: dict[str, float] = {}
        self.sender = Tellings()
        self.looked = 0

    @rule(batches=st.lists(st.dictionaries(st.sampled_from(DEVICES), words, min_size=1), min_size=1, max_size=3))
    def commit(self, batches: list[dict[str, tuple[int, int]]]) -> None:
        for said in batches:
            self.commit_one(said)

    def commit_one(self, said: dict[str, tuple[int, int]]) -> None:
        lines = []
        for device, (boots, more) in said.items():
            own = self.stored[device]
            boot = max(own, default=1) - boots
            own[boot] = own.get(boot, 0) + more  # of an earlier boot, too
            newest = max(own)
            late = tuple(sorted(((one, own[one]) for one in own if one != newest), reverse=True)) if boots else ()
            lines.append(Line(device, newest, own[newest], late))
        self.number += 1
        self.rows[self.number] = lines

    @rule()
    def reboot(self) -> None:
        for own in self.stored.values():
            own[max(own) + 1] = 0

    @rule(most=st.integers(1, 4))
    def read(self, most: int) -> None:
        known = set(self.sender.rows)
        for number in [one for one in self.rows if one not in known][:most]:
            self.sender.take(number, self.rows[number])
            self.looked = 0

    @rule()
    def look(self) -> None:
        """As when too many wait for more to be taken in."""
        for number in sorted(set(self.rows) - set(self.sender.rows)):
            if number > self.looked:
                self.sender.hear_of(self.rows[number])
                self.looked = number

    @rule(
        arrives=st.sets(st.sampled_from(DEVICES), min_size=1), whole=st.booleans(), span=st.sampled_from((1.0, 0.125))
    )
    def goes_round(self, arrives: set[str], whole: bool, span: float) -> None:
        """As most rounds do: all is read, or looked at, some or all of what is due arrives, and rows go."""
        self.now += span
        self.read(len(self.rows) + 1 if whole else 1)
        self.look()
        self.tell(len(DEVICES), arrives, left=False)
        self.tidy()

    @precondition(lambda self: all(one <= self.looked for one in set(self.rows) - set(self.sender.rows)))
    @rule(limit=st.integers(1, 4), arrives=ALL | st.sets(st.sampled_from(DEVICES)), left=st.booleans())
    def tell(self, limit: int, arrives: set[str], left: bool) -> None:
        due = self.sender.due(self.now, limit)
        told = [one for one in due if one.product_id in arrives]
        for line in told:
            device = line.product_id
            assert self.now - self.last.get(device, -EVERY_S) >= EVERY_S, "told twice within a second"
            assert all(seq <= self.stored[device].get(boot, 0) for boot, seq in marks_of(line).items()), "not stored"
            if self.heard[device]:
                before = self.heard[device][-1]
                assert (line.boot, line.seq) >= (before.boot, before.seq), "an older one overtook a newer one"
            self.heard[device].append(line)
            self.last[device] = self.now
        self.sender.told(told, self.now)
        if left:
            self.sender.not_taken([one for one in due if one not in told], self.now)

    @rule()
    def tidy(self) -> None:
        done = self.sender.done()
        for number in done:
            del self.rows[number]
        self.sender.gone(done)

    @rule()
    def is_killed(self) -> None:
        self.sender = Tellings()
        self.looked = 0
        self.last.clear()

    @rule()
    def loses_its_turn(self) -> None:
        self.sender.forget()
        self.looked = 0

    @rule(span=st.sampled_from((0.125, 0.5, 1.0, 5.0)))
    def time_goes_on(self, span: float) -> None:
        self.now += span

    @invariant()
    def whoever_comes_next_finds_all_that_was_not_told(self) -> None:
        if not hasattr(self, "rows"):
            return
        heard: dict[str, dict[int, int]] = defaultdict(dict)
        for device, own in self.heard.items():
            for line in own:
                for boot, seq in marks_of(line).items():
                    heard[device][boot] = max(seq, heard[device].get(boot, 0))
        for number in range(1, self.number + 1):
            if number in self.rows:
                for line in self.rows[number]:
                    for boot, seq in marks_of(line).items():
                        heard[line.product_id][boot] = max(seq, heard[line.product_id].get(boot, 0))
        for device, lows in self.written().items():
            assert all(heard[device].get(boot, -1) >= seq for boot, seq in lows.items())

    @invariant()
    def whoever_comes_next_tells_nobody_less_than_was_told(self) -> None:
        found: dict[str, tuple[int, int]] = {}
        for lines in getattr(self, "rows", {}).values():
            for line in lines:
                found[line.product_id] = max((line.boot, line.seq), found.get(line.product_id, (0, 0)))
        for device, newest in found.items():
            for line in self.heard[device][-1:]:
                assert newest >= (line.boot, line.seq)

    def written(self) -> dict[str, dict[int, int]]:
        """What all rows that ever were have said."""
        self.ever = getattr(self, "ever", {})
        self.ever.update(self.rows)
        found: dict[str, dict[int, int]] = defaultdict(dict)
        for lines in self.ever.values():
            for line in lines:
                for boot, seq in marks_of(line).items():
                    found[line.product_id][boot] = max(seq, found[line.product_id].get(boot, 0))
        return found

    def teardown(self) -> None:
        """In the end each device has heard the newest, and no row is left."""
        if not hasattr(self, "rows"):
            return
        self.read(len(self.rows) + 1)
        self.now += NOT_TAKEN_S
        self.tell(len(DEVICES), set(DEVICES), left=False)
        self.tidy()
        assert self.rows == {}
        assert len(self.sender) == 0
        for device, lows in self.written().items():
            last = self.heard[device][-1]
            assert (last.boot, last.seq) == max(lows.items())


TestSending = Sending.TestCase
TestSending.settings = settings(max_examples=700, stateful_step_count=30)
