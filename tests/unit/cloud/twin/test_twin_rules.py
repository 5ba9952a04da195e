"""What a message changes in the twin, and what it leaves."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.contract.codec import Accepted, decode_up
from broker.contract.messages import Json
from broker.contract.topics import Up, up_topic
from cloud.record.events import Event
from cloud.registry.profiles import Severity, load_profile
from cloud.twin.rules import Twin, apply, condition, days_left, merge_desired, merge_reported, to_event
from cloud.twin.runs import apply_all
from mobile_menu.rules.situation import Level

ID = "01jd0000000000000000000000"
AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PRINTER = load_profile("printer")


def heard(kind: str, boot: int = 1, seq: int = 1, at: datetime = AT, **data: Json) -> Event:
    data = {"boot": boot, "seq": seq, "epoch": 0, **data}
    return Event(id=f"{boot}:{seq}:{kind}", type=kind, at=at, source="device", product_id=ID, data=data)


def told(*events: Event, known_at: datetime = AT) -> Twin:
    twin = Twin(product_id=ID)
    for event in events:
        twin = apply(twin, event, PRINTER, known_at)
    return twin


def status(seq: int, at: datetime = AT, **reported: Json) -> Event:
    return heard("device.status", seq=seq, at=at, reported=reported)


def black(level: int) -> list[dict[str, Json]]:
    return [{"name": "black", "level_percent": level}]


def test_a_unit_of_which_nothing_was_heard_is_neither_on_nor_off() -> None:
    assert Twin(product_id=ID).online is None
    assert told(heard("device.birth", firmware="1", profile="printer", capabilities=[])).online is True


def test_an_event_that_says_nothing_new_gives_the_same_twin() -> None:
    twin = told(status(1, state="idle"))
    assert apply(twin, status(1, state="idle"), PRINTER, AT) is twin
    assert apply(twin, heard("device.event", seq=1, name="x", data={}), PRINTER, AT) is twin


def test_what_a_phone_or_a_shop_says_changes_no_twin() -> None:
    twin = told(status(1, state="idle"))
    said = Event(id="e", type="order.changed", at=AT, source="shop", product_id=ID, data={})
    assert apply(twin, said, PRINTER, AT) is twin


def test_every_order_of_statuses_ends_in_the_same_fields() -> None:
    said = [status(1, state="idle", tray="a4"), status(2, tray=None), status(3, state="stopped"), status(3, state="no")]
    ends = [told(*order[:3]).values for order in permutations(said[:3])]
    assert ends == [{"state": "stopped"}] * 6


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.integers(1, 9), st.integers()), max_size=12))
def test_of_each_field_the_newest_word_stands(words: list[tuple[str, int, int, int]]) -> None:
    known: dict[str, tuple[Json, int, int]] = {}
    for name, boot, seq, value in words:
        known = merge_reported(known, {name: value}, boot, seq)
    for name, (_value, boot, seq) in known.items():
        assert (boot, seq) == max((b, s) for n, b, s, _ in words if n == name)


_SAID = st.fixed_dictionaries(
    {},
    optional={
        "state": st.sampled_from(["idle", "stopped", None]),
        "reasons": st.sampled_from(
            [None, [], ["none"], ["toner-low-warning"], ["toner-low-warning", "media-jam-error"]]
        ),
        "supplies": st.lists(
            st.builds(
                lambda name, level: {"name": name, "level_percent": level},
                st.sampled_from(["black", "cyan"]),
                st.integers(-3, 3),
            ),
            max_size=3,
        )
        | st.none(),
        "pages_total": st.integers(0, 1),
    },
)
_STATUS = st.builds(
    lambda boot, seq, said: heard("device.status", boot, seq, reported=said), *[st.integers(1, 3)] * 2, _SAID
)
_PRESENCE = st.builds(
    lambda boot, connection, status: heard("device.presence", boot, connection=connection, status=status),
    st.integers(1, 3),
    st.integers(0, 1),
    st.sampled_from(["online", "offline"]),
)


@given(st.lists(_STATUS | _PRESENCE, min_size=1, max_size=8))
def test_the_level_and_the_error_are_always_those_of_the_whole_state_and_each_change_is_a_version(
    events: list[Event],
) -> None:
    twin = Twin(product_id=ID)
    for number, event in enumerate(events):
        before, now = twin, AT + timedelta(hours=number)
        twin = apply(twin, event, PRINTER, now)
        found = condition(twin, PRINTER)
        has_error = any(problem.severity is Severity.ERROR for problem in found.problems)
        assert (twin.level, twin.error_since is not None) == (found.level, has_error)
        assert twin.level_since == (before.level_since if twin.level == before.level else now)
        assert (twin.version == before.version) == (twin is before)
        assert twin is before or msgspec.structs.replace(twin, version=before.version) != before


_WITH_EPOCH = st.builds(
    lambda event, epoch: msgspec.structs.replace(event, data={**event.data, "epoch": epoch}),
    _STATUS,
    st.integers(0, 2),
)
_OTHER = st.just(
    heard("device.birth", boot=2, seq=1, firmware="2", profile="printer", capabilities=[], connection=1)
) | st.just(Event(id="w", type="twin.desired", at=AT, source="operator", product_id=ID, data={"settings": {"a": 1}}))
_IN_ORDER = st.lists(_SAID, max_size=6).map(
    lambda said: [heard("device.status", 4, number, reported=one) for number, one in enumerate(said, 1)]
)
_EVENTS = st.lists(_STATUS | _WITH_EPOCH | _PRESENCE | _OTHER, max_size=8) | _IN_ORDER


@given(_EVENTS, _EVENTS)
def test_many_events_at_once_make_of_a_twin_what_they_make_one_after_the_other(
    earlier: list[Event], now: list[Event]
) -> None:
    before = told(*earlier)
    later = AT + timedelta(minutes=1)
    after = before
    for event in now:
        after = apply(after, event, PRINTER, later)
    at_once = apply_all(before, now, PRINTER, later)
    assert at_once == after
    assert (at_once is before) == (after is before)
    assert before == told(*earlier), "the twin that was given is as it was"


def test_a_refill_among_many_statuses_starts_the_count_anew() -> None:
    said = [status(1, supplies=black(9)), status(2, supplies=black(90)), status(3, supplies=black(80))]
    assert apply_all(Twin(product_id=ID), said, PRINTER, AT).usage == {"black": (90.0, AT)}


@given(st.lists(_STATUS, max_size=8))
def test_a_supply_is_counted_from_its_last_rise_and_as_long_as_it_is_there(events: list[Event]) -> None:
    twin, starts = Twin(product_id=ID), dict[str, float]()
    for event in events:
        before = _shown(twin)
        twin = apply(twin, event, PRINTER, AT)
        now = _shown(twin)
        starts = {name: starts[name] for name in _named(twin) if name in starts}
        starts |= {name: level for name, level in now.items() if name not in starts or level > before.get(name, level)}
        assert {name: level for name, (level, _at) in twin.usage.items()} == starts


def _named(twin: Twin) -> set[str]:
    return {supply["name"] for supply in twin.values.get("supplies") or []}


def _shown(twin: Twin) -> dict[str, float]:
    supplies = twin.values.get("supplies") or []
    return {supply["name"]: supply["level_percent"] for supply in supplies if supply["level_percent"] >= 0}


def test_an_error_keeps_its_beginning_while_the_device_is_away_and_loses_it_when_mended() -> None:
    jam, later = status(1, state="stopped", reasons=["media-jam-error"]), AT + timedelta(hours=1)
    broken = told(jam)
    gone = apply(broken, heard("device.presence", connection=1, status="offline"), PRINTER, later)
    assert (gone.level, gone.level_since, gone.error_since) == (Level.OFFLINE, later, AT)
    mended = apply(gone, status(2, state="idle", reasons=["none"]), PRINTER, later)
    assert mended.error_since is None


def test_a_wish_of_null_takes_a_setting_back_and_counts_as_a_version() -> None:
    wish = Event(id="w", type="twin.desired", at=AT, source="operator", product_id=ID, data={"settings": {"a": 1}})
    back = Event(id="v", type="twin.desired", at=AT, source="operator", product_id=ID, data={"settings": {"a": None}})
    twin = told(wish, back)
    assert (twin.desired, twin.desired_version) == ({}, 2)
    assert merge_desired({"a": 1, "b": 2}, {"b": 3, "c": None}) == {"a": 1, "b": 3}


def test_a_level_that_rises_is_a_refill_and_starts_the_count_anew() -> None:
    day = timedelta(days=1)
    later = AT + 3 * day
    twin = told(status(1, supplies=black(80)), status(2, AT + day, supplies=black(40)), known_at=later)
    assert twin.usage == {"black": (80.0, AT)}
    refilled = apply(twin, status(3, AT + 2 * day, supplies=black(100)), PRINTER, later)
    assert refilled.usage == {"black": (100.0, AT + 2 * day)}
    unknown = apply(refilled, status(4, AT + 3 * day, supplies=black(-2)), PRINTER, later)
    assert unknown.usage == refilled.usage


@pytest.mark.parametrize("clock", [datetime(1970, 1, 1, tzinfo=UTC), AT + timedelta(seconds=1)])
def test_the_count_of_a_device_whose_clock_cannot_be_right_starts_when_the_cloud_knew(clock: datetime) -> None:
    twin = told(status(1, clock, supplies=black(80)), status(2, clock, supplies=black(40)))
    assert twin.usage == {"black": (80.0, AT)}
    assert days_left(40, twin.usage["black"], AT + timedelta(days=10)) == 10.0


def test_a_pace_is_not_told_from_less_than_an_hour() -> None:
    assert days_left(40, (80, AT), AT + timedelta(minutes=59)) is None
    assert days_left(40, (80, AT), AT + timedelta(hours=24)) == 1.0


@pytest.mark.parametrize(
    ("level", "start", "days", "left"),
    [
        (40, (80, AT), 10, 10.0),
        (79.5, (80, AT), 10, None),
        (80, (80, AT), 10, None),
        (90, (80, AT), 10, None),
        (-2, (80, AT), 10, None),
        (40, (80, AT), 0, None),
        (0, (80, AT), 10, 0.0),
        (40, None, 10, None),
    ],
)
def test_days_left_follow_the_pace_since_the_refill(
    level: float, start: tuple[float, datetime] | None, days: int, left: float | None
) -> None:
    assert days_left(level, start, AT + timedelta(days=days)) == left


def test_a_message_becomes_an_event_that_its_boot_and_seq_name_and_telemetry_becomes_none() -> None:
    def event_of(kind: Up, text: str) -> Event | None:
        found = decode_up(up_topic(ID, kind), text.encode())
        assert isinstance(found, Accepted), found
        return to_event(ID, found.message, 4, AT)

    head = '{"schema":1,"boot":2,"seq":7,"at":"2026-11-22T09:30:00Z",'
    step = event_of(Up.EVENT, head + '"name":"install_step_done","data":{"step":"unpack"}}')
    assert step is not None
    assert (step.id, step.type, step.data["witness"], step.data["epoch"]) == (
        f"{ID}:2:7",
        "install.step_done",
        "device",
        4,
    )
    assert event_of(Up.TELEMETRY, head + '"measurements":[{"name":"t","value":1}]}') is None
    reset = event_of(Up.EVENT, head + '"epoch":5,"name":"factory_reset"}')
    assert reset is not None
    assert (reset.type, reset.data) == ("device.factory_reset", {"boot": 2, "seq": 7, "epoch": 5})
    will = event_of(Up.PRESENCE, '{"schema":1,"boot":2,"connection":3,"status":"offline"}')
    assert will is not None
    assert (will.id, will.at) == (f"{ID}:2:c3:offline", AT)
