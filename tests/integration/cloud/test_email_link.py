"""An address is proven by a link: where it counts, for how long, and what its limits do not say."""

import pytest

from cloud.errors import InvalidError
from cloud.identity.mail_limits import PER_SESSION
from mobile_menu.account_ports import EmailVerified
from mobile_menu.ports import SessionRefusedError, TooManyAttemptsError
from tests.integration.cloud.joined import ADA, again, ask, letters, prove, refused
from tests.integration.cloud.lives import everything
from tests.integration.cloud.world import World


def test_a_link_proves_the_address_and_the_person_sees_it_and_can_take_it_along(world: World) -> None:
    phone = world.phone()
    assert prove(world, phone, " Ada@EXAMPLE.com ") == EmailVerified(address=ADA, joined=False)
    assert world.accounts.email(phone.caller).address == ADA
    export = world.menus.export(phone.caller)
    assert export["email"]["address"] == ADA
    assert ADA.encode() not in everything(world)


def test_a_link_counts_once_and_its_repetition_says_the_same_and_does_nothing(world: World) -> None:
    phone = world.phone()
    token = ask(world, phone)
    first = world.accounts.verify_email(phone.caller, token)
    before = everything(world)
    assert world.accounts.verify_email(phone.caller, token) == first
    assert everything(world) == before


def test_a_link_counts_for_thirty_minutes(world: World) -> None:
    phone = world.phone()
    token = ask(world, phone)
    world.clock.advance(minutes=30)
    assert refused(world, phone, token)
    assert world.accounts.email(phone.caller).address is None


def test_a_newer_link_ends_the_older_one(world: World) -> None:
    phone = world.phone()
    older, newer = ask(world, phone), ask(world, phone)
    assert refused(world, phone, older)
    assert not refused(world, phone, newer)


def test_a_link_that_an_attacker_asked_for_gives_them_nothing_when_the_victim_opens_it(world: World) -> None:
    victim, attacker = world.phone(), world.phone()
    prove(world, victim)
    token = ask(world, attacker)  # the mail goes to the victim
    assert refused(world, victim, token)
    other = world.another_phone_of(attacker)
    assert refused(world, other, token), "not even on another phone of the one who asked"
    assert again(world, attacker).person_id != again(world, victim).person_id
    assert world.accounts.email(attacker.caller).address is None


def test_a_link_of_a_session_that_was_ended_leads_nowhere(world: World) -> None:
    phone = world.phone()
    token = ask(world, phone)
    world.accounts.end_session(phone.caller, phone.caller.session_id)
    assert world.rows("email_proof") == []
    with pytest.raises(SessionRefusedError):
        world.accounts.verify_email(phone.caller, token)


def test_who_takes_the_address_away_takes_links_and_their_waiting_mails_away(world: World) -> None:
    phone = world.phone()
    prove(world, phone)
    token = ask(world, phone, "other@example.com")
    world.accounts.remove_email(phone.caller)
    assert world.accounts.email(phone.caller).address is None
    assert refused(world, phone, token)
    assert [one.kind for one in letters(world)] == ["removed"]
    world.accounts.remove_email(phone.caller)


@pytest.mark.parametrize(
    "wrong", ["", "ada", "ada@", "@example.com", "a b@example.com", "ada@example", "a@b@c.de\r\nBcc: x"]
)
def test_what_is_no_address_is_refused_before_anything_is_kept(world: World, wrong: str) -> None:
    phone = world.phone()
    before = everything(world)
    with pytest.raises(InvalidError):
        world.accounts.ask_email(phone.caller, wrong, "en")
    assert everything(world) == before


# --- limits, and what they do not say ---


def test_the_answer_says_nothing_of_who_has_the_address(world: World) -> None:
    known, stranger = world.phone(), world.phone()
    prove(world, known)
    answers = {world.accounts.ask_email(stranger.caller, one, "en") for one in (ADA, "nobody@example.com")}
    assert len({answer.expires_in_s for answer in answers}) == 1
    assert len(letters(world)) == 3


def test_one_session_asks_so_often_an_hour_and_is_told_when_to_come_again(world: World) -> None:
    phone = world.phone()
    for number in range(PER_SESSION):
        world.accounts.ask_email(phone.caller, f"a{number}@example.com", "en")
        world.clock.advance(minutes=2)
    world.accounts.remove_email(phone.caller)
    with pytest.raises(TooManyAttemptsError) as caught:
        world.accounts.ask_email(phone.caller, ADA, "en")
    assert caught.value.facts["retry_after_s"] == 50 * 60
    world.clock.advance(minutes=50)
    world.accounts.ask_email(phone.caller, ADA, "en")
