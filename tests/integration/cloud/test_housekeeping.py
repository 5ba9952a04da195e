"""What is kept for a time only goes when the time is over; and nothing that somebody may still come back to."""

from cloud.workers.scheduler import HOUSEKEEPING, keep_house
from tests.integration.cloud.test_visits import scan
from tests.integration.cloud.world import World


def clean(world: World) -> None:
    world.run(lambda tx: keep_house(tx, HOUSEKEEPING[1]))


def test_ended_sessions_and_visits_go_and_so_does_a_person_of_whom_nothing_else_is_known(world: World) -> None:
    passer_by, known, clicked = world.phone(), world.phone(), scan(world, world.unit(), None)[0]
    world.begin(known)
    world.clock.advance(hours=24 * 31)
    lately = world.phone()
    clean(world)
    assert {row.kind for row in world.rows("phone_session", person_id=passer_by.person_id)} == {"phone"}
    assert len(world.rows("person")) == 4
    world.clock.advance(hours=24 * 60)
    clean(world)
    assert {row.person_id for row in world.rows("phone_session")} == {lately.person_id}
    assert {row.id for row in world.rows("person")} == {known.person_id, clicked.person_id, lately.person_id}
    assert len(world.rows("journey")) == 2


def test_a_session_that_still_counts_outlives_the_cleaning(world: World) -> None:
    phone = world.phone()
    world.clock.advance(hours=24 * 89)
    clean(world)
    fresh = world.accounts.refresh(phone.refresh_token, None)
    assert world.menus.caller(fresh.token, "en").person_id == phone.person_id
