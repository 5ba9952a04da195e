"""Two become one while somebody writes, leaves or proves the same address: one or the other, and never between."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import sqlalchemy as sa

from cloud import joining
from cloud.care import service as care
from mobile_menu.account_ports import EmailVerified
from tests.integration.cloud.joined import again, ask, live_a_little, prove
from tests.integration.cloud.test_replay import check
from tests.integration.cloud.world import World, at_once


def test_of_many_who_prove_one_address_at_once_all_become_one_and_none_is_half(world: World) -> None:
    for turn in range(3):
        address = f"turn{turn}@example.com"
        people = [world.phone() for _ in range(4)]
        for number, phone in enumerate(people):
            journey = world.begin(phone)
            world.menus.open_case(phone.caller, journey.id, f"help {turn} {number}", b"{}", None)
        tokens = [ask(world, phone, address) for phone in people]
        works = [
            lambda phone=phone, token=token: world.accounts.verify_email(phone.caller, token)
            for phone, token in zip(people, tokens, strict=True)
        ]
        found = at_once(works)
        assert sorted(one.joined for one in found if isinstance(one, EmailVerified)) == [False, True, True, True], found
        (person,) = {again(world, phone).person_id for phone in people}
        said = msgspec.json.encode(world.menus.export(again(world, people[0]).caller)).decode()
        assert all(f"help {turn} {number}" in said for number in range(4)), person
    check(world)


def test_becoming_one_and_leaving_at_once_ends_in_one_of_the_two_and_never_between(world: World) -> None:
    for turn in range(4):
        address = f"leaver{turn}@example.com"
        first, second = world.phone(), world.phone()
        live_a_little(world, second, turn)
        prove(world, first, address)
        token = ask(world, second, address)
        leaver = (first, second)[turn % 2]
        works: list[Any] = [lambda who=second, token=token: world.accounts.verify_email(who.caller, token)]
        works += [lambda leaver=leaver: world.menus.opt_out(leaver.token)]
        at_once(works)
        people = {row.id for row in world.rows("person")}
        assert leaver.person_id not in people
        for row in world.rows("support_case"):
            assert row.person_id in people
            world.read(lambda tx, row=row: care.messages(tx, world.keys, care.read(tx, row.id)))  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
        for row in world.rows("phone_session"):
            assert row.person_id in people
    check(world)


def test_a_customer_who_writes_while_two_become_one_is_read_by_the_expert(world: World) -> None:
    for turn in range(4):
        first, second = world.phone(), world.phone()
        journey = world.begin(second)
        case = world.menus.open_case(second.caller, journey.id, "first", b"{}", None)
        prove(world, first, f"w{turn}@example.com")
        token = ask(world, second, f"w{turn}@example.com")
        works: list[Any] = [lambda second=second, token=token: world.accounts.verify_email(second.caller, token)]
        works += [
            lambda case=case, number=number: world.run(
                lambda tx: care.reply(tx, world.keys, case.id, "expert", f"answer {number}")
            )
            for number in range(3)
        ]
        at_once(works)
        thread = world.read(lambda tx, case=case: care.messages(tx, world.keys, care.read(tx, case.id)))  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
        assert len(thread) == 4


def waiting(world: World) -> bool:
    """Somebody waits for a lock that another transaction holds."""
    query = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    return bool(world.read(lambda tx: tx.session.execute(query).scalar_one()))


def while_it_waits(world: World, held: Any, other: Any) -> None:
    """Does `held` in a transaction, starts `other` beside it, and commits when that waits."""
    with ThreadPoolExecutor(1) as pool:
        with world.db.transaction() as tx:
            held(tx)
            started = pool.submit(other)
            end = time.monotonic() + 30
            while not started.done() and not waiting(world):
                assert time.monotonic() < end, "it neither ended nor waited"
                time.sleep(0.01)
        started.result(60)


def test_what_is_written_just_before_two_become_one_is_sealed_anew_as_well(postgres_world: World) -> None:
    world = postgres_world
    first, second = world.phone(), world.phone()
    case = world.menus.open_case(second.caller, world.begin(second).id, "first", b"{}", None)
    prove(world, first)
    token = ask(world, second)
    while_it_waits(
        world,
        lambda tx: care.reply(tx, world.keys, case.id, "expert", "just now"),
        lambda: world.accounts.verify_email(second.caller, token),
    )
    thread = world.read(lambda tx: care.messages(tx, world.keys, care.read(tx, case.id)))
    assert [one["text"] for one in thread] == ["first", "just now"]


def test_who_leaves_while_they_become_one_with_another_is_gone_as_that_one_too(postgres_world: World) -> None:
    world = postgres_world
    first, second = world.phone(), world.phone()
    live_a_little(world, second, 1)
    prove(world, first)
    token = ask(world, second)
    while_it_waits(
        world,
        lambda tx: joining.verify(tx, world.keys, second.person_id, second.caller.session_id, token),
        lambda: world.menus.opt_out(second.token),
    )
    assert world.rows("person") == world.rows("support_case") == world.rows("email_address") == []
