"""What a worker remembers: never more than was committed, and never a device that is told too often or not at all."""

from datetime import UTC, datetime, timedelta

from cloud.twin.memory import STORED_EVERY, Contact, Memory, News

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_what_was_staged_and_not_committed_is_not_remembered() -> None:
    memory = Memory()
    memory.stage(News(NOW, {"a": Contact(NOW, 0.0)}, ["a"], ["b"]))
    assert (memory.contact("a"), memory.may_tell("a", NOW), memory.pending()) == (None, True, [])
    memory.stage(News(NOW, {}, [], ["c"]))
    memory.commit()
    memory.commit()
    assert memory.pending() == ["c"]


def test_a_device_that_was_just_told_waits_a_second_and_then_is_told_once() -> None:
    memory = Memory()
    memory.stage(News(NOW, {}, ["a"], []))
    memory.commit()
    soon = NOW + timedelta(milliseconds=400)
    memory.stage(News(soon, {}, [], ["a"]))
    memory.commit()
    assert not memory.may_tell("a", soon)
    assert memory.overdue(soon, 10) == []
    later = NOW + STORED_EVERY
    assert memory.overdue(later, 10) == ["a"]
    memory.stage(News(later, {}, ["a"], []))
    memory.commit()
    assert memory.pending() == []


def test_a_clock_that_was_set_back_silences_nobody() -> None:
    memory = Memory()
    memory.stage(News(NOW, {}, ["a"], []))
    memory.commit()
    assert memory.may_tell("a", NOW - timedelta(days=365))


def test_the_memory_forgets_rather_than_grows() -> None:
    memory = Memory(kept=10)
    for number in range(100):
        memory.stage(News(NOW, {f"d{number}": Contact(NOW, 0.0)}, [f"d{number}"], []))
        memory.commit()
    assert sum(memory.contact(f"d{number}") is not None for number in range(100)) <= 11
