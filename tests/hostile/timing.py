"""Does the time of an answer tell what its words do not? Two questions in turn, many rounds, compared by rank.

The figure is the chance that one of the first kind takes longer than one of the second: 0.5 tells nothing, 0 or 1 would
tell all. Ranks bear a busy machine, where means do not. This is measured by command and asserted nowhere: a test that
fails when the machine is busy is no test.
"""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Final, NamedTuple

from tests.hostile.deployment import Deployment, bearer
from tests.hostile.doors import NOBODY

Question = Callable[[], int]
SETTLED: Final = 20
"""Rounds that are not counted: the first ones fill caches."""
MUCH: Final = 0.15
"""From which distance to 0.5 on somebody should look at it."""


class Pair(NamedTuple):
    """Two questions whose answers are alike. Each asks once, and returns the status that it got."""

    name: str
    one: Question
    other: Question


def pairs(to: Deployment) -> list[Pair]:
    """What exists and is not the caller's, beside what does not exist."""
    return [*_read_pairs(to), *_write_pairs(to), *_unit_pairs(to)]


def _read_pairs(to: Deployment) -> list[Pair]:
    """Calls that read one thing by its id."""
    journey, product = (to.known[name][0] for name in ("journey", "product_id"))
    erased, campaign = to.gone["journey"][0], to.gone["campaign_id"][0]
    return [
        _gets(to, "the menu of a foreign journey / of none", "stranger", "/menu/v1/menu?journey={}", journey),
        _gets(to, "the cases of a foreign journey / of none", "stranger", "/menu/v1/cases?journey={}", journey),
        _gets(to, "a unit / none, without a key", "nobody", "/api/v1/products/{}", product),
        _gets(to, "a unit / none, as a phone", "phone", "/api/v1/products/{}", product),
        _gets(to, "the menu of an erased journey / of none", "stranger", "/menu/v1/menu?journey={}", erased),
        _gets(to, "a campaign that has ended / none", "nobody", "/c/{}", campaign),
    ]


def _write_pairs(to: Deployment) -> list[Pair]:
    """Calls that would change one thing by its id."""
    case, campaign = (to.known[name][0] for name in ("case_id", "campaign_id"))
    text = {"text": "let me in"}
    return [
        Pair(
            "a word in a foreign case / in none",
            lambda: _post(to, "stranger", f"/menu/v1/cases/{case}/messages", text),
            lambda: _post(to, "stranger", f"/menu/v1/cases/{NOBODY}/messages", text),
        ),
        Pair(
            "ending a campaign / none, as a viewer",
            lambda: _send(to, "viewer", "DELETE", f"/api/v1/campaigns/{campaign}"),
            lambda: _send(to, "viewer", "DELETE", f"/api/v1/campaigns/{NOBODY}"),
        ),
    ]


def _unit_pairs(to: Deployment) -> list[Pair]:
    """What a label leads to, and codes that are guessed."""
    owned, free = to.units[0], to.units[2]
    machine = {"Accept": "application/linkset+json"}
    return [
        Pair(
            "the links of a unit with an owner / of one without",
            lambda: to.http.get(f"/01/{owned.gtin}/21/{owned.serial}", headers=machine).status_code,
            lambda: to.http.get(f"/01/{free.gtin}/21/{free.serial}", headers=machine).status_code,
        ),
        Pair(
            "a wrong code for a unit / for none",
            lambda: _guess(to, free.gtin, free.serial),
            lambda: _guess(to, free.gtin, "NOSUCHUNIT"),
        ),
        Pair(
            "a wrong code for a unit with an owner / for one without",
            lambda: _guess(to, owned.gtin, owned.serial),
            lambda: _guess(to, free.gtin, free.serial),
        ),
    ]


def _gets(to: Deployment, name: str, role: str, path: str, known: str) -> Pair:
    return Pair(
        name, lambda: _send(to, role, "GET", path.format(known)), lambda: _send(to, role, "GET", path.format(NOBODY))
    )


def _send(to: Deployment, role: str, method: str, path: str) -> int:
    return to.http.request(method, path, headers=to.headers[role]).status_code


def _post(to: Deployment, role: str, path: str, body: dict[str, str]) -> int:
    return to.http.post(path, json=body, headers=to.headers[role]).status_code


def _guess(to: Deployment, gtin: str, serial: str) -> int:
    body = {"gtin": gtin, "serial": serial, "code": "AAAAA-AAAAA"}
    return _post(to, "stranger", "/menu/v1/claims", body)


def measure(to: Deployment, rounds: int) -> list[dict[str, Any]]:
    """Each pair over so many rounds, in turns that alternate. Between rounds some time passes, so that no limit is met,
    and the stranger starts a new session.
    """
    found = []
    for pair in pairs(to):
        times: tuple[list[float], list[float]] = ([], [])
        statuses: tuple[set[int], set[int]] = (set(), set())
        for number in range(SETTLED + rounds):
            to.http.cookies.clear()
            to.clock.advance(minutes=20)
            to.headers["stranger"] = bearer(to.http.post("/menu/v1/session").json()["token"])
            for side in (0, 1) if number % 2 else (1, 0):
                began = time.perf_counter()
                status = (pair.one, pair.other)[side]()
                took = time.perf_counter() - began
                statuses[side].add(status)
                if number >= SETTLED:
                    times[side].append(took * 1000)
        found.append(
            {
                "pair": pair.name,
                "rounds": rounds,
                "same_status": statuses[0] == statuses[1],
                "status": sorted(statuses[0] | statuses[1]),
                "median_ms": [round(median(one), 2) for one in times],
                "longer": round(longer(*times), 3),
            }
        )
    return found


def longer(one: Sequence[float], other: Sequence[float]) -> float:
    """The chance that a value of `one` is above one of `other`, a tie counting half: the area under the ROC curve."""
    ranked = sorted(other)
    below = sum(bisect_left(ranked, value) + bisect_right(ranked, value) for value in one)
    return below / (2 * len(one) * len(other))
