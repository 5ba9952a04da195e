"""Phones' sessions: tokens that last minutes, refresh tokens that count once, and what happens when one comes twice."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import event

from cloud.identity import phones
from cloud.identity.rotation import GRACE
from cloud.registry import codes
from mobile_menu.account_ports import SessionUnknownError
from mobile_menu.ports import SessionRefusedError, SessionStarted
from tests.integration.cloud.joined import prove
from tests.integration.cloud.lives import everything
from tests.integration.cloud.world import Phone, World, at_once


def person_of(world: World, token: str) -> str | None:
    """Whose access token it is; None when it does not count."""
    found = world.read(lambda tx: phones.session_of(tx, token))
    return None if found is None else found.person_id


def refresh(world: World, token: str, key: str | None = None) -> SessionStarted:
    return world.accounts.refresh(token, key)


def test_an_access_token_ends_after_minutes_and_the_refresh_token_brings_the_next(world: World) -> None:
    phone = world.phone()
    world.clock.advance(minutes=15)
    assert person_of(world, phone.token) is None
    fresh = refresh(world, phone.refresh_token)
    assert person_of(world, fresh.token) == phone.person_id
    assert fresh.expires_in_s == 900
    assert fresh.refresh_expires_at == world.clock() + timedelta(days=90)


def test_an_access_token_counts_on_until_its_own_end_when_the_pair_is_replaced(world: World) -> None:
    phone = world.phone()
    world.clock.advance(minutes=10)
    refresh(world, phone.refresh_token)
    assert person_of(world, phone.token) == phone.person_id
    world.clock.advance(minutes=5)
    assert person_of(world, phone.token) is None


def test_a_phone_that_is_used_stays_signed_in_and_one_that_is_not_for_90_days_does_not(world: World) -> None:
    phone = world.phone()
    token = phone.refresh_token
    for _ in range(4):
        world.clock.advance(hours=24 * 80)
        token = refresh(world, token).refresh_token
    world.clock.advance(hours=24 * 90)
    with pytest.raises(SessionRefusedError):
        refresh(world, token)


def test_a_replaced_refresh_token_that_comes_again_ends_every_token_of_the_session(world: World) -> None:
    phone = world.phone()
    other = world.another_phone_of(phone)
    fresh = refresh(world, phone.refresh_token)
    world.clock.now += GRACE + timedelta(seconds=1)
    with pytest.raises(SessionRefusedError):
        refresh(world, phone.refresh_token)
    for token in (phone.token, fresh.token):
        assert person_of(world, token) is None
    with pytest.raises(SessionRefusedError):
        refresh(world, fresh.refresh_token)
    assert person_of(world, other.token) == phone.person_id
    (noted,) = world.rows("journal", type="session.reused")
    assert (noted.data, noted.journey_id, noted.product_id) == ({}, None, None)


def test_a_token_older_than_the_last_but_one_ends_the_session_too_even_within_seconds(world: World) -> None:
    phone = world.phone()
    second = refresh(world, phone.refresh_token)
    third = refresh(world, second.refresh_token)
    with pytest.raises(SessionRefusedError):
        refresh(world, phone.refresh_token)
    with pytest.raises(SessionRefusedError):
        refresh(world, third.refresh_token)


def test_whoever_lost_the_answer_gets_it_again_within_seconds(world: World) -> None:
    phone = world.phone()
    first = refresh(world, phone.refresh_token)
    world.clock.now += GRACE
    assert refresh(world, phone.refresh_token).refresh_token == first.refresh_token
    assert refresh(world, first.refresh_token).token != first.token


def test_the_same_key_gets_the_lost_answer_later_too_and_another_key_ends_the_session(world: World) -> None:
    phone = world.phone()
    first = refresh(world, phone.refresh_token, "tap-1")
    world.clock.advance(hours=2)
    assert refresh(world, phone.refresh_token, "tap-1").refresh_token == first.refresh_token
    with pytest.raises(SessionRefusedError):
        refresh(world, phone.refresh_token, "tap-2")
    with pytest.raises(SessionRefusedError):
        refresh(world, first.refresh_token)


def test_the_same_key_does_not_count_once_the_successor_was_used(world: World) -> None:
    phone = world.phone()
    first = refresh(world, phone.refresh_token, "tap-1")
    second = refresh(world, first.refresh_token)
    with pytest.raises(SessionRefusedError):
        refresh(world, phone.refresh_token, "tap-1")
    assert person_of(world, second.token) is None


def test_two_tabs_that_refresh_at_once_get_one_pair(world: World) -> None:
    for _ in range(5):
        phone = world.phone()
        found = at_once([lambda token=phone.refresh_token: refresh(world, token)] * 4)  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
        pairs = [one for one in found if isinstance(one, SessionStarted)]
        assert len(pairs) == 4, found
        assert len({(one.token, one.refresh_token) for one in pairs}) == 1


def test_an_access_token_is_none_to_refresh_with_and_the_other_way_round_and_neither_ends_the_session(
    world: World,
) -> None:
    phone = world.phone()
    with pytest.raises(SessionRefusedError):
        refresh(world, phone.token)
    assert person_of(world, phone.refresh_token) is None
    assert person_of(world, phone.token) == phone.person_id


def tampered(token: str) -> dict[str, str]:
    swapped = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]
    selector, check = swapped[4:26], token[-22:]
    return {
        "truncated": token[:-1],
        "extended": token + "A",
        "other case": token[:4] + token[4:].swapcase(),
        "one letter": swapped,
        "other check": token[:-22] + check[::-1],
        "other selector": token[:4] + selector[::-1] + token[26:],
        "as a key of an operator": "tlk_" + token[4:],
        "as a visit": "tlv_" + token[4:],
        "as a device's": "tld_" + token[4:],
        "with a space": token + " ",
        "with NUL": token + "\0",
        "with a letter that looks the same": token[:30] + "а" + token[31:],
        "a surrogate": token + "\ud800",
        "very long": token * 200,
        "empty": "",
    }


def test_a_token_that_somebody_made_up_is_refused_and_ends_nothing(world: World) -> None:
    phone = world.phone()
    for what, token in tampered(phone.refresh_token).items():
        with pytest.raises(SessionRefusedError):
            refresh(world, token)
        assert person_of(world, phone.token) == phone.person_id, what
    for what, token in tampered(phone.token).items():
        assert person_of(world, token) is None, what
        with pytest.raises(SessionRefusedError):
            world.menus.opt_out(token)
    assert world.rows("journal", type="session.reused") == []


def test_nothing_that_is_stored_is_a_token(world: World) -> None:
    phone = world.phone()
    fresh = refresh(world, phone.refresh_token, "tap-1")
    stored = everything(world)
    for token in (phone.token, phone.refresh_token, fresh.token, fresh.refresh_token):
        assert token.encode() not in stored
        assert token[4:26].encode() not in stored


def test_a_session_of_before_there_were_two_tokens_goes_on_with_the_token_that_it_had(world: World) -> None:
    phone = world.phone()
    old = "tls_" + "x" * 43
    hashed = codes.token_hash(old)
    bare = {"token_hash": hashed, "refresh_hash": hashed, "access_hash": None, "access_until": None}
    table = phones.session_table
    world.run(lambda tx: tx.session.execute(table.update().where(table.c.id == phone.caller.session_id).values(bare)))
    assert person_of(world, old) is None
    assert person_of(world, refresh(world, old).token) == phone.person_id
    with pytest.raises(SessionRefusedError):
        refresh(world, old)


@pytest.mark.parametrize("which", ["access", "refresh", "access of the pair before"])
def test_a_token_that_counts_is_enough_to_leave_with_and_any_gets_the_receipt_again(world: World, which: str) -> None:
    phone = world.phone()
    fresh = refresh(world, phone.refresh_token)
    latest = refresh(world, fresh.refresh_token)
    counts = {"access": latest.token, "refresh": latest.refresh_token, "access of the pair before": fresh.token}
    receipt = world.menus.opt_out(counts[which])
    assert world.rows("person", id=phone.person_id) == []
    for token in (phone.token, phone.refresh_token, fresh.token, latest.refresh_token):
        assert world.menus.opt_out(token) == receipt


def test_an_access_token_serves_to_leave_with_for_a_day_after_its_end_and_no_longer(world: World) -> None:
    late, later = world.phone(), world.phone()
    world.clock.advance(hours=24)
    world.clock.now += timedelta(minutes=15)
    with pytest.raises(SessionRefusedError):
        world.menus.opt_out(later.token)
    assert world.rows("person", id=later.person_id) != []
    world.clock.now -= timedelta(seconds=1)
    world.menus.opt_out(late.token)
    assert world.rows("person", id=late.person_id) == []


def test_a_token_that_was_replaced_erases_nobody(world: World) -> None:
    phone = world.phone()
    fresh = refresh(world, phone.refresh_token)
    world.clock.advance(hours=1)
    latest = refresh(world, fresh.refresh_token)
    for token in (phone.token, phone.refresh_token, fresh.token, fresh.refresh_token):
        with pytest.raises(SessionRefusedError):
            world.menus.opt_out(token)
    assert person_of(world, latest.token) == phone.person_id


def test_a_person_sees_their_own_phones_and_ends_them_one_by_one(world: World) -> None:
    phone, stranger = world.phone(), world.phone()
    world.clock.advance(minutes=1)
    other = world.another_phone_of(phone)
    assert [one.current for one in world.accounts.sessions(phone.caller)] == [False, True]
    assert {one.id for one in world.accounts.sessions(phone.caller)} == {
        phone.caller.session_id,
        other.caller.session_id,
    }
    world.accounts.end_session(phone.caller, other.caller.session_id)
    assert person_of(world, other.token) is None
    assert person_of(world, phone.token) == phone.person_id
    for session_id in (stranger.caller.session_id, other.caller.session_id, "nonsense", "01" * 13):
        with pytest.raises(SessionUnknownError):
            world.accounts.end_session(phone.caller, session_id)
    assert person_of(world, stranger.token) == stranger.person_id


def test_who_ends_a_phones_session_ends_the_visit_of_its_browser_but_a_theft_does_not(world: World) -> None:
    opened = world.menus.start_session(None, None)
    assert opened.visit is not None
    visit = opened.visit.token
    caller = world.menus.caller(opened.started.token, "en")
    fresh = refresh(world, opened.started.refresh_token)
    world.clock.advance(minutes=1)
    with pytest.raises(SessionRefusedError):
        refresh(world, opened.started.refresh_token)
    again = world.menus.start_session(visit, None)
    phone = Phone(again.started.token, world.menus.caller(again.started.token, "en"))
    assert phone.person_id == caller.person_id
    assert person_of(world, fresh.token) is None
    world.accounts.end_session(phone.caller, phone.caller.session_id)
    assert world.read(lambda tx: phones.visit_of(tx, visit)) is None


def in_browser(world: World, visit: str | None = None) -> tuple[Phone, str]:
    """A phone that began in a browser, and the browser's cookie."""
    opened = world.menus.start_session(visit, None)
    started = opened.started
    cookie = opened.visit.token if opened.visit else visit or ""
    return Phone(started.token, world.menus.caller(started.token, "en"), started.refresh_token), cookie


def test_to_end_a_phone_ends_every_session_of_its_browser(world: World) -> None:
    first, cookie = in_browser(world)
    others = [in_browser(world, cookie)[0] for _ in range(3)]
    me = world.another_phone_of(first)
    heard: set[str] = set()
    world.db.listeners.append(lambda changes: heard.update(changes.sessions))
    world.accounts.end_session(me.caller, others[0].caller.session_id)
    assert [one.id for one in world.accounts.sessions(me.caller)] == [me.caller.session_id]
    assert heard == {one.caller.session_id for one in (first, *others)}
    assert in_browser(world, cookie)[0].person_id != me.person_id


def test_a_visit_without_a_phone_is_listed_and_can_be_ended(world: World) -> None:
    first, cookie = in_browser(world)
    me = world.another_phone_of(first)
    refresh(world, first.refresh_token)
    world.clock.advance(minutes=1)
    with pytest.raises(SessionRefusedError):
        refresh(world, first.refresh_token)
    kinds = {one.kind: one for one in world.accounts.sessions(me.caller)}
    assert set(kinds) == {"phone", "visit"}
    assert kinds["visit"].current is False
    with pytest.raises(SessionUnknownError):
        world.accounts.end_session(world.phone().caller, kinds["visit"].id)
    world.accounts.end_session(me.caller, kinds["visit"].id)
    assert [one.kind for one in world.accounts.sessions(me.caller)] == ["phone"]
    assert in_browser(world, cookie)[0].person_id != me.person_id


def test_all_others_end_in_one_call_and_this_phone_goes_on(world: World) -> None:
    me, mine = in_browser(world)
    same_browser, _ = in_browser(world, mine)
    other = world.another_phone_of(me)
    visit = world.run(lambda tx: phones.open_visit(tx, me.person_id)).token
    stranger = world.phone()
    assert world.accounts.end_others(me.caller).ended == 3
    assert [one.id for one in world.accounts.sessions(me.caller)] == [me.caller.session_id]
    assert [person_of(world, one.token) for one in (same_browser, other)] == [None, None]
    assert in_browser(world, visit)[0].person_id != me.person_id
    assert in_browser(world, mine)[0].person_id == me.person_id
    assert person_of(world, stranger.token) == stranger.person_id
    assert world.accounts.end_others(stranger.caller).ended == 0


def test_after_two_became_one_a_stolen_token_ends_the_visit_as_well(world: World) -> None:
    ex, cookie = in_browser(world)
    prove(world, ex)
    me = world.phone()
    prove(world, me)
    me = Phone(me.token, world.menus.caller(me.token, "en"), me.refresh_token)
    assert me.person_id == ex.person_id
    refresh(world, ex.refresh_token)
    world.clock.advance(minutes=1)
    with pytest.raises(SessionRefusedError):
        refresh(world, ex.refresh_token)
    assert [one.kind for one in world.accounts.sessions(me.caller)] == ["phone"]
    assert in_browser(world, cookie)[0].person_id != me.person_id


def test_a_session_that_begins_by_a_visit_while_that_ends_does_not_outlive_it(world: World) -> None:
    for _ in range(8):
        first, cookie = in_browser(world)
        me = world.another_phone_of(first)
        works: list[Callable[[], object]] = [
            partial(world.accounts.end_session, me.caller, first.caller.session_id),
            partial(world.menus.start_session, cookie, None),
        ]
        found = at_once(works)
        assert not any(isinstance(one, Exception) for one in found), found
        assert [one.id for one in world.accounts.sessions(me.caller)] == [me.caller.session_id]


def test_a_person_of_whom_nothing_else_is_known_goes_with_their_last_phone(world: World) -> None:
    known, other = world.phone(), world.phone()
    world.begin(known)
    second = world.another_phone_of(other)
    for phone in (known, other):
        world.accounts.end_session(phone.caller, phone.caller.session_id)
    people = {row.id for row in world.rows("person")}
    assert people == {known.person_id, other.person_id}
    world.accounts.end_session(second.caller, second.caller.session_id)
    assert {row.id for row in world.rows("person")} == {known.person_id}


def test_every_session_that_ends_is_announced(world: World) -> None:
    heard: list[set[str]] = []
    world.db.listeners.append(lambda changes: heard.append(set(changes.sessions)))
    phone = world.phone()
    world.accounts.end_session(phone.caller, phone.caller.session_id)
    thief = world.phone()
    refresh(world, thief.refresh_token)
    world.clock.advance(minutes=1)
    with pytest.raises(SessionRefusedError):
        refresh(world, thief.refresh_token)
    leaver = world.phone()
    world.menus.opt_out(leaver.token)
    ended = set().union(*heard)
    assert ended == {one.caller.session_id for one in (phone, thief, leaver)}


def test_to_know_whose_token_it_is_takes_one_question(world: World) -> None:
    phone = world.phone()
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    event.listen(world.db.engine, "before_cursor_execute", note)
    world.menus.caller(phone.token, "en")
    event.remove(world.db.engine, "before_cursor_execute", note)
    assert len(asked) == 1
