"""The bench of menus on Mosquitto and PostgreSQL: asked for in turn, heard by open phones, and what these take.

On a deployment of its own: its devices speak in one boot, and what others have said in a later one would hide it.
"""

from collections.abc import Iterator

import pytest

from cloud.bench import menu_http, menu_live, stand
from cloud.bench.servers import Programs
from cloud.bench.stand import Stand
from tests.integration.bench.test_one_server import programs, silently

__all__ = ["programs"]
pytestmark = [pytest.mark.mosquitto, pytest.mark.postgres]
DEVICES = 12


@pytest.fixture(scope="module")
def here(programs: Programs) -> Iterator[Stand]:
    with stand.one_server(("work", "api"), DEVICES, programs) as running:
        yield running


def test_menus_are_asked_for_in_turn_with_the_bare_route(here: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(menu_http, "TURNS", 1)
    rows, method, note = menu_http.on_stand(here, 1, silently, number=4)
    assert [one.what for one in rows[::3]] == [
        "warm menu, 200",
        "warm menu, 304",
        "cold menu, 200",
        "bare Starlette route",
    ]
    assert all(one.value > 0 for one in rows)
    assert "bytes under the same uvicorn" in method
    assert "of a core" in note


def test_a_change_is_heard_by_every_phone_whosever_it_is(here: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(menu_live, "CHANGES", 2)
    monkeypatch.setattr(menu_live, "WARM_UP", 2)
    monkeypatch.setattr(menu_live, "SETTLED_S", 0.0)
    rows = menu_live.on_stand(here, 1, silently, count=4)
    assert [one.goal for one in rows] == ["value ≤ 250", "", "", "", "", ""]
    assert all(0 < fast.value <= slow.value for fast, slow in zip(rows[::2], rows[1::2], strict=True))


def test_the_memory_of_open_phones_is_looked_at(here: Stand) -> None:
    found = menu_live.idle_on_stand(here, silently, count=20, rest_s=0.0, number=5)
    assert (found.unit, found.goal) == ("kB", "value ≤ 15")
