"""The link to an address comes in the language of the phone that asked: as it says, or as its browser does."""

import pytest

from cloud.http_app import make_app
from cloud.settings import load_settings
from tests.http_service import client_of
from tests.integration.cloud.joined import ADA, letters
from tests.integration.cloud.world import World


@pytest.mark.parametrize(
    ("said", "accepted", "wanted"),
    [
        ("ar", "de", "ar"),
        (None, "ar-EG,ar;q=0.9,en;q=0.8", "ar"),
        (None, "de-AT", "de"),
        (None, "fr, de;q=0.5", "de"),
        (None, "fr", "en"),
    ],
)
async def test_a_mail_is_written_as_it_is_asked_for(
    sqlite_world: World, said: str | None, accepted: str, wanted: str
) -> None:
    world, phone = sqlite_world, sqlite_world.phone()
    app = make_app(load_settings(), world.db, world.keys)
    headers = {"Authorization": f"Bearer {phone.token}", "Accept-Language": accepted, "Idempotency-Key": "k-1"}
    body = {"address": ADA} if said is None else {"address": ADA, "language": said}
    async with client_of(app, **headers) as client:
        answer = await client.post("/menu/v1/email", json=body)
    app.state.hub.close()

    assert answer.status_code == 202
    assert letters(world)[-1].language == wanted
