"""Operators' keys: narrowed, ended by time and by hand, limited; never more than who asks for them may do."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi import FastAPI

from cloud.errors import LastAdminKeyError
from cloud.identity import operators
from cloud.identity.key_limits import KeyGates
from cloud.identity.permissions import OperatorRole, granted
from cloud.settings import load_settings
from mobile_menu.limits import Gate, Limit
from tests.integration.cloud.operators import WIDE, application, client, issue, log, problem
from tests.integration.cloud.world import World, at_once


@pytest.fixture
def app(world: World) -> Iterator[FastAPI]:
    made = application(world)
    yield made
    made.state.hub.close()


async def status(app: FastAPI, token: str, path: str = "/api/v1/products") -> int:
    async with client(app, token) as operator:
        return (await operator.get(path)).status_code


# --- made ---


async def test_a_key_is_shown_once_and_kept_as_its_hash_alone(app: FastAPI, world: World) -> None:
    async with client(app, issue(world).token) as admin:
        body = {"name": "till", "role": "marketer", "scopes": ["coupons", "stores.read", "coupons"]}
        made = (await admin.post("/api/v1/keys", json=body)).json()
        listed = (await admin.get("/api/v1/keys")).json()["items"]
    assert made["token"].startswith("tlk_")
    assert made["scopes"] == ["coupons", "stores.read"]
    assert made["token"] not in repr(listed) + repr(world.rows("operator_key")) + repr(world.rows("audit_entry"))
    assert listed[-1]["scopes"] == ["coupons", "stores.read"]
    assert await status(app, made["token"], "/api/v1/coupons") == 200
    assert await status(app, made["token"]) == 403


@pytest.mark.parametrize("scopes", [["unit"], ["units.*"], ["keys"], ["units", "audit.read"], [], ["units"] * 33])
async def test_scopes_that_would_give_nothing_are_refused_and_named(
    app: FastAPI, world: World, scopes: list[str]
) -> None:
    async with client(app, issue(world).token) as admin:
        answer = await admin.post("/api/v1/keys", json={"name": "x", "role": "operator", "scopes": scopes})
    problem(answer, 422, "invalid")
    assert answer.json()["errors"][0]["pointer"].startswith("/scopes")
    assert len(world.rows("operator_key")) == 1


async def test_a_narrowed_key_makes_and_ends_no_wider_one(app: FastAPI, world: World) -> None:
    whole = issue(world)
    narrow = issue(world, OperatorRole.ADMIN, ["keys", "units"])
    async with client(app, narrow.token) as admin:
        for body in (
            {"name": "x", "role": "admin"},
            {"name": "x", "role": "viewer"},
            {"name": "x", "role": "admin", "scopes": ["keys", "cases"]},
        ):
            problem(await admin.post("/api/v1/keys", json=body), 403, "forbidden")
        problem(await admin.delete(f"/api/v1/keys/{whole.id}"), 403, "forbidden")
        made = await admin.post("/api/v1/keys", json={"name": "x", "role": "operator", "scopes": ["units.read"]})
        assert made.status_code == 201
        assert (await admin.delete(f"/api/v1/keys/{made.json()['id']}")).status_code == 204
    assert await status(app, whole.token) == 200


# --- ended ---


async def test_a_key_ends_at_its_time_and_not_before(app: FastAPI, world: World) -> None:
    key = issue(world, expires_at=world.clock() + timedelta(days=1))
    world.clock.advance(seconds=86_399)
    assert await status(app, key.token) == 200
    world.clock.advance(seconds=1)
    assert await status(app, key.token) == 401


async def test_a_key_that_would_end_before_it_begins_is_refused(app: FastAPI, world: World) -> None:
    async with client(app, issue(world).token) as admin:
        body = {"name": "x", "role": "viewer", "expires_at": world.clock().isoformat()}
        answer = await admin.post("/api/v1/keys", json=body)
    problem(answer, 422, "invalid")
    assert answer.json()["errors"][0]["code"] == "in_the_past"


async def test_no_key_gets_older_than_the_deployment_allows_also_one_made_before_that_was_said(world: World) -> None:
    old, ends = issue(world), world.clock() + timedelta(days=200)
    app = application(world, load_settings(key_max_age_days=90))
    async with client(app, old.token) as admin:
        body = {"name": "x", "role": "viewer", "expires_at": ends.isoformat()}
        problem(await admin.post("/api/v1/keys", json=body), 422, "invalid")
        fresh = (await admin.post("/api/v1/keys", json={"name": "x", "role": "viewer"})).json()
        listed = (await admin.get("/api/v1/keys")).json()["items"]
    limit = (world.clock() + timedelta(days=90)).isoformat().replace("+00:00", "Z")
    assert fresh["expires_at"] == listed[0]["expires_at"] == limit
    world.clock.advance(days=89)
    assert await status(app, old.token) == 200
    world.clock.advance(days=1)
    assert await status(app, old.token) == await status(app, fresh["token"]) == 401
    app.state.hub.close()


async def test_a_revoked_key_ends_with_its_next_call(app: FastAPI, world: World) -> None:
    key = issue(world, OperatorRole.VIEWER)
    assert await status(app, key.token) == 200
    async with client(app, issue(world).token) as admin:
        assert (await admin.delete(f"/api/v1/keys/{key.id}")).status_code == 204
        assert await status(app, key.token) == 401
        assert (await admin.delete(f"/api/v1/keys/{key.id}")).status_code == 204, "again changes nothing"
        other = key.id[:-1] + ("1" if key.id.endswith("0") else "0")
        problem(await admin.delete(f"/api/v1/keys/{other}"), 404, "not_found")


async def test_the_last_key_of_an_admin_cannot_be_ended_over_http(app: FastAPI, world: World) -> None:
    own = issue(world)
    ended = issue(world)
    world.run(lambda tx: operators.revoke_key(tx, ended.id))
    issue(world, expires_at=world.clock() + timedelta(hours=1))
    issue(world, OperatorRole.ADMIN, ["keys"])
    issue(world, OperatorRole.OPERATOR)
    world.clock.advance(hours=1)
    async with client(app, own.token) as admin:
        problem(await admin.delete(f"/api/v1/keys/{own.id}"), 409, "last_admin_key")
        assert (await admin.delete(f"/api/v1/keys/{ended.id}")).status_code == 204, "that one counts no more"
        issue(world)
        assert (await admin.delete(f"/api/v1/keys/{own.id}")).status_code == 204
    assert await status(app, own.token) == 401


def test_two_admins_who_end_each_others_keys_at_once_leave_one(postgres_world: World) -> None:
    world = postgres_world
    for _ in range(5):
        for earlier in world.rows("operator_key"):
            world.run(lambda tx, key_id=earlier.id: operators.revoke_key(tx, key_id))  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
        one, two = issue(world), issue(world)
        as_admin = operators.Operator(one.id, OperatorRole.ADMIN, granted(OperatorRole.ADMIN, None))

        def end(key_id: str, who: operators.Operator = as_admin) -> None:
            world.run(lambda tx: operators.revoke_key(tx, key_id, issuer=who))

        found = at_once([lambda two=two: end(two.id), lambda one=one: end(one.id)])  # type: ignore[misc]  # mypy infers no lambda that binds a loop's variable
        assert sorted(type(one).__name__ for one in found) == ["LastAdminKeyError", "NoneType"]
        assert world.read(lambda tx: operators.has_admin(tx, None))


def test_at_the_machine_itself_the_last_key_can_be_ended_too(sqlite_world: World) -> None:
    own = issue(sqlite_world)
    who = operators.Operator(own.id, OperatorRole.ADMIN, granted(OperatorRole.ADMIN, None))
    with pytest.raises(LastAdminKeyError):
        sqlite_world.run(lambda tx: operators.revoke_key(tx, own.id, issuer=who))
    sqlite_world.run(lambda tx: operators.revoke_key(tx, own.id))
    assert not sqlite_world.read(lambda tx: operators.has_admin(tx, None))


# --- used ---


async def test_the_day_of_the_last_use_is_noted_with_at_most_one_write_a_day(app: FastAPI, world: World) -> None:
    key = issue(world, OperatorRole.VIEWER)
    days = []
    for hours in (0, 1, 20, 4):
        world.clock.advance(hours=hours)
        assert await status(app, key.token) == 200
        days.append(world.rows("operator_key", id=key.id)[0].last_used_on.isoformat())
    assert days == ["2026-11-22", "2026-11-22", "2026-11-23", "2026-11-23"]
    world.clock.advance(hours=-30)
    assert await status(app, key.token) == 200
    assert world.rows("operator_key", id=key.id)[0].last_used_on.isoformat() == "2026-11-23", "never back"
    assert log(world, "action") == [("keys.first_use",)]


async def test_a_key_that_calls_too_often_waits_and_no_other_key_does(world: World) -> None:
    seconds = [0.0]
    gates = KeyGates(calls=Gate(Limit(burst=3, per_minute=60), lambda: seconds[0]), refusals=Gate(WIDE))
    app = application(world, gates=gates)
    wild, calm = issue(world, OperatorRole.VIEWER), issue(world, OperatorRole.VIEWER)
    assert [await status(app, wild.token) for _ in range(3)] == [200] * 3
    async with client(app, wild.token) as operator:
        refused = await operator.get("/api/v1/products")
    problem(refused, 429, "too_many_attempts")
    assert refused.headers["retry-after"] == "1"
    assert await status(app, calm.token) == 200
    seconds[0] = 1.0
    assert await status(app, wild.token) == 200
    app.state.hub.close()


async def test_a_key_that_is_refused_too_often_waits_and_fills_no_log(world: World) -> None:
    gates = KeyGates(calls=Gate(WIDE), refusals=Gate(Limit(burst=2, per_minute=1), lambda: 0.0))
    app, key = application(world, gates=gates), issue(world, OperatorRole.VIEWER)
    assert [await status(app, key.token, "/api/v1/keys") for _ in range(4)] == [403, 403, 429, 429]
    assert await status(app, key.token) == 200, "what it may do, it may do on"
    assert len(log(world, "seq", outcome="forbidden")) == 2
    app.state.hub.close()
