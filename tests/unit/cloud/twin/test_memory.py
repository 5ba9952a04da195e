"""What a worker remembers: never more than was committed, and never without a bound."""

from datetime import UTC, datetime

from cloud.twin.memory import Contact, Memory

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_what_was_staged_and_not_committed_is_not_remembered() -> None:
    memory = Memory()
    memory.stage({"a": Contact(NOW, 0.0)})
    assert memory.contact("a") is None
    memory.stage({"b": Contact(NOW, 0.0)})
    memory.commit()
    memory.commit()
    assert (memory.contact("a"), memory.contact("b")) == (None, Contact(NOW, 0.0))


def test_the_memory_forgets_rather_than_grows() -> None:
    memory = Memory(kept=10)
    for number in range(100):
        memory.stage({f"d{number}": Contact(NOW, 0.0)})
        memory.commit()
    assert sum(memory.contact(f"d{number}") is not None for number in range(100)) <= 11
