"""What a refresh token that is presented means, whatever the order and the time."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cloud.identity.rotation import GRACE, KEY_COUNTS, Rotation, Verdict, judge

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKENS = st.sampled_from([bytes([number]) * 32 for number in range(6)])
KEYS = st.none() | st.sampled_from([b"k" * 32, b"l" * 32])


@given(TOKENS, st.none() | TOKENS, TOKENS, KEYS, KEYS, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_one_token_rotates_one_may_repeat_and_every_other_is_a_copy(
    current: bytes,
    previous: bytes | None,
    presented: bytes,
    known_key: bytes | None,
    key: bytes | None,
    age: timedelta,
) -> None:
    verdict = judge(Rotation(current, previous, NOON, known_key), presented, key, NOON + age)
    assert (verdict is Verdict.ROTATE) == (presented == current)
    same_call = key is not None and key == known_key and age < KEY_COUNTS
    may_repeat = presented == previous != current and (age <= GRACE or same_call)
    assert (verdict is Verdict.REPEAT) == may_repeat
    assert (verdict is Verdict.REUSED) == (presented != current and not may_repeat)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_whoever_presents_an_old_token_after_its_successor_was_used_is_found_out(steps: list[int]) -> None:
    """Plays a family forward; steps: how far behind the newest token each presented one is."""
    tokens, now = [b"0" * 32], NOON
    known = Rotation(tokens[0], None, now, None)
    for behind in steps:
        now += timedelta(minutes=5)
        presented = tokens[max(0, len(tokens) - 1 - behind)]
        verdict = judge(known, presented, None, now)
        assert verdict is (Verdict.ROTATE if presented == tokens[-1] else Verdict.REUSED)
        if verdict is Verdict.ROTATE:
            tokens.append(str(len(tokens)).encode() * 32)
            known = Rotation(tokens[-1], tokens[-2], now, None)
