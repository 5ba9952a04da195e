"""The long runs of the hostile tests: `python -m tests.hostile --help`. Each keeps its figures under docs/reference."""

import argparse
import asyncio
import tempfile
import warnings
from pathlib import Path
from typing import Any

from tests.hostile.deployment import deployed
from tests.hostile.figures import PAGE, keep, read
from tests.hostile.fuzz.campaign import fuzz
from tests.hostile.fuzz.targets import TARGETS
from tests.hostile.page import page
from tests.hostile.rounds import ROLES, do, long_plan, summary
from tests.hostile.siege import besieged, figures
from tests.hostile.suites import SUITES, run
from tests.hostile.timing import measure
from tests.services import running_postgres
from tests.system import embedded


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    commands = parser.add_subparsers(required=True)
    walking = commands.add_parser("walk", help="every call of the OpenAPI as every role, by schemathesis")
    walking.add_argument("--examples", type=int, default=100, help="invented requests for each call and role")
    walking.add_argument("--seed", type=int, default=1)
    walking.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    walking.add_argument("--roles", nargs="+", choices=ROLES, default=ROLES, help="who walks")
    walking.set_defaults(do=_walk)
    fuzzing = commands.add_parser("fuzz", help="the parsers that strangers reach, by atheris")
    fuzzing.add_argument("targets", nargs="*", help=f"of {', '.join(TARGETS)}; all, when none is named")
    fuzzing.add_argument("--seconds", type=int, default=300, help="for each target")
    fuzzing.add_argument("--seed", type=int, default=1)
    fuzzing.set_defaults(do=_fuzz)
    timing = commands.add_parser("ids", help="does the time of an answer tell what exists?")
    timing.add_argument("--rounds", type=int, default=400, help="for each pair of questions")
    timing.set_defaults(do=_ids)
    sieging = commands.add_parser("siege", help="slow and half-open clients against the real service")
    sieging.add_argument("--each", type=int, default=100, help="bad clients of each kind")
    sieging.add_argument("--seconds", type=int, default=90)
    sieging.set_defaults(do=_siege)
    suites = commands.add_parser("suites", help="run the other attacks that the tests make, and keep how they went")
    suites.set_defaults(do=_suites)
    table = commands.add_parser("table", help="make the page of the raw figures")
    table.set_defaults(do=_table)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    failed: bool = given.do(given)
    return int(failed)


def _walk(given: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory(prefix="tlhostile-") as folder:
        if given.database == "sqlite":
            found = _walked(Path(folder), "", given)
        else:
            with running_postgres() as server:
                found = _walked(Path(folder), server.url(server.create()), given)
    some = "" if set(given.roles) == set(ROLES) else "-" + "-".join(given.roles)
    print(keep(f"walk-{given.database}{some}", found))
    for one in (*found["failures"], *found["overstepped"], *found["errors"]):
        print(one)
    return bool(found["failures"] or found["overstepped"] or found["errors"])


def _fuzz(given: argparse.Namespace) -> bool:
    known = (read("fuzz") or {}).get("targets", {})
    failed = False
    for name in given.targets or TARGETS:
        found = fuzz(name, seconds=given.seconds, seed=given.seed, gather=True)
        known[name] = {**found.figures(), "seconds": given.seconds}
        failed = failed or bool(found.finding)
        print(f"{name}: {found.executions:,} executions, {found.branches} branches", found.finding, flush=True)
        if found.finding:
            print(repr(found.bytes_of_finding))
        keep("fuzz", {"targets": known})
    return failed


def _ids(given: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory(prefix="tlhostile-") as folder, deployed(Path(folder)) as to:
        found = measure(to, given.rounds)
    for one in found:
        print(f"{one['longer']:.3f}  {one['median_ms']}  {one['status']}  {one['pair']}")
    keep("ids", {"pairs": found})
    return not all(one["same_status"] for one in found)


def _suites(_given: argparse.Namespace) -> bool:
    ran = {}
    for suite in SUITES:
        ran[suite.what] = run(suite)
        print(f"{suite.what}: {ran[suite.what]}", flush=True)
    keep("suites", {"ran": ran})
    return any(one["failed"] for one in ran.values())


def _table(_given: argparse.Namespace) -> bool:
    PAGE.write_text(page(), encoding="utf-8")
    return False


def _siege(given: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory(prefix="tlhostile-") as folder, embedded(Path(folder)) as system:
        report = asyncio.run(besieged(system, each=given.each, seconds=given.seconds))
    print(keep("siege", figures(report)).read_text("utf-8"))
    return bool(report.honest_failures or report.left_open)


def _walked(folder: Path, database_url: str, given: argparse.Namespace) -> dict[str, Any]:
    with deployed(folder, database_url) as to:
        walks = do(to, long_plan(given.examples, given.roles), seed=given.seed)
    for one in walks:
        for kind, how in one.failures.items():
            print(f"--- {one.role}: {kind}\n{how}\n")
    return summary(walks) | {"examples": given.examples, "seed": given.seed}


if __name__ == "__main__":
    raise SystemExit(main())
