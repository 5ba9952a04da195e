"""The parsers that strangers reach: every known input again, and a short search for new ones led by coverage. The long
search is `python -m tests.hostile fuzz`.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from broker import frames
from broker.frames import Flaw, Frame
from tests.hostile.fuzz import campaign, on_frames
from tests.hostile.fuzz.campaign import Fuzzed, can_fuzz
from tests.hostile.fuzz.seeds import seeds
from tests.hostile.fuzz.targets import TARGETS

RUNS = 12_000
SEARCH = "test_a_short_search_finds_nothing_new"
pytestmark = pytest.mark.timeout(400)


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_ever_found_stays_well(name: str) -> None:
    known = seeds(name)
    assert len(known) >= 3
    for data in known:
        TARGETS[name].judge(data)


@pytest.fixture(scope="module")
def searches(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Fuzzed]]]:
    """The fuzzers that this run has chosen, two at once."""
    chosen = {one.name for one in request.session.items}
    names = [name for name in TARGETS if f"{SEARCH}[{name}]" in chosen]
    with ThreadPoolExecutor(2) as pool:
        yield campaign.fuzz_all(pool, names, runs=RUNS)


@pytest.mark.skipif(not can_fuzz(), reason="atheris has no wheels here; the known inputs are judged all the same")
@pytest.mark.parametrize("name", TARGETS)
def test_a_short_search_finds_nothing_new(searches: dict[str, Future[Fuzzed]], name: str) -> None:
    found = searches[name].result()
    assert not found.finding, f"{found.bytes_of_finding!r}\n{found.finding}"
    assert found.executions >= RUNS


def test_a_judge_sees_a_frame_that_amqtt_would_read_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    def blind(frame: Frame) -> None:
        if frame.kind not in {frames.Kind.SUBSCRIBE, frames.Kind.PUBLISH}:
            raise frames.MalformedFrameError(Flaw.PACKET)

    monkeypatch.setattr(on_frames, "check", blind)
    with pytest.raises((AssertionError, UnicodeDecodeError, IndexError)):
        on_frames.frames(b"\x82\0\1\0\5a\1")
