"""Two workers that share a device's messages end where one would: its (boot, seq) decides, and not who was first."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from broker.contract.messages import Birth, Json, Presence, PresenceStatus, Status, UpMessage
from broker.contract.watermark import Received, receive
from cloud.registry.profiles import load_profile
from cloud.twin.rules import Twin, apply, to_event
from cloud.twin.watermarks import Streams

ID = "01jd0000000000000000000000"
AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PRINTER = load_profile("printer")
Word = UpMessage | Presence

fields = st.dictionaries(
    st.sampled_from(("tray", "state", "note")), st.none() | st.sampled_from(("idle", "stopped")), max_size=3
)


@st.composite
def lives(draw: st.DrawFn) -> list[Word]:
    """What a device says over some boots, in its order."""
    said: list[Word] = []
    for boot in range(1, draw(st.integers(1, 3)) + 1):
        said.append(Presence(boot=boot, connection=1, status=PresenceStatus.ONLINE))
        epoch = draw(st.integers(0, 2))
        said.append(Birth(boot=boot, seq=1, at=AT, firmware=f"{boot}.0", profile="printer", connection=1, epoch=epoch))
        said += [
            Status(boot=boot, seq=seq, at=AT + timedelta(seconds=seq), reported=draw(fields), epoch=epoch)
            for seq in range(2, draw(st.integers(2, 6)))
        ]
        if draw(st.booleans()):
            said.append(Presence(boot=boot, connection=1, status=PresenceStatus.OFFLINE))
    return said


def stored(said: Sequence[Word]) -> tuple[Twin, Streams]:
    """The twin and the watermarks after these, as the database would have them one after the other."""
    twin, streams = Twin(product_id=ID), Streams({}, {})
    for message in said:
        new = isinstance(message, Presence) or streams.take(ID, message.boot, message.seq)
        event = to_event(ID, message, twin.epoch, AT) if new else None
        if event is not None:
            twin = apply(twin, event, PRINTER, AT)
    return twin, streams


def end(twin: Twin) -> dict[str, Json]:
    """What does not tell of the order in which the cloud heard of it."""
    names = ("reported", "epoch", "presence", "firmware", "profile", "birth", "level")
    return {name: getattr(twin, name) for name in names}


@given(said=lives(), data=st.data())
def test_however_the_broker_deals_and_repeats_the_twin_the_watermarks_and_the_counts_are_those_of_one_worker(
    said: list[Word], data: st.DataObject
) -> None:
    to_first = data.draw(st.lists(st.booleans(), min_size=len(said), max_size=len(said)))
    hands = [[one for one, first in zip(said, to_first, strict=True) if first is mine] for mine in (True, False)]
    again = data.draw(st.lists(st.sampled_from(said), max_size=4))
    turns = data.draw(st.permutations([0] * len(hands[0]) + [1] * len(hands[1])))
    dealt = [hands[turn].pop(0) for turn in turns]
    shared, streams = stored([*dealt, *again])
    alone, _ = stored(said)
    assert end(shared) == end(alone)
    for boot in {one.boot for one in said}:
        seqs = [one.seq for one in said if isinstance(one, UpMessage) and one.boot == boot]
        expected = Received()
        for seq in seqs:
            expected = receive(expected, seq)
        assert streams.now[ID, boot] == expected == Received(len(seqs))
        repeated = sum(isinstance(one, UpMessage) and one.boot == boot for one in again)
        assert streams.duplicates[ID, boot] == repeated
