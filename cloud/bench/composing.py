"""Composing alone: how many menus a second one core makes of situations, with all of a content."""

import time
from collections.abc import Callable
from hashlib import blake2b
from itertools import cycle
from typing import Final

import msgspec

from cloud.bench.report import Goal, Row, row
from mobile_menu.content_loader import load_content
from mobile_menu.rules.compose import compose_menu
from mobile_menu.rules.memo import Memo
from mobile_menu.rules.menu import Menu

PROFILE: Final = "printer"
SPAN_S: Final = 0.5
COMPOSED: Final = Goal(20_000)
REFERENCE: Final = "the same menus, encoded and hashed"
METHOD: Final = (
    "Composing: `compose_menu` in one process, for {span_s:g} s of one core's time a run, of the situations of the "
    "printer content's own tests in turn ({situations} of them, from every row of the design's table). For each, "
    "{items} items are considered, and {shown:.0f} of them show. The reference takes the menus as they are and makes "
    "their JSON and its hash, which no composing can be without. `nothing remembered`: no item is taken from one that "
    "was made before."
)


def rows(runs: int, done: Callable[[], None], span_s: float = SPAN_S) -> tuple[tuple[Row, ...], str]:
    """The rows, and how they were measured. done: called after each run."""
    content = load_content(PROFILE)
    forgetful = msgspec.structs.replace(content, made=Memo(0))
    drawn = [test.situation for test in content.tests]
    menus = [compose_menu(one, content).menu for one in drawn]
    first, second, third = cycle(drawn), cycle(drawn), cycle(menus)
    ways: dict[str, Callable[[], object]] = {
        "warm": lambda: compose_menu(next(first), content),
        "forgetful": lambda: compose_menu(next(second), forgetful),
        "encoded": lambda: _encoded(next(third)),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            _rate(way, span_s / 5)
            found[name].append(_rate(way, span_s))
        done()
    shown = sum(len(section.items) for menu in menus for section in menu.sections) / len(menus)
    method = METHOD.format(span_s=span_s, situations=len(drawn), items=len(content.items), shown=shown)
    what = f"compose_menu, {len(content.items)} items considered"
    beside = found["encoded"]
    return (
        row(what, "menus/s", found["warm"], goal=COMPOSED, reference=REFERENCE, reference_runs=beside),
        row(
            f"{what}, nothing remembered",
            "menus/s",
            found["forgetful"],
            reference=REFERENCE,
            reference_runs=found["encoded"],
        ),
    ), method


def _rate(way: Callable[[], object], span_s: float) -> float:
    """Calls in a second of one core's time; its clock is read once in a hundred."""
    calls, start = 0, time.process_time()
    while (passed := time.process_time() - start) < span_s:
        for _ in range(100):
            way()
        calls += 100
    return calls / passed


def _encoded(menu: Menu) -> str:
    return blake2b(msgspec.json.encode(menu), digest_size=16).hexdigest()
