"""Ids that are unknown, foreign, malformed or gone: the same answer, so that nobody can find out by asking what exists.

That they take the same time is measured by `python -m tests.hostile ids`.
"""

import json
from collections.abc import Iterator

import pytest

from tests.hostile.deployment import Deployment, deployed
from tests.hostile.doors import MALFORMED, NOBODY, Answer, Door, ask, doors
from tests.hostile.timing import longer

WITHOUT_A_KEY = ("nobody", "garbage", "device", "phone")


@pytest.fixture(scope="module")
def to(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("ids")) as found:
        yield found


def different(to: Deployment, role: str, door: Door, values: list[str]) -> list[str]:
    """What of the answers to these ids is not the answer to one that names nothing."""
    plain: Answer = ask(to, role, door, NOBODY)
    answers = {value: ask(to, role, door, value) for value in values}
    return [
        f"{role}: {door}: {value}: {answer} instead of {plain}" for value, answer in answers.items() if answer != plain
    ]


def test_a_strangers_phone_learns_of_nothing_by_its_id(to: Deployment) -> None:
    found, asked = [], 0
    for door in doors(to.openapi(), "/menu/v1/"):
        foreign = to.known.get(door.name, [])[:1]
        assert foreign, f"{door}: nothing foreign to ask for"
        plain = ask(to, "stranger", door, NOBODY)
        assert plain.status in {403, 404}, f"{door}: {plain}"
        found += different(to, "stranger", door, [*foreign, *to.gone.get(door.name, []), *MALFORMED])
        asked += 1
    assert found == []
    assert asked >= 6


def test_who_has_no_key_learns_of_nothing_by_its_id(to: Deployment) -> None:
    found = []
    for door in doors(to.openapi(), "/api/v1/"):
        for role in WITHOUT_A_KEY:
            assert ask(to, role, door, NOBODY).status == 401, f"{role}: {door}"
            found += different(to, role, door, [*to.known.get(door.name, [])[:1], MALFORMED[0]])
    assert found == []


def test_who_may_not_do_it_learns_of_nothing_by_its_id(to: Deployment) -> None:
    found, refused = [], 0
    for door in doors(to.openapi(), "/api/v1/"):
        for role in ("viewer", "marketer", "agent", "operator"):
            if ask(to, role, door, NOBODY).status == 403:
                refused += 1
                found += different(to, role, door, [*to.known.get(door.name, [])[:1], MALFORMED[0]])
    assert found == []
    assert refused >= 10


def test_an_operator_gets_one_answer_for_what_was_never_there_and_what_is_no_id(to: Deployment) -> None:
    found = []
    for door in doors(to.openapi(), "/api/v1/"):
        plain = ask(to, "admin", door, NOBODY)
        if plain.status == 404:
            found += different(to, "admin", door, to.gone.get(door.name, []))
            codes = {json.loads(ask(to, "admin", door, value).body)["code"] for value in (NOBODY, *MALFORMED)}
            found += [f"{door}: {codes}"] * (codes != {"not_found"})
    assert found == []


def test_a_public_link_that_has_ended_is_as_one_that_never_was(to: Deployment) -> None:
    for unknown, gone in ((f"/c/{NOBODY}", f"/c/{to.gone['campaign_id'][0]}"), ("/r/aaaaaaaaaa", "/r/-")):
        one, other = to.http.get(unknown), to.http.get(gone)
        assert (one.status_code, one.content) == (other.status_code, other.content)
        assert one.status_code == 404
        assert one.headers.keys() == other.headers.keys()


def test_the_figure_of_the_timing_is_a_half_for_equals_and_says_which_is_longer() -> None:
    assert longer([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) == 0.5
    assert longer([4.0, 5.0], [1.0, 2.0, 3.0]) == 1.0
    assert longer([1.0], [2.0]) == 0.0
    assert longer([2.0, 2.0], [1.0, 3.0]) == 0.5
