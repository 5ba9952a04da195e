"""Mail to an address that strangers ask for too: it is not flooded, and who reads its mail always gets in."""

import pytest

from cloud.identity.mail_limits import PER_ADDRESS
from cloud.mail import service as mail
from mobile_menu.account_ports import EmailAsked, EmailVerified
from tests.integration.cloud.joined import ADA, again, ask, letters, prove, refused
from tests.integration.cloud.world import Phone, World, at_once

DAY_S = 24 * 3600


def leave(world: World) -> int:
    """What waits is handed over to a mail server; how many mails there were."""
    due = world.run(lambda tx: mail.lease(tx, world.keys, 100))
    for one in due:
        world.run(lambda tx, one=one: mail.note_sent(tx, one.id))  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    return len(due)


def used_up(world: World) -> list[str]:
    """The tokens of all the mails that go to the address today, as strangers have asked for them; all have left."""
    tokens = [ask(world, world.phone()) for _ in range(PER_ADDRESS)]
    assert leave(world) >= PER_ADDRESS
    return tokens


def wish(world: World, phone: Phone) -> EmailAsked:
    return world.accounts.ask_email(phone.caller, ADA, "en")


def test_nobody_is_flooded_with_mail_whoever_asks_and_who_asks_is_told(world: World) -> None:
    used_up(world)
    now = world.clock()
    to_midnight = DAY_S - now.hour * 3600 - now.minute * 60 - now.second
    for _ in range(3):
        said = wish(world, world.phone())
        assert not said.sent
        assert to_midnight - 1 <= said.expires_in_s <= to_midnight
    assert letters(world) == []
    assert world.accounts.ask_email(world.phone().caller, "bob@example.com", "en") == EmailAsked(
        sent=True, expires_in_s=1800
    )
    world.clock.advance(seconds=to_midnight)
    assert wish(world, world.phone()) == EmailAsked(sent=True, expires_in_s=1800)


def test_who_reads_the_mail_gets_in_by_any_of_the_day_when_strangers_have_used_it_up(world: World) -> None:
    tokens, owner = used_up(world), world.phone()
    assert not wish(world, owner).sent
    world.clock.advance(minutes=45)
    assert world.accounts.verify_email(owner.caller, tokens[3]) == EmailVerified(address=ADA, joined=False)
    assert world.accounts.email(owner.caller).address == ADA
    again_ = world.accounts.verify_email(owner.caller, tokens[3])
    assert again_ == EmailVerified(address=ADA, joined=False), "its repetition says the same"


def test_a_second_phone_of_the_owner_finds_the_first_by_such_a_mail(world: World) -> None:
    first, second = world.phone(), world.phone()
    prove(world, first)
    tokens = used_up(world)
    assert not wish(world, second).sent
    assert world.accounts.verify_email(second.caller, tokens[-1]).joined
    assert again(world, second).person_id == again(world, first).person_id


def test_who_has_shown_to_read_the_mail_begins_the_day_anew_and_ends_what_the_mails_before_prove(world: World) -> None:
    tokens, owner, stranger = used_up(world), world.phone(), world.phone()
    for phone in (owner, stranger):
        assert not wish(world, phone).sent
    world.accounts.verify_email(owner.caller, tokens[0])
    assert refused(world, stranger, tokens[1])
    assert wish(world, world.phone()).sent


def test_a_mail_of_the_day_does_nothing_where_nobody_was_told_to_use_it(world: World) -> None:
    bystander, sent, limited = world.phone(), world.phone(), world.phone()
    early = ask(world, sent)
    tokens = [ask(world, world.phone()) for _ in range(PER_ADDRESS - 1)]
    world.accounts.ask_email(limited.caller, "bob@example.com", "en")
    for phone in (bystander, limited, sent):
        assert refused(world, phone, tokens[0])
    assert not wish(world, limited).sent
    for wrong in (early.partition(".")[0], tokens[0] + "x", "tle_x.", "tle_x", ".", "tle_é.\ud800", ""):
        assert refused(world, limited, wrong)
    other = world.another_phone_of(limited)
    assert refused(world, other, tokens[0]), "not even on another phone of the one who asked"
    assert not refused(world, limited, tokens[0])


def test_a_mail_of_another_address_or_of_yesterday_proves_nothing(world: World) -> None:
    phone = world.phone()
    yesterday = ask(world, world.phone())
    world.clock.advance(hours=24)
    other = ask(world, world.phone(), "bob@example.com")
    used_up(world)
    assert not wish(world, phone).sent
    assert refused(world, phone, yesterday)
    assert refused(world, phone, other)


def test_what_a_limited_wish_waits_for_ends_with_the_day(world: World) -> None:
    tokens, phone = used_up(world), world.phone()
    world.clock.advance(seconds=wish(world, phone).expires_in_s)
    assert refused(world, phone, tokens[0])


def test_strangers_who_ask_and_leave_before_their_mail_does_take_nothing_from_the_address(world: World) -> None:
    for number in range(2 * PER_ADDRESS):
        stranger = world.phone()
        wish(world, stranger)
        if number % 2:
            world.menus.opt_out(stranger.token)
        else:
            world.accounts.remove_email(stranger.caller)
    assert letters(world) == []
    assert wish(world, world.phone()).sent


def test_leaving_after_the_mail_has_left_does_not_get_an_address_more_mail(world: World) -> None:
    tokens = []
    for _ in range(PER_ADDRESS):
        phone = world.phone()
        tokens.append(ask(world, phone))
        leave(world)
        world.menus.opt_out(phone.token)
    owner = world.phone()
    assert not wish(world, owner).sent
    assert not refused(world, owner, tokens[-1]), "the mail is there, whoever asked for it"


def test_a_mail_that_is_being_sent_counts_though_it_is_taken_back(world: World) -> None:
    phones = [world.phone() for _ in range(PER_ADDRESS)]
    for phone in phones:
        wish(world, phone)
    world.run(lambda tx: mail.lease(tx, world.keys, 100))
    for phone in phones:
        world.menus.opt_out(phone.token)
    assert not wish(world, world.phone()).sent


def test_mail_that_could_not_leave_in_its_time_counts_for_nobody(world: World) -> None:
    world.clock.now = world.clock.now.replace(hour=9)
    for _ in range(PER_ADDRESS):
        wish(world, world.phone())
    world.clock.advance(minutes=31)  # as when no mail loop ran
    assert leave(world) == 0
    assert wish(world, world.phone()).sent


@pytest.mark.parametrize("count", [PER_ADDRESS + 4])
def test_wishes_at_once_are_all_counted(world: World, count: int) -> None:
    phones = [world.phone() for _ in range(count)]
    found = at_once([lambda phone=phone: wish(world, phone) for phone in phones])  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
    assert [one.sent for one in found if isinstance(one, EmailAsked)].count(True) == PER_ADDRESS
    assert len(letters(world)) == PER_ADDRESS
