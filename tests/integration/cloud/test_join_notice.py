"""When another phone becomes part of a person, whoever reads the mail of their address is told, once."""

import pytest

from mobile_menu.account_ports import EmailLinkRefusedError
from tests.integration.cloud.joined import ADA, again, ask, letters, prove
from tests.integration.cloud.world import World, at_once


def notices(world: World) -> list[tuple[str, str, str]]:
    return [(one.to, one.language, one.link) for one in letters(world) if one.kind == "joined"]


def told(world: World) -> list[tuple[str, str]]:
    """Every notice that waits."""
    return [(one.kind, one.to) for one in letters(world) if one.kind != "verify"]


def test_each_phone_that_is_added_is_told_once_to_the_address_in_its_language(world: World) -> None:
    first, second, third = world.phone(), world.phone(), world.phone()
    world.accounts.ask_email(first.caller, ADA, "de")
    world.accounts.verify_email(first.caller, letters(world)[-1].link.partition("#email=")[2])
    assert notices(world) == [], "nobody was there before"
    token = ask(world, second)
    for _ in range(3):
        assert world.accounts.verify_email(again(world, second).caller, token).joined
    told = (ADA, "de", "https://id.example/app/")
    assert notices(world) == [told]
    prove(world, third)
    assert notices(world) == [told] * 2


def test_two_posts_of_one_link_at_once_tell_it_once(world: World) -> None:
    first, second = world.phone(), world.phone()
    prove(world, first)
    token = ask(world, second)
    caller = again(world, second).caller
    at_once([lambda: world.accounts.verify_email(caller, token)] * 4)
    assert len(notices(world)) == 1


def test_nothing_is_told_when_nobody_was_added(world: World) -> None:
    first, second = world.phone(), world.phone()
    prove(world, first)
    prove(world, first)
    prove(world, second, "bob@example.com")
    with pytest.raises(EmailLinkRefusedError):
        world.accounts.verify_email(second.caller, ask(world, first))
    assert notices(world) == []


def test_the_notice_is_the_persons_and_goes_with_them(world: World) -> None:
    first, second = world.phone(), world.phone()
    prove(world, first)
    prove(world, second)
    (row,) = [one for one in world.menus.export(first.caller)["mail"] if one["kind"] == "joined"]
    assert row["to"] == ADA
    assert not [row for row in world.rows("mail") if row.counted is None and row.person_id != first.person_id]
    world.menus.opt_out(first.token)
    assert world.rows("mail") == []


def test_an_address_that_another_takes_the_place_of_is_told_so(world: World) -> None:
    first, thief = world.phone(), world.phone()
    prove(world, first)
    prove(world, first, "mallory@example.com")
    assert told(world) == [("removed", ADA)]
    prove(world, thief, "mallory@example.com")
    assert told(world) == [("removed", ADA), ("joined", "mallory@example.com")]


def test_an_address_that_goes_as_two_become_one_is_told_so(world: World) -> None:
    first, thief = world.phone(), world.phone()
    prove(world, thief, "mallory@example.com")
    prove(world, first)
    prove(world, first, "mallory@example.com")
    assert told(world) == [("joined", "mallory@example.com"), ("removed", ADA)]


def test_who_removes_an_address_takes_back_links_and_no_notice_and_the_address_is_told(world: World) -> None:
    first, thief = world.phone(), world.phone()
    prove(world, first)
    prove(world, thief)
    ask(world, again(world, thief), "mallory@example.com")
    world.accounts.remove_email(again(world, thief).caller)
    assert [(one.kind, one.to) for one in letters(world)] == [("joined", ADA), ("removed", ADA)]
    world.accounts.remove_email(again(world, thief).caller)
    assert told(world) == [("joined", ADA), ("removed", ADA)], "there was none any more"
