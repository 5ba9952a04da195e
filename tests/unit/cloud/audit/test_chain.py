"""The chain: whatever is done to a log, the first entry that is not as it was written is named."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cloud.audit.chain import BEGINNING, START, Break, Entry, Head, Why, canonical, follow, link, read_hash
from cloud.audit.subjects import Subject, names_nobody, of_answer, of_path

Written = list[tuple[Entry, bytes]]
FIELDS = tuple(name for name in Entry._fields if name != "seq")
texts = st.text(max_size=12)
acts = st.lists(st.tuples(*(texts for _ in FIELDS)), min_size=1, max_size=8)


def written(said: Sequence[Sequence[str]]) -> Written:
    """A log with these entries."""
    log: Written = []
    head = BEGINNING
    for at, values in enumerate(said, 1):
        entry = Entry(at, *values)
        head = link(head, entry)
        log.append((entry, head))
    return log


def walk(log: Written) -> Head | Break:
    head: Head | Break = START
    for entry, mark in log:
        if isinstance(head, Break):
            break
        head = follow(head, entry.seq, entry, mark)
    return head


@given(acts)
def test_a_log_as_it_was_written_is_sound_to_its_head(said: list[tuple[str, ...]]) -> None:
    log = written(said)
    assert walk(log) == Head(len(log), log[-1][1])


@given(acts, st.data())
def test_a_changed_field_is_found_where_it_is(said: list[tuple[str, ...]], data: st.DataObject) -> None:
    log = written(said)
    at = data.draw(st.integers(0, len(log) - 1))
    field = data.draw(st.sampled_from(FIELDS))
    entry, mark = log[at]
    other = data.draw(texts)
    assume(other != getattr(entry, field))
    values = {**entry._asdict(), field: other}
    log[at] = (Entry(**values), mark)
    assert walk(log) == Break(at + 1, Why.CHANGED)


@given(acts, st.data())
def test_a_changed_hash_is_found_where_it_is(said: list[tuple[str, ...]], data: st.DataObject) -> None:
    log = written(said)
    at = data.draw(st.integers(0, len(log) - 1))
    other = data.draw(st.binary(max_size=40))
    assume(other != log[at][1])
    log[at] = (log[at][0], other)
    assert walk(log) == Break(at + 1, Why.CHANGED)


@given(acts, st.data())
def test_an_entry_that_was_taken_out_is_missed(said: list[tuple[str, ...]], data: st.DataObject) -> None:
    log = written(said)
    at = data.draw(st.integers(0, len(log) - 1))
    del log[at]
    found = walk(log)
    if at == len(log):  # the last: the chain is sound, and its head is not the one that was noted
        assert found == (Head(at, log[-1][1]) if log else START)
    else:
        assert found == Break(at + 1, Why.MISSING)


@given(acts, st.data())
def test_closing_the_gap_by_counting_anew_hides_nothing(said: list[tuple[str, ...]], data: st.DataObject) -> None:
    log = written(said)
    at = data.draw(st.integers(0, len(log) - 1))
    assume(at < len(log) - 1)
    del log[at]
    log = [(entry._replace(seq=number), mark) for number, (entry, mark) in enumerate(log, 1)]
    assert walk(log) == Break(at + 1, Why.CHANGED)


@given(acts, st.data())
def test_an_entry_that_was_put_in_is_found(said: list[tuple[str, ...]], data: st.DataObject) -> None:
    log = written(said)
    at = data.draw(st.integers(0, len(log) - 1))
    before = log[at - 1][1] if at else BEGINNING
    forged = Entry(at + 1, *data.draw(st.tuples(*(texts for _ in FIELDS))))
    assume(forged != log[at][0])
    later = [(entry._replace(seq=entry.seq + 1), mark) for entry, mark in log[at:]]
    assert walk([*log[:at], (forged, link(before, forged)), *later]) == Break(at + 2, Why.CHANGED)
    assert walk([*log[:at], (forged, link(before, forged)), *log[at:]]) == Break(at + 1, Why.OUT_OF_PLACE)


@given(acts, st.data())
def test_entries_that_changed_places_are_found_at_the_first(said: list[tuple[str, ...]], data: st.DataObject) -> None:
    log = written(said)
    one, two = sorted(data.draw(st.tuples(*(st.integers(0, len(log) - 1) for _ in range(2)))))
    assume(one != two)
    first, second = log[one], log[two]
    log[one] = (second[0]._replace(seq=one + 1), second[1])
    log[two] = (first[0]._replace(seq=two + 1), first[1])
    assert walk(log) == Break(one + 1, Why.CHANGED)


@given(acts, st.data())
def test_a_log_that_was_made_anew_has_another_head(said: list[tuple[str, ...]], data: st.DataObject) -> None:
    log = written(said)
    at = data.draw(st.integers(0, len(said) - 1))
    other = list(said)
    other[at] = data.draw(st.tuples(*(texts for _ in FIELDS)))
    assume(other[at] != said[at])
    anew = written(other)
    assert isinstance(walk(anew), Head)
    assert log[-1][1] not in {mark for _, mark in anew}


@given(st.tuples(*(texts for _ in FIELDS)), st.tuples(*(texts for _ in FIELDS)))
def test_no_two_entries_have_the_same_bytes(some: tuple[str, ...], other: tuple[str, ...]) -> None:
    assume(some != other)
    assert canonical(BEGINNING, Entry(1, *some)) != canonical(BEGINNING, Entry(1, *other))


def test_the_bytes_that_are_hashed_are_those_that_another_program_would_hash() -> None:
    entry = Entry(
        1, "2026-11-22T09:30:00.000000Z", "cli", "keys.create", "throughline keys create", "key", "k", "done", ""
    )
    spelt = (
        '{"action":"keys.create","actor":"cli","at":"2026-11-22T09:30:00.000000Z","form":"throughline-audit/1",'
        f'"outcome":"done","previous":"{"0" * 64}","request":"","route":"throughline keys create","seq":1,'
        '"subject_id":"k","subject_kind":"key"}'
    )
    assert canonical(BEGINNING, entry) == spelt.encode()
    assert link(BEGINNING, entry).hex() == hashlib.sha256(spelt.encode()).hexdigest()


def test_what_cannot_be_read_breaks_the_chain_there() -> None:
    log = written([("a",) * len(FIELDS)])
    assert follow(START, 1, None, log[0][1]) == Break(1, Why.UNREADABLE)
    assert follow(START, 1, log[0][0], None) == Break(1, Why.UNREADABLE)
    assert follow(START, 0, log[0][0], log[0][1]) == Break(0, Why.OUT_OF_PLACE)


@pytest.mark.parametrize("text", ["", "0", "g" * 64, "0" * 63, "0" * 65, "0x" + "0" * 62])
def test_what_is_no_hash_is_not_taken_for_one(text: str) -> None:
    assert read_hash(text) is None


@given(st.binary(min_size=32, max_size=32))
def test_a_hash_is_read_as_it_was_noted(mark: bytes) -> None:
    assert read_hash(mark.hex()) == mark == read_hash(f" {mark.hex().upper()}\n")


# --- what an entry is about ---


def test_what_a_path_names_first_is_what_the_entry_is_about() -> None:
    assert of_path({"product_id": "p", "certificate_id": "c"}) == Subject("unit", "p")
    assert of_path({"gtin": "g", "lot": "l"}) == Subject("model", "g")
    assert of_path({"form": "svg"}) == of_path({}) == Subject()


def test_only_kinds_that_lead_to_nobody_keep_their_id() -> None:
    for kind in ("unit", "model", "key", "campaign", "store", "receipt"):
        assert names_nobody(Subject(kind, "id"))
    for kind in ("case", "journey", "person", "coupon", "order", "parcel", "session", "command", "", "anything_new"):
        assert not names_nobody(Subject(kind, "id"))


def test_what_a_call_made_is_known_by_its_answer() -> None:
    class Answer:
        id = "abc"

    assert of_answer("units.register", Answer()) == Subject("unit", "abc")
    assert of_answer("units.register", None) == of_answer("labels.print", b"") == Subject()
