"""What a device keeps, what it gives up, and what it says about that."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from broker.contract.messages import Mark, Measurement, ResultStatus, Stored
from broker.contract.topics import Up
from device_sim.drafts import Draft, EventDraft, ResultDraft, StatusDraft, TelemetryDraft
from device_sim.memory import REMEMBERED_COMMANDS, Memory

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
TELEMETRY = TelemetryDraft((Measurement(name="power", value=6.0),))
STATUS = StatusDraft({"state": "idle"})
EVENT = EventDraft("note")
RESULT = ResultDraft("c1", ResultStatus.DONE)
drafts = st.sampled_from([TELEMETRY, STATUS, EVENT, RESULT])


def booted(capacity: int = 1000) -> Memory:
    memory = Memory(capacity=capacity)
    memory.next_boot()
    return memory


def said(memory: Memory, *what: Draft) -> None:
    for draft in what:
        memory.add(draft, AT, 0)


def held(memory: Memory) -> list[tuple[int, int]]:
    return [kept.key for kept in memory.next_unsent(10**6)]


@given(st.lists(drafts, max_size=60), st.integers(1, 20))
def test_whatever_is_said_is_either_kept_or_counted_as_given_up(what: list[Draft], capacity: int) -> None:
    memory = booted(capacity)
    said(memory, *what)
    gone = {
        seq
        for event in memory.take_given_up()
        for first, last in event.data["ranges"]
        for seq in range(first, last + 1)
    }
    kept = {seq for _, seq in held(memory)}
    assert len(kept) <= capacity
    assert kept | gone == set(range(1, len(what) + 1))
    assert not kept & gone
    assert memory.given_up_total == len(gone)
    assert memory.take_given_up() == []


@given(st.lists(drafts, max_size=60), st.integers(1, 20))
def test_no_event_is_given_up_while_there_is_telemetry_or_status(what: list[Draft], capacity: int) -> None:
    memory = booted(capacity)
    said(memory, *what)
    order = [Up.TELEMETRY, Up.STATUS, Up.EVENT, Up.RESULT]
    counts = [sum(isinstance(draft, form) for draft in what) for form in (TelemetryDraft, StatusDraft, EventDraft)]
    counts.append(len(what) - sum(counts))
    excess = max(0, len(what) - capacity)
    kinds = [kept.kind for kept in memory.next_unsent(10**6)]
    for kind, count in zip(order, counts, strict=True):
        sacrificed = min(count, excess)
        excess -= sacrificed
        assert kinds.count(kind) == count - sacrificed


@given(st.lists(drafts, min_size=1, max_size=30), st.data())
def test_the_watermark_takes_just_what_lies_below_it(what: list[Draft], data: st.DataObject) -> None:
    memory = booted()
    said(memory, *what)
    low = data.draw(st.integers(0, len(what) + 3))
    assert memory.stored(Stored(boot=1, seq=low)) == min(low, len(what))
    assert held(memory) == [(1, seq) for seq in range(low + 1, len(what) + 1)]


def test_messages_leave_in_order_and_again_with_the_same_bytes() -> None:
    memory = booted()
    said(memory, EVENT, TELEMETRY, STATUS)
    first = memory.next_unsent(2)
    assert memory.begin_sending(first) == 0
    memory.end_sending(first)
    assert [kept.seq for kept in memory.next_unsent(9)] == [3]
    memory.send_all_again()
    again = memory.next_unsent(9)
    assert again[:2] == first
    assert memory.begin_sending(again) == 2


def test_a_snapshot_brings_everything_back_and_the_next_boot_counts_on() -> None:
    memory = booted(capacity=2)
    said(memory, EVENT, TELEMETRY, EVENT)
    memory.begin_command("c1", "restart")
    memory.machine = b"paper"
    again = Memory(msgspec.msgpack.decode(msgspec.msgpack.encode(memory.snapshot()), type=type(memory.snapshot())))
    assert again.next_boot() == 2
    said(again, EVENT)
    assert held(again) == [(1, 1), (1, 3), (2, 1)]
    assert again.unfinished_commands() == {"c1": "restart"}
    assert again.machine == b"paper"
    assert again.sent_before
    assert again.take_given_up() == [EventDraft("messages_given_up", {"boot": 1, "ranges": [[2, 2]]})]


def test_a_watermark_of_earlier_boots_clears_those_too() -> None:
    memory = booted()
    said(memory, EVENT, EVENT)
    memory.next_boot()
    said(memory, EVENT)
    assert memory.stored(Stored(boot=2, seq=0, earlier=(Mark(boot=1, seq=1),))) == 1
    assert held(memory) == [(1, 2), (2, 1)]


def test_what_was_given_up_but_stored_before_needs_no_apology() -> None:
    memory = booted(capacity=1)
    said(memory, EVENT, EVENT, EVENT, EVENT)
    memory.stored(Stored(boot=1, seq=2))
    assert memory.take_given_up()[0].data["ranges"] == [[3, 3]]


def test_an_apology_costs_no_message() -> None:
    memory = booted(capacity=2)
    said(memory, EVENT, EVENT, EVENT)
    said(memory, *memory.take_given_up())
    assert held(memory) == [(1, 2), (1, 3), (1, 4)]
    assert memory.take_given_up() == []


def test_a_command_is_new_once_and_forgotten_only_after_many_others() -> None:
    memory = booted()
    assert memory.begin_command("c1", "identify")
    assert not memory.begin_command("c1", "identify")
    for number in range(REMEMBERED_COMMANDS - 1):
        assert memory.begin_command(f"other {number}", "identify")
    assert not memory.begin_command("c1", "identify")
    memory.begin_command("one more", "identify")
    assert memory.begin_command("c1", "identify")


def test_a_command_that_has_ended_is_not_unfinished() -> None:
    memory = booted()
    memory.begin_command("c1", "restart")
    memory.end_command("c1")
    assert memory.unfinished_commands() == {}
    assert not memory.begin_command("c1", "restart")
