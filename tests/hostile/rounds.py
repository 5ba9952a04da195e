"""Which role asks what, and how much: a short round for every test run, and a long one by command."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tests.hostile.deployment import OPERATORS, Deployment
from tests.hostile.walking import Walk, walk

SIGNED: Final = "signed"
NO_RIGHT: Final = ("nobody", "garbage", "device")
"""They have no credential of HTTP: none, one that is none, and one of MQTT."""
BROKER: Final = "broker"
PEOPLE: Final = ("guest", "invited", "household", "phone")
"""Somebody who scanned a label, who was let in, and the owner; each can end what the ones after it need not."""
ROLES: Final = (*OPERATORS, *PEOPLE, SIGNED, BROKER, *NO_RIGHT)
OPEN_HERE: Final = frozenset({"GET /metrics"})
"""What wants a credential only of who asks from elsewhere."""


class Plan(NamedTuple):
    """examples: invented ones for each call. coverage: the roles that also try every edge the contract names. only: the
    beginnings of the paths that a role keeps to.
    """

    roles: Sequence[str]
    examples: int
    coverage: Sequence[str]
    only: Mapping[str, Sequence[str]]


_SIGNED_ONLY: Final = {SIGNED: ("/hooks/shop", "/hooks/carrier"), BROKER: ("/hooks/broker/",)}
_OWN_DOORS: Final = (
    _SIGNED_ONLY
    | dict.fromkeys(OPERATORS[:-1], ("/api/",))
    | {
        "guest": ("/menu/",),
        "invited": ("/menu/",),
        "household": ("/menu/",),
        "garbage": ("/api/", "/menu/"),
        "device": ("/api/", "/menu/", "/enrol"),
    }
)
"""Elsewhere they are nobody, and nobody goes everywhere. In the long round, all go everywhere."""
SHORT: Final = Plan(ROLES, 3, (SIGNED, BROKER), _OWN_DOORS)
SHORT_WITH_EDGES: Final = Plan(("admin", "phone", SIGNED), 3, ("admin", "phone"), _SIGNED_ONLY)
"""For who gets as far as the database; on the stricter one, where an edge is most likely to hurt."""


def long_plan(examples: int, roles: Sequence[str] = ROLES) -> Plan:
    """So many invented requests for each call, and every edge, as each of the roles."""
    return Plan(roles, examples, roles, _SIGNED_ONLY)


def do(to: Deployment, plan: Plan, *, seed: int = 1) -> list[Walk]:
    """All of the plan's roles, one after the other; people, who can end their sessions, come last."""
    order = sorted(plan.roles, key=lambda role: PEOPLE.index(role) if role in PEOPLE else -1)
    return [
        walk(
            to,
            role,
            examples=plan.examples,
            coverage=role in plan.coverage,
            seed=seed,
            only=plan.only.get(role, ()),
        )
        for role in order
    ]


def overstepped(walks: Iterable[Walk]) -> list[str]:
    """Calls that were granted to who has no right to anything of their kind."""
    found = []
    for one in walks:
        for call in sorted(one.granted - OPEN_HERE):
            for_operators = "/api/" in call
            if one.role in NO_RIGHT or for_operators != (one.role in OPERATORS):
                found.append(f"{call}: granted to {one.role}")
    return found


def summary(walks: Sequence[Walk]) -> dict[str, Any]:
    """The figures of a round, for the page."""
    statuses: Counter[int] = sum((one.statuses for one in walks), Counter())
    return {
        "roles": len(walks),
        "calls": len(set().union(*(one.operations for one in walks))),
        "done": len(set().union(*(one.done for one in walks))),
        "requests": sum(one.cases for one in walks),
        "checks": sum(one.checks for one in walks),
        "seconds": round(sum(one.seconds for one in walks), 1),
        "statuses": {str(status): statuses[status] for status in sorted(statuses)},
        "server_errors": sum(count for status, count in statuses.items() if status >= 500),
        "overstepped": overstepped(walks),
        "failures": sorted({f"{one.role}: {kind}" for one in walks for kind in one.failures}),
        "errors": sorted({said for one in walks for said in one.errors}),
        "by_role": {one.role: one.cases for one in walks},
    }
